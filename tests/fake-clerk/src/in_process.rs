//! A [`FakeClerk`] as a transport, for tests without a socket.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use clerk_sessions_core::TransportError;
use clerk_sessions_core::transport::{AsyncTransport, Transport};
use http::{Request, Response};

use crate::{FakeClerk, Handshake, lock, now_ms};

/// A [`FakeClerk`] as a transport of clerk-sessions-core, for blocking and async clients. Clones share the fake.
///
/// ```
/// use clerk_sessions_core::{Api, Client};
/// use clerk_sessions_fake::{FakeClerk, InProcess, Seed};
///
/// let transport = InProcess::new(FakeClerk::new(Seed::demo()));
/// let secret_key = transport.fake().secret_key().to_owned();
/// let clerk = Client::new(Api::new(secret_key)?, transport.clone());
/// assert!(clerk.sessions().get("sess_demo_active")?.is_active());
/// assert_eq!(transport.fake().requests().len(), 1);
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct InProcess {
    fake: Arc<Mutex<FakeClerk>>,
    started: Instant,
}

impl InProcess {
    /// A transport to this fake.
    #[must_use]
    pub fn new(fake: FakeClerk) -> InProcess {
        InProcess { fake: Arc::new(Mutex::new(fake)), started: Instant::now() }
    }

    /// Creates the tokens that a browser sends to refresh a session; see [`FakeClerk::handshake`].
    #[must_use]
    pub fn handshake(&self, session_id: &str, origin: &str) -> Option<Handshake> {
        self.fake().handshake(session_id, origin, now_ms())
    }

    /// Moves the clock; see [`FakeClerk::advance_clock`].
    pub fn advance_clock(&self, by_ms: i64) {
        self.fake().advance_clock(by_ms, now_ms());
    }

    /// Locks the fake, to inspect or change it. Requests wait until the guard is dropped.
    pub fn fake(&self) -> MutexGuard<'_, FakeClerk> {
        lock(&self.fake)
    }
}

impl Transport for InProcess {
    fn send(&self, request: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        Ok(self.fake().handle(request, now_ms()))
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

impl AsyncTransport for InProcess {
    fn send(
        &self,
        request: Request<Vec<u8>>,
        timeout: Duration,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send {
        std::future::ready(Transport::send(self, request, timeout))
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}
