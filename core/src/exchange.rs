//! One call as a state machine: it says what to do next, and is told what came of it.
//!
//! A caller with an HTTP client of its own drives it like this; [`drive`](crate::transport::drive) is the same loop:
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use clerk_sessions_core::{Api, Caller, Flow, GetSession, Step, http};
//!
//! # fn send(_: http::Request<Vec<u8>>, _: Duration) -> Result<http::Response<Vec<u8>>, clerk_sessions_core::TransportError> {
//! #     Ok(http::Response::builder().status(404).body(Vec::new()).unwrap())
//! # }
//! let clock = Instant::now();
//! let caller = Caller::new(Api::new("sk_test_123")?);
//! let mut call = caller.exchange(&GetSession::new("sess_1"))?;
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
//! assert!(outcome.unwrap_err().is_not_found());
//! # Ok::<(), clerk_sessions_core::Error>(())
//! ```

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use http::{Request, Response, StatusCode};

use crate::answer;
use crate::caller::Caller;
use crate::error::{BuildError, CallFailed, Delivery, Error, TransportError, TransportErrorKind, trace_id_of};
use crate::json::{self, Fault};
use crate::limiter::Ticket;
use crate::observe::Attempt;
use crate::operation::{Encoded, Meta, Operation};
use crate::retry::{self, Happened};
use crate::retry_after;

/// "No limit", for clocks that can't count to [`Duration::MAX`]: a year.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What a [`Flow`] wants done next.
#[allow(clippy::exhaustive_enums)] // Every driver has to do all three: a fourth must not compile.
#[allow(clippy::large_enum_variant)] // It lives on a driver's stack for one turn; a box would cost each call an allocation.
pub enum Step {
    /// Send this request, and report with [`Flow::on_response`] or [`Flow::on_failure`].
    Send {
        /// The request.
        request: Request<Vec<u8>>,
        /// How long it may take, from looking the name up to the last byte of the answer.
        timeout: Duration,
    },
    /// Let this much time pass, then ask again.
    Wait(Duration),
    /// Nothing: call [`Flow::finish`].
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
/// Ask for a [`step`](Self::step), do it, report, and ask again until it is [`Step::Done`]. `now` is the time since any
/// fixed point, the same for all flows of one [`Caller`], and never goes back.
pub trait Flow {
    /// What it comes to.
    type Output;

    /// What to do next. While an answer is awaited it is [`Step::Done`]: report first.
    fn step(&mut self, now: Duration) -> Step;

    /// Reports the answer to the last [`Step::Send`].
    fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration);

    /// Reports that the last [`Step::Send`] brought no whole answer.
    fn on_failure(&mut self, error: TransportError, now: Duration);

    /// What it came to.
    ///
    /// # Errors
    /// Why the call did not succeed; [`Error::Build`] if it is not done yet.
    fn finish(self) -> Result<Self::Output, Error>;
}

/// One call of any operation, with its retries: the machine behind every [`Exchange`] and every call through the
/// [`registry`](crate::registry). It comes to the server's own answer, always a 2xx.
pub struct RawExchange {
    caller: Caller,
    request: Encoded,
    state: State,
    attempts: u32,
    /// When the call was first asked for a step.
    started: Option<Duration>,
    /// When the last attempt was handed out.
    sent: Duration,
    /// The sum of all waits.
    waited: Duration,
    /// Whether the server may have processed an attempt.
    maybe_processed: bool,
    /// What the jitter is drawn from.
    random: u64,
    /// What the last attempt came to.
    last: Last,
    /// Checks a 2xx, where nobody will decode it later.
    check: fn(&[u8]) -> Result<(), Fault>,
}

enum State {
    Ready,
    BackingOff(Duration),
    InFlight(Ticket),
    Done,
}

enum Last {
    None,
    Answer(Response<Vec<u8>>),
    Failure(TransportError),
    /// Nothing was sent, as the server's rate limit holds the call back for longer than it may wait.
    Paused(Duration),
}

