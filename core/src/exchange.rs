//! One call as a state machine: it says what to do next, and is told what came of it.
//!
//! A caller with an HTTP client of its own drives it like this; [`drive`](crate::transport::drive) is the same loop:
//!
//! ```
//! use clerk_sessions_core::{Api, Flow, GetSession, Step, http};
//!
//! # fn send(_: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, clerk_sessions_core::TransportError> {
//! #     Ok(http::Response::builder().status(404).body(Vec::new()).unwrap())
//! # }
//! let mut call = Api::new("sk_test_123")?.exchange(&GetSession::new("sess_1"))?;
//! let outcome = loop {
//!     match call.step() {
//!         Step::Send(request) => match send(request) {
//!             Ok(response) => call.on_response(response),
//!             Err(error) => call.on_failure(error),
//!         },
//!         Step::Wait(duration) => std::thread::sleep(duration),
//!         Step::Done => break call.finish(),
//!     }
//! };
//! assert!(outcome.unwrap_err().is_not_found());
//! # Ok::<(), clerk_sessions_core::Error>(())
//! ```

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use http::{Request, Response};

use crate::error::{ApiError, BuildError, CallFailed, DecodeError, Error, TransportError};
use crate::json::{self, Fault};
use crate::operation::{Meta, Operation};

/// What a [`Flow`] wants done next.
#[allow(clippy::exhaustive_enums)] // Every driver has to do all three: a fourth must not compile.
#[allow(clippy::large_enum_variant)] // It lives on a driver's stack for one turn; a box would cost each call an allocation.
pub enum Step {
    /// Send this request, and report with [`Flow::on_response`] or [`Flow::on_failure`].
    Send(Request<Vec<u8>>),
    /// Let this much time pass, then ask again.
    Wait(Duration),
    /// Nothing: call [`Flow::finish`].
    Done,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Neither headers nor body: they hold the secret key and tokens.
            Self::Send(request) => write!(f, "Send({} {})", request.method(), request.uri().path()),
            Self::Wait(duration) => write!(f, "Wait({duration:?})"),
            Self::Done => f.write_str("Done"),
        }
    }
}

/// A state machine that makes HTTP calls without doing I/O.
///
/// Ask for a [`step`](Self::step), do it, report, and ask again until it is [`Step::Done`].
pub trait Flow {
    /// What it comes to.
    type Output;

    /// What to do next. While an answer is awaited, [`Step::Send`] is not repeated: report first.
    fn step(&mut self) -> Step;

    /// Reports the answer to the last [`Step::Send`].
    fn on_response(&mut self, response: Response<Vec<u8>>);

    /// Reports that the last [`Step::Send`] brought no whole answer.
    fn on_failure(&mut self, error: TransportError);

    /// What it came to.
    ///
    /// # Errors
    /// Why the call did not succeed; [`Error::Build`] if it is not done yet.
    fn finish(self) -> Result<Self::Output, Error>;
}

/// One call of any operation: the machine behind every [`Exchange`] and every call through the
/// [`registry`](crate::registry). It comes to the server's own answer, always a 2xx.
pub struct RawExchange {
    meta: &'static Meta,
    state: State,
    attempts: u32,
    /// Checks a 2xx, where nobody will decode it later.
    check: fn(&[u8]) -> Result<(), Fault>,
}

enum State {
    Ready(Request<Vec<u8>>),
    InFlight,
    Answered(Response<Vec<u8>>),
    Failed(TransportError),
}

impl RawExchange {
    pub(crate) fn new(meta: &'static Meta, request: Request<Vec<u8>>) -> Self {
        Self { meta, state: State::Ready(request), attempts: 0, check: |_| Ok(()) }
    }

    /// Makes a 2xx that `O` can't read an error.
    pub(crate) fn checked<O: Operation>(mut self) -> Self {
        self.check = |body| json::read::<O::Output>(body).map(drop);
        self
    }

    /// The operation that is called.
    #[must_use]
    pub fn meta(&self) -> &'static Meta {
        self.meta
    }

    /// How often the request was handed out to be sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

impl Flow for RawExchange {
    type Output = Response<Vec<u8>>;

    fn step(&mut self) -> Step {
        match std::mem::replace(&mut self.state, State::InFlight) {
            State::Ready(request) => {
                self.attempts += 1;
                Step::Send(request)
            }
            ended => {
                self.state = ended;
                Step::Done
            }
        }
    }

    fn on_response(&mut self, response: Response<Vec<u8>>) {
        if matches!(self.state, State::InFlight) {
            self.state = State::Answered(response);
        }
    }

    fn on_failure(&mut self, error: TransportError) {
        if matches!(self.state, State::InFlight) {
            self.state = State::Failed(error);
        }
    }

    fn finish(self) -> Result<Response<Vec<u8>>, Error> {
        match self.state {
            State::Answered(response) => {
                let response = successful(self.meta, response, self.attempts)?;
                match (self.check)(response.body()) {
                    Ok(()) => Ok(response),
                    Err(fault) => Err(unreadable(self.meta, response, fault, self.attempts)),
                }
            }
            State::Failed(error) => Err(Error::Transport(Box::new(CallFailed::new(self.meta, error, self.attempts)))),
            State::Ready(_) | State::InFlight => {
                Err(Error::Build(BuildError::new("finish", "was called before the call was done").of(self.meta)))
            }
        }
    }
}

