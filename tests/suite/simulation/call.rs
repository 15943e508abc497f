//! One call: the core's machine, and an independent model of the documented behaviour of a single call.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use clerk_sessions_core::call::{Flow as _, RawCall, Step};
use clerk_sessions_core::operation::{Idempotency, Metadata};
use clerk_sessions_core::{CallOptions, Delivery, Error, TransportErrorKind};
use http::{Request, Response, StatusCode};

use super::model::{Budget, Check, PROBE_EVERY, ensure, may_repeat};
use super::response::{Outcome, Received};

const SECOND: Duration = Duration::from_secs(1);

/// The worker that makes a call, and the number of the call.
pub(super) type Id = (usize, u64);

/// Why a call ended.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    Succeeded,
    Unreadable,
    /// The outcome is not retried.
    Final,
    /// No attempt was left.
    Attempts,
    /// The server asked for a longer wait than the policy allows.
    AskedTooMuch,
    /// The budget of retries was used up.
    Budget,
    /// No time was left for the wait before the next attempt.
    NoTime,
    /// No time was left for a pause of the whole client.
    Held,
    /// The same, before the first attempt.
    Paused,
}

/// The required step after an attempt.
#[derive(Clone, Copy, Debug)]
enum Next {
    End(Reason),
    /// Another attempt, after a wait in this range.
    Again {
        least: Duration,
        most: Duration,
    },
    /// Another attempt, when the queue of the rate limit admits it.
    Queued,
}

/// A line of the trace.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) enum Note {
    Starts(&'static str),
    Sends { timeout: Duration },
    Waits(Duration),
    Hears { status: u16, asked: Option<Duration> },
    Fails(TransportErrorKind, Delivery),
    Ends(Reason),
    IsGivenUp,
}

impl Note {
    pub(super) fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Response(received) => {
                Self::Hears { status: received.response.status().as_u16(), asked: received.asked }
            }
            Outcome::Failure(kind, delivery) => Self::Fails(*kind, *delivery),
        }
    }
}

/// The trace of a call, for failure messages.
#[derive(Debug)]
pub(super) struct Trace {
    call: u64,
    options: CallOptions,
    notes: Vec<(Duration, Note)>,
}

pub(super) struct Call {
    pub(super) number: u64,
    raw: RawCall,
    options: CallOptions,
    started: Duration,
    steps: u32,
    pub(super) sends: u32,
    waited: Duration,
    /// The time before which the server asked not to send this call.
    not_before: Duration,
    /// The hash of the first request.
    sent: Option<u64>,
    last: Option<Outcome>,
    /// The required step after the last attempt, until it has happened.
    next: Option<Next>,
    /// Whether the next attempt has been taken from the budget.
    pub(super) reserved: bool,
    pub(super) trace: Trace,
}

impl Call {
    pub(super) fn new(number: u64, raw: RawCall, options: CallOptions, now: Duration) -> Self {
        Self {
            number,
            raw,
            options,
            started: now,
            steps: 0,
            sends: 0,
            waited: Duration::ZERO,
            not_before: Duration::ZERO,
            sent: None,
            last: None,
            next: None,
            reserved: false,
            trace: Trace { call: number, options, notes: Vec::new() },
        }
    }

    pub(super) fn note(&mut self, now: Duration, note: Note) {
        self.trace.notes.push((now, note));
    }

