//! A server on a real socket that misbehaves according to a script.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

/// The maximum time that a server waits for its client, so that no test hangs together with a client.
const PATIENCE: Duration = Duration::from_secs(40);

/// Accepts connections on a free port of 127.0.0.1 and handles each on its own thread.
///
/// Dropping it closes all connections and joins all threads.
#[derive(Debug)]
pub struct Loopback {
    addr: SocketAddr,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Loopback {
    /// Starts the server. `handle` gets each connection and its number, starting with 0.
    ///
    /// # Errors
    /// If no socket can be opened or no thread can be started.
    pub fn start(handle: impl Fn(usize, &TcpStream) + Send + Sync + 'static) -> io::Result<Loopback> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let addr = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stopped);
        let thread =
            thread::Builder::new().name("loopback".to_owned()).spawn(move || accept(&listener, &handle, &seen))?;
        Ok(Loopback { addr, stopped, thread: Some(thread) })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect_timeout(&self.addr, PATIENCE);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has already been printed, and a drop must not panic again.
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, handle: &(impl Fn(usize, &TcpStream) + Sync), stopped: &AtomicBool) {
    thread::scope(|scope| {
        let mut open = Vec::new();
        for (number, stream) in listener.incoming().flatten().enumerate() {
            if stopped.load(Ordering::SeqCst) {
                break;
            }
            if bound(&stream).is_err() {
                continue;
            }
            let stream = Arc::new(stream);
            // Weak, because a connection is closed or reset only after its last owner drops it.
            open.push(Arc::downgrade(&stream));
            scope.spawn(move || handle(number, &stream));
        }
        for stream in open.iter().filter_map(|stream| stream.upgrade()) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
}

fn bound(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))
}

/// Makes closing this connection send an RST.
///
/// # Errors
/// If the connection is already closed.
pub fn reset_when_closed(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))
}

/// One step of a [`FaultServer`] on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Waits until a request starts to arrive, without reading it.
    Await,
    /// Reads and counts a whole request.
    Read,
    /// Writes these bytes.
    Write(Vec<u8>),
    /// Writes these bytes again and again.
    WriteForever(Vec<u8>),
    /// Writes these bytes one at a time, with a pause after each.
    Trickle(Vec<u8>, Duration),
    /// Does nothing until the client closes the connection.
    Hang,
    /// Closes the connection normally, with a FIN.
    Close,
    /// Resets the connection, with an RST.
    Reset,
}

/// A server that runs a script on every connection.
///
/// The script is repeated until a step or the client ends the connection. So the server with the script `[Read, Write(response)]`
/// keeps its connections open, and the one with `[Read, Write(response), Close]` does not.
#[derive(Debug)]
pub struct FaultServer {
    port: Port,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

#[derive(Debug)]
enum Port {
    Open(Loopback),
    /// Bound but not listening, so that no other process can listen on the port.
    Refusing(Socket),
}

impl FaultServer {
    /// Starts a server that runs this script on all connections.
    ///
    /// # Errors
    /// If no socket can be opened or no thread can be started.
    pub fn start(script: impl Into<Vec<Step>>) -> io::Result<FaultServer> {
        FaultServer::start_with([script.into()])
    }

    /// Starts a server that runs the first script on the first connection, and so on. The last script is used for all further
    /// connections.
    ///
    /// # Errors
    /// As [`start`](FaultServer::start).
    pub fn start_with(scripts: impl Into<Vec<Vec<Step>>>) -> io::Result<FaultServer> {
        let scripts = scripts.into();
        let (connections, requests) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (connected, arrived) = (Arc::clone(&connections), Arc::clone(&requests));
        let loopback = Loopback::start(move |number, stream| {
            connected.fetch_add(1, Ordering::SeqCst);
            if let Some(script) = scripts.get(number).or(scripts.last()) {
                // Any error of a connection ends its script.
                let _ = play(script, stream, &arrived);
            }
        })?;
        Ok(FaultServer { port: Port::Open(loopback), connections, requests })
    }

    /// Reserves a port that refuses all connections.
    ///
    /// # Errors
    /// If no port can be reserved.
    pub fn refusing() -> io::Result<FaultServer> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        Ok(FaultServer { port: Port::Refusing(socket), connections: Arc::default(), requests: Arc::default() })
    }

    /// The address that it listens on, or that refuses connections.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        match &self.port {
            Port::Open(loopback) => loopback.addr(),
            Port::Refusing(socket) => {
                socket.local_addr().ok().and_then(|addr| addr.as_socket()).expect("it is bound to an IP address")
            }
        }
    }

    /// The base URL of the API.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.addr())
    }

    /// The number of connections.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The number of complete requests.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Runs a script until it ends. It always ends with an error: one of the connection, or the one that a step returns to end it.
fn play(script: &[Step], mut stream: &TcpStream, arrived: &AtomicUsize) -> io::Result<()> {
    for step in script.iter().cycle() {
        match step {
            Step::Await => drop(stream.peek(&mut [0])?),
            Step::Read => {
                read_request(stream)?;
                arrived.fetch_add(1, Ordering::SeqCst);
            }
            Step::Write(bytes) => stream.write_all(bytes)?,
            Step::WriteForever(bytes) => loop {
                stream.write_all(bytes)?;
            },
            Step::Trickle(bytes, pause) => {
                for byte in bytes {
                    stream.write_all(&[*byte])?;
                    pause_or_end(stream, *pause)?;
                }
            }
            Step::Hang => return io::copy(&mut stream, &mut io::sink()).map(drop),
            Step::Close => return stream.shutdown(Shutdown::Write),
            Step::Reset => return reset_when_closed(stream),
        }
    }
    Ok(())
}

/// Waits for this time, or until the connection ends.
fn pause_or_end(mut stream: &TcpStream, pause: Duration) -> io::Result<()> {
    stream.set_read_timeout(Some(pause))?;
    match stream.read(&mut [0]) {
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
        Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(_) => return Err(io::Error::other("a request while the response to the last one is under way")),
        Err(error) => return Err(error),
    }
    stream.set_read_timeout(Some(PATIENCE))
}

/// Reads a request head, and the body whose length the head announces.
fn read_request(mut stream: &TcpStream) -> io::Result<()> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => bytes.extend_from_slice(&chunk[..read]),
        }
        if whole_length(&bytes).is_some_and(|length| bytes.len() >= length) {
            return Ok(());
        }
    }
}

/// The length of a request with its body, or `None` if the head is incomplete.
fn whole_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let lines = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let body = lines.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    Some(head + body.unwrap_or(0))
}
