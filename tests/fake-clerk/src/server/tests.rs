//! Tests of the server over real sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::*;
use crate::{JwksResponse, Seed};

/// Sends a request on a connection, and reads the status line and the body.
fn call(stream: &mut TcpStream, server: &FakeServer, target: &str) -> (String, String) {
    let key = server.secret_key();
    let request = format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_ascii_lowercase());
    }
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    (lines.swap_remove(0), String::from_utf8(body).unwrap())
}

#[test]
fn it_responds_on_a_kept_connection_and_stops_when_dropped() {
    let server = FakeServer::start(FakeClerk::new(Seed::demo())).unwrap();
    let mut stream = TcpStream::connect(server.addr).unwrap();
    for target in ["/v1/sessions/sess_demo_active", "http://localhost/v1/sessions/sess_demo_active"] {
        let (status, body) = call(&mut stream, &server, target);
        assert_eq!(status, "http/1.1 200 ok");
        assert!(body.contains("sess_demo_active"));
    }
    assert_eq!(server.fake().requests().len(), 2);
    assert_eq!(server.base_url(), format!("{}/v1", server.api_url()));

    let addr = server.addr;
    drop(server);
    assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    assert!(TcpStream::connect(addr).is_err());
}

#[test]
fn a_poisoned_lock_is_recovered() {
    let server = FakeServer::start(FakeClerk::new(Seed::default())).unwrap();
    let poison = AssertUnwindSafe(|| {
        let _held = server.fake();
        std::panic::resume_unwind(Box::new("poison"));
    });
    assert!(catch_unwind(poison).is_err());
    assert!(server.fake().requests().is_empty());
}

/// Starts a server, sends it these bytes on a connection, and returns the server and the bytes that it sends back.
fn sent(patience: Patience, request: &[u8]) -> (FakeServer, String) {
    let fake = FakeClerk::new(Seed::default());
    let server = FakeServer::start_with((Ipv4Addr::LOCALHOST, 0).into(), fake, patience).unwrap();
    let mut stream = TcpStream::connect(server.addr).unwrap();
    stream.write_all(request).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    (server, String::from_utf8(response).unwrap())
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let body = " ".repeat(BODY_LIMIT + 1);
    let announced = format!("POST /v1/sessions HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let chunked = format!(
        "POST /v1/sessions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let huge = "POST /v1/sessions HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999\r\n\r\n".to_owned();
    for request in [announced, chunked, huge] {
        let (server, response) = sent(PATIENCE, request.as_bytes());
        assert!(response.starts_with("HTTP/1.1 413"), "{response}");
        assert!(server.fake().requests().is_empty());
    }
}

#[test]
fn a_body_at_the_limit_is_read() {
    let server = FakeServer::start(FakeClerk::new(Seed::default())).unwrap();
    let mut stream = TcpStream::connect(server.addr).unwrap();
    write!(stream, "POST /v1/sessions HTTP/1.1\r\nhost: a\r\ncontent-length: {BODY_LIMIT}\r\n\r\n").unwrap();
    stream.write_all(&vec![b' '; BODY_LIMIT]).unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 401");
    assert_eq!(server.fake().requests().len(), 1);
}

#[test]
fn a_slow_client_is_disconnected() {
    let short = Duration::from_millis(50);
    for head in [&b""[..], b"GET /v1/jwks HTTP/1.1\r\nhost:"] {
        let (server, response) = sent(Patience { head: short, ..PATIENCE }, head);
        assert_eq!(response, "");
        assert!(server.fake().requests().is_empty());
    }
    let unfinished = b"POST /v1/sessions HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{";
    let (server, response) = sent(Patience { body: short, ..PATIENCE }, unfinished);
    assert!(response.starts_with("HTTP/1.1 408"), "{response}");
    assert!(server.fake().requests().is_empty());
}

#[test]
fn invalid_http_is_refused() {
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(2 * HEAD_LIMIT));
    for (request, status) in [("nonsense\r\n\r\n", "400"), (&long, "431")] {
        let (server, response) = sent(PATIENCE, request.as_bytes());
        assert!(response.starts_with(&format!("HTTP/1.1 {status}")), "{response}");
        assert!(server.fake().requests().is_empty());
    }
}

#[test]
fn connections_above_the_keep_alive_limit_are_served() {
    let server = FakeServer::start(FakeClerk::new(Seed::demo())).unwrap();
    let mut streams = Vec::new();
    for number in 1..=KEPT_CONNECTIONS + 20 {
        let mut stream = TcpStream::connect(server.addr).unwrap();
        let (status, _) = call(&mut stream, &server, "/v1/sessions/sess_demo_active");
        assert_eq!(status, "http/1.1 200 ok", "connection {number}");
        streams.push(stream);
    }
    let (kept, closed) = streams.split_at_mut(KEPT_CONNECTIONS);
    assert!(closed.iter_mut().all(|stream| stream.read(&mut [0]).unwrap() == 0));
    for stream in kept {
        assert_eq!(call(stream, &server, "/v1/jwks").0, "http/1.1 200 ok");
    }
}

#[test]
fn only_loopback_is_served() {
    let addr = "0.0.0.0:0".parse().unwrap();
    let error = FakeServer::start_on(addr, FakeClerk::new(Seed::default())).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn a_slow_response_delays_no_other_and_does_not_keep_the_server_from_stopping() {
    let server = FakeServer::start(FakeClerk::new(Seed::demo())).unwrap();
    server.fake().set_jwks_response(JwksResponse::slow(50));
    let mut first = TcpStream::connect(server.addr).unwrap();
    let started = Instant::now();
    assert_eq!(call(&mut first, &server, "/v1/jwks").0, "http/1.1 200 ok");
    assert!(started.elapsed() >= Duration::from_millis(50));

    server.fake().set_jwks_response(JwksResponse::slow(3_600_000));
    first.write_all(b"GET /.well-known/jwks.json HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    while server.fake().jwks_requests() < 2 {
        thread::yield_now();
    }
    let mut second = TcpStream::connect(server.addr).unwrap();
    assert_eq!(call(&mut second, &server, "/v1/sessions/sess_demo_active").0, "http/1.1 200 ok");
    drop(server);
    assert_eq!(first.read(&mut [0]).unwrap_or(0), 0);
}

#[test]
fn the_time_is_the_clock_of_the_fake() {
    let seed = Seed { now: Some(1_778_544_000_000), ..Seed::default() };
    let server = FakeServer::start(FakeClerk::new(seed)).unwrap();
    server.advance_clock(5);
    assert_eq!(server.unix_time(), Duration::from_millis(1_778_544_000_005));
}
