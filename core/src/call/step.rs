//! How a state machine of this crate is driven: [`Flow`] and [`Step`].

use std::fmt;
use std::time::Duration;

use http::{Request, Response};

use crate::error::{Error, TransportError};

/// What a [`Flow`] wants done next.
#[allow(clippy::exhaustive_enums)] // A driver has to handle all three: one that misses a case must not compile.
#[allow(clippy::large_enum_variant)] // It lives on a driver's stack for one turn; a box would cost each call an allocation.
pub enum Step {
    /// Send this request, and report with [`Flow::on_response`] or [`Flow::on_failure`].
    Send {
        /// The request.
        request: Request<Vec<u8>>,
        /// How long the attempt may take, from name resolution to the last byte of the response.
        timeout: Duration,
    },
    /// Sleep for this long, then ask for the next step.
    Wait(Duration),
    /// Nothing is left to do: call [`Flow::finish`].
    Done,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Neither headers nor body: they hold the secret key and tokens.
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
/// Ask for a [`step`](Self::step), do it, report, and ask again until the step is [`Step::Done`]. `now` is the time since
/// any fixed point. It must be the same point for all flows of one [`CallContext`](crate::call::CallContext), by a clock
/// that never goes back.
pub trait Flow {
    /// The result of the flow.
    type Output;

    /// What to do next. [`Step::Done`] while a response is awaited: report first.
    fn step(&mut self, now: Duration) -> Step;

    /// Reports the response to the last [`Step::Send`].
    fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration);

    /// Reports that the last [`Step::Send`] brought no complete response.
    fn on_failure(&mut self, error: TransportError, now: Duration);

    /// The result of the flow. Call it once the step is [`Step::Done`] and no report is awaited.
    ///
    /// A [`Call`](crate::call::Call) returns the decoded response, a [`RawCall`](crate::call::RawCall) the response itself,
    /// which is a 2xx, and [`RevokingOneByOne`](crate::flows::RevokingOneByOne) a report.
    ///
    /// # Errors
    /// Why the call failed: the error of the last attempt, [`Error::Decode`] for a 2xx that can't be read, [`Error::Transport`]
    /// if no attempt could be made in time. A call that is finished before it is done returns [`Error::Build`], even if an
    /// attempt has failed already.
    fn finish(self) -> Result<Self::Output, Error>;
}
