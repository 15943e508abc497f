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

use crate::{FakeClerk, Handshake, ResponseDelay, lock, now_ms, unix_time};

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

    /// The URL of the Frontend API: `http://clerk.app.localhost:PORT`, or `clerk.` with another [domain](crate::SeedFrontend::domain).
    ///
    /// Browsers resolve names that end in `.localhost` to this machine. Pass it to the app under test as the URL of its proxy.
    #[must_use]
    pub fn frontend_url(&self) -> String {
        format!("http://clerk.{}:{}", self.fake().state.seed.frontend.domain, self.addr.port())
    }

    /// The publishable key of the instance; see [`FakeClerk::publishable_key`].
    #[must_use]
    pub fn publishable_key(&self) -> String {
        self.fake().publishable_key()
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

    /// The time of the fake since 1970-01-01 00:00:00 UTC, or zero if its clock is set to an earlier date.
    #[must_use]
    pub fn unix_time(&self) -> Duration {
        unix_time(&self.fake())
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
            let response = lock(fake).handle(Request::from_parts(parts, body), now_ms());
            let delay = ResponseDelay::of(&response);
            if !delay.is_zero() {
                time::sleep(delay).await;
            }
            response.map(|body| Full::new(body.into()))
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
mod tests;
