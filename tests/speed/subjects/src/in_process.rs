//! A transport in memory that responds with a key set, for measuring authentication without a network.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clerk_sessions_core::TransportError;
use clerk_sessions_core::transport::{AsyncTransport, Transport, WallClock};
use http::{Request, Response};

use crate::canned::Canned;
use crate::tokens::unix_time;

/// A transport that responds with the key set to every request, and has the clocks of the adapters.
#[derive(Clone)]
pub struct InProcess {
    keys: Canned,
    started: Instant,
    requests: Arc<AtomicUsize>,
}

impl InProcess {
    /// A transport with this key set.
    #[must_use]
    pub fn new(jwks: String) -> Self {
        Self { keys: Canned::ok(jwks), started: Instant::now(), requests: Arc::default() }
    }

    /// How many requests it has responded to.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    fn respond(&self) -> Response<Vec<u8>> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.keys.response()
    }
}

impl Transport for InProcess {
    fn send(&self, _: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        Ok(self.respond())
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

impl AsyncTransport for InProcess {
    async fn send(&self, _: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        Ok(self.respond())
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

impl WallClock for InProcess {
    fn unix_time(&self) -> Duration {
        unix_time()
    }
}
