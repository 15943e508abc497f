//! A [`FakeClerk`] behind a real socket.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use tokio::runtime::{self, Runtime};
use tokio::sync::oneshot;

use crate::{FakeClerk, Handshake, lock, now_ms};

/// The largest request body taken, in bytes; a larger one is answered 413 and not recorded.
const BODY_LIMIT: usize = 2 * 1024 * 1024;

type Shared = Arc<Mutex<FakeClerk>>;

/// A server that answers with a [`FakeClerk`] on a loopback address until it is dropped.
///
/// It runs on a thread of its own, so that blocking and async programs can use it alike.
#[derive(Debug)]
pub struct FakeServer {
    addr: SocketAddr,
    fake: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeServer {
    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// If the system lets it open no socket or start no thread.
    pub fn start(fake: FakeClerk) -> io::Result<FakeServer> {
        FakeServer::start_on((Ipv4Addr::LOCALHOST, 0).into(), fake)
    }

    /// Starts it on a given loopback address, where port 0 picks a free one.
    ///
    /// # Errors
    /// `InvalidInput` if the address is not a loopback one; else as [`start`](FakeServer::start),
    /// or if the port is taken.
    pub fn start_on(addr: SocketAddr, fake: FakeClerk) -> io::Result<FakeServer> {
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
            .spawn(move || run(runtime, listener, shared, stopped))?;
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

    /// The first secret key it accepts, or an empty text if it accepts none.
    #[must_use]
    pub fn secret_key(&self) -> String {
        self.fake().secret_key().to_owned()
    }

    /// What a browser holds once its session token has expired; see [`FakeClerk::handshake`].
    #[must_use]
    pub fn handshake(&self, session_id: &str, origin: &str) -> Option<Handshake> {
        self.fake().handshake(session_id, origin, now_ms())
    }

    /// The fake, to inspect or change. No request is answered while it is held.
    pub fn fake(&self) -> MutexGuard<'_, FakeClerk> {
        lock(&self.fake)
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed already, and a drop must not add another.
            let _ = thread.join();
        }
    }
}

fn run(runtime: Runtime, listener: TcpListener, fake: Shared, stopped: oneshot::Receiver<()>) {
    let router = Router::new().fallback(answer).with_state(fake);
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        axum::serve(listener, router).await
    });
    let _ = runtime.block_on(stopped);
    // Dropping the runtime ends open connections at once; a graceful shutdown would wait for them.
}

async fn answer(State(fake): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let request = http::Request::from_parts(parts, body.to_vec());
    lock(&fake).handle(request, now_ms()).map(Into::into)
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
        write!(stream, "GET {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\r\n").unwrap();
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
    fn it_answers_on_a_kept_connection_and_stops_when_dropped() {
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

    #[test]
    fn a_body_over_the_limit_is_refused() {
        let server = FakeServer::start(FakeClerk::new(Seed::default())).unwrap();
        let mut stream = TcpStream::connect(server.addr).unwrap();
        let length = BODY_LIMIT + 1;
        write!(stream, "POST /v1/sessions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n").unwrap();
        // The server may close the connection before it has read everything.
        let _ = stream.write_all(&vec![b' '; length]);
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 413");
        assert!(server.fake().requests().is_empty());
    }

    #[test]
    fn only_loopback_is_served() {
        let addr = "0.0.0.0:0".parse().unwrap();
        let error = FakeServer::start_on(addr, FakeClerk::new(Seed::default())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
