//! A [`FakeClerk`] behind a real socket.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::runtime::{self, Runtime};
use tokio::sync::oneshot;
use tokio::time;

use crate::{FakeClerk, Handshake, lock, now_ms};

/// The maximum size of the head of a request, in bytes. A larger head gets a 431.
const HEAD_LIMIT: usize = 64 * 1024;
/// The maximum size of a request body, in bytes. A larger body gets a 413 and is not recorded.
const BODY_LIMIT: usize = 2 * 1024 * 1024;
/// The number of bytes that are still read of a body that is too large, so that its sender can read the 413.
const DRAIN_LIMIT: usize = 16 * 1024 * 1024;
/// The number of connections that are kept open. Further connections are closed after their first response, so that idle connections
/// do not use up the file descriptors of the process.
const KEPT_CONNECTIONS: usize = 256;
/// The pause after a connection could not be accepted, for example because no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long the server waits for a client.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// The time limit for the head of a request, on a new or idle connection. After it, the connection is closed.
    head: Duration,
    /// The time limit for the body of a request. After it, the response is a 408.
    body: Duration,
}

const PATIENCE: Patience = Patience { head: Duration::from_secs(30), body: Duration::from_secs(30) };

type Shared = Arc<Mutex<FakeClerk>>;

/// Serves a [`FakeClerk`] over HTTP/1.1 on a loopback address, until it is dropped.
///
/// It runs on its own thread, so that blocking and async programs can use it. Dropping it closes all connections.
///
/// A request head of more than about 64 KiB gets a 431, and a body of more than 2 MiB gets a 413. If a client takes more than 30 s to
/// send a head, its connection is closed; if it takes more than 30 s to send a body, it gets a 408. These requests are not recorded.
#[derive(Debug)]
pub struct FakeServer {
    addr: SocketAddr,
    fake: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeServer {
    /// Starts the server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// If no socket can be opened or no thread can be started.
    pub fn start(fake: FakeClerk) -> io::Result<FakeServer> {
        FakeServer::start_on((Ipv4Addr::LOCALHOST, 0).into(), fake)
    }

    /// Starts the server on a given loopback address. Port 0 selects a free port.
    ///
    /// # Errors
    /// `InvalidInput` if the address is not a loopback address; an error if the port is in use; otherwise as
    /// [`start`](FakeServer::start).
    pub fn start_on(addr: SocketAddr, fake: FakeClerk) -> io::Result<FakeServer> {
        FakeServer::start_with(addr, fake, PATIENCE)
    }

    fn start_with(addr: SocketAddr, fake: FakeClerk, patience: Patience) -> io::Result<FakeServer> {
        if !addr.ip().is_loopback() {
            let message = format!("{addr} is not a loopback address");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let listener = TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let fake = Arc::new(Mutex::new(fake));
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&fake);
        let thread = thread::Builder::new()
            .name("fake-clerk".to_owned())
            .spawn(move || run(runtime, listener, shared, patience, stopped))?;
        Ok(FakeServer { addr, fake, stop: Some(stop), thread: Some(thread) })
    }

    /// The value for `CLERK_API_URL`: `http://127.0.0.1:PORT`, without `/v1`.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The base URL of the API: [`api_url`](FakeServer::api_url) with `/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.api_url())
    }

    /// The first accepted secret key, or an empty string if no key is accepted.
    #[must_use]
    pub fn secret_key(&self) -> String {
        self.fake().secret_key().to_owned()
    }

    /// Creates the tokens that a browser sends to refresh a session; see [`FakeClerk::handshake`].
    #[must_use]
    pub fn handshake(&self, session_id: &str, origin: &str) -> Option<Handshake> {
        self.fake().handshake(session_id, origin, now_ms())
    }

    /// Moves the clock; see [`FakeClerk::advance_clock`].
    pub fn advance_clock(&self, by_ms: i64) {
        self.fake().advance_clock(by_ms, now_ms());
    }

    /// Locks the fake, to inspect or change it. Requests wait until the guard is dropped.
    pub fn fake(&self) -> MutexGuard<'_, FakeClerk> {
        lock(&self.fake)
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has already been printed, and a drop must not panic again.
            let _ = thread.join();
        }
    }
}

fn run(runtime: Runtime, listener: TcpListener, fake: Shared, patience: Patience, stopped: oneshot::Receiver<()>) {
    runtime.spawn(accept(listener, fake, patience));
    let _ = runtime.block_on(stopped);
    // Dropping the runtime closes open connections immediately. A graceful shutdown would wait for idle ones.
}

async fn accept(listener: TcpListener, fake: Shared, patience: Patience) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let opened = Opened::count(&open);
                let fake = Arc::clone(&fake);
                tokio::spawn(serve(stream, fake, patience, opened));
            }
            // Either the client has closed the connection, or the system lacks a resource that may be free again later.
            Err(_) => time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Counts an open connection until it is dropped.
struct Opened {
    open: Arc<AtomicUsize>,
    /// The number of open connections, including this one.
    number: usize,
}

impl Opened {
    fn count(open: &Arc<AtomicUsize>) -> Opened {
        let number = open.fetch_add(1, Ordering::Relaxed) + 1;
        Opened { open: Arc::clone(open), number }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn serve(stream: TcpStream, fake: Shared, patience: Patience, opened: Opened) {
    // An error here only affects latency.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| respond(&fake, request, patience.body));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(HEAD_LIMIT)
        .keep_alive(opened.number <= KEPT_CONNECTIONS);
    // An error of a client ends only its own connection.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(
    fake: &Mutex<FakeClerk>,
    request: Request<Incoming>,
    patience: Duration,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let response = match time::timeout(patience, read(body)).await {
        Ok(Ok(body)) => {
            lock(fake).handle(Request::from_parts(parts, body), now_ms()).map(|body| Full::new(body.into()))
        }
        Ok(Err(status)) => refusal(status),
        Err(_) => refusal(StatusCode::REQUEST_TIMEOUT),
    };
    Ok(response)
}

/// Reads the whole body, or returns the status to refuse it with.
async fn read(body: Incoming) -> Result<Vec<u8>, StatusCode> {
    if body.size_hint().lower() > DRAIN_LIMIT as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else {
            continue;
        };
        length += data.len();
        if length <= BODY_LIMIT {
            bytes.extend_from_slice(&data);
        } else if length > DRAIN_LIMIT {
            break;
        }
    }
    if length <= BODY_LIMIT { Ok(bytes) } else { Err(StatusCode::PAYLOAD_TOO_LARGE) }
}

/// The response to a request that was not read completely. The connection is closed after it.
fn refusal(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::default();
    *response.status_mut() = status;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpStream;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::Seed;

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
        let announced =
            format!("POST /v1/sessions HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}", body.len());
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
}
