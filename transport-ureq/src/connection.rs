//! A connection that sends a request in one piece, and does not let ureq take a failure for an end.

use std::time::Instant;
use std::{fmt, io};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// Wraps what has been connected, TLS included.
#[derive(Debug)]
pub(crate) struct Connections;

impl<In: Transport> Connector<In> for Connections {
    type Out = Connection;

    fn connect(&self, _: &ConnectionDetails<'_>, made: Option<In>) -> Result<Option<Connection>, Error> {
        Ok(made.map(|made| Connection { inner: Box::new(made), held: Vec::new(), limit: NextTimeout::default() }))
    }
}

/// A connection to the server, for requests.
pub(crate) struct Connection {
    inner: Box<dyn Transport>,
    /// What is to be sent. ureq hands out a head and its body one by one: sent like that, they would be two system calls, two
    /// packets and, under TLS, two records. So they are held until it waits for the response.
    held: Vec<u8>,
    /// The limit for sending that.
    limit: NextTimeout,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not what is held: the secret key is in it.
        f.debug_tuple("Connection").field(&self.inner).finish()
    }
}

impl Connection {
    /// Sends what is held, by pieces that fit ureq's buffer.
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
            // Sending has used up a part of the limit.
            if !limit.after.is_not_happening() {
                let left = limit.after.checked_sub(began.elapsed()).filter(|left| !left.is_zero());
                limit.after = left.ok_or(Error::Timeout(limit.reason))?.into();
            }
        }
        self.inner.await_input(limit).map_err(|error| match error {
            Error::Io(error) => told_apart(error, self.inner.is_tls()),
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

fn told_apart(error: io::Error, tls: bool) -> Error {
    match error.kind() {
        // While it reads a body, ureq takes these for the end of the connection. That makes a body without a length complete,
        // though it was cut by a reset or, under TLS, came without a close_notify.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset => {
            Error::Io(io::Error::new(io::ErrorKind::BrokenPipe, error))
        }
        io::ErrorKind::InvalidData if tls => Error::Other(Box::new(TlsFailed(error))),
        _ => Error::Io(error),
    }
}

/// What TLS failed with after the handshake, such as an alert. With TLS 1.3 a server looks for the client's certificate only
/// then.
#[derive(Debug)]
pub(crate) struct TlsFailed(io::Error);

impl fmt::Display for TlsFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for TlsFailed {}
