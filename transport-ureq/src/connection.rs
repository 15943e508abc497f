//! A connection that sends each request in one piece, and reports a broken connection as an error.

use std::time::Instant;
use std::{fmt, io};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// Wraps a connection, above TLS.
#[derive(Debug)]
pub(crate) struct Connections;

impl<In: Transport> Connector<In> for Connections {
    type Out = Connection;

    fn connect(&self, _: &ConnectionDetails<'_>, made: Option<In>) -> Result<Option<Connection>, Error> {
        Ok(made.map(|made| Connection { inner: Box::new(made), held: Vec::new(), limit: NextTimeout::default() }))
    }
}

/// A connection to the server.
pub(crate) struct Connection {
    inner: Box<dyn Transport>,
    /// The bytes to send. ureq writes head and body separately, which would be two system calls, two packets and, with TLS, two
    /// records. So they are held until ureq waits for the response.
    held: Vec<u8>,
    /// The time limit for sending them.
    limit: NextTimeout,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without `held`, which contains the secret key.
        f.debug_tuple("Connection").field(&self.inner).finish()
    }
}

impl Connection {
    /// Sends the held bytes, in pieces that fit into ureq's buffer.
    fn send(&mut self) -> Result<(), Error> {
        let mut rest = &*self.held;
        while !rest.is_empty() {
            let output = self.inner.buffers().output();
            let (piece, later) = rest.split_at(rest.len().min(output.len()));
            output[..piece.len()].copy_from_slice(piece);
            self.inner.transmit_output(piece.len(), self.limit)?;
            rest = later;
        }
        self.held.clear();
        Ok(())
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, limit: NextTimeout) -> Result<(), Error> {
        let output = self.inner.buffers().output();
        let room = output.len();
        self.held.extend_from_slice(&output[..amount]);
        self.limit = limit;
        if self.held.len() > room { self.send() } else { Ok(()) }
    }

    fn await_input(&mut self, mut limit: NextTimeout) -> Result<bool, Error> {
        if !self.held.is_empty() {
            let began = Instant::now();
            self.send()?;
            // Sending has used a part of the time.
            if !limit.after.is_not_happening() {
                let left = limit.after.checked_sub(began.elapsed()).filter(|left| !left.is_zero());
                limit.after = left.ok_or(Error::Timeout(limit.reason))?.into();
            }
        }
        self.inner.await_input(limit).map_err(|error| match error {
            Error::Io(error) => with_kind(error, self.inner.is_tls()),
            error => error,
        })
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

fn with_kind(error: io::Error, tls: bool) -> Error {
    match error.kind() {
        // In a body without a length, ureq treats these errors as the end of the body. But the body is incomplete: it was cut by
        // a reset or, with TLS, by a close without close_notify.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset => {
            Error::Io(io::Error::new(io::ErrorKind::BrokenPipe, error))
        }
        io::ErrorKind::InvalidData if tls => Error::Other(Box::new(TlsFailed(error))),
        _ => Error::Io(error),
    }
}

/// A TLS error after the handshake, such as an alert. With TLS 1.3, a server checks the client's certificate only then.
#[derive(Debug)]
pub(crate) struct TlsFailed(io::Error);

impl fmt::Display for TlsFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for TlsFailed {}
