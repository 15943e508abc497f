//! A connection below TLS that makes fewer system calls than the one of ureq.

use std::time::Duration;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport, time};

/// Wraps a connection, below TLS.
#[derive(Debug)]
pub(crate) struct Sockets;

impl<In: Transport> Connector<In> for Sockets {
    type Out = Socket<In>;

    fn connect(&self, _: &ConnectionDetails<'_>, made: Option<In>) -> Result<Option<Self::Out>, Error> {
        Ok(made.map(|inner| Socket { inner, is_used: false }))
    }
}

/// The connection to the server, or the tunnel through a proxy.
#[derive(Debug)]
pub(crate) struct Socket<T> {
    inner: T,
    /// Whether it was used since the last call of `is_open`.
    is_used: bool,
}

impl<T: Transport> Transport for Socket<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, limit: NextTimeout) -> Result<(), Error> {
        self.is_used = true;
        self.inner.transmit_output(amount, rounded_up(limit))
    }

    fn await_input(&mut self, limit: NextTimeout) -> Result<bool, Error> {
        self.is_used = true;
        self.inner.await_input(rounded_up(limit))
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

/// Rounds a limit of a second or more up to a tenth of a second.
///
/// ureq sets the time limit of the socket, with a system call, whenever it differs from the last one. The exact time left always
/// differs; the rounded one rarely does.
fn rounded_up(limit: NextTimeout) -> NextTimeout {
    const TENTH: Duration = Duration::from_millis(100);
    match limit.after {
        time::Duration::Exact(after) if after >= Duration::from_secs(1) => {
            let tenths = after.subsec_nanos().div_ceil(TENTH.subsec_nanos());
            let rounded = Duration::from_secs(after.as_secs()).saturating_add(TENTH * tenths);
            NextTimeout { after: rounded.into(), ..limit }
        }
        _ => limit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_rounded_up_and_short_ones_kept() {
        let after = |limit: Duration| *rounded_up(NextTimeout { after: limit.into(), ..NextTimeout::default() }).after;
        for (limit, expected) in [(999, 999), (1000, 1000), (1001, 1100), (9_999, 10_000), (10_000, 10_000)] {
            assert_eq!(after(Duration::from_millis(limit)), Duration::from_millis(expected));
        }
        assert_eq!(after(Duration::from_nanos(9_900_000_001)), Duration::from_secs(10));
        assert_eq!(after(Duration::MAX), Duration::MAX);
        assert!(rounded_up(NextTimeout::default()).after.is_not_happening());
    }
}
