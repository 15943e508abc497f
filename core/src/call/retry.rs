//! [`RetryPolicy`]: what is retried, how often, and after how long. It has no state.

use std::time::Duration;

use crate::attempt::AttemptOutcome;
use crate::metadata::Idempotency;

/// What is retried, how often, and how long a call waits before each retry.
///
/// Set it with [`CallOptions::retry`](crate::CallOptions::retry), for a client or for single calls.
/// [The guide](crate::guide::retries) explains it, with more examples.
///
/// ```
/// use std::time::Duration;
///
/// use clerk_sessions_core::{CallOptions, RetryPolicy};
///
/// let policy = RetryPolicy::new()
///     .max_attempts(5)
///     .backoff(Duration::from_millis(100), 2, Duration::from_secs(1))
///     .max_total_wait(Duration::from_secs(5));
/// let options = CallOptions::new().retry(policy);
/// let no_retries = CallOptions::new().retry(RetryPolicy::none());
/// ```
///
/// # What is retried
/// It depends on the outcome of the attempt and on the [`Idempotency`] of the operation:
///
/// | the attempt | `Safe`, `Idempotent`: `list`, `get`, `revoke` | `NotIdempotent`: `create`, `refresh`, the tokens |
/// |---|---|---|
/// | 429 | retried | retried: the server did not process it |
/// | 408, 500, 502, 503, 504 | retried | not retried |
/// | any other status | not retried | not retried |
/// | failed with [`Rejected`](crate::TransportErrorKind::Rejected) or [`TooLarge`](crate::TransportErrorKind::TooLarge) | not retried | not retried |
/// | failed otherwise with [`Delivery::NotSent`](crate::Delivery::NotSent) | retried | retried |
/// | failed otherwise with [`Delivery::MaybeSent`](crate::Delivery::MaybeSent) | retried | not retried |
///
/// All retries of a client and its clones, except those after a 429, share a budget. It starts with ten retries. Each response
/// except a 429 adds a tenth of a retry, up to ten. So a server that is down gets at most 1.1 times the usual traffic.
///
/// # The wait before a retry
///
/// - After a response with a `Retry-After` of more than 0 s: that time. After a 429 it can be longer, if other calls wait for
///   the same rate limit.
/// - After a 429 without `Retry-After`: at least 1 s. It doubles each time the server lets nothing through.
/// - After anything else: a random time up to `base`, then up to `base * factor`, and so on, up to `cap`.
///
/// # When no retry follows
/// The call fails immediately with the error of its last attempt if `max_attempts` are made, if `Retry-After` exceeds
/// `max_retry_after`, if the waits would exceed `max_total_wait`, if less than 1 s would be left until the deadline, or if the retry
/// budget is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Maximum number of attempts, including the first. Default: 3. Zero counts as 1.
    pub max_attempts: u32,
    /// Maximum wait before the first retry, not counting `Retry-After`. Default: 200 ms.
    pub base: Duration,
    /// The factor by which the maximum wait grows with each retry. Default: 2.
    pub factor: u32,
    /// Maximum wait before any retry, not counting `Retry-After`. Default: 2 s.
    pub cap: Duration,
    /// Longest accepted `Retry-After`. Default: 15 s. If the server asks for more, the call fails immediately, and
    /// [`Error::retry_after`](crate::Error::retry_after) returns the time. It does not limit the wait for a pause that the
    /// client already knows; `max_total_wait` and the deadline do. If you raise it, raise these two, too.
    pub max_retry_after: Duration,
    /// Maximum sum of all waits of a call. Default: 15 s. If the next wait would exceed it, or the deadline of the call, the
    /// call fails immediately with the last error.
    pub max_total_wait: Duration,
    /// Seed of the random waits. Default: 0. A counter and the clock are mixed in, so equal seeds are safe.
    pub seed: u64,
    /// Whether to retry operations that are not idempotent as if they were. Default: `false`. A retried `create` may create
    /// two sessions. A retried `refresh` may turn a success into a 401.
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
    /// The defaults: up to three attempts, waits of up to 15 s in total.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// No retries: one attempt.
    ///
    /// Before that attempt, a call still waits for a rate limit that the client already knows. To avoid this wait, too, set
    /// [`max_total_wait`](method@Self::max_total_wait) to zero.
    #[must_use]
    pub fn none() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// Sets the maximum number of attempts, including the first. Default: 3. Zero counts as 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the waits: a random time up to `base`, then up to `base * factor`, and so on, up to `cap`. Default: 200 ms, 2, 2 s.
    #[must_use]
    pub fn backoff(mut self, base: Duration, factor: u32, cap: Duration) -> Self {
        (self.base, self.factor, self.cap) = (base, factor, cap);
        self
    }

    /// Sets the longest accepted `Retry-After`. Default: 15 s. Raise `max_total_wait` and the deadline, too.
    #[must_use]
    pub fn max_retry_after(mut self, longest: Duration) -> Self {
        self.max_retry_after = longest;
        self
    }

    /// Sets the maximum sum of all waits of a call. Default: 15 s.
    #[must_use]
    pub fn max_total_wait(mut self, longest: Duration) -> Self {
        self.max_total_wait = longest;
        self
    }

    /// Sets the seed of the random waits. Default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets whether to retry operations that are not idempotent as if they were. Default: `false`. See the field for the risk.
    #[must_use]
    pub fn retry_non_idempotent(mut self, retry: bool) -> Self {
        self.retry_non_idempotent = retry;
        self
    }

    /// Whether another attempt may follow the attempt with this number. The first is 1.
    pub(crate) fn allows_another(&self, attempt: u32, idempotency: Idempotency, outcome: AttemptOutcome) -> bool {
        let idempotency = if self.retry_non_idempotent { Idempotency::Idempotent } else { idempotency };
        attempt < self.max_attempts && outcome.may_be_retried(idempotency)
    }

    /// A random wait after the attempt with this number.
    pub(crate) fn backoff_after(&self, attempt: u32, random: u64) -> Duration {
        scaled(self.ceiling(attempt), random)
    }

    fn ceiling(&self, attempt: u32) -> Duration {
        let growth = self.factor.saturating_pow(attempt.saturating_sub(1));
        self.base.saturating_mul(growth).min(self.cap)
    }
}

/// Scales a random 64-bit number to a duration from zero up to `most`.
fn scaled(most: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
    let share = (u128::from(nanos) * u128::from(random)) >> 64;
    // `share` is at most `nanos`, so it fits.
    Duration::from_nanos(u64::try_from(share).unwrap_or(nanos))
}

/// The increment of `SplitMix64`.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The output of `SplitMix64` for a state.
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
        // The published test vectors for the seed 1234567.
        let drawn = [0, 1, 2].map(|number| random(STEP.wrapping_mul(number).wrapping_add(1_234_567)));
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}
