//! How a call is made: its time limits and its retries.

use std::time::Duration;

use super::retry::RetryPolicy;
use crate::metadata::Idempotency;

/// The time limits and the retries of a call. For all calls of a client, or for one: see
/// [`Client::with_options`](crate::Client::with_options) and [`Sessions::with_options`](crate::Sessions::with_options).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallOptions {
    /// How long one attempt may take, from looking the name up to the last byte: 10 s by default, and never longer than what is
    /// left of the deadline.
    pub attempt_timeout: Duration,
    /// How long the call may take in all, with its waits. By default 20 s, and 10 s for an operation that must not run
    /// twice ([`Idempotency::NotIdempotent`]).
    pub deadline: Option<Duration>,
    /// When a failed call is attempted again.
    pub retry: RetryPolicy,
}

impl Default for CallOptions {
    fn default() -> Self {
        Self { attempt_timeout: Self::DEFAULT_ATTEMPT_TIMEOUT, deadline: None, retry: RetryPolicy::default() }
    }
}

impl CallOptions {
    /// The default of `attempt_timeout`: 10 s.
    pub const DEFAULT_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

    /// The defaults; see the fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How long one attempt may take.
    #[must_use]
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// How long the call may take in all, with its waits.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// When a failed call is attempted again.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    pub(crate) fn deadline_of(&self, idempotency: Idempotency) -> Duration {
        self.deadline.unwrap_or(match idempotency {
            Idempotency::Safe | Idempotency::Idempotent => Duration::from_secs(20),
            Idempotency::NotIdempotent => Duration::from_secs(10),
        })
    }
}