impl fmt::Debug for RawExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Ready(_) => "ready",
            State::InFlight => "in flight",
            State::Answered(_) => "answered",
            State::Failed(_) => "failed",
        };
        f.debug_struct("RawExchange")
            .field("operation", &self.meta.id)
            .field("state", &state)
            .field("attempts", &self.attempts)
            .finish()
    }
}

/// One call of the operation `O`: a [`RawExchange`] whose answer is decoded.
pub struct Exchange<O> {
    raw: RawExchange,
    operation: PhantomData<fn() -> O>,
}

impl<O: Operation> Exchange<O> {
    pub(crate) fn new(raw: RawExchange) -> Self {
        Self { raw, operation: PhantomData }
    }
}

impl<O: Operation> Flow for Exchange<O> {
    type Output = O::Output;

    fn step(&mut self) -> Step {
        self.raw.step()
    }

    fn on_response(&mut self, response: Response<Vec<u8>>) {
        self.raw.on_response(response);
    }

    fn on_failure(&mut self, error: TransportError) {
        self.raw.on_failure(error);
    }

    fn finish(self) -> Result<O::Output, Error> {
        let attempts = self.raw.attempts;
        read_answer::<O>(self.raw.finish()?, attempts)
    }
}

impl<O> fmt::Debug for Exchange<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

/// Reads an answer as what `O` asked for.
pub(crate) fn read_answer<O: Operation>(response: Response<Vec<u8>>, attempts: u32) -> Result<O::Output, Error> {
    let response = successful(O::META, response, attempts)?;
    json::read(response.body()).map_err(|fault| unreadable(O::META, response, fault, attempts))
}

fn successful(meta: &'static Meta, response: Response<Vec<u8>>, attempts: u32) -> Result<Response<Vec<u8>>, Error> {
    if response.status().is_success() {
        Ok(response)
    } else {
        Err(Error::Api(Box::new(ApiError::new(meta, response, attempts))))
    }
}

fn unreadable(meta: &'static Meta, response: Response<Vec<u8>>, fault: Fault, attempts: u32) -> Error {
    Error::Decode(Box::new(DecodeError::new(meta, response, fault, attempts)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Api, CreateSession, Delivery, GetSession, TransportErrorKind};

    fn call() -> Exchange<GetSession> {
        Api::new("sk_test_hidden").unwrap().exchange(&GetSession::new("sess_1")).unwrap()
    }

    #[test]
    fn one_attempt_is_sent_and_its_answer_returned() {
        let mut call = call();
        let Step::Send(request) = call.step() else { panic!("{call:?}") };
        assert_eq!(request.uri().path(), "/v1/sessions/sess_1");
        call.on_response(Response::builder().status(404).body(Vec::new()).unwrap());
        assert!(matches!(call.step(), Step::Done));
        let error = call.finish().unwrap_err();
        assert_eq!((error.attempts(), error.is_not_found()), (1, true));
    }

    #[test]
    fn a_failure_is_returned_with_its_cause() {
        let mut call = call();
        assert!(matches!(call.step(), Step::Send(_)));
        let cause = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "refused");
        call.on_failure(TransportError::new(TransportErrorKind::Connect, Delivery::NotSent).with_source(cause));
        assert!(matches!(call.step(), Step::Done));
        let error = call.finish().unwrap_err();
        assert_eq!(error.to_string(), "GetSession: could not connect to the server (nothing was sent)");
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "refused");
        assert!(std::error::Error::source(&error).unwrap().downcast_ref::<std::io::Error>().is_some());
        assert_eq!(error.delivery(), Some(Delivery::NotSent));
    }

    #[test]
    fn calls_out_of_order_are_harmless() {
        let early = call().finish().unwrap_err();
        assert_eq!(early.to_string(), "GetSession: finish was called before the call was done (nothing was sent)");
        let mut call = call();
        call.on_response(Response::new(b"too early".to_vec()));
        assert!(matches!(call.step(), Step::Send(_)));
        assert!(matches!(call.step(), Step::Done), "an attempt is handed out once");
        call.on_response(Response::builder().status(404).body(Vec::new()).unwrap());
        call.on_response(Response::builder().status(500).body(Vec::new()).unwrap());
        call.on_failure(TransportError::new(TransportErrorKind::Other, Delivery::MaybeSent));
        assert_eq!(call.finish().unwrap_err().status().unwrap(), 404, "the first report counts");
    }

    #[test]
    fn debug_never_shows_what_is_sent() {
        let api = Api::new("sk_test_hidden").unwrap();
        let operation = crate::RefreshSession::new("sess_1", "hidden", "hidden", "https://hidden");
        let mut call = api.exchange(&operation).unwrap();
        let step = call.step();
        assert!(!format!("{step:?} {call:?}").contains("hidden"));
        assert_eq!(format!("{step:?}"), "Send(POST /v1/sessions/sess_1/refresh)");
    }

    #[test]
    fn machines_can_be_sent_to_another_thread() {
        fn send<T: Send>() {}
        send::<RawExchange>();
        send::<Exchange<CreateSession>>();
        send::<Step>();
    }
}
