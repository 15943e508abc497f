//! What the core promises of all calls of a client together, told anew: the pause, the scout after it, and the budget.

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
/// The longest that a call waits for another one's answer before it asks again.
pub(super) const RECHECK: Duration = Duration::from_millis(20);
/// The longest that calls wait for the answers to others.
const PATIENCE: Duration = Duration::from_millis(500);

/// The pause that the server asked for, and the round that follows.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    pause_ends: Duration,
    /// A 429 came, and nothing was sent since.
    rejected: bool,
    round: u64,
    /// When the round of a known limit began.
    limited_since: Option<Duration>,
    /// Nothing was granted yet in the round.
    scouting: bool,
    under_way: u32,
    last_left: Duration,
}

impl Throttle {
    pub(super) fn pause_left(&self, now: Duration) -> Duration {
        self.pause_ends.saturating_sub(now)
    }

    /// How long a call may be told to wait that wants to send; `None` if it has to be let through.
    pub(super) fn hold(&self, now: Duration) -> Option<Duration> {
        if self.pause_ends > now {
            return Some(self.pause_left(now));
        }
        // With nothing under way there is nothing to wait for.
        let waits = self.under_way > 0 && !self.is_patience_over(now);
        let held = !self.rejected && self.is_limited(now) && waits;
        held.then_some(RECHECK)
    }

    /// A limit is forgotten after a window in which something was granted.
    fn is_limited(&self, now: Duration) -> bool {
        self.limited_since.is_some_and(|since| self.scouting || now.saturating_sub(since) < WINDOW)
    }

    fn is_patience_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.last_left) >= PATIENCE
    }

    /// Counts a request that leaves, and returns its round.
    pub(super) fn leaves(&mut self, now: Duration) -> Result<u64, String> {
        ensure!(now >= self.pause_ends, "a request leaves {:?} before the pause is over", self.pause_left(now));
        if self.rejected {
            *self = Self {
                round: self.round + 1,
                limited_since: Some(now),
                scouting: true,
                ..Self::paused(self.pause_ends)
            };
        } else if self.limited_since.is_some() && !self.is_limited(now) {
            *self = Self { round: self.round + 1, ..Self::paused(self.pause_ends) };
        }
        ensure!(
            !self.scouting || self.under_way == 0 || self.is_patience_over(now),
            "a request leaves after a pause while another one is under way and none was granted"
        );
        self.last_left = now;
        self.under_way += 1;
        Ok(self.round)
    }

    fn paused(pause_ends: Duration) -> Self {
        Self { pause_ends, ..Self::default() }
    }

    /// Counts a request of this round as no longer under way.
    pub(super) fn settles(&mut self, round: u64, granted: bool) {
        if round == self.round {
            self.under_way -= 1;
            self.scouting &= !granted;
        }
    }

    pub(super) fn rejects(&mut self, now: Duration, pause: Duration) {
        self.pause_ends = self.pause_ends.max(now + pause.min(LONGEST_PAUSE));
        self.rejected = true;
    }
}

/// The budget of retries, in tenths of one. Only retries that are made are taken from it.
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
