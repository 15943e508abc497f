//! A connection that sends each request in one piece, makes few system calls, and reports a broken connection as an error.

use std::sync::Arc;
use std::time::Instant;
use std::{fmt, io};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use crate::clock::{Clock, rounded_up};

/// A connection to the server.
pub(crate) struct Connection {
    inner: Box<dyn Transport>,
    /// The clock of its TLS, if it has TLS.
    clock: Option<Arc<Clock>>,
    /// Whether it was used since the last call of `is_open`.
    is_used: bool,
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
    /// Wraps a connection, above TLS. `clock` is the clock that ureq made it with.
    pub(crate) fn new(inner: Box<dyn Transport>, clock: Arc<Clock>) -> Self {
        let clock = inner.is_tls().then_some(clock);
        Self { inner, clock, is_used: false, held: Vec::new(), limit: NextTimeout::default() }
    }

    /// The time limit to pass on, for a phase that begins now.
    fn begin_phase(&mut self, limit: NextTimeout) -> NextTimeout {
        self.is_used = true;
        if let Some(clock) = &self.clock {
            clock.begin_phase();
        }
        rounded_up(limit)
    }

    /// Sends the held bytes, in pieces that fit into ureq's buffer.
    fn send(&mut self) -> Result<(), Error> {
        let limit = self.begin_phase(self.limit);
        let mut rest = &*self.held;
        while !rest.is_empty() {
            let output = self.inner.buffers().output();
            let (piece, later) = rest.split_at(rest.len().min(output.len()));
            output[..piece.len()].copy_from_slice(piece);
            self.inner.transmit_output(piece.len(), limit)?;
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
        let limit = self.begin_phase(limit);
        self.inner.await_input(limit).map_err(|error| match error {
            Error::Io(error) => with_kind(error, self.inner.is_tls()),
            error => error,
        })
    }

    /// ureq calls this after a request, and again before the next one. Each check costs three system calls. The second check
    /// finds everything that the first could find, so the first is skipped.
    fn is_open(&mut self) -> bool {
        std::mem::take(&mut self.is_used) || self.inner.is_open()
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
