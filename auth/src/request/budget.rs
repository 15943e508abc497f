//! [`FailureBudget`]: how many requests to Clerk strangers can cause.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many nonces that can't be redeemed and failed refreshes there may be: [`MOST`](Self::MOST), and one more each second. A stranger
/// can make up nonces and refresh tokens; this limits the requests to Clerk that they cause.
#[derive(Debug, Default)]
pub(super) struct FailureBudget(Mutex<Spent>);

#[derive(Debug, Default)]
struct Spent {
    failures: u32,
    /// The time up to which the failures were forgiven.
    since: Duration,
}

impl FailureBudget {
    const MOST: u32 = 20;

    /// Whether another request may be made, at this time of the transport's clock.
    pub(super) fn allows(&self, now: Duration) -> bool {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = now.saturating_sub(spent.since).as_secs();
        spent.failures = spent.failures.saturating_sub(u32::try_from(seconds).unwrap_or(u32::MAX));
        spent.since += Duration::from_secs(seconds);
        spent.failures < Self::MOST
    }

    /// Counts a failure.
    pub(super) fn spend(&self) {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spent.failures = spent.failures.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_limited_and_forgiven_one_a_second() {
        let budget = FailureBudget::default();
        let allowed = |now| {
            (0..100)
                .filter(|_| {
                    budget.allows(Duration::from_secs(now)) && {
                        budget.spend();
                        true
                    }
                })
                .count()
        };
        assert_eq!([allowed(0), allowed(0), allowed(1), allowed(4), allowed(1000)], [20, 0, 1, 3, 20]);
    }
}
