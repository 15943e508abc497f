//! The transport traits, blocking and async, and for each the loop that drives a [`Flow`] over it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};

use crate::call::{Flow, Step};
use crate::error::{Error, TransportError};

/// A blocking HTTP client.
///
/// Implement it to use an HTTP client with [`Client`](crate::Client). [The guide](crate::guide::transports) has the rules and a
/// complete example. In short, an implementation
///
/// - sends the request unchanged, follows no redirect and retries nothing,
/// - returns every status as a response,
/// - limits the time, the head (with [`check_head`](crate::transport::check_head)) and the body of the response,
/// - marks each failure with the [`Delivery`](crate::Delivery).
///
/// It is implemented for `&T`, `Box<T>` and `Arc<T>`, also where `T` is `dyn Transport`.
///
/// ```
/// use std::time::Duration;
///
/// use clerk_sessions_core::http::{Request, Response};
/// use clerk_sessions_core::transport::Transport;
/// use clerk_sessions_core::{Api, Client, TransportError};
///
/// /// For tests: returns 404 for every request.
/// struct NotFound;
///
/// impl Transport for NotFound {
///     fn send(&self, _: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, TransportError> {
///         Ok(Response::builder().status(404).body(Vec::new()).unwrap())
///     }
///
///     fn sleep(&self, _: Duration) {}
///
///     fn now(&self) -> Duration {
///         Duration::ZERO
///     }
/// }
///
/// let clerk = Client::new(Api::new("sk_test_123")?, NotFound);
/// assert_eq!(clerk.sessions().get("sess_123").unwrap_err().status().unwrap(), 404);
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
pub trait Transport {
    /// Sends one request and returns the complete response, with its body decompressed.
    ///
    /// `timeout` limits the whole attempt, from DNS to the last byte of the body. It is at most one year.
    ///
    /// # Errors
    /// [`TransportError`]: no complete response arrived. Its delivery says whether the server may have processed the request.
    fn send(&self, request: Request<Vec<u8>>, timeout: Duration) -> Result<Response<Vec<u8>>, TransportError>;

    /// Blocks the thread for this time.
    fn sleep(&self, duration: Duration);

    /// The time since a fixed point, from a monotonic clock. The point is the same for all clones of a transport.
    fn now(&self) -> Duration;
}

