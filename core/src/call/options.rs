//! [`CallOptions`]: the time limits and retries of a call.

use std::time::Duration;

use super::retry::RetryPolicy;

/// The time limits and retries of a call. Set them for all calls of a client
/// ([`Client::with_options`](crate::Client::with_options)) or for some
/// ([`Sessions::with_options`](crate::Sessions::with_options)).
///
/// ```
/// use std::time::Duration;
///
/// use clerk_sessions_core::{CallOptions, RetryPolicy};
///
/// let hurried = CallOptions::new().deadline(Duration::from_millis(500)).retry(RetryPolicy::none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallOptions {
    /// Maximum time of one attempt, from name resolution to the last byte of the response. Default: 10 s. An attempt never
    /// takes longer than what remains until the deadline.
    pub attempt_timeout: Duration,
    /// Maximum time of the call, with its retries and waits. Default: 20 s. A retry is not begun with less than 1 s left.
    pub deadline: Duration,
    /// When a failed call is attempted again.
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
    /// The default of `attempt_timeout`: 10 s.
    pub const DEFAULT_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

    /// The default of `deadline`: 20 s.
    pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(20);

    /// The defaults; see the fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the maximum time of one attempt.
    #[must_use]
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// Sets the maximum time of the call, with its retries and waits.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets when a failed call is attempted again.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }
}
