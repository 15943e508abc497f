//! The retry budget: limits the retries of a client, so that a server that is down does not get a multiple of the usual traffic.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// The budget that the retries of a client and its clones share. A retry costs as much as ten responses add.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    tenths: AtomicU32,
    draws: AtomicU64,
}

impl RetryBudget {
    const RETRY: u32 = 10;
    const RESPONSE: u32 = 1;
    const FULL: u32 = 100;

    /// Takes a retry from the budget, if one is left. If the retry is not made, dropping the reservation returns it.
    pub(crate) fn reserve(self: &Arc<Self>) -> Option<Reservation> {
        let taken = self.tenths.fetch_update(Relaxed, Relaxed, |tenths| tenths.checked_sub(Self::RETRY));
        taken.is_ok().then(|| Reservation { budget: Some(Arc::clone(self)) })
    }

    /// Adds a tenth of a retry, for a response other than 429.
    #[inline]
    pub(crate) fn add(&self) {
        self.give(Self::RESPONSE);
    }

    fn give(&self, tenths: u32) {
        // The budget is usually full. Then it writes nothing, which would invalidate the cache line of other threads.
        let _ = self.tenths.fetch_update(Relaxed, Relaxed, |old| {
            let new = (old + tenths).min(Self::FULL);
            (new != old).then_some(new)
        });
    }

    /// A number that differs for each retry of this client.
    pub(crate) fn next_draw(&self) -> u64 {
        self.draws.fetch_add(1, Relaxed)
    }
}

/// A retry taken from the budget. Dropping it returns the retry to the budget.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Option<Arc<RetryBudget>>,
}

impl Reservation {
    /// Marks the retry as made.
    pub(crate) fn spend(mut self) {
        self.budget = None;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.give(RetryBudget::RETRY);
        }
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
    fn the_budget_allows_ten_retries_and_then_one_per_ten_responses() {
        let budget = Arc::new(RetryBudget::default());
        let take = || budget.reserve().map(Reservation::spend).is_some();
        assert_eq!((0..100).filter(|_| take()).count(), 10);
        for _ in 0..9 {
            budget.add();
            assert!(!take());
        }
        budget.add();
        assert!(take());
        assert!(!take());
        (0..10_000).for_each(|_| budget.add());
        assert_eq!((0..100).filter(|_| take()).count(), 10, "the budget has a maximum");
    }

    #[test]
    fn a_retry_that_is_not_made_returns_to_the_budget() {
        let budget = Arc::new(RetryBudget::default());
        let reserved: Vec<_> = (0..10).map(|_| budget.reserve().unwrap()).collect();
        assert!(budget.reserve().is_none());
        drop(reserved);
        assert_eq!((0..100).filter_map(|_| budget.reserve()).map(Reservation::spend).count(), 10);
    }
}
