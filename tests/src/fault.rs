//! A server on a real socket that misbehaves as its script says.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

/// The longest that a server waits for its client to do anything, so that no test outlives a client that hangs.
const PATIENCE: Duration = Duration::from_secs(40);

/// Accepts connections on a free port of 127.0.0.1 and handles each on a thread of its own.
///
/// Dropped, it shuts all connections down and joins all threads.
#[derive(Debug)]
pub struct Loopback {
    addr: SocketAddr,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Loopback {
    /// Starts it. `handle` is given each connection with its number, the first being 0.
    ///
    /// # Errors
    /// If the system lets it open no socket or start no thread.
    pub fn start(handle: impl Fn(usize, &TcpStream) + Send + Sync + 'static) -> io::Result<Loopback> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let addr = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stopped);
        let thread =
            thread::Builder::new().name("loopback".to_owned()).spawn(move || accept(&listener, &handle, &seen))?;
        Ok(Loopback { addr, stopped, thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread, which waits for connections.
        let _ = TcpStream::connect_timeout(&self.addr, PATIENCE);
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed already, and a drop must not add another.
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
            // Weak, as a connection is closed, or reset, only when nobody holds it any more.
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

/// Has a connection broken off by RST once it is closed.
///
/// # Errors
/// If the connection is closed already.
pub fn reset_when_closed(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))
}

/// What a [`FaultServer`] does on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Waits until a request begins to arrive, and reads nothing of it.
    Await,
    /// Reads a whole request, and counts it.
    Read,
    /// Writes this.
    Write(Vec<u8>),
    /// Writes this over and over.
    WriteForever(Vec<u8>),
    /// Writes this a byte at a time, with a pause after each.
    Trickle(Vec<u8>, Duration),
    /// Does nothing any more.
    Hang,
    /// Closes the connection as is usual, by FIN.
    Close,
    /// Breaks the connection off, by RST.
    Reset,
}

/// A server whose every connection plays a script.
///
/// The script is played over and over until a step ends the connection, or the client does. So `[Read, Write(response)]` is a
/// server that keeps its connections, and `[Read, Write(response), Close]` one that does not.
#[derive(Debug)]
pub struct FaultServer {
    port: Port,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

#[derive(Debug)]
enum Port {
    Open(Loopback),
    /// Bound, so that nobody else can listen there, but not listening.
    Refusing(Socket),
}

impl FaultServer {
    /// Plays this script on all connections.
    ///
    /// # Errors
    /// If the system lets it open no socket or start no thread.
    pub fn start(script: impl Into<Vec<Step>>) -> io::Result<FaultServer> {
        FaultServer::start_with([script.into()])
    }

    /// Plays the first script on the first connection, and so on; the last one is played on all that follow.
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
                // Whatever ends a connection ends its script.
                let _ = play(script, stream, &arrived);
            }
        })?;
        Ok(FaultServer { port: Port::Open(loopback), connections, requests })
    }

    /// Refuses all connections.
    ///
    /// # Errors
    /// If the system gives it no port.
    pub fn refusing() -> io::Result<FaultServer> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        Ok(FaultServer { port: Port::Refusing(socket), connections: Arc::default(), requests: Arc::default() })
    }

    /// Where it listens, or refuses to.
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

    /// How many connections were made.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How many requests arrived whole.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Plays a script until it ends, which always is by an error: that of the connection, or the one that says it is over.
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

/// Lets time pass, but ends with the connection.
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

/// Reads a head and as much of a body as it announces.
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

/// The length of a request with its body, once its head is there.
fn whole_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let lines = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let body = lines.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    Some(head + body.unwrap_or(0))
}
