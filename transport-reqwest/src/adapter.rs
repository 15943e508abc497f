//! [`ReqwestTransport`]: sends a request with a reqwest client and reads the response.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clerk_sessions_core::http::{Request, Response};
use clerk_sessions_core::transport::{AsyncTransport, WallClock, check_head};
use clerk_sessions_core::{Delivery, TransportError, TransportErrorKind};

use crate::failure;
use crate::proxy::Environment;
use crate::url::Urls;

/// An [`AsyncTransport`] over reqwest. [`builder`](Self::builder) creates one with settings of your own.
///
/// It is cheap to clone, and clones share their connections. For a client with the default settings, use
/// [`client`](fn@crate::client).
#[derive(Clone, Debug)]
pub struct ReqwestTransport {
    pub(crate) client: reqwest::Client,
    pub(crate) environment: Option<Arc<Environment>>,
    pub(crate) urls: Urls,
    pub(crate) max_response_bytes: u64,
    /// The fixed point of [`AsyncTransport::now`].
    pub(crate) started: Instant,
}

impl ReqwestTransport {
    /// Converts the request into one of reqwest.
    fn prepare(&self, request: Request<Vec<u8>>) -> Result<reqwest::Request, TransportError> {
        let (parts, body) = request.into_parts();
        let mut request = reqwest::Request::new(parts.method, self.urls.url(&parts.uri)?);
        *request.headers_mut() = parts.headers;
        *request.body_mut() = Some(body.into());
        Ok(request)
    }

    async fn attempt(&self, request: reqwest::Request) -> Result<Response<Vec<u8>>, TransportError> {
        let failed = |error| failure::of_attempt(error, self.environment.as_deref());
        let mut response = self.client.execute(request).await.map_err(failed)?;
        check_head(response.headers())?;
        let body = self.read_body(&mut response).await?;
        let mut whole = Response::new(body);
        *whole.status_mut() = response.status();
        *whole.version_mut() = response.version();
        std::mem::swap(whole.headers_mut(), response.headers_mut());
        Ok(whole)
    }

    async fn read_body(&self, response: &mut reqwest::Response) -> Result<Vec<u8>, TransportError> {
        let most = usize::try_from(self.max_response_bytes).unwrap_or(usize::MAX);
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        let failed = |error| failure::of_attempt(error, None);
        let (mut body, mut chunk) = (Vec::new(), response.chunk().await.map_err(failed)?.unwrap_or_default());
        loop {
            if chunk.len() > most - body.len() {
                return Err(TransportError::new(TransportErrorKind::TooLarge, Delivery::MaybeSent));
            }
            let next = response.chunk().await.map_err(failed)?;
            if body.is_empty() {
                if next.is_none() {
                    // The only chunk. It is not copied if nothing else holds it.
                    return Ok(chunk.into());
                }
                body.reserve_exact(room_for(announced.min(most)));
            }
            body.extend_from_slice(&chunk);
            match next {
                Some(next) => chunk = next,
                None => return Ok(body),
            }
        }
    }
}

impl AsyncTransport for ReqwestTransport {
    async fn send(&self, request: Request<Vec<u8>>, timeout: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        let mut attempt = pin!(self.attempt(self.prepare(request)?));
        let mut limit = pin!(tokio::time::sleep(countable(timeout)));
        poll_fn(|context| match attempt.as_mut().poll(context) {
            Poll::Pending => limit.as_mut().poll(context).map(|()| Err(timed_out())),
            ready => ready,
        })
        .await
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

impl WallClock for ReqwestTransport {
    fn unix_time(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

fn timed_out() -> TransportError {
    TransportError::new(TransportErrorKind::Timeout, Delivery::MaybeSent)
}

/// The capacity to reserve for a body with this `content-length`. It is limited, because it costs memory before any byte has
/// arrived.
///
/// All large bodies get the same capacity. With exact sizes, the allocator of glibc would return the memory to the system after
/// each list, and request it again for the next.
fn room_for(length: usize) -> usize {
    const MOST: usize = 1024 * 1024;
    if length < 64 * 1024 { length } else { MOST }
}

/// Shortens a time limit to a year, which every timer can represent.
pub(crate) fn countable(limit: Duration) -> Duration {
    limit.min(Duration::from_secs(365 * 24 * 60 * 60))
}
