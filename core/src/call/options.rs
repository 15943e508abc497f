//! [`CallOptions`]: the time limits and retries of a call.

use std::time::Duration;

use super::retry::RetryPolicy;

/// The time limits and retries of a call.
///
/// Set them for all calls of a client with [`Client::with_options`](crate::Client::with_options), or for single calls with
/// [`Sessions::with_options`](crate::Sessions::with_options). [The guide](crate::guide::retries) explains them, with more
/// examples.
///
/// | option | default |
/// |---|---|
/// | [`attempt_timeout`](field@Self::attempt_timeout) | 10 s |
/// | [`deadline`](field@Self::deadline) | 20 s |
/// | [`retry`](field@Self::retry) | up to three attempts; see [`RetryPolicy`] |
///
/// ```
/// use std::time::Duration;
///
/// use clerk_sessions_core::{CallOptions, RetryPolicy};
///
/// let hurried = CallOptions::new().deadline(Duration::from_millis(500)).retry(RetryPolicy::none());
/// assert_eq!(CallOptions::new().deadline, Duration::from_secs(20));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallOptions {
    /// Maximum time of one attempt, from DNS to the last byte of the response. Default: 10 s. An attempt never takes longer
    /// than the time left until the deadline.
    pub attempt_timeout: Duration,
    /// Maximum time of the call, with its retries and waits. Default: 20 s. No retry begins with less than 1 s left.
    pub deadline: Duration,
    /// What is retried, how often, and after how long. Default: up to three attempts.
    pub retry: RetryPolicy,
}

impl Default for CallOptions {
    fn default() -> Self {
        Self {
            attempt_timeout: Self::DEFAULT_ATTEMPT_TIMEOUT,
            deadline: Self::DEFAULT_DEADLINE,
            retry: RetryPolicy::default(),
        }
    }
}

impl CallOptions {
    /// The default `attempt_timeout`: 10 s.
    pub const DEFAULT_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

    /// The default `deadline`: 20 s.
    pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(20);

    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the maximum time of one attempt. Default: 10 s.
    #[must_use]
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// Sets the maximum time of the call, with its retries and waits. Default: 20 s.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets what is retried, how often, and after how long.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }
}
