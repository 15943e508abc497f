//! The rate limit: a maximum number of requests in a fixed window.

use std::collections::HashMap;

use super::operation::Operation;
use super::seed::{RateLimit, RateLimitScope};

/// The windows of all secret keys or, if each operation has its own limit, of all pairs of key and operation.
///
/// The number of windows is bounded by the numbers of keys and operations.
#[derive(Debug, Default)]
pub(super) struct Windows(HashMap<(usize, Option<Operation>), Window>);

impl Windows {
    /// Counts a request at `now`. `key` is the number of its secret key; `operation` is `None` for an unknown route.
    ///
    /// # Errors
    /// If it is too many: the whole seconds until the next window, at least one.
    pub(super) fn admit(
        &mut self,
        limit: RateLimit,
        scope: RateLimitScope,
        key: usize,
        operation: Option<Operation>,
        now: i64,
    ) -> Result<(), u64> {
        let operation = operation.filter(|_| scope == RateLimitScope::Endpoint);
        self.0.entry((key, operation)).or_default().admit(limit, now)
    }
}

/// The current window, if there is one.
#[derive(Debug, Default)]
struct Window {
    started_at: Option<i64>,
    used: u32,
}

impl Window {
    /// Counts a request at `now`.
    ///
    /// # Errors
    /// If it is too many: the whole seconds until the next window, at least one.
    fn admit(&mut self, limit: RateLimit, now: i64) -> Result<(), u64> {
        let elapsed = |start: i64| u64::try_from(now.saturating_sub(start)).ok();
        let left = self
            .started_at
            .and_then(elapsed)
            .and_then(|elapsed| limit.per_ms.checked_sub(elapsed))
            .filter(|&left| left > 0);
        if left.is_none() {
            self.started_at = Some(now);
            self.used = 0;
        }
        if self.used < limit.requests {
            self.used += 1;
            return Ok(());
        }
        Err(left.unwrap_or(limit.per_ms).div_ceil(1000).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_opens_with_a_request_and_admits_up_to_the_limit() {
        let limit = RateLimit { requests: 2, per_ms: 2500 };
        let mut window = Window::default();
        let table = [
            (1000, Ok(())),
            (1001, Ok(())),
            (1001, Err(3)),
            (3000, Err(1)),
            (3499, Err(1)),
            (3500, Ok(())),
            (3600, Ok(())),
            (3600, Err(3)),
            // The clock was set back.
            (0, Ok(())),
        ];
        for (now, expected) in table {
            assert_eq!(window.admit(limit, now), expected, "at {now}");
        }
    }

    #[test]
    fn extreme_limits_and_times_do_not_panic() {
        for (requests, per_ms) in [(0, 0), (0, u64::MAX), (1, u64::MAX)] {
            let mut window = Window::default();
            for now in [i64::MIN, i64::MAX, 0] {
                let _ = window.admit(RateLimit { requests, per_ms }, now);
            }
        }
    }
}