impl RawExchange {
    fn new(caller: Caller, request: Encoded) -> Self {
        Self {
            caller,
            request,
            state: State::Ready,
            attempts: 0,
            started: None,
            sent: Duration::ZERO,
            waited: Duration::ZERO,
            maybe_processed: false,
            random: 0,
            last: Last::None,
            check: |_| Ok(()),
        }
    }

    /// Makes a 2xx that `O` can't read an error.
    pub(crate) fn checked<O: Operation>(mut self) -> Self {
        self.check = |body| json::read::<O::Output>(body).map(drop);
        self
    }

    /// The operation that is called.
    #[must_use]
    pub fn meta(&self) -> &'static Meta {
        self.request.meta
    }

    /// How often the request was handed out to be sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// When the call began. Its random numbers begin there, too.
    fn started(&mut self, now: Duration) -> Duration {
        *self.started.get_or_insert_with(|| {
            let (seed, number) = (self.caller.options().retry.seed, self.caller.limiter().number_call());
            // The clock makes processes of the same seed differ, the number calls that begin in the same moment.
            #[allow(clippy::cast_possible_truncation)]
            let moment = now.as_nanos() as u64;
            self.random = seed ^ number.rotate_left(32) ^ moment;
            now
        })
    }

    fn send(&mut self, ticket: Ticket, left: Duration, now: Duration) -> Step {
        self.attempts += 1;
        self.sent = now;
        self.state = State::InFlight(ticket);
        let options = self.caller.options();
        let api = self.caller.api();
        let is_last = self.attempts >= options.retry.max_attempts;
        let request = if is_last { self.request.take(api) } else { self.request.repeatable(api) };
        Step::Send { request, timeout: options.attempt_timeout.min(left).min(LONGEST_TIMEOUT) }
    }

    /// The ticket of the attempt that is under way; a report without one is ignored.
    fn landed(&mut self) -> Option<Ticket> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::InFlight(ticket) => Some(ticket),
            other => {
                self.state = other;
                None
            }
        }
    }

    /// What is left of the deadline.
    fn left(&mut self, now: Duration) -> Duration {
        let started = self.started(now);
        self.caller.options().deadline_of(self.meta().repeat).saturating_sub(now.saturating_sub(started))
    }

    fn may_wait(&self, wait: Duration, left: Duration) -> bool {
        wait < left && self.waited.saturating_add(wait) <= self.caller.options().retry.max_total_wait
    }

    /// Waits, or ends the call if it may not wait that long.
    fn wait(&mut self, wait: Duration, left: Duration) -> Step {
        if !self.may_wait(wait, left) {
            self.state = State::Done;
            if let Last::None = self.last {
                self.last = Last::Paused(wait);
            }
            return Step::Done;
        }
        self.waited += wait;
        Step::Wait(wait)
    }

    /// Ends the call as its deadline has passed.
    fn run_out(&mut self) -> Step {
        self.state = State::Done;
        if let Last::None = self.last {
            self.last = Last::Failure(TransportError::new(TransportErrorKind::Timeout, Delivery::NotSent));
        }
        Step::Done
    }

    /// What comes after an attempt that did not succeed: another, perhaps after a wait, or the end.
    fn next(&mut self, happened: Happened, asked: Option<Duration>, now: Duration) -> State {
        let policy = &self.caller.options().retry;
        if !policy.allows_another(self.attempts, self.meta().repeat, happened) {
            return State::Done;
        }
        let Some(wait) = policy.wait(self.attempts, asked, retry::random(&mut self.random)) else {
            return State::Done;
        };
        let left = self.left(now);
        // Before the budget is asked: a retry that will not be made must not be taken from it.
        if !self.may_wait(wait, left) {
            return State::Done;
        }
        match happened {
            // All calls of the client keep this pause, so the limiter holds it. It costs the server nothing.
            Happened::Answered(StatusCode::TOO_MANY_REQUESTS) => State::BackingOff(wait),
            _ if self.caller.limiter().allows_retry() => State::BackingOff(wait),
            _ => State::Done,
        }
    }

    fn observe(&self, outcome: Result<StatusCode, &TransportError>, trace_id: Option<&str>, now: Duration) {
        let Some(observer) = self.caller.observer() else { return };
        observer.attempted(&Attempt {
            operation: self.meta().id,
            number: self.attempts,
            outcome,
            duration: now.saturating_sub(self.sent),
            wait: match self.state {
                State::BackingOff(wait) => Some(wait),
                _ => None,
            },
            trace_id,
        });
    }
}

