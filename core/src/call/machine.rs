//! [`Machine`], the state machine of one call with its retries.

use std::time::Duration;
use std::{fmt, mem};

use http::{Request, Response, StatusCode};

use super::context::CallContext;
use super::observer::Attempt;
use super::rate_limit::Turn;
use super::retry;
use super::retry_budget::Reservation;
use super::step::Step;
use crate::api::Api;
use crate::attempt::{AttemptOutcome, Delivery, TransportErrorKind};
use crate::error::{ApiError, BuildError, CallFailed, DecodeError, Error, TransportError, trace_id_of};
use crate::json::Fault;
use crate::metadata::Metadata;
use crate::redact::Secrets;

/// The longest timeout of an attempt: a year. Some clocks can't represent [`Duration::MAX`].
const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The least time left for a retry. With less, the retry would probably time out, and its error would hide the real one.
const LEAST_RETRY_TIME: Duration = Duration::from_secs(1);

/// What the machine needs to know of an operation. Each [`Operation`](crate::operation::Operation) is one.
pub(super) trait Source {
    /// Writes the request, with all its headers.
    fn request(&self, api: &Api) -> Result<Request<Vec<u8>>, Error>;
}

/// One call of any operation, with its retries.
///
/// Its owner keeps the operation and passes it as a [`Source`], because the request of a first attempt is moved out and not
/// copied. A retry writes it again. So does an error, to redact the secrets of the request.
pub(super) struct Machine {
    context: CallContext,
    metadata: &'static Metadata,
    /// The request of the first attempt, until it is sent.
    request: Option<Request<Vec<u8>>>,
    state: State,
    /// The call's place in the queue of the rate limit.
    turn: Turn,
    /// The reservation in the retry budget for the next attempt.
    reservation: Option<Reservation>,
    attempts: u32,
    /// The time of the first step.
    started: Option<Duration>,
    /// The time at which the last attempt was sent.
    sent_at: Duration,
    /// The sum of all waits.
    waited: Duration,
    /// Whether the server may have processed any attempt so far.
    maybe_processed: bool,
    /// The outcome of the last attempt.
    outcome: Option<Result<Response<Vec<u8>>, Error>>,
}

#[derive(Clone, Copy)]
enum State {
    Ready,
    BackingOff(Duration),
    InFlight,
    Done,
}

impl Machine {
    /// Boxed, as a call is moved several times before it is driven.
    pub(super) fn new(
        context: CallContext,
        metadata: &'static Metadata,
        source: &dyn Source,
    ) -> Result<Box<Self>, Error> {
        let request = source.request(context.api())?;
        let turn = Turn::new(context.rate_limit(), metadata.id);
        let mut machine = Box::new(Self {
            context,
            metadata,
            request: None,
            state: State::Ready,
            turn,
            reservation: None,
            attempts: 0,
            started: None,
            sent_at: Duration::ZERO,
            waited: Duration::ZERO,
            maybe_processed: false,
            outcome: None,
        });
        // Moved once into the box, and not first into a machine on the stack.
        machine.request = Some(request);
        Ok(machine)
    }