    pub(super) fn metadata(&self) -> &'static Metadata {
        self.raw.metadata()
    }

    /// Whether the server must not process it twice.
    pub(super) fn once(&self) -> bool {
        self.metadata().idempotency == Idempotency::NotIdempotent && !self.options.retry.retry_non_idempotent
    }

    pub(super) fn deadline(&self) -> Duration {
        self.started + self.options.deadline
    }

    pub(super) fn left(&self, now: Duration) -> Duration {
        self.deadline().saturating_sub(now)
    }

    /// `late` is the maximum delay of a sleep.
    pub(super) fn step(&mut self, now: Duration, late: Duration) -> Result<Step, String> {
        self.steps += 1;
        let looks = self.options.retry.max_total_wait.as_nanos() / PROBE_EVERY[0].as_nanos();
        let bound = looks as u32 + 4 * self.options.retry.max_attempts + 16;
        ensure!(self.steps <= bound, "the call has not ended after {bound} steps");
        ensure!(now <= self.deadline() + late, "the call continues after its deadline");
        let step = self.raw.step(now);
        let attempts = self.raw.attempts();
        let sends = self.sends + u32::from(matches!(step, Step::Send { .. }));
        ensure!(attempts == sends, "the call counts {attempts} attempts, but has sent {sends} requests");
        Ok(step)
    }

    pub(super) fn sends(&mut self, request: &Request<Vec<u8>>, timeout: Duration, now: Duration) -> Check {
        self.sends += 1;
        if let Some(Next::End(reason)) = self.next.take() {
            return Err(format!("the call sends again, although it had to end: {reason:?}"));
        }
        let (sends, most) = (self.sends, self.options.retry.max_attempts.max(1));
        ensure!(sends <= most, "the call sends {sends} requests, but the maximum is {most}");
        ensure!(now >= self.not_before, "the call sends {:?} before the end of its Retry-After", self.not_before - now);
        let allowed = self.options.attempt_timeout.min(self.left(now));
        ensure!(timeout == allowed && !timeout.is_zero(), "an attempt may take {timeout:?} instead of {allowed:?}");
        let sent = hash(request);
        ensure!(*self.sent.get_or_insert(sent) == sent, "the call does not send the same request as the first time");
        Ok(())
    }

    pub(super) fn waits(&mut self, wait: Duration, hold: Option<(Duration, Duration)>, now: Duration) -> Check {
        match self.next.take() {
            Some(Next::End(reason)) => return Err(format!("the call waits, although it had to end: {reason:?}")),
            Some(Next::Again { least, most }) => {
                ensure!(least <= wait && wait <= most, "the call waits {wait:?} instead of {least:?} to {most:?}");
            }
            Some(Next::Queued) | None => match hold {
                None => return Err(format!("the call waits {wait:?} without a reason")),
                Some((least, most)) => {
                    ensure!(least <= wait && wait <= most, "the call queues for {wait:?}, not {least:?} to {most:?}");
                }
            },
        }
        ensure!(!self.is_too_long(wait, now), "the call waits {wait:?}, which is too long");
        self.waited += wait;
        Ok(())
    }

    /// Reports the outcome of the current attempt to the core. Returns whether a retry would use the budget.
    pub(super) fn hears(&mut self, outcome: Outcome, budget: &Budget, now: Duration) -> bool {
        let next = self.next_after(&outcome, budget);
        self.next = Some(next);
        self.not_before = now.saturating_add(outcome.asked().unwrap_or_default());
        match outcome.report() {
            Ok(response) => self.raw.on_response(response, now),
            Err(error) => self.raw.on_failure(error, now),
        }
        self.last = Some(outcome);
        matches!(next, Next::Again { .. })
    }

    fn next_after(&self, outcome: &Outcome, budget: &Budget) -> Next {
        let policy = &self.options.retry;
        let on_budget = outcome.status() != Some(StatusCode::TOO_MANY_REQUESTS);
        match outcome {
            Outcome::Response(received) if received.readable => return Next::End(Reason::Succeeded),
            Outcome::Response(received) if received.response.status().is_success() => {
                return Next::End(Reason::Unreadable);
            }
            _ if !may_repeat(self.metadata(), policy.retry_non_idempotent, outcome) => return Next::End(Reason::Final),
            _ if self.sends >= policy.max_attempts => return Next::End(Reason::Attempts),
            _ if outcome.asked().is_some_and(|asked| asked > policy.max_retry_after) => {
                return Next::End(Reason::AskedTooMuch);
            }
            _ if !on_budget => return Next::Queued,
            _ if !budget.allows_retry() => return Next::End(Reason::Budget),
            _ => {}
        }
        let (least, most) = match outcome.asked() {
            Some(asked) if !asked.is_zero() => (asked, asked),
            _ => (Duration::ZERO, (policy.base * policy.factor.pow(self.sends - 1)).min(policy.cap)),
        };
        Next::Again { least, most }
    }

    /// The reason for ending now.
    pub(super) fn ends(&mut self, hold: Option<(Duration, Duration)>, now: Duration) -> Result<Reason, String> {
        let (_, queue) = hold.unwrap_or_default();
        match self.next.take() {
            Some(Next::End(reason)) => Ok(reason),
            Some(Next::Again { most, .. }) if self.is_too_long(most, now) => Ok(Reason::NoTime),
            Some(Next::Queued) if self.is_too_long(queue, now) => Ok(Reason::NoTime),
            None if self.is_too_long(queue, now) => Ok(if self.sends == 0 { Reason::Paused } else { Reason::Held }),
            next => Err(format!("the call ends, although it could continue: {next:?}")),
        }
    }

    fn is_too_long(&self, wait: Duration, now: Duration) -> bool {
        // No retry starts with less than a second left.
        let too_late = if self.sends == 0 { wait >= self.left(now) } else { wait + SECOND > self.left(now) };
        too_late || self.waited.saturating_add(wait) > self.options.retry.max_total_wait
    }

    /// Compares the result of the call with the last outcome of the transport. If nothing was sent, compares it with the minimum and
    /// maximum wait in the queue, which is the reason.
    pub(super) fn finish(self, held_for: Option<(Duration, Duration)>) -> Check {
        let Self { raw, last, sends, trace, .. } = self;
        compare(raw.finish(), last, sends, held_for).map_err(|wrong| format!("{wrong}\n{trace}"))
    }
}

