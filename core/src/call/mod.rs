//! One call, with its retries, as a state machine without I/O.
//!
//! Use it where no [transport](crate::guide::transports) fits: for an event loop of your own, or for bindings to another
//! language. Otherwise, use a [`Client`](crate::Client).
//!
//! | you want to | see |
//! |---|---|
//! | create a call | [`CallContext::call`], or [`registry::call`](crate::registry::call) by name |
//! | drive it | [`Flow`] and [`Step`] |
//! | get the response as bytes | [`RawCall`] |
//!
//! Ask for a step, do it, report the outcome, and repeat until [`Step::Done`]. Then [`finish`](Flow::finish) returns the result.
//! [`transport::drive`](crate::transport::drive) is this loop:
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use clerk_sessions_core::call::{CallContext, Flow, Step};
//! use clerk_sessions_core::{Api, GetSession, TransportError, http};
//!
//! # fn send(_: http::Request<Vec<u8>>, _: Duration) -> Result<http::Response<Vec<u8>>, TransportError> {
//! #     Ok(http::Response::builder().status(404).body(Vec::new()).unwrap())
//! # }
//! let clock = Instant::now();
//! let context = CallContext::new(Api::new("sk_test_123")?);
//! let mut call = context.call(GetSession::new("sess_1"))?;
//! let outcome = loop {
//!     match call.step(clock.elapsed()) {
//!         Step::Send { request, timeout } => match send(request, timeout) {
//!             Ok(response) => call.on_response(response, clock.elapsed()),
//!             Err(error) => call.on_failure(error, clock.elapsed()),
//!         },
//!         Step::Wait(duration) => std::thread::sleep(duration),
//!         Step::Done => break call.finish(),
//!     }
//! };
//! assert_eq!(outcome.unwrap_err().status().unwrap(), 404);
//! # Ok::<(), clerk_sessions_core::Error>(())
//! ```

mod calls;
mod context;
mod machine;
pub(crate) mod observer;
pub(crate) mod options;
mod rate_limit;
pub(crate) mod retry;
mod retry_budget;
mod step;
#[cfg(test)]
mod tests;

pub use calls::{Call, RawCall};
pub use context::CallContext;
pub use step::{Flow, Step};
