//! Whether an attempt is made again, and after how long. Pure: all it knows is passed in.

use std::time::Duration;

use http::StatusCode;

use crate::error::{Delivery, TransportErrorKind};
use crate::meta::Repeat;

/// When a failed call is attempted again, and how long it waits before.
///
/// What may be repeated at all depends on the operation's [`Repeat`] and on what happened:
///
/// | what happened | `Safe`, `Idempotent` | `Never` |
/// |---|---|---|
/// | 429 | again | again: the server refused it |
/// | 408, 500, 502, 503, 504 | again | final |
/// | not sent ([`Delivery::NotSent`]) | again | again |
/// | perhaps sent ([`Delivery::MaybeSent`]) | again | final |
/// | anything else | final | final |
///
/// Besides, retries that the server did not ask for have a budget, which all clones of a client share: ten at first, and a
/// tenth of one more with each answer, up to ten. It keeps a server that is down from a multiple of the usual traffic.
///
/// The wait is what the server asks for by `Retry-After`, else a random time up to `base`, `base * factor`, and so on, up to
/// `cap`. The error returned is that of the last attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often a request is sent at most, the first time included: 3 by default.
    pub max_attempts: u32,
    /// The most that the first wait takes: 200 ms by default.
    pub base: Duration,
    /// What that most is multiplied with from wait to wait: 2 by default.
    pub factor: u32,
    /// The most that any wait takes that the server did not ask for: 2 s by default.
    pub cap: Duration,
    /// The longest `Retry-After` that is waited for: 15 s by default. A longer one ends the call at once, with
    /// [`Error::retry_after`](crate::Error::retry_after) filled. Raise `max_total_wait` and the deadline with it.
    pub max_retry_after: Duration,
    /// The most that all waits of a call take: 15 s by default. A wait that would go beyond it, or beyond the call's deadline,
    /// ends the call at once.
    pub max_total_wait: Duration,
    /// What the random times are drawn from, besides the number of the call and the clock: 0 by default.
    pub seed: u64,
    /// Whether operations that must not run twice are repeated as if they could: no by default. A repeated create may make
    /// two sessions, and a repeated refresh may turn a success into a 401.
    pub repeat_never: bool,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base: Duration::from_millis(200),
            factor: 2,
            cap: Duration::from_secs(2),
            max_retry_after: Duration::from_secs(15),
            max_total_wait: Duration::from_secs(15),
            seed: 0,
            repeat_never: false,
        }
    }
}

impl RetryPolicy {
    /// The defaults; see the fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One attempt. A pause that the server asked this client for is kept all the same.
    #[must_use]
    pub fn none() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// How often a request is sent at most, the first time included.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// How the waits grow: a random time up to `base`, then up to `base * factor`, and so on, up to `cap`.
    #[must_use]
    pub fn backoff(mut self, base: Duration, factor: u32, cap: Duration) -> Self {
        (self.base, self.factor, self.cap) = (base, factor, cap);
        self
    }

    /// The longest `Retry-After` that is waited for.
    #[must_use]
    pub fn max_retry_after(mut self, longest: Duration) -> Self {
        self.max_retry_after = longest;
        self
    }

    /// The most that all waits of a call take.
    #[must_use]
    pub fn max_total_wait(mut self, longest: Duration) -> Self {
        self.max_total_wait = longest;
        self
    }

    /// What the random times are drawn from.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Repeats operations that must not run twice, too; see the field.
    #[must_use]
    pub fn repeat_never(mut self, repeat: bool) -> Self {
        self.repeat_never = repeat;
        self
    }

    /// Whether the attempt of this number, the first being 1, may be followed by another.
    pub(crate) fn allows_another(&self, attempt: u32, repeat: Repeat, happened: Happened) -> bool {
        let repeat = if self.repeat_never { Repeat::Idempotent } else { repeat };
        attempt < self.max_attempts && may_repeat(repeat, happened)
    }

    /// How long to wait after the attempt of this number: what was asked for, or a random time; `None` if what was asked for
    /// is too long.
    pub(crate) fn wait(&self, attempt: u32, asked: Option<Duration>, random: u64) -> Option<Duration> {
        match asked {
            Some(asked) => (asked <= self.max_retry_after).then_some(asked),
            None => Some(scaled(self.ceiling(attempt), random)),
        }
    }

    fn ceiling(&self, attempt: u32) -> Duration {
        let growth = self.factor.saturating_pow(attempt.saturating_sub(1));
        self.base.saturating_mul(growth).min(self.cap)
    }
}

/// What an attempt came to, as far as repeating it is concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Happened {
    Answered(StatusCode),
    Failed(TransportErrorKind, Delivery),
}

