//! Future events, ordered by virtual time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Duration;

pub(crate) struct Queue<E>(BinaryHeap<Scheduled<E>>);

struct Scheduled<E> {
    at: Duration,
    /// Orders events at the same time.
    tie: u64,
    event: E,
}

impl<E> Queue<E> {
    pub(crate) fn new() -> Self {
        Self(BinaryHeap::new())
    }

    /// Of events at the same time, the one with the lowest `tie` comes first.
    pub(crate) fn push(&mut self, at: Duration, tie: u64, event: E) {
        self.0.push(Scheduled { at, tie, event });
    }

    pub(crate) fn pop(&mut self) -> Option<(Duration, E)> {
        self.0.pop().map(|next| (next.at, next.event))
    }
}

impl<E> Ord for Scheduled<E> {
    /// Reversed, because a `BinaryHeap` returns the greatest item first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.tie).cmp(&(self.at, self.tie))
    }
}

impl<E> PartialOrd for Scheduled<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Scheduled<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<E> Eq for Scheduled<E> {}