impl Flow for RawExchange {
    type Output = Response<Vec<u8>>;

    fn step(&mut self, now: Duration) -> Step {
        let left = self.left(now);
        match self.state {
            State::InFlight(_) | State::Done => Step::Done,
            State::BackingOff(wait) => {
                self.state = State::Ready;
                self.wait(wait, left)
            }
            // Time ran out between the end of a wait and here.
            State::Ready if left.is_zero() => self.run_out(),
            State::Ready => match self.caller.limiter().admit(now) {
                Ok(ticket) => self.send(ticket, left, now),
                Err(wait) => self.wait(wait, left),
            },
        }
    }

    fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration) {
        let Some(ticket) = self.landed() else { return };
        let status = response.status();
        if status.is_success() {
            ticket.granted();
        } else {
            let asked = retry_after::read(response.headers());
            self.state = self.next(Happened::Answered(status), asked, now);
            if status == StatusCode::TOO_MANY_REQUESTS {
                ticket.rejected(now, asked.unwrap_or(self.caller.options().retry.base));
            } else {
                self.maybe_processed = true;
                ticket.granted();
            }
        }
        self.observe(Ok(status), trace_id_of(response.headers()), now);
        self.last = Last::Answer(response);
    }

    fn on_failure(&mut self, error: TransportError, now: Duration) {
        // The ticket is dropped: what brought no answer was neither granted nor rejected.
        let Some(_) = self.landed() else { return };
        self.state = self.next(Happened::Failed(error.kind(), error.delivery()), None, now);
        self.observe(Err(&error), None, now);
        self.maybe_processed |= error.delivery() == Delivery::MaybeSent;
        self.last = Last::Failure(error);
    }

    fn finish(self) -> Result<Response<Vec<u8>>, Error> {
        let (meta, attempts) = (self.meta(), self.attempts);
        let delivery = if self.maybe_processed { Delivery::MaybeSent } else { Delivery::NotSent };
        let failed = |error, retry_after| {
            let failed = CallFailed::new(meta, error, attempts, delivery, retry_after);
            Err(Error::Transport(Box::new(failed)))
        };
        match (self.state, self.last) {
            (State::Done, Last::Answer(response)) => {
                let response = answer::successful(meta, response, attempts, self.maybe_processed)?;
                match (self.check)(response.body()) {
                    Ok(()) => Ok(response),
                    Err(fault) => Err(answer::unreadable(meta, response, fault, attempts)),
                }
            }
            (State::Done, Last::Failure(error)) => failed(error, None),
            (State::Done, Last::Paused(wait)) => {
                failed(TransportError::new(TransportErrorKind::Paused, Delivery::NotSent), Some(wait))
            }
            _ => Err(Error::Build(BuildError::new("finish", "was called before the call was done").of(meta))),
        }
    }
}

impl fmt::Debug for RawExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Ready => "ready",
            State::BackingOff(_) => "backing off",
            State::InFlight(_) => "in flight",
            State::Done => "done",
        };
        f.debug_struct("RawExchange")
            .field("operation", &self.meta().id)
            .field("state", &state)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

impl Caller {
    /// A call of this operation.
    ///
    /// # Errors
    /// [`Error::Build`]: a parameter that the server would refuse or misread.
    pub fn exchange<O: Operation>(&self, operation: &O) -> Result<Exchange<O>, Error> {
        Ok(Exchange { raw: self.raw(operation)?, operation: PhantomData })
    }

    pub(crate) fn raw<O: Operation>(&self, operation: &O) -> Result<RawExchange, Error> {
        Ok(RawExchange::new(self.clone(), self.api().encode(operation)?))
    }
}

