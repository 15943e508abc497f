//! A connection that does not let ureq take a failure for an end, or wait for a proxy without end.

use std::time::Instant;
use std::{fmt, io};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

/// A connection to the server, or to its proxy.
#[derive(Debug)]
pub(crate) struct Connection {
    inner: Box<dyn Transport>,
    /// When connecting began, and how long it may take.
    connecting: (Instant, NextTimeout),
}

impl Connection {
    pub(crate) fn new(inner: Box<dyn Transport>, since: Instant, limit: NextTimeout) -> Self {
        Self { inner, connecting: (since, limit) }
    }

    /// What is left of a time limit. ureq gives each read of a proxy's response the whole limit for connecting, so that a proxy
    /// that sends a byte at a time would be waited for without end. All other limits are what is left already.
    fn left_of(&self, limit: NextTimeout) -> Result<NextTimeout, Error> {
        let (since, whole) = self.connecting;
        if limit != whole || limit.after.is_not_happening() {
            return Ok(limit);
        }
        match limit.after.checked_sub(since.elapsed()) {
            Some(left) if !left.is_zero() => Ok(NextTimeout { after: left.into(), ..limit }),
            _ => Err(Error::Timeout(limit.reason)),
        }
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = self.left_of(timeout)?;
        self.inner.await_input(timeout).map_err(|error| match error {
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
