//! [`Flow`], the trait of the state machines of this crate, and [`Step`], what a flow asks for.

use std::fmt;
use std::time::Duration;

use http::{Request, Response};

use crate::error::{Error, TransportError};

/// The next step of a [`Flow`].
#[allow(clippy::exhaustive_enums)] // A driver must handle all three. One that misses a case must not compile.
#[allow(clippy::large_enum_variant)] // It is short-lived, on the stack. A box would cost an allocation for each call.
pub enum Step {
    /// Send this request. Then report with [`Flow::on_response`] or [`Flow::on_failure`], and ask for the next step.
    Send {
        /// The request.
        request: Request<Vec<u8>>,
        /// Maximum time of the attempt, from DNS to the last byte of the response. At most one year.
        timeout: Duration,
    },
    /// Sleep for this time. Then ask for the next step.
    Wait(Duration),
    /// Nothing is left to do: call [`Flow::finish`].
    Done,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Headers and body hold the secret key and tokens.
            Self::Send { request, timeout } => {
                write!(f, "Send({} {} within {timeout:?})", request.method(), request.uri().path())
            }
            Self::Wait(duration) => write!(f, "Wait({duration:?})"),
            Self::Done => f.write_str("Done"),
        }
    }
}

/// A state machine that makes HTTP calls without doing I/O.
///
/// To run it, use [`transport::drive`](crate::transport::drive) or [`transport::drive_async`](crate::transport::drive_async).
/// To drive it yourself, ask for a [`step`](Self::step), do it, report the outcome, and ask again until the step is
/// [`Step::Done`]. Then call [`finish`](Self::finish). The [module](crate::call) has an example.
///
/// `now` is the time since a fixed point, from a monotonic clock. Use the same clock and point for all flows of one
/// [`CallContext`](crate::call::CallContext).
pub trait Flow {
    /// The result of the flow.
    type Output;

    /// Returns the next step. While a [`Step::Send`] is not reported yet, it returns [`Step::Done`].
    fn step(&mut self, now: Duration) -> Step;

    /// Reports the response to the last [`Step::Send`].
    fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration);

    /// Reports that no complete response to the last [`Step::Send`] arrived.
    fn on_failure(&mut self, error: TransportError, now: Duration);

    /// Returns the result of the flow. Call it after [`Step::Done`], when every [`Step::Send`] is reported.
    ///
    /// A [`Call`](crate::call::Call) returns the decoded response, a [`RawCall`](crate::call::RawCall) the 2xx response itself,
    /// and [`RevokingOneByOne`](crate::flows::RevokingOneByOne) a report.
    ///
    /// # Errors
    /// - [`Error::Api`], [`Error::Transport`]: the error of the last attempt.
    /// - [`Error::Transport`] with the kind [`Paused`](crate::TransportErrorKind::Paused) or
    ///   [`Timeout`](crate::TransportErrorKind::Timeout): no attempt could be made in time.
    /// - [`Error::Decode`]: the 2xx response can't be read, or it is for something else.
    /// - [`Error::Build`]: the call is not done yet.
    fn finish(self) -> Result<Self::Output, Error>;
}
