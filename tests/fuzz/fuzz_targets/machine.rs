//! Runs several calls of one context, with valid and invalid steps in any order. The input is a script of commands. A command is a
//! letter and its arguments, of one character each. Other letters are ignored.
//!
//! | command | does |
//! |---|---|
//! | `o` and 10 arguments | sets the [`options`] of later calls |
//! | `n` operation | starts a call |
//! | `s` call | calls `step` |
//! | `w` call | calls `step`, and moves the clock if the step is a wait |
//! | `a` call status retry-after body | reports a response |
//! | `f` call delivery kind | reports a failure |
//! | `e` call | finishes it |
//! | `d` call | drops it |
//! | `>` time, `<` time | sets the clock forward or back |
//!
//! For example, `n2s0a091w0` calls `GetSession`, steps, responds with 429, and waits. The target checks:
//!
//! - A request is returned at most `max_attempts` times. It is not returned while a response is awaited, during a pause of the same
//!   operation, or after the deadline. It is not returned again with less than a second left, or after an outcome that is final
//!   according to the table of `RetryPolicy`.
//! - A call that is done stays done and returns its last outcome. A call that is not done can't be finished.
//! - An error says that the server may have processed the call if that is true for any attempt.
//! - The sum of the waits is at most `max_total_wait`, and each wait ends before the deadline.
//! - After any sequence of commands, a call ends if the clock moves as the call requests.

#![no_main]

use std::collections::BTreeMap;
use std::time::Duration;

use clerk_sessions_core::call::{CallContext, Flow, RawCall, Step};
use clerk_sessions_core::http::{Response, StatusCode};
use clerk_sessions_core::operation::Idempotency;
use clerk_sessions_core::registry::OPERATIONS;
use clerk_sessions_core::{CallOptions, Delivery, Error, RetryPolicy, TransportError, TransportErrorKind};
use clerk_sessions_fuzz::{caller, raw_call};
use libfuzzer_sys::fuzz_target;

/// The maximum number of calls at the same time.
const MOST: usize = 8;

/// The maximum pause. A longer `Retry-After` counts as a mistake of the server.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The minimum pause after a 429 without a `Retry-After`, or with one of 0 s.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

/// The maximum total wait of a call in this target, so that the end of a call can be checked soon.
const LONGEST_WAIT: Duration = ms(60_000);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const TIMES: [Duration; 9] = [ms(0), ms(1), ms(20), ms(200), ms(1000), ms(5000), ms(15_000), ms(60_000), ms(3_600_000)];

const STATUSES: [u16; 16] = [200, 400, 401, 404, 408, 500, 501, 502, 503, 429, 504, 100, 204, 302, 409, 999];

/// Values of `Retry-After`, and the waits that they ask for.
const RETRY_AFTER: [(&str, Option<Duration>); 9] = [
    ("soon", None),
    ("0", Some(ms(0))),
    ("1", Some(ms(1000))),
    ("5", Some(ms(5000))),
    ("15", Some(ms(15_000))),
    ("16", Some(ms(16_000))),
    ("61", Some(ms(61_000))),
    ("99999999999999999999", Some(Duration::from_secs(u64::MAX))),
    ("Sun, 06 Nov 1994 08:49:37 GMT", None),
];

const BODIES: [&[u8]; 4] = [b"{}", b"[]", br#"{"jwt":"a.b.c"}"#, b"\xff"];

const KINDS: [TransportErrorKind; 9] = [
    TransportErrorKind::Connect,
    TransportErrorKind::Tls,
    TransportErrorKind::Timeout,
    TransportErrorKind::Closed,
    TransportErrorKind::Protocol,
    TransportErrorKind::TooLarge,
    TransportErrorKind::Rejected,
    TransportErrorKind::Paused,
    TransportErrorKind::Other,
];

fuzz_target!(|input: &[u8]| {
    let mut world =
        World { caller: caller(), now: ms(0), went_back: false, pauses: BTreeMap::new(), calls: Vec::new() };
    world.run(&mut Script(input));
    world.end();
});

/// The remaining input.
struct Script<'a>(&'a [u8]);

impl Script<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// An argument below `end`: a digit, or one of the characters after the digits for 10 and more.
    fn index(&mut self, end: usize) -> usize {
        usize::from(self.next().unwrap_or(b'0').wrapping_sub(b'0')) % end
    }

    fn pick<T: Copy, const N: usize>(&mut self, of: &[T; N]) -> T {
        of[self.index(N)]
    }
}

struct World {
    caller: CallContext,
    now: Duration,
    /// Whether the clock was set back, which makes pauses longer.
    went_back: bool,
    /// The end of the last pause of each operation.
    pauses: BTreeMap<&'static str, Duration>,
    calls: Vec<Call>,
}