/// An async HTTP client.
///
/// Implement it to use an HTTP client with [`AsyncClient`](crate::AsyncClient). The rules are those of [`Transport`];
/// [the guide](crate::guide::transports) has them and a complete example. Dropping the future of [`send`](Self::send) must
/// cancel the attempt and leave the transport usable.
///
/// It is implemented for `&T` and `Arc<T>`.
///
/// ```
/// use std::time::Duration;
///
/// use clerk_sessions_core::TransportError;
/// use clerk_sessions_core::http::{Request, Response};
/// use clerk_sessions_core::transport::AsyncTransport;
///
/// /// For tests: returns 404 for every request.
/// struct NotFound;
///
/// impl AsyncTransport for NotFound {
///     async fn send(&self, _: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, TransportError> {
///         Ok(Response::builder().status(404).body(Vec::new()).unwrap())
///     }
///
///     async fn sleep(&self, _: Duration) {}
///
///     fn now(&self) -> Duration {
///         Duration::ZERO
///     }
/// }
/// ```
pub trait AsyncTransport {
    /// Sends one request and returns the complete response, with its body decompressed.
    ///
    /// `timeout` limits the whole attempt, from DNS to the last byte of the body. It is at most one year.
    ///
    /// # Errors
    /// [`TransportError`]: no complete response arrived. Its delivery says whether the server may have processed the request.
    fn send(
        &self,
        request: Request<Vec<u8>>,
        timeout: Duration,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send;

    /// Sleeps for this time, without blocking the thread.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;

    /// The time since a fixed point, from a monotonic clock. The point is the same for all clones of a transport.
    fn now(&self) -> Duration;
}

/// The time of day, which token verification needs. Both adapters implement it.
///
/// Unlike [`Transport::now`], it can go back, when the system's clock is set.
pub trait WallClock {
    /// The time since 1970-01-01 00:00:00 UTC, or zero if the clock is set to an earlier date.
    fn unix_time(&self) -> Duration;
}

/// Runs a flow over a blocking transport and returns its result.
///
/// The methods of [`Client`](crate::Client) do this. Use it for a [`Flow`] of your own, or to run a call by its name:
///
/// ```
/// # use clerk_sessions_core::transport::Transport;
/// use clerk_sessions_core::{Client, Error, registry, transport::drive};
///
/// fn call_by_name<T: Transport>(clerk: &Client<T>, operation: &str, json: &[u8]) -> Result<Vec<u8>, Error> {
///     let call = registry::call(clerk.context(), operation, json)?;
///     Ok(drive(clerk.transport(), call)?.into_body())
/// }
/// ```
///
/// # Errors
/// The error that the flow finishes with; see [`Flow::finish`].
pub fn drive<T: Transport + ?Sized, F: Flow>(transport: &T, mut flow: F) -> Result<F::Output, Error> {
    let mut now = transport.now();
    loop {
        match flow.step(now) {
            Step::Send { request, timeout } => {
                let outcome = transport.send(request, timeout);
                now = transport.now();
                match outcome {
                    Ok(response) => flow.on_response(response, now),
                    Err(error) => flow.on_failure(error, now),
                }
            }
            Step::Wait(duration) => {
                transport.sleep(duration);
                now = transport.now();
            }
            Step::Done => return flow.finish(),
        }
    }
}

/// Runs a flow over an async transport and returns its result. The async form of [`drive`].
///
/// # Errors
/// The error that the flow finishes with; see [`Flow::finish`].
#[allow(clippy::manual_async_fn)] // The future of an `async fn` would hold the flow twice, as argument and as variable.
pub fn drive_async<T: AsyncTransport, F: Flow>(
    transport: &T,
    mut flow: F,
) -> impl Future<Output = Result<F::Output, Error>> {
    async move {
        let mut now = transport.now();
        loop {
            // The value that a `match` inspects lives until the end of the `match`. So the request is moved out first, or the
            // future would keep room for two of them.
            let (request, timeout) = match flow.step(now) {
                Step::Send { request, timeout } => (request, timeout),
                Step::Wait(duration) => {
                    transport.sleep(duration).await;
                    now = transport.now();
                    continue;
                }
                Step::Done => return flow.finish(),
            };
            let outcome = transport.send(request, timeout).await;
            now = transport.now();
            match outcome {
                Ok(response) => flow.on_response(response, now),
                Err(error) => flow.on_failure(error, now),
            }
        }
    }
}

macro_rules! transport_behind {
    ($($pointer:ty),+) => {
        $(impl<T: Transport + ?Sized> Transport for $pointer {
            fn send(&self, request: Request<Vec<u8>>, timeout: Duration) -> Result<Response<Vec<u8>>, TransportError> {
                (**self).send(request, timeout)
            }

            fn sleep(&self, duration: Duration) {
                (**self).sleep(duration);
            }

            fn now(&self) -> Duration {
                (**self).now()
            }
        })+
    };
}
transport_behind!(&T, Box<T>, Arc<T>);

macro_rules! async_transport_behind {
    ($($pointer:ty),+) => {
        $(impl<T: AsyncTransport> AsyncTransport for $pointer {
            fn send(
                &self,
                request: Request<Vec<u8>>,
                timeout: Duration,
            ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send {
                (**self).send(request, timeout)
            }

            fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
                (**self).sleep(duration)
            }

            fn now(&self) -> Duration {
                (**self).now()
            }
        })+
    };
}
async_transport_behind!(&T, Arc<T>);
