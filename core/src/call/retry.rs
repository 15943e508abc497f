//! [`RetryPolicy`]: when a failed call is retried, and after how long. Pure: all it knows is passed in.

use std::time::Duration;

use crate::attempt::AttemptOutcome;
use crate::metadata::Idempotency;

/// When a failed call is retried, and how long it waits before each retry.
///
/// Set it for all calls of a client or for one, by [`CallOptions::retry`](crate::CallOptions::retry). Whether a call is
/// retried depends on the operation's [`Idempotency`] and on the outcome of the attempt:
///
/// | the attempt | `Safe`, `Idempotent`: `list`, `get`, `revoke` | `NotIdempotent`: `create`, `refresh`, the tokens |
/// |---|---|---|
/// | 429 | retried | retried: the server did not process it |
/// | 408, 500, 502, 503, 504 | retried | final |
/// | any other status | final | final |
/// | failed, [`Rejected`](crate::TransportErrorKind::Rejected) or [`TooLarge`](crate::TransportErrorKind::TooLarge) | final | final |
/// | failed otherwise, [`Delivery::NotSent`](crate::Delivery::NotSent) | retried | retried |
/// | failed otherwise, [`Delivery::MaybeSent`](crate::Delivery::MaybeSent) | retried | final |
///
/// All retries of a client and its clones, except those after a 429, share a budget. It starts with ten retries. Each
/// response but a 429 adds a tenth of a retry, up to ten. So a server that is down gets at most 1.1 times the usual traffic.
///
/// The wait before a retry:
///
/// - After a response with a `Retry-After` of more than 0 s: that time. After a 429, the calls that wait in the same queue of
///   the rate limit may make it longer.
/// - After a 429 without one: the rate limit's pause. It is at least 1 s, and doubles while the server grants nothing.
/// - After anything else: a random time up to `base`, then up to `base * factor`, and so on, up to `cap`.
///
/// When no retry may follow, the call fails with the error of the last attempt.
///
/// ```
/// use std::time::Duration;
///
/// use clerk_sessions_core::{CallOptions, RetryPolicy};
///
/// let minute = Duration::from_secs(60);
/// let patient = RetryPolicy::new().max_attempts(5).max_retry_after(minute).max_total_wait(minute);
/// let options = CallOptions::new().deadline(minute).retry(patient);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often a request is sent at most, the first time included. Default: 3.
    pub max_attempts: u32,
    /// Maximum first backoff. Default: 200 ms.
    pub base: Duration,
    /// By how much the maximum backoff is multiplied from one to the next. Default: 2.
    pub factor: u32,
    /// Maximum backoff, not counting `Retry-After`. Default: 2 s.
    pub cap: Duration,
    /// The longest `Retry-After` that is waited for. Default: 15 s. A longer one ends the call at once, with
    /// [`Error::retry_after`](crate::Error::retry_after) filled. Raise `max_total_wait` and the deadline with it.
    pub max_retry_after: Duration,
    /// Maximum sum of all waits of a call. Default: 15 s. If the next wait would exceed it, or the call's deadline, the call
    /// fails immediately with the last error.
    pub max_total_wait: Duration,
    /// Seed of the random times, besides a count and the clock. Default: 0.
    pub seed: u64,
    /// Whether operations that are not idempotent are retried as if they were. Default: `false`. A retried `create` may
    /// create two sessions, and a retried `refresh` may turn a success into a 401.
    pub retry_non_idempotent: bool,
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
            retry_non_idempotent: false,
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

    /// Sets whether operations that are not idempotent are retried as if they were; see the field.
    #[must_use]
    pub fn retry_non_idempotent(mut self, retry: bool) -> Self {
        self.retry_non_idempotent = retry;
        self
    }

    /// Whether the attempt of this number, the first being 1, may be followed by another.
    pub(crate) fn allows_another(&self, attempt: u32, idempotency: Idempotency, outcome: AttemptOutcome) -> bool {
        let idempotency = if self.retry_non_idempotent { Idempotency::Idempotent } else { idempotency };
        attempt < self.max_attempts && outcome.may_be_repeated(idempotency)
    }

    /// A random time to wait after the attempt of this number.
    pub(crate) fn backoff_after(&self, attempt: u32, random: u64) -> Duration {
        scaled(self.ceiling(attempt), random)
    }

    fn ceiling(&self, attempt: u32) -> Duration {
        let growth = self.factor.saturating_pow(attempt.saturating_sub(1));
        self.base.saturating_mul(growth).min(self.cap)
    }
}

/// The share of `most` that `random` is of all 64-bit numbers.
fn scaled(most: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
    let share = (u128::from(nanos) * u128::from(random)) >> 64;
    // Not more than `nanos`, so it fits.
    Duration::from_nanos(u64::try_from(share).unwrap_or(nanos))
}

/// The step of `SplitMix64`.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A well spread number from any state (`SplitMix64`).
pub(crate) fn random(state: u64) -> u64 {
    let mut number = state.wrapping_add(STEP);
    number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    const SERVER_ERROR: AttemptOutcome = AttemptOutcome::Response(StatusCode::SERVICE_UNAVAILABLE);

    #[test]
    fn attempts_are_counted_from_one() {
        let policy = RetryPolicy::new().max_attempts(3);
        let again = |attempt| policy.allows_another(attempt, Idempotency::Safe, SERVER_ERROR);
        assert_eq!([1, 2, 3, 4].map(again), [true, true, false, false]);
        assert!(!RetryPolicy::none().allows_another(1, Idempotency::Safe, SERVER_ERROR));
        assert!(!RetryPolicy::new().max_attempts(0).allows_another(1, Idempotency::Safe, SERVER_ERROR));
    }

    #[test]
    fn waits_grow_to_the_cap_and_are_spread_over_all_of_it() {
        let policy = RetryPolicy::new().backoff(Duration::from_millis(100), 3, Duration::from_millis(500));
        let longest = |attempt| policy.backoff_after(attempt, u64::MAX).as_millis();
        assert_eq!([1, 2, 3, 4, 1000].map(longest), [99, 299, 499, 499, 499]);
        assert_eq!(policy.backoff_after(3, 0), Duration::ZERO);
        assert_eq!(policy.backoff_after(3, u64::MAX / 2).as_millis(), 249);
        let endless = RetryPolicy::new().backoff(Duration::MAX, u32::MAX, Duration::MAX);
        assert!(endless.backoff_after(9, u64::MAX) > Duration::from_secs(1), "no overflow");
    }

    #[test]
    fn random_numbers_are_those_of_splitmix64() {
        // The published vectors for the seed 1234567.
        let drawn = [0, 1, 2].map(|number| random(STEP.wrapping_mul(number).wrapping_add(1_234_567)));
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}