    pub(super) fn metadata(&self) -> &'static Metadata {
        self.metadata
    }

    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    fn send(&mut self, source: &dyn Source, remaining: Duration, now: Duration) -> Step {
        self.attempts += 1;
        self.sent_at = now;
        self.state = State::InFlight;
        if let Some(reservation) = self.reservation.take() {
            reservation.spend();
        }
        let timeout = self.context.options().attempt_timeout.min(remaining).min(LONGEST_TIMEOUT);
        match self.request.take() {
            Some(request) => Step::Send { request, timeout },
            None => self.send_again(source, timeout),
        }
    }

    fn send_again(&mut self, source: &dyn Source, timeout: Duration) -> Step {
        match source.request(self.context.api()) {
            Ok(request) => Step::Send { request, timeout },
            Err(error) => {
                self.end();
                self.outcome = Some(Err(error));
                Step::Done
            }
        }
    }

    /// The secrets that the call sends.
    fn secrets(&self, source: &dyn Source) -> Secrets {
        let api = self.context.api();
        match source.request(api) {
            Ok(request) => Secrets::of(request.headers(), request.body()),
            Err(_) => Secrets::of(&api.headers(&Request::default()), &[]),
        }
    }

    /// The time left until the deadline.
    #[inline]
    fn remaining(&mut self, now: Duration) -> Duration {
        let started = *self.started.get_or_insert(now);
        self.context.options().deadline.saturating_sub(now.saturating_sub(started))
    }

    /// The least time that must be left for the next attempt.
    fn least_time(&self) -> Duration {
        if self.attempts > 0 { LEAST_RETRY_TIME } else { Duration::from_nanos(1) }
    }

    fn may_wait(&self, wait: Duration, remaining: Duration) -> bool {
        let in_time = wait.saturating_add(self.least_time()) <= remaining;
        in_time && self.waited.saturating_add(wait) <= self.context.options().retry.max_total_wait
    }

    /// Waits for this time, or ends the call if it may not wait that long.
    fn wait(&mut self, wait: Duration, remaining: Duration) -> Step {
        if !self.may_wait(wait, remaining) {
            return self.give_up(TransportErrorKind::Paused, Some(wait));
        }
        self.waited = self.waited.saturating_add(wait);
        Step::Wait(wait)
    }

    /// Ends the call with the outcome of its last attempt. Without an attempt, it fails with this kind.
    fn give_up(&mut self, kind: TransportErrorKind, retry_after: Option<Duration>) -> Step {
        self.end();
        match &mut self.outcome {
            None => {
                let error = TransportError::new(kind, Delivery::NotSent);
                self.outcome = Some(Err(self.failure(error, retry_after)));
            }
            // The call has waited in the queue since that response, so the time left is different.
            Some(Err(Error::Api(error))) if error.is_rate_limited() => error.update_retry_after(retry_after),
            Some(_) => {}
        }
        Step::Done
    }

    fn end(&mut self) {
        self.state = State::Done;
        self.turn.leave();
        self.reservation = None;
    }

    fn failure(&self, error: TransportError, retry_after: Option<Duration>) -> Error {
        let delivery = if self.maybe_processed { Delivery::MaybeSent } else { Delivery::NotSent };
        Error::Transport(Box::new(CallFailed::new(self.metadata, error, self.attempts, delivery, retry_after)))
    }

    /// Prepares the next attempt after this outcome, or ends the call. Returns the wait before the next attempt.
    fn retry(&mut self, outcome: AttemptOutcome, retry_after: Option<Duration>, now: Duration) -> Option<Duration> {
        let is_rejected = matches!(outcome, AttemptOutcome::Response(StatusCode::TOO_MANY_REQUESTS));
        // Even if this call ends: the other calls need to know about the rate limit.
        let queued = is_rejected.then(|| self.turn.rejected(now, retry_after));
        let policy = self.context.options().retry;
        let wait = match (queued, retry_after) {
            (_, Some(asked)) if asked > policy.max_retry_after => None,
            // The shared pause is at most a minute. This call may wait for longer.
            (Some(queued), asked) => Some(queued.max(asked.unwrap_or_default())),
            (None, Some(asked)) if !asked.is_zero() => Some(asked),
            (None, _) => Some(policy.backoff_after(self.attempts, self.random(policy.seed, now))),
        };
        let remaining = self.remaining(now);
        let wait = wait
            .filter(|_| policy.allows_another(self.attempts, self.metadata.idempotency, outcome))
            .filter(|wait| self.may_wait(*wait, remaining));
        // A retry after a 429 costs no budget, because the server said when to come back.
        if wait.is_some() && !is_rejected {
            self.reservation = self.context.retry_budget().reserve();
        }
        let Some(wait) = wait.filter(|_| is_rejected || self.reservation.is_some()) else {
            self.end();
            return None;
        };
        // If the wait is that of the rate limit, the next step asks the rate limit for it.
        self.state = if queued == Some(wait) { State::Ready } else { State::BackingOff(wait) };
        Some(wait)
    }

    /// A random number. The clock makes processes with the same seed differ. The counter makes calls at the same moment differ.
    fn random(&self, seed: u64, now: Duration) -> u64 {
        #[allow(clippy::cast_possible_truncation)]
        let moment = now.as_nanos() as u64;
        retry::random(seed ^ self.context.retry_budget().next_draw().rotate_left(32) ^ moment)
    }

    fn observe(
        &self,
        outcome: Result<StatusCode, &TransportError>,
        trace_id: Option<&str>,
        wait: Option<Duration>,
        now: Duration,
    ) {
        let Some(observer) = self.context.observer() else { return };
        observer.attempted(&Attempt {
            operation: self.metadata.id,
            number: self.attempts,
            outcome,
            duration: now.saturating_sub(self.sent_at),
            wait,
            trace_id,
        });
    }

    /// The 2xx response of a call that is done.
    pub(super) fn response(&mut self) -> Result<&mut Response<Vec<u8>>, Error> {
        let metadata = self.metadata;
        let early = || Error::Build(BuildError::new("finish", "was called before the call was done").of(metadata));
        match (self.state, &mut self.outcome) {
            (State::Done, Some(Ok(response))) => Ok(response),
            (State::Done, Some(Err(error))) => Err(mem::replace(error, early())),
            _ => Err(early()),
        }
    }

    /// The error for a 2xx response that can't be decoded or is for something else.
    pub(super) fn unreadable(&self, source: &dyn Source, response: Response<Vec<u8>>, fault: Fault) -> Error {
        let secrets = self.secrets(source);
        Error::Decode(Box::new(DecodeError::new(self.metadata, response, fault, self.attempts, &secrets)))
    }

    pub(super) fn step(&mut self, source: &dyn Source, now: Duration) -> Step {
        match self.state {
            State::InFlight | State::Done => Step::Done,
            State::BackingOff(wait) => {
                self.state = State::Ready;
                let remaining = self.remaining(now);
                self.wait(wait, remaining)
            }
            State::Ready => {
                let remaining = self.remaining(now);
                // The wait took longer than planned.
                if remaining < self.least_time() {
                    return self.give_up(TransportErrorKind::Timeout, None);
                }
                match self.turn.admit(now) {
                    Ok(()) => self.send(source, remaining, now),
                    Err(wait) => self.wait(wait, remaining),
                }
            }
        }
    }

    pub(super) fn on_response(&mut self, source: &dyn Source, response: Response<Vec<u8>>, now: Duration) {
        let State::InFlight = self.state else { return };
        let status = response.status();
        if status != StatusCode::TOO_MANY_REQUESTS {
            self.turn.granted(now);
        }
        if status.is_success() {
            self.context.retry_budget().add();
            self.end();
            let trace_id = self.context.observer().and_then(|_| trace_id_of(response.headers()));
            let trace_id = trace_id.map(|trace_id| self.secrets(source).redacted(trace_id));
            self.observe(Ok(status), trace_id.as_deref(), None, now);
            self.outcome = Some(Ok(response));
            return;
        }
        let (has_key, secrets) = (self.context.api().has_key(), self.secrets(source));
        let processed = self.maybe_processed;
        let error = ApiError::new(self.metadata, response, has_key, self.attempts, processed, &secrets);
        let wait = self.retry(AttemptOutcome::Response(status), error.retry_after(), now);
        if status != StatusCode::TOO_MANY_REQUESTS {
            self.maybe_processed = true;
            self.context.retry_budget().add();
        }
        self.observe(Ok(status), error.trace_id(), wait, now);
        self.outcome = Some(Err(Error::Api(Box::new(error))));
    }

    pub(super) fn on_failure(&mut self, source: &dyn Source, error: TransportError, now: Duration) {
        let State::InFlight = self.state else { return };
        let error = error.redacted(&self.secrets(source));
        let wait = self.retry(AttemptOutcome::Failure(error.kind(), error.delivery()), None, now);
        self.observe(Err(&error), None, wait, now);
        self.maybe_processed |= error.delivery() == Delivery::MaybeSent;
        self.outcome = Some(Err(self.failure(error, None)));
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Ready => "ready",
            State::BackingOff(_) => "backing off",
            State::InFlight => "in flight",
            State::Done => "done",
        };
        f.debug_struct("RawCall")
            .field("operation", &self.metadata.id)
            .field("state", &state)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