/// One call of the operation `O`: a [`RawExchange`] whose answer is decoded.
pub struct Exchange<O> {
    raw: RawExchange,
    operation: PhantomData<fn() -> O>,
}

impl<O: Operation> Flow for Exchange<O> {
    type Output = O::Output;

    fn step(&mut self, now: Duration) -> Step {
        self.raw.step(now)
    }

    fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration) {
        self.raw.on_response(response, now);
    }

    fn on_failure(&mut self, error: TransportError, now: Duration) {
        self.raw.on_failure(error, now);
    }

    fn finish(self) -> Result<O::Output, Error> {
        let attempts = self.raw.attempts;
        answer::read::<O>(self.raw.finish()?, attempts)
    }
}

impl<O> fmt::Debug for Exchange<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::observe::Observer;
    use crate::{Api, CallOptions, CreateSession, GetSession, RetryPolicy};

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn caller() -> Caller {
        Caller::new(Api::new("sk_test_hidden").unwrap())
    }

    fn get(caller: &Caller) -> Exchange<GetSession> {
        caller.exchange(&GetSession::new("sess_1")).unwrap()
    }

    fn create(caller: &Caller) -> Exchange<CreateSession> {
        caller.exchange(&CreateSession::new("user_1")).unwrap()
    }

    fn answer(status: u16, headers: &[(&str, &str)]) -> Response<Vec<u8>> {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        response.body(Vec::new()).unwrap()
    }

    fn failure(kind: TransportErrorKind, delivery: Delivery) -> TransportError {
        TransportError::new(kind, delivery)
    }

    /// When an attempt left, and how long it might take.
    type Sent = (Duration, Duration);

    /// Runs a call with a virtual clock: `attempt` says what comes of each and how long it takes. Returns what the call
    /// comes to, and the attempts.
    fn run<F: Flow>(
        mut flow: F,
        mut attempt: impl FnMut(usize) -> (Result<Response<Vec<u8>>, TransportError>, Duration),
    ) -> (Result<F::Output, Error>, Vec<Sent>) {
        let (mut now, mut sent) = (Duration::ZERO, Vec::new());
        for _ in 0..1000 {
            match flow.step(now) {
                Step::Send { timeout, .. } => {
                    sent.push((now, timeout));
                    let (outcome, took) = attempt(sent.len());
                    now += took;
                    match outcome {
                        Ok(response) => flow.on_response(response, now),
                        Err(error) => flow.on_failure(error, now),
                    }
                }
                Step::Wait(wait) => now += wait,
                Step::Done => return (flow.finish(), sent),
            }
        }
        panic!("the call does not end");
    }

    #[test]
    fn a_final_answer_ends_the_call_at_once() {
        let (outcome, sent) = run(get(&caller()), |_| (Ok(answer(404, &[])), ms(5)));
        let error = outcome.unwrap_err();
        assert_eq!((error.attempts(), error.is_not_found(), sent.len()), (1, true, 1));
        assert_eq!(sent[0].1, Duration::from_secs(10), "the timeout of one attempt");
    }

    #[test]
    fn each_attempt_sends_the_same_request() {
        let caller = caller();
        let operation = crate::CreateSessionToken::new("sess_1").origin("https://a.b");
        let mut call = caller.exchange(&operation).unwrap();
        let wanted = format!("{:?}", caller.api().request(&operation).unwrap());
        for _ in 0..3 {
            let mut step = call.step(ms(0));
            if let Step::Wait(_) = step {
                step = call.step(ms(0));
            }
            let Step::Send { request, .. } = step else { panic!("{step:?}") };
            assert_eq!(format!("{request:?}"), wanted);
            call.on_failure(failure(TransportErrorKind::Connect, Delivery::NotSent), ms(0));
        }
        assert!(matches!(call.step(ms(0)), Step::Done));
    }

    #[test]
    fn what_may_be_repeated_is_repeated_up_to_the_limit_and_the_last_error_is_returned() {
        let (outcome, sent) = run(get(&caller()), |attempt| (Ok(answer([500, 502, 503][attempt - 1], &[])), ms(5)));
        let error = outcome.unwrap_err();
        assert_eq!((error.status().unwrap().as_u16(), error.attempts(), sent.len()), (503, 3, 3));
        assert!(error.to_string().contains(", after 3 attempts"), "{error}");
        assert!(sent[1].0 - sent[0].0 <= ms(205) && sent[2].0 - sent[1].0 <= ms(405), "{sent:?}");

        let (outcome, sent) = run(create(&caller()), |_| (Ok(answer(503, &[])), ms(5)));
        assert_eq!((outcome.unwrap_err().attempts(), sent.len()), (1, 1));
        let lost = || failure(TransportErrorKind::Closed, Delivery::MaybeSent);
        assert_eq!(run(create(&caller()), |_| (Err(lost()), ms(5))).1.len(), 1);
        assert_eq!(run(get(&caller()), |_| (Err(lost()), ms(5))).1.len(), 3);
        let refused = || failure(TransportErrorKind::Connect, Delivery::NotSent);
        assert_eq!(run(create(&caller()), |_| (Err(refused()), ms(5))).1.len(), 3);
    }

    #[test]
    fn options_override_attempts_and_opt_in_to_repeats() {
        let with = |policy| caller().with_options(CallOptions::new().retry(policy));
        let attempts = |policy| run(get(&with(policy)), |_| (Ok(answer(500, &[])), ms(1))).1.len();
        assert_eq!(attempts(RetryPolicy::none()), 1);
        assert_eq!(attempts(RetryPolicy::new().max_attempts(5)), 5);
        let forced = with(RetryPolicy::new().repeat_never(true));
        assert_eq!(run(create(&forced), |_| (Ok(answer(500, &[])), ms(1))).1.len(), 3);
    }

    #[test]
    fn retry_after_is_waited_for_or_ends_the_call() {
        let asked = |seconds: &'static str| move |_| (Ok(answer(429, &[("retry-after", seconds)])), ms(0));
        for repeatable in [true, false] {
            let sent =
                if repeatable { run(get(&caller()), asked("4")).1 } else { run(create(&caller()), asked("4")).1 };
            assert_eq!(sent.iter().map(|(at, _)| at.as_secs()).collect::<Vec<_>>(), [0, 4, 8], "429 repeats anything");
        }
        let (outcome, sent) = run(get(&caller()), asked("16"));
        let error = outcome.unwrap_err();
        assert_eq!((error.retry_after(), error.attempts(), sent.len()), (Some(Duration::from_secs(16)), 1, 1));
        let (_, sent) = run(get(&caller()), |_| (Ok(answer(503, &[("retry-after", "3")])), ms(0)));
        assert_eq!(sent.iter().map(|(at, _)| at.as_secs()).collect::<Vec<_>>(), [0, 3, 6]);
    }

    #[test]
    fn waits_end_with_the_total_wait_and_the_deadline() {
        let asked = |_| (Ok(answer(429, &[("retry-after", "9")])), ms(0));
        let (outcome, sent) = run(get(&caller()), asked);
        assert_eq!((outcome.unwrap_err().status().unwrap().as_u16(), sent.len()), (429, 2), "18 s are more than 15 s");

        let slow = |_| (Err(failure(TransportErrorKind::Timeout, Delivery::MaybeSent)), Duration::from_secs(10));
        let (outcome, sent) = run(get(&caller()), slow);
        assert!(outcome.unwrap_err().is_timeout());
        assert_eq!(sent.len(), 2, "two attempts use up the 20 s");
        assert!(sent[1].1 < Duration::from_secs(10) && sent[1].0 + sent[1].1 == Duration::from_secs(20), "{sent:?}");

        let soon = caller().with_options(CallOptions::new().deadline(ms(300)).attempt_timeout(ms(200)));
        let (_, sent) = run(get(&soon), |_| (Err(failure(TransportErrorKind::Timeout, Delivery::NotSent)), ms(200)));
        assert_eq!(sent[0].1, ms(200));
        assert!(sent.iter().all(|(at, timeout)| *at + *timeout <= ms(300)), "{sent:?}");
    }

    #[test]
    fn a_pause_holds_all_calls_of_the_client_and_ends_those_that_can_not_wait() {
        let caller = caller();
        let mut first = get(&caller);
        assert!(matches!(first.step(ms(0)), Step::Send { .. }));
        first.on_response(answer(429, &[("retry-after", "5")]), ms(10));
        let mut second = get(&caller.clone());
        assert!(matches!(second.step(ms(1010)), Step::Wait(wait) if wait == ms(4000)));
        assert!(matches!(second.step(ms(5010)), Step::Send { .. }));

        let hurried = caller.clone().with_options(CallOptions::new().deadline(ms(500)));
        let mut third = get(&hurried);
        assert!(matches!(third.step(ms(2010)), Step::Done));
        let error = third.finish().unwrap_err();
        assert_eq!(error.retry_after(), Some(ms(3000)));
        assert_eq!((error.attempts(), error.delivery(), error.is_retryable()), (0, Delivery::NotSent, true));
        let text =
            "GetSession: the server's rate limit holds this call back for longer than it may wait (nothing was sent)";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn an_earlier_attempt_that_may_have_been_processed_is_not_forgotten() {
        let forced = caller().with_options(CallOptions::new().retry(RetryPolicy::new().repeat_never(true)));
        for first in [500, 429] {
            let outcome = |attempt| match attempt {
                1 => (Ok(answer(first, &[])), ms(1)),
                _ => (Err(failure(TransportErrorKind::Connect, Delivery::NotSent)), ms(1)),
            };
            let error = run(create(&forced), outcome).0.unwrap_err();
            let refused = |attempt| (Ok(answer([first, 429, 429][attempt - 1], &[])), ms(1));
            let rejected = run(create(&forced), refused).0.unwrap_err();
            assert_eq!((rejected.delivery(), rejected.is_retryable()), (error.delivery(), error.is_retryable()));
            let maybe = first == 500;
            assert_eq!(error.delivery() == Delivery::MaybeSent, maybe, "{error}");
            assert_eq!(error.is_retryable(), !maybe, "{error}");
        }
    }

    #[test]
    fn no_limit_is_a_long_one_and_no_time_is_a_timeout() {
        let endless = CallOptions::new().attempt_timeout(Duration::MAX).deadline(Duration::MAX);
        let (_, sent) = run(get(&caller().with_options(endless)), |_| (Ok(answer(404, &[])), ms(1)));
        assert_eq!(sent[0].1, LONGEST_TIMEOUT);
        let none = caller().with_options(CallOptions::new().deadline(Duration::ZERO));
        let (outcome, sent) = run(get(&none), |_| (Ok(answer(404, &[])), ms(1)));
        let error = outcome.unwrap_err();
        assert!(error.is_timeout() && error.retry_after().is_none() && sent.is_empty(), "{error}");
    }

    #[test]
    fn retries_for_which_there_is_no_time_are_not_taken_from_the_budget() {
        let caller = caller();
        let hurried = caller.clone().with_options(CallOptions::new().deadline(ms(100)));
        for _ in 0..20 {
            let slow = |_| (Err(failure(TransportErrorKind::Timeout, Delivery::MaybeSent)), ms(100));
            assert_eq!(run(get(&hurried), slow).1.len(), 1);
        }
        assert_eq!(run(get(&caller), |_| (Ok(answer(503, &[])), ms(1))).1.len(), 3);
    }

    #[test]
    fn jitter_differs_between_calls_and_is_the_same_for_the_same_seed() {
        let waits = |seed| -> Vec<Duration> {
            let caller = caller().with_options(CallOptions::new().retry(RetryPolicy::new().seed(seed)));
            (0..4).map(|_| run(get(&caller), |_| (Ok(answer(500, &[])), ms(0))).1[1].0).collect()
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
        let mut drawn = waits(1);
        drawn.sort();
        drawn.dedup();
        assert_eq!(drawn.len(), 4);
    }

    #[test]
    fn calls_out_of_order_are_harmless() {
        let early = get(&caller()).finish().unwrap_err();
        assert_eq!(early.to_string(), "GetSession: finish was called before the call was done (nothing was sent)");
        let mut call = get(&caller());
        call.on_response(answer(200, &[]), ms(0));
        assert!(matches!(call.step(ms(0)), Step::Send { .. }));
        assert!(matches!(call.step(ms(0)), Step::Done), "an attempt is handed out once");
        call.on_response(answer(404, &[]), ms(0));
        call.on_response(answer(500, &[]), ms(0));
        call.on_failure(failure(TransportErrorKind::Other, Delivery::MaybeSent), ms(0));
        assert_eq!(call.finish().unwrap_err().status().unwrap(), 404, "the first report counts");
        let mut in_flight = get(&caller());
        in_flight.step(ms(0));
        assert_eq!(in_flight.finish().unwrap_err().kind(), "build");
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_does_no_harm() {
        let mut call = get(&caller());
        assert!(matches!(call.step(ms(1000)), Step::Send { .. }));
        call.on_response(answer(429, &[("retry-after", "5")]), ms(900));
        for _ in 0..10 {
            if matches!(call.step(ms(900)), Step::Done) {
                assert_eq!(call.finish().unwrap_err().status().unwrap(), 429);
                return;
            }
        }
        panic!("the call does not end");
    }

    #[test]
    fn a_failure_is_returned_with_its_cause() {
        let caller = caller().with_options(CallOptions::new().retry(RetryPolicy::none()));
        let cause = || std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "refused");
        let refused = |_| (Err(failure(TransportErrorKind::Connect, Delivery::NotSent).with_source(cause())), ms(0));
        let error = run(get(&caller), refused).0.unwrap_err();
        assert_eq!(error.to_string(), "GetSession: could not connect to the server (nothing was sent)");
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), "refused");
        assert!(source.downcast_ref::<std::io::Error>().is_some());
    }

    #[test]
    fn an_observer_sees_each_attempt() {
        #[derive(Clone, Default)]
        struct Seen(Arc<Mutex<Vec<String>>>);
        impl Observer for Seen {
            fn attempted(&self, attempt: &Attempt<'_>) {
                self.0.lock().unwrap().push(attempt.to_string());
            }
        }
        let seen = Seen::default();
        let caller = caller().with_observer(seen.clone());
        let (outcome, _) = run(get(&caller), |attempt| match attempt {
            1 => (Ok(answer(503, &[("retry-after", "1"), ("cf-ray", "ray")])), ms(5)),
            2 => (Err(failure(TransportErrorKind::Closed, Delivery::MaybeSent)), ms(7)),
            _ => (Ok(answer(404, &[])), ms(9)),
        });
        assert!(outcome.unwrap_err().is_not_found());
        let seen = seen.0.lock().unwrap();
        assert_eq!(seen[0], "GetSession attempt 1: 503 in 5 ms, next in 1000 ms [trace ray]");
        assert!(seen[1].starts_with("GetSession attempt 2: closed in 7 ms, next in "), "{}", seen[1]);
        assert_eq!(seen[2], "GetSession attempt 3: 404 in 9 ms");
    }

    #[test]
    fn debug_never_shows_what_is_sent() {
        let operation = crate::RefreshSession::new("sess_1", "hidden", "hidden", "https://hidden");
        let mut call = caller().exchange(&operation).unwrap();
        let step = call.step(ms(0));
        assert!(!format!("{step:?} {call:?}").contains("hidden"));
        assert_eq!(format!("{step:?}"), "Send(POST /v1/sessions/sess_1/refresh within 10s)");
    }

    #[test]
    fn machines_can_be_sent_to_another_thread() {
        fn send<T: Send>() {}
        send::<RawExchange>();
        send::<Exchange<CreateSession>>();
        send::<Step>();
        fn both<T: Send + Sync + Clone>() {}
        both::<Caller>();
    }
}
