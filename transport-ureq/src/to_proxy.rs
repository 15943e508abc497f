//! A connection to a proxy, with a time limit for the whole connect.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

/// The time limit for connecting, from resolving the proxy's name to the end of the TLS handshake.
#[derive(Debug)]
pub(crate) struct Connecting {
    since: Instant,
    limit: NextTimeout,
    is_over: AtomicBool,
}

impl Connecting {
    pub(crate) fn start(limit: NextTimeout) -> Arc<Self> {
        Arc::new(Self { since: Instant::now(), limit, is_over: AtomicBool::new(false) })
    }

    /// Ends connecting. The request that follows has its own limits.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// The shorter of this limit and the time left for connecting.
    fn within(&self, limit: NextTimeout) -> Result<NextTimeout, Error> {
        if self.is_over.load(Ordering::Relaxed) || self.limit.after.is_not_happening() {
            return Ok(limit);
        }
        match self.limit.after.checked_sub(self.since.elapsed()) {
            Some(left) if left < *limit.after => {
                Ok(NextTimeout { after: left.into(), reason: self.limit.reason, ..limit })
            }
            Some(_) => Ok(limit),
            None => Err(Error::Timeout(self.limit.reason)),
        }
    }
}

/// A connection to a proxy.
#[derive(Debug)]
pub(crate) struct ToProxy {
    pub(crate) inner: Box<dyn Transport>,
    pub(crate) connecting: Arc<Connecting>,
}

impl Transport for ToProxy {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, limit: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, limit)
    }

    fn await_input(&mut self, limit: NextTimeout) -> Result<bool, Error> {
        // ureq gives each read of the proxy's response the whole limit for connecting. A proxy that sends one byte at a time
        // could delay the connect forever.
        self.inner.await_input(self.connecting.within(limit)?)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
