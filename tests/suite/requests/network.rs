//! Drives a flow without a network: a closure responds.

use std::time::Duration;

use clerk_sessions_core::call::{Flow, Step};
use clerk_sessions_core::{Delivery, Error, TransportError, TransportErrorKind};
use http::{Request, Response};

/// Drives a flow from this time of the transport's clock on. `None` is a connection that was lost. The closure may let time pass.
pub(crate) fn drive<F: Flow>(
    mut flow: F,
    now: &mut Duration,
    mut respond: impl FnMut(&Request<Vec<u8>>, &mut Duration) -> Option<Response<Vec<u8>>>,
) -> Result<F::Output, Error> {
    loop {
        match flow.step(*now) {
            Step::Send { request, .. } => match respond(&request, now) {
                Some(response) => flow.on_response(response, *now),
                None => flow.on_failure(TransportError::new(TransportErrorKind::Closed, Delivery::MaybeSent), *now),
            },
            Step::Wait(wait) => *now += wait,
            Step::Done => return flow.finish(),
        }
    }
}

/// A response of Clerk with this JSON.
pub(crate) fn json(status: u16, body: impl Into<Vec<u8>>) -> Response<Vec<u8>> {
    let response = Response::builder().status(status).header("content-type", "application/json; charset=utf-8");
    response.body(body.into()).unwrap()
}
