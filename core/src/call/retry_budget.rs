//! The retry budget: keeps a server that is down from a multiple of the usual traffic.

use std::sync::Arc;
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

    /// Takes a retry from the budget, if there is one left. It is given back unless it is made.
    pub(crate) fn reserve(self: &Arc<Self>) -> Option<Reservation> {
        let taken = self.tenths.fetch_update(Relaxed, Relaxed, |tenths| tenths.checked_sub(Self::RETRY));
        taken.is_ok().then(|| Reservation { budget: Some(Arc::clone(self)) })
    }

    /// Adds for a response other than 429.
    pub(crate) fn add(&self) {
        self.give(Self::RESPONSE);
    }

    fn give(&self, tenths: u32) {
        // A full budget is the usual case, and then nothing is written that other threads would have to read again.
        let _ = self.tenths.fetch_update(Relaxed, Relaxed, |old| {
            let new = (old + tenths).min(Self::FULL);
            (new != old).then_some(new)
        });
    }

    /// A number that no other retry of this client has.
    pub(crate) fn next_draw(&self) -> u64 {
        self.draws.fetch_add(1, Relaxed)
    }
}

/// A retry that was taken from the budget. Dropping it gives the retry back.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Option<Arc<RetryBudget>>,
}

impl Reservation {
    /// The retry is made.
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
    fn a_dead_server_is_retried_ten_times_and_then_once_in_ten_responses() {
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
        assert_eq!((0..100).filter(|_| take()).count(), 10, "it does not pile up");
    }

    #[test]
    fn a_retry_that_is_not_made_is_given_back() {
        let budget = Arc::new(RetryBudget::default());
        let reserved: Vec<_> = (0..10).map(|_| budget.reserve().unwrap()).collect();
        assert!(budget.reserve().is_none());
        drop(reserved);
        assert_eq!((0..100).filter_map(|_| budget.reserve()).map(Reservation::spend).count(), 10);
    }
}
