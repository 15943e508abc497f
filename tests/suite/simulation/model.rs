//! What the core promises of all calls of a client together, written a second time: the pauses, and the budget.

use std::time::Duration;

use clerk_sessions_core::operation::{Idempotency, Metadata};
use clerk_sessions_core::{Delivery, TransportErrorKind};

use super::answer::Outcome;

/// `Err` says what was not as promised.
pub(super) type Check = Result<(), String>;

/// Returns from the function with what is wrong if `$promised` does not hold.
macro_rules! ensure {
    ($promised:expr, $($wrong:tt)+) => {
        if !$promised {
            return Err(format!($($wrong)+));
        }
    };
}
pub(super) use ensure;

const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// After so long without a rejection, a limit is forgotten.
const WINDOW: Duration = Duration::from_secs(10);
/// The pause after a 429 that asks for none.
const GUESS: Duration = Duration::from_secs(1);
/// The shortest and the longest time until more requests follow those that are known to be granted.
pub(super) const PROBE_EVERY: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

/// The pauses of one operation, and the rounds between them.
#[derive(Debug)]
pub(super) struct Throttle {
    pause_ends: Duration,
    guess: Duration,
    /// A 429 came to a request of this round: the next begins when the pause is over.
    rejected: bool,
    round: u64,
    began: Duration,
    granted: u64,
    /// Whether a limit is known.
    limited: bool,
    /// The longest that a call waits in the queue, beyond the pause.
    longest_queue: Duration,
}

impl Throttle {
    /// The throttle of a client that makes at most so many calls at once: each probe is twice as large as the one before.
    pub(super) fn new(calls: usize) -> Self {
        Self {
            pause_ends: Duration::ZERO,
            guess: GUESS,
            rejected: false,
            round: 0,
            began: Duration::ZERO,
            granted: 0,
            limited: false,
            longest_queue: PROBE_EVERY[1] * (calls.ilog2() + 1),
        }
    }

    pub(super) fn pause_left(&self, now: Duration) -> Duration {
        self.pause_ends.saturating_sub(now)
    }

    /// How long a call may be told to wait, at least and at most; `None` if it has to be sent.
    pub(super) fn hold(&self, now: Duration) -> Option<(Duration, Duration)> {
        let pause = self.pause_left(now);
        (self.limited || self.rejected || !pause.is_zero()).then_some((pause, pause + self.longest_queue))
    }

    /// A call asks whether it may be sent.
    pub(super) fn asked(&mut self, now: Duration) {
        if now < self.pause_ends {
            return;
        }
        if self.rejected || now.saturating_sub(self.began) >= WINDOW {
            self.limited = self.rejected;
            (self.rejected, self.began, self.granted) = (false, now, 0);
            self.round += 1;
        }
    }

    /// Counts a request that leaves, and returns its round.
    pub(super) fn leaves(&mut self, now: Duration) -> Result<u64, String> {
        ensure!(now >= self.pause_ends, "a request leaves {:?} before the pause is over", self.pause_left(now));
        Ok(self.round)
    }

    /// A response other than 429 came to a request of this round.
    pub(super) fn grants(&mut self, round: u64) {
        self.granted += u64::from(round == self.round);
    }

    /// A 429 came to a request of this round.
    pub(super) fn rejects(&mut self, round: u64, now: Duration, asked: Option<Duration>) {
        if !self.rejected {
            self.guess = if self.granted == 0 { (self.guess * 2).min(LONGEST_PAUSE) } else { GUESS };
        }
        self.pause_ends = self.pause_ends.max(now + asked.unwrap_or(self.guess).min(LONGEST_PAUSE));
        self.rejected |= round == self.round;
    }
}

/// The budget of retries, in tenths of one. Retries that are planned are taken from it, and given back if they are not made.
#[derive(Debug)]
pub(super) struct Budget {
    tenths: u32,
}

impl Budget {
    const FULL: u32 = 100;
    const RETRY: u32 = 10;

    pub(super) fn new() -> Self {
        Self { tenths: Self::FULL }
    }

    pub(super) fn allows_retry(&self) -> bool {
        self.tenths >= Self::RETRY
    }

    pub(super) fn pays(&mut self) {
        self.tenths -= Self::RETRY;
    }

    /// A retry was planned and not made.
    pub(super) fn refunds(&mut self) {
        self.tenths = (self.tenths + Self::RETRY).min(Self::FULL);
    }

    pub(super) fn earns(&mut self) {
        self.tenths = (self.tenths + 1).min(Self::FULL);
    }
}

/// What may be repeated: the table in the docs of `RetryPolicy`.
pub(super) fn may_repeat(metadata: &Metadata, retry_non_idempotent: bool, outcome: &Outcome) -> bool {
    let repeatable = metadata.idempotency != Idempotency::NotIdempotent || retry_non_idempotent;
    match outcome {
        Outcome::Answer(answer) => match answer.response.status().as_u16() {
            429 => true,
            408 | 500 | 502 | 503 | 504 => repeatable,
            _ => false,
        },
        Outcome::Failure(TransportErrorKind::Rejected | TransportErrorKind::TooLarge, _) => false,
        Outcome::Failure(_, Delivery::NotSent) => true,
        Outcome::Failure(_, Delivery::MaybeSent) => repeatable,
    }
}
