//! The retry budget: keeps a server that is down from a multiple of the usual traffic.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// What the retries of a client and its clones share. A retry takes from the budget what ten responses put in.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    tenths: AtomicU32,
    draws: AtomicU64,
}

impl RetryBudget {
    const RETRY: u32 = 10;
    const RESPONSE: u32 = 1;
    const FULL: u32 = 100;

    /// Takes a retry from the budget, if there is one left.
    pub(crate) fn take(&self) -> bool {
        self.tenths.fetch_update(Relaxed, Relaxed, |tenths| tenths.checked_sub(Self::RETRY)).is_ok()
    }

    /// Adds for a response other than 429.
    pub(crate) fn add(&self) {
        // A full budget is the usual case, and then nothing is written that other threads would have to read again.
        let _ = self.tenths.fetch_update(Relaxed, Relaxed, |tenths| {
            (tenths < Self::FULL).then(|| (tenths + Self::RESPONSE).min(Self::FULL))
        });
    }

    /// A number that no other retry of this client has.
    pub(crate) fn next_draw(&self) -> u64 {
        self.draws.fetch_add(1, Relaxed)
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { tenths: AtomicU32::new(Self::FULL), draws: AtomicU64::new(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_server_is_retried_ten_times_and_then_once_in_ten_responses() {
        let budget = RetryBudget::default();
        assert_eq!((0..100).filter(|_| budget.take()).count(), 10);
        for _ in 0..9 {
            budget.add();
            assert!(!budget.take());
        }
        budget.add();
        assert!(budget.take());
        assert!(!budget.take());
        (0..10_000).for_each(|_| budget.add());
        assert_eq!((0..100).filter(|_| budget.take()).count(), 10, "it does not pile up");
    }
}