fn compare(
    outcome: Result<Response<Vec<u8>>, Error>,
    last: Option<Outcome>,
    sends: u32,
    held_for: Option<(Duration, Duration)>,
) -> Check {
    let error = match (outcome, &last) {
        (Ok(response), Some(Outcome::Response(received))) if received.readable => {
            return same(&response, &received.response);
        }
        (Ok(response), _) => return Err(format!("the call returns a {} that was not delivered", response.status())),
        (Err(error), _) => error,
    };
    ensure!(error.attempts() == sends, "the error reports {} attempts instead of {sends}", error.attempts());
    match last {
        None => is_unsent(&error, held_for),
        Some(Outcome::Response(received)) => is_of_response(&error, &received, held_for),
        Some(Outcome::Failure(kind, delivery)) => is_of_failure(&error, kind, delivery),
    }
}

/// Checks the error of a call that sent nothing: it had to wait too long in the queue or, without a queue, had no time left.
fn is_unsent(error: &Error, held_for: Option<(Duration, Duration)>) -> Check {
    let kind = if held_for.is_some() { TransportErrorKind::Paused } else { TransportErrorKind::Timeout };
    is_of_failure(error, kind, Delivery::NotSent)?;
    let told = error.retry_after();
    ensure!(is_within(told, held_for), "the error reports a wait of {told:?} instead of {held_for:?}");
    Ok(())
}

fn is_within(told: Option<Duration>, range: Option<(Duration, Duration)>) -> bool {
    match (told, range) {
        (Some(told), Some((least, most))) => least <= told && told <= most,
        (told, range) => told.is_none() && range.is_none(),
    }
}

fn is_of_failure(error: &Error, kind: TransportErrorKind, delivery: Delivery) -> Check {
    let Error::Transport(failed) = error else { return Err(format!("the call ends with {error:?}, not {kind:?}")) };
    let came = (failed.error().kind(), failed.error().delivery());
    ensure!(came == (kind, delivery), "the call ends with {came:?} instead of {kind:?} {delivery:?}");
    Ok(())
}

fn is_of_response(error: &Error, received: &Received, held_for: Option<(Duration, Duration)>) -> Check {
    let kind = if received.response.status().is_success() { "decode" } else { "api" };
    ensure!(!received.readable && error.kind() == kind, "the call ends with {error:?} instead of a {kind} error");
    let response = error.response().ok_or("the error has no response")?;
    same(response, &received.response)?;
    let (told, real) = (error.trace_id(), received.trace_id.as_deref());
    ensure!(told == real, "the error has the trace id {told:?} instead of {real:?}");
    let (told, real) = (error.retry_after(), received.asked.filter(|_| kind == "api"));
    // A rejected call that gives up in the queue reports its current wait.
    let is_queued = received.response.status() == StatusCode::TOO_MANY_REQUESTS && is_within(told, held_for);
    ensure!(told == real || is_queued, "the error has a Retry-After of {told:?} instead of {real:?}");
    Ok(())
}

fn same(came: &Response<Vec<u8>>, delivered: &Response<Vec<u8>>) -> Check {
    let parts = |response: &Response<Vec<u8>>| (response.status(), response.headers().clone());
    ensure!(
        parts(came) == parts(delivered) && came.body() == delivered.body(),
        "the call ends with {came:?} instead of {delivered:?}"
    );
    Ok(())
}

fn hash(request: &Request<Vec<u8>>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (request.method(), request.uri(), request.body()).hash(&mut hasher);
    for header in request.headers() {
        header.hash(&mut hasher);
    }
    hasher.finish()
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {} with {:?}", self.call, self.options)?;
        self.notes.iter().try_for_each(|(at, note)| write!(f, "\n  {:>14.6} s  {note:?}", at.as_secs_f64()))
    }
}