impl World {
    fn run(&mut self, script: &mut Script<'_>) {
        while let Some(command) = script.next() {
            match command {
                b'o' => self.caller = self.caller.clone().with_options(options(script)),
                b'n' => self.start(script),
                b'>' => self.now += script.pick(&TIMES),
                b'<' => {
                    self.now = self.now.saturating_sub(script.pick(&TIMES));
                    self.went_back = true;
                }
                b's' | b'w' | b'a' | b'f' | b'e' | b'd' if !self.calls.is_empty() => {
                    let which = script.index(self.calls.len());
                    self.act(command, which, script);
                }
                _ => {}
            }
        }
    }

    fn start(&mut self, script: &mut Script<'_>) {
        let entry = &OPERATIONS[script.index(OPERATIONS.len())];
        if self.calls.len() < MOST {
            self.calls.push(Call::new(raw_call(&self.caller, entry), *self.caller.options()));
        }
    }

    fn act(&mut self, command: u8, which: usize, script: &mut Script<'_>) {
        match command {
            b's' => drop(self.step(which)),
            b'w' => {
                if let Step::Wait(wait) = self.step(which) {
                    self.now += wait;
                }
            }
            b'a' => {
                let (status, retry_after, body) = (script.pick(&STATUSES), script.index(10), script.pick(&BODIES));
                self.respond(which, status, RETRY_AFTER.get(retry_after), body);
            }
            b'f' => {
                let delivery = script.pick(&[Delivery::NotSent, Delivery::MaybeSent]);
                self.calls[which].fail(script.pick(&KINDS), delivery, self.now);
            }
            b'e' => self.calls.swap_remove(which).finish(),
            _ => drop(self.calls.swap_remove(which)),
        }
    }

    fn step(&mut self, which: usize) -> Step {
        let call = &mut self.calls[which];
        let pause = self.pauses.get(call.call.metadata().id).filter(|_| !self.went_back);
        call.step(self.now, pause.copied().unwrap_or_default())
    }

    fn respond(&mut self, which: usize, status: u16, retry_after: Option<&(&str, Option<Duration>)>, body: &[u8]) {
        let call = &mut self.calls[which];
        let asked = retry_after.and_then(|(_, asked)| *asked);
        let mut response = Response::new(body.to_vec());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        if let Some((text, _)) = retry_after {
            response.headers_mut().insert("retry-after", text.parse().unwrap());
        }
        if call.in_flight && status == 429 {
            let pause = asked.filter(|asked| !asked.is_zero()).unwrap_or(LEAST_PAUSE).min(LONGEST_PAUSE);
            let paused_until = self.pauses.entry(call.call.metadata().id).or_default();
            *paused_until = (*paused_until).max(self.now + pause);
        }
        call.respond(response, asked, self.now);
    }

    /// Continues every call that does not await a report until its end, with a server that always fails.
    fn end(mut self) {
        // Waits in the queue of the rate limit are at least 4 ms apart. In addition, an attempt has up to two waits: its own and one
        // for a pause. Each attempt and the end are also steps.
        const PATIENCE: u128 = LONGEST_WAIT.as_millis() / 4 + 3 * 10 + 1;
        for which in 0..self.calls.len() {
            let status = if which % 2 == 0 { 503 } else { 429 };
            let mut patience = 0..PATIENCE;
            while !self.calls[which].in_flight {
                patience.next().expect("the call does not end");
                match self.step(which) {
                    Step::Send { .. } => self.respond(which, status, None, b""),
                    Step::Wait(wait) => self.now += wait,
                    Step::Done => break,
                }
            }
        }
        self.calls.into_iter().for_each(Call::finish);
    }
}

fn options(script: &mut Script<'_>) -> CallOptions {
    let retry = RetryPolicy::new()
        .max_attempts(script.index(10) as u32)
        .backoff(script.pick(&TIMES), script.index(10) as u32, script.pick(&TIMES))
        .max_retry_after(script.pick(&TIMES))
        .max_total_wait(script.pick(&TIMES).min(LONGEST_WAIT))
        .seed(script.index(10) as u64)
        .retry_non_idempotent(script.pick(&[false, true]));
    let options = CallOptions::new().attempt_timeout(script.pick(&TIMES)).retry(retry);
    match script.index(10) {
        9 => options,
        deadline => options.deadline(TIMES[deadline]),
    }
}

/// The outcome of the last attempt.
enum Outcome {
    Responded(u16, Option<Duration>),
    Failed(TransportErrorKind, Delivery),
}

