//! The server of the measurements. To cost little, it has one thread for each connection and prepares its responses.
//! Usage: `server CERTIFICATE`. It writes the certificate of its TLS to that file and prints one line with its ports: plain HTTP,
//! TLS, TLS with one request per connection and resumed sessions, the same with full handshakes, and HTTP/2.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::{env, fs, thread};

use clerk_sessions_subjects::canned::{SESSION, list, token};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tokio_rustls::TlsAcceptor;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result {
    let file = env::args().nth(1).ok_or("usage: server CERTIFICATE")?;
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    fs::write(file, certified.cert.pem())?;
    let tls = |protocol: &str| {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = config.with_no_client_auth().with_single_cert(vec![certified.cert.der().clone()], key)?;
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        Ok::<_, Box<dyn Error>>(config)
    };
    let mut full = tls("http/1.1")?;
    full.session_storage = Arc::new(NoServerSessionStorage {});
    full.send_tls13_tickets = 0;
    let ports = [
        serve(|stream| respond(stream, Connection::Kept))?,
        serve_tls(tls("http/1.1")?, Connection::Kept)?,
        serve_tls(tls("http/1.1")?, Connection::OneRequest)?,
        serve_tls(full, Connection::OneRequest)?,
        serve_http2(tls("h2")?)?,
    ];
    println!("{}", ports.map(|port| port.to_string()).join(" "));
    loop {
        thread::park();
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Connection {
    Kept,
    OneRequest,
}

fn serve(respond: impl Fn(TcpStream) + Clone + Send + 'static) -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let respond = respond.clone();
            stream.set_nodelay(true).expect("the option exists");
            thread::spawn(move || respond(stream));
        }
    });
    Ok(port)
}

fn serve_tls(config: ServerConfig, connection: Connection) -> Result<u16> {
    let config = Arc::new(config);
    serve(move |stream| {
        let tls = ServerConnection::new(config.clone()).expect("a valid configuration");
        respond(StreamOwned::new(tls, stream), connection);
    })
}

/// Chooses the response to a request.
fn chosen<'a, T>(target: &str, [session, token, sessions]: &'a [T; 3]) -> &'a T {
    if target.ends_with("/tokens") {
        token
    } else if target.contains("limit=500") {
        sessions
    } else {
        session
    }
}

fn bodies() -> [String; 3] {
    [SESSION.to_owned(), token(), list(500)]
}

/// Responds to the requests of a connection until it fails or must be closed.
fn respond(stream: impl Read + Write, connection: Connection) {
    let close = if connection == Connection::OneRequest { "connection: close\r\n" } else { "" };
    let responses = bodies().map(|body| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
        format!("{head}{close}content-length: {}\r\n\r\n{body}", body.len())
    });
    let mut reader = BufReader::new(stream);
    let (mut line, mut target) = (String::new(), String::new());
    loop {
        let mut length = 0;
        target.clear();
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if target.is_empty() {
                target.push_str(line.split(' ').nth(1).unwrap_or_default());
            } else if line == "\r\n" {
                break;
            } else if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let body = reader.read_exact(&mut vec![0; length]);
        let sent = body.and_then(|()| reader.get_mut().write_all(chosen(&target, &responses).as_bytes()));
        if sent.and_then(|()| reader.get_mut().flush()).is_err() || connection == Connection::OneRequest {
            return;
        }
    }
}

/// HTTP/2 over TLS, by hyper.
fn serve_http2(config: ServerConfig) -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let bodies = Arc::new(bodies().map(Bytes::from));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a runtime with I/O");
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).expect("the option exists");
                let (acceptor, bodies) = (acceptor.clone(), bodies.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(move |request: http::Request<_>| {
                        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
                        let response = http::Response::builder().header("content-type", "application/json");
                        let response = response.body(Full::new(chosen(target, &bodies).clone()));
                        async { response }
                    });
                    let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                    // It ends with the connection. An error only means that the client closed it.
                    let _: std::result::Result<(), hyper::Error> =
                        builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
    });
    Ok(port)
}