/// The table of [`RetryPolicy`].
pub(crate) fn may_repeat(repeat: Repeat, happened: Happened) -> bool {
    let repeatable = repeat != Repeat::Never;
    match happened {
        Happened::Answered(status) => match status.as_u16() {
            429 => true,
            408 | 500 | 502..=504 => repeatable,
            _ => false,
        },
        // The next one would be no smaller, and no more acceptable to the transport.
        Happened::Failed(TransportErrorKind::Rejected | TransportErrorKind::TooLarge, _) => false,
        Happened::Failed(_, Delivery::NotSent) => true,
        Happened::Failed(_, Delivery::MaybeSent) => repeatable,
    }
}

/// The share of `most` that `random` is of all 64-bit numbers.
fn scaled(most: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
    let share = (u128::from(nanos) * u128::from(random)) >> 64;
    // Not more than `nanos`, so it fits.
    Duration::from_nanos(u64::try_from(share).unwrap_or(nanos))
}

/// The next number of a sequence that is well spread whatever it starts from (`SplitMix64`).
pub(crate) fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut number = *state;
    number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16) -> Happened {
        Happened::Answered(StatusCode::from_u16(status).unwrap())
    }

    #[test]
    fn the_table() {
        use Delivery::{MaybeSent, NotSent};
        use TransportErrorKind as Kind;
        for (happened, repeatable, never) in [
            (answered(200), false, false),
            (answered(307), false, false),
            (answered(400), false, false),
            (answered(401), false, false),
            (answered(404), false, false),
            (answered(408), true, false),
            (answered(409), false, false),
            (answered(422), false, false),
            (answered(429), true, true),
            (answered(500), true, false),
            (answered(501), false, false),
            (answered(502), true, false),
            (answered(503), true, false),
            (answered(504), true, false),
            (answered(505), false, false),
            (Happened::Failed(Kind::Connect, NotSent), true, true),
            (Happened::Failed(Kind::Tls, NotSent), true, true),
            (Happened::Failed(Kind::Timeout, NotSent), true, true),
            (Happened::Failed(Kind::Timeout, MaybeSent), true, false),
            (Happened::Failed(Kind::Closed, MaybeSent), true, false),
            (Happened::Failed(Kind::Protocol, MaybeSent), true, false),
            (Happened::Failed(Kind::Other, MaybeSent), true, false),
            (Happened::Failed(Kind::TooLarge, MaybeSent), false, false),
            (Happened::Failed(Kind::Rejected, NotSent), false, false),
        ] {
            for repeat in [Repeat::Safe, Repeat::Idempotent] {
                assert_eq!(may_repeat(repeat, happened), repeatable, "{repeat:?} {happened:?}");
            }
            assert_eq!(may_repeat(Repeat::Never, happened), never, "Never {happened:?}");
            let forced = RetryPolicy::new().repeat_never(true).allows_another(1, Repeat::Never, happened);
            assert_eq!(forced, repeatable, "forced {happened:?}");
        }
    }

    #[test]
    fn attempts_are_counted_from_one() {
        let policy = RetryPolicy::new().max_attempts(3);
        let again = |attempt| policy.allows_another(attempt, Repeat::Safe, answered(503));
        assert_eq!([1, 2, 3, 4].map(again), [true, true, false, false]);
        assert!(!RetryPolicy::none().allows_another(1, Repeat::Safe, answered(503)));
        assert!(!RetryPolicy::new().max_attempts(0).allows_another(1, Repeat::Safe, answered(503)));
    }

    #[test]
    fn waits_grow_to_the_cap_and_are_spread_over_all_of_it() {
        let policy = RetryPolicy::new().backoff(Duration::from_millis(100), 3, Duration::from_millis(500));
        let longest = |attempt| policy.wait(attempt, None, u64::MAX).unwrap().as_millis();
        assert_eq!([1, 2, 3, 4, 1000].map(longest), [99, 299, 499, 499, 499]);
        assert_eq!(policy.wait(3, None, 0), Some(Duration::ZERO));
        assert_eq!(policy.wait(3, None, u64::MAX / 2).unwrap().as_millis(), 249);
        let endless = RetryPolicy::new().backoff(Duration::MAX, u32::MAX, Duration::MAX);
        assert!(endless.wait(9, None, u64::MAX).is_some(), "no overflow");
    }

    #[test]
    fn what_the_server_asks_for_is_waited_for_up_to_the_limit() {
        let policy = RetryPolicy::new().max_retry_after(Duration::from_secs(5));
        assert_eq!(policy.wait(1, Some(Duration::from_secs(5)), 7), Some(Duration::from_secs(5)));
        assert_eq!(policy.wait(1, Some(Duration::from_millis(5001)), 7), None);
    }

    #[test]
    fn random_numbers_are_those_of_splitmix64() {
        // The published vectors for the seed 1234567.
        let mut state = 1_234_567;
        let drawn = [(); 3].map(|()| random(&mut state));
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}
