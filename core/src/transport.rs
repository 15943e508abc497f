//! The seam to HTTP clients: two traits, and for each the loop that drives a [`Flow`] over it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};

use crate::error::{Error, TransportError};
use crate::exchange::{Flow, Step};

/// A blocking HTTP client.
///
/// An implementation sends the request as it is, follows no redirect, repeats nothing, treats every status as an answer, and
/// bounds the size of the answer. It fails with a [`TransportError`] that tells whether the server may
/// have processed the request.
pub trait Transport {
    /// Sends one request and reads the whole answer, with its body decompressed, all within `timeout`.
    ///
    /// # Errors
    /// No whole answer came.
    fn send(&self, request: Request<Vec<u8>>, timeout: Duration) -> Result<Response<Vec<u8>>, TransportError>;

    /// Lets time pass.
    fn sleep(&self, duration: Duration);

    /// The time since a fixed point of this transport and its clones, by a clock that never goes back.
    fn now(&self) -> Duration;
}

/// An async HTTP client; see [`Transport`] for what an implementation does.
///
/// Dropping the future of [`send`](Self::send) gives the attempt up and leaves the client usable.
pub trait AsyncTransport {
    /// Sends one request and reads the whole answer, with its body decompressed.
    ///
    /// # Errors
    /// No whole answer came.
    fn send(
        &self,
        request: Request<Vec<u8>>,
        timeout: Duration,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send;

    /// Lets time pass, without blocking the thread.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;

    /// The time since a fixed point of this transport and its clones, by a clock that never goes back.
    fn now(&self) -> Duration;
}

/// Runs a flow over a blocking transport.
///
/// # Errors
/// What the flow comes to.
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

/// Runs a flow over an async transport.
///
/// # Errors
/// What the flow comes to.
pub async fn drive_async<T: AsyncTransport, F: Flow>(transport: &T, mut flow: F) -> Result<F::Output, Error> {
    loop {
        match flow.step(transport.now()) {
            Step::Send { request, timeout } => match transport.send(request, timeout).await {
                Ok(response) => flow.on_response(response, transport.now()),
                Err(error) => flow.on_failure(error, transport.now()),
            },
            Step::Wait(duration) => transport.sleep(duration).await,
            Step::Done => return flow.finish(),
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
