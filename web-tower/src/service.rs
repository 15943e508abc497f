//! [`ClerkService`]: the service that the layer makes of another one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use clerk_sessions_core::transport::{AsyncTransport, WallClock};
use http::{Request, Response};
use tower_service::Service;

use crate::gate::{Decision, Gate};

/// The service that [`ClerkLayer`](crate::ClerkLayer) makes of another one.
///
/// Responses keep their type of body, so bodies that stream are passed on as they are. The type must be made of a text, for the
/// responses of the layer itself: axum's `Body`, `Full<Bytes>`, `String` and `Vec<u8>` are.
pub struct ClerkService<S, T> {
    pub(crate) inner: S,
    pub(crate) gate: Arc<Gate<T>>,
}

impl<S: Clone, T> Clone for ClerkService<S, T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), gate: Arc::clone(&self.gate) }
    }
}

impl<S, T: AsyncTransport + WallClock> fmt::Debug for ClerkService<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClerkService").field("gate", &self.gate).finish_non_exhaustive()
    }
}

impl<S, T, In, Out> Service<Request<In>> for ClerkService<S, T>
where
    S: Service<Request<In>, Response = Response<Out>> + Clone + Send + 'static,
    S::Future: Send,
    T: AsyncTransport + WallClock + Send + Sync + 'static,
    In: Send + 'static,
    Out: From<&'static str>,
{
    type Response = Response<Out>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Out>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<In>) -> Self::Future {
        // The service that said it is ready has to make the call; a clone may not be ready.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let gate = Arc::clone(&self.gate);
        Box::pin(async move {
            // The body need not be `Sync`, so nothing borrows the request as a whole.
            let (mut parts, body) = request.into_parts();
            let headers = match gate.decide(&mut parts).await {
                Decision::Stop(response) => return Ok(response.map(Out::from)),
                Decision::Pass(headers) => headers,
            };
            let mut response = inner.call(Request::from_parts(parts, body)).await?;
            headers.put(response.headers_mut());
            Ok(response)
        })
    }
}