/// A call, and the facts about it that are known without using the core.
struct Call {
    call: RawCall,
    options: CallOptions,
    started: Option<Duration>,
    sent: u32,
    waited: Duration,
    in_flight: bool,
    done: bool,
    maybe_processed: bool,
    outcome: Option<Outcome>,
}

impl Call {
    fn new(call: RawCall, options: CallOptions) -> Self {
        Self {
            call,
            options,
            started: None,
            sent: 0,
            waited: ms(0),
            in_flight: false,
            done: false,
            maybe_processed: false,
            outcome: None,
        }
    }

    fn step(&mut self, now: Duration, paused_until: Duration) -> Step {
        let started = *self.started.get_or_insert(now);
        let left = self.options.deadline.saturating_sub(now.saturating_sub(started));
        let step = self.call.step(now);
        match &step {
            Step::Send { request, timeout } => {
                assert!(!self.in_flight && !self.done && self.may_be_sent());
                assert!(now >= paused_until && !left.is_zero());
                assert!(self.sent == 0 || left >= ms(1000), "a retry with {left:?} left");
                assert!(*timeout <= left && *timeout <= self.options.attempt_timeout);
                assert_eq!(request.uri().host(), Some("api.clerk.com"));
                assert_eq!(request.method(), self.call.metadata().method);
                self.sent += 1;
                self.in_flight = true;
            }
            Step::Wait(wait) => {
                assert!(!self.in_flight && !self.done && self.may_be_sent());
                assert!(*wait < left);
                self.waited += *wait;
                assert!(self.waited <= self.options.retry.max_total_wait);
            }
            Step::Done => self.done |= !self.in_flight,
        }
        assert_eq!(self.call.attempts(), self.sent);
        step
    }

    fn respond(&mut self, response: Response<Vec<u8>>, asked: Option<Duration>, now: Duration) {
        if std::mem::take(&mut self.in_flight) {
            let status = response.status().as_u16();
            self.maybe_processed |= status != 429;
            self.outcome = Some(Outcome::Responded(status, asked));
        }
        self.call.on_response(response, now);
    }

    fn fail(&mut self, kind: TransportErrorKind, delivery: Delivery, now: Duration) {
        if std::mem::take(&mut self.in_flight) {
            self.maybe_processed |= delivery == Delivery::MaybeSent;
            self.outcome = Some(Outcome::Failed(kind, delivery));
        }
        self.call.on_failure(TransportError::new(kind, delivery), now);
    }

    fn finish(self) {
        let Self { call, sent, in_flight, done, maybe_processed, outcome, .. } = self;
        let finished = call.finish();
        let Err(error) = &finished else {
            assert!(!in_flight && matches!(outcome, Some(Outcome::Responded(200..=299, _))));
            return;
        };
        if let Error::Build(_) = error {
            assert!(in_flight || !done, "{error}");
            return;
        }
        assert!(!in_flight);
        assert_eq!(error.attempts(), sent);
        assert_eq!(error.delivery() == Delivery::MaybeSent, maybe_processed, "{error}");
        match (error, outcome) {
            (Error::Api(_) | Error::Decode(_), Some(Outcome::Responded(status, _))) => {
                assert_eq!(matches!(error, Error::Decode(_)), (200..300).contains(&status));
                assert_eq!(error.status().unwrap(), status);
            }
            (Error::Transport(failed), Some(Outcome::Failed(kind, delivery))) => {
                assert_eq!((failed.error().kind(), failed.error().delivery()), (kind, delivery));
            }
            (Error::Transport(failed), None) => {
                // The pause was too long, or the clock moved too far.
                let kinds = [TransportErrorKind::Paused, TransportErrorKind::Timeout];
                assert!(kinds.contains(&failed.error().kind()), "{error}");
                assert_eq!(sent, 0);
            }
            _ => panic!("{error} is not the outcome of the last attempt"),
        }
    }

    /// Whether another attempt is allowed by the table of `RetryPolicy` and its limits.
    fn may_be_sent(&self) -> bool {
        let policy = &self.options.retry;
        let is_idempotent =
            self.call.metadata().idempotency != Idempotency::NotIdempotent || policy.retry_non_idempotent;
        let again = match &self.outcome {
            None => true,
            Some(Outcome::Responded(429, asked)) => asked.is_none_or(|asked| asked <= policy.max_retry_after),
            Some(Outcome::Responded(408 | 500 | 502 | 503 | 504, asked)) => {
                is_idempotent && asked.is_none_or(|asked| asked <= policy.max_retry_after)
            }
            Some(Outcome::Responded(..)) => false,
            Some(Outcome::Failed(_, Delivery::NotSent)) => true,
            Some(Outcome::Failed(_, Delivery::MaybeSent)) => is_idempotent,
        };
        again && self.sent < policy.max_attempts.max(1)
    }
}
