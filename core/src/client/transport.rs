//! What a client needs of an HTTP client: two traits, and for each the loop that drives a [`Flow`] over it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};

use crate::call::{Flow, Step};
use crate::error::{Error, TransportError};

/// A blocking HTTP client.
///
/// An implementation sends the request as it is, follows no redirect, retries nothing, and returns every status as a response.
/// It limits the size of a response: of its head, by [`check_head`](crate::transport::check_head), and of its body. It fails
/// with a [`TransportError`] that tells whether the server may have processed the request.
pub trait Transport {
    /// Sends one request and reads the complete response, with its body decompressed, all within `timeout`.
    ///
    /// # Errors
    /// No complete response came.
    fn send(&self, request: Request<Vec<u8>>, timeout: Duration) -> Result<Response<Vec<u8>>, TransportError>;

    /// Blocks for this long.
    fn sleep(&self, duration: Duration);

    /// The time since a fixed point of this transport and its clones, by a clock that never goes back.
    fn now(&self) -> Duration;
}

/// An async HTTP client; see [`Transport`] for what an implementation does.
///
/// Dropping the future of [`send`](Self::send) cancels the attempt and leaves the client usable.
pub trait AsyncTransport {
    /// Sends one request and reads the complete response, with its body decompressed, all within `timeout`.
    ///
    /// # Errors
    /// No complete response came.
    fn send(
        &self,
        request: Request<Vec<u8>>,
        timeout: Duration,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send;

    /// Sleeps for this long, without blocking the thread.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;

    /// The time since a fixed point of this transport and its clones, by a clock that never goes back.
    fn now(&self) -> Duration;
}

/// The time of day, which token verification needs. A trait of its own: `now` of a transport can't be set back, this can.
pub trait WallClock {
    /// The time since 1970-01-01 00:00:00 UTC; zero for a clock set to before.
    fn unix_time(&self) -> Duration;
}

/// Drives a flow over a blocking transport to its end.
///
/// # Errors
/// The error that the flow finishes with.
pub fn drive<T: Transport + ?Sized, F: Flow>(transport: &T, mut flow: F) -> Result<F::Output, Error> {
    loop {
        match flow.step(transport.now()) {
            Step::Send { request, timeout } => match transport.send(request, timeout) {
                Ok(response) => flow.on_response(response, transport.now()),
                Err(error) => flow.on_failure(error, transport.now()),
            },
            Step::Wait(duration) => transport.sleep(duration),
            Step::Done => return flow.finish(),
        }
    }
}

/// Drives a flow over an async transport to its end.
///
/// # Errors
/// The error that the flow finishes with.
#[allow(clippy::manual_async_fn)] // An `async fn` would hold the flow twice: as its argument, and as what it works on.
pub fn drive_async<T: AsyncTransport, F: Flow>(
    transport: &T,
    mut flow: F,
) -> impl Future<Output = Result<F::Output, Error>> {
    async move {
        loop {
            // What a `match` looks at lives until its end. So the request is taken out of it first, or the future would hold one
            // that has been handed on.
            let (request, timeout) = match flow.step(transport.now()) {
                Step::Send { request, timeout } => (request, timeout),
                Step::Wait(duration) => {
                    transport.sleep(duration).await;
                    continue;
                }
                Step::Done => return flow.finish(),
            };
            match transport.send(request, timeout).await {
                Ok(response) => flow.on_response(response, transport.now()),
                Err(error) => flow.on_failure(error, transport.now()),
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
