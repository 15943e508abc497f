//! A second implementation of the documented behaviour of all calls of a client together: the pauses and the retry budget.

use std::time::Duration;

use clerk_sessions_core::operation::{Idempotency, Metadata};
use clerk_sessions_core::{Delivery, TransportErrorKind};

use super::response::Outcome;

/// `Err` describes the violation.
pub(super) type Check = Result<(), String>;

/// Returns an error from the function if `$promised` is false.
macro_rules! ensure {
    ($promised:expr, $($wrong:tt)+) => {
        if !$promised {
            return Err(format!($($wrong)+));
        }
    };
}
pub(super) use ensure;

const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The time after the last pause from which on no call waits.
pub(super) const FORGOTTEN: Duration = Duration::from_secs(20);
/// The shortest pause after a 429 that asks for none, or for one of 0 s.
const GUESS: Duration = Duration::from_secs(1);
/// The shortest and the longest time until more requests follow those that are known to be granted.
pub(super) const PROBE_EVERY: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(500)];

/// The pauses of one operation.
#[derive(Debug)]
pub(super) struct Pauses {
    /// The earliest and latest end of the pause. The model does not know the exact length of a pause without a `Retry-After`.
    pause_ends: (Duration, Duration),
    /// The maximum wait in the queue, in addition to the pause.
    longest_queue: Duration,
}

impl Pauses {
    /// The limit of an operation after a rejection, for a client that makes at most this many calls at the same time. Each probe
    /// is larger than the one before.
    pub(super) fn new(calls: usize) -> Self {
        Self {
            pause_ends: (Duration::ZERO, Duration::ZERO),
            longest_queue: PROBE_EVERY[1] * calls.ilog2() + QUEUE_SPACING * calls as u32,
        }
    }

    /// The minimum and maximum wait that a call may get.
    pub(super) fn hold(&self, now: Duration) -> (Duration, Duration) {
        let (least, most) = self.pause_ends;
        (least.saturating_sub(now), most.saturating_sub(now) + self.longest_queue)
    }

    /// The latest end of the pause.
    pub(super) fn pause_ends(&self) -> Duration {
        self.pause_ends.1
    }

    pub(super) fn rejects(&mut self, now: Duration, asked: Option<Duration>) {
        let (least, most) =
            asked.filter(|asked| !asked.is_zero()).map_or((GUESS, LONGEST_PAUSE), |asked| (asked, asked));
        self.pause_ends.0 = self.pause_ends.0.max(now + least.min(LONGEST_PAUSE));
        self.pause_ends.1 = self.pause_ends.1.max(now + most.min(LONGEST_PAUSE));
    }
}

/// The maximum time between the turns of two calls.
const QUEUE_SPACING: Duration = Duration::from_millis(4);

/// The retry budget, in tenths of a retry. A planned retry is taken from it, and returned if it is not made.
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

/// Whether an outcome may be retried, according to the table in the docs of `RetryPolicy`.
pub(super) fn may_repeat(metadata: &Metadata, retry_non_idempotent: bool, outcome: &Outcome) -> bool {
    let is_idempotent = metadata.idempotency != Idempotency::NotIdempotent || retry_non_idempotent;
    match outcome {
        Outcome::Response(received) => match received.response.status().as_u16() {
            429 => true,
            408 | 500 | 502 | 503 | 504 => is_idempotent,
            _ => false,
        },
        Outcome::Failure(TransportErrorKind::Rejected | TransportErrorKind::TooLarge, _) => false,
        Outcome::Failure(_, Delivery::NotSent) => true,
        Outcome::Failure(_, Delivery::MaybeSent) => is_idempotent,
    }
}
