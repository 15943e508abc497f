//! A [`FakeClerk`] as a transport, for tests without a socket.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use clerk_sessions_core::transport::{AsyncTransport, Transport, WallClock};
use clerk_sessions_core::{Delivery, TransportError, TransportErrorKind};
use http::{Request, Response};

use crate::{FakeClerk, Handshake, ResponseDelay, lock, now_ms, unix_time};

/// A [`FakeClerk`] as a transport of clerk-sessions-core, for blocking and async clients. Clones share the fake.
///
/// Its [`WallClock`] is the clock of the fake, which a test can stop and move. Its monotonic clock and its waits are real.
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

    /// What [`send`](Transport::send) returns, and the time that passes before.
    fn respond(
        &self,
        request: Request<Vec<u8>>,
        timeout: Duration,
    ) -> (Result<Response<Vec<u8>>, TransportError>, Duration) {
        let response = self.fake().handle(request, now_ms());
        let delay = ResponseDelay::of(&response);
        if delay < timeout || delay.is_zero() {
            (Ok(response), delay)
        } else {
            (Err(TransportError::new(TransportErrorKind::Timeout, Delivery::MaybeSent)), timeout)
        }
    }
}

impl WallClock for InProcess {
    fn unix_time(&self) -> Duration {
        unix_time(&self.fake())
    }
}

impl Transport for InProcess {
    fn send(&self, request: Request<Vec<u8>>, timeout: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        let (result, wait) = self.respond(request, timeout);
        if !wait.is_zero() {
            std::thread::sleep(wait);
        }
        result
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
        let (result, wait) = self.respond(request, timeout);
        async move {
            // Without a delay, no tokio runtime is needed.
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            result
        }
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{JwksResponse, Seed};

    type Sent = Result<Response<Vec<u8>>, TransportError>;

    const AMPLE: Duration = Duration::from_secs(60);

    fn request() -> Request<Vec<u8>> {
        Request::get("/.well-known/jwks.json").body(Vec::new()).unwrap()
    }

    #[test]
    fn the_time_of_day_is_the_clock_of_the_fake() {
        let now = 1_778_544_000_000;
        let transport = InProcess::new(FakeClerk::new(Seed { now: Some(now), ..Seed::default() }));
        assert_eq!(transport.unix_time(), Duration::from_millis(1_778_544_000_000));
        transport.advance_clock(61_001);
        assert_eq!(transport.clone().unix_time(), Duration::from_millis(1_778_544_061_001));
        transport.fake().set_clock(-1);
        assert_eq!(transport.unix_time(), Duration::ZERO);

        let running = InProcess::new(FakeClerk::new(Seed::default()));
        let real = now_ms();
        running.advance_clock(3_600_000);
        let ahead = running.unix_time().as_millis() as i64 - real;
        assert!((3_600_000..3_660_000).contains(&ahead), "{ahead}");
    }

    #[test]
    fn a_slow_response_takes_its_time_and_a_short_timeout_ends_the_wait() {
        let delay = Duration::from_millis(60);
        let transport = InProcess::new(FakeClerk::new(Seed::default()));
        transport.fake().set_jwks_response(JwksResponse::slow(60));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let blocking = |timeout| Transport::send(&transport, request(), timeout);
        let asynchronous =
            |timeout| runtime.block_on(async { AsyncTransport::send(&transport, request(), timeout).await });
        let sends: [&dyn Fn(Duration) -> Sent; 2] = [&blocking, &asynchronous];
        for send in sends {
            let started = Instant::now();
            assert_eq!(send(AMPLE).unwrap().status(), 200);
            assert!(started.elapsed() >= delay);
        }
        transport.fake().set_jwks_response(JwksResponse::slow(3_600_000));
        for send in sends {
            let error = send(delay).unwrap_err();
            assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Timeout, Delivery::MaybeSent));
        }
        assert_eq!(transport.fake().jwks_requests(), 4);
    }

    #[test]
    fn a_response_without_delay_needs_no_runtime() {
        let transport = InProcess::new(FakeClerk::new(Seed::default()));
        let mut future = std::pin::pin!(AsyncTransport::send(&transport, request(), AMPLE));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_ready());
    }
}
