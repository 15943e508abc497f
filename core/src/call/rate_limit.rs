//! What a client knows about the server's rate limit: for each operation, a pause and a queue of waiting calls.
//!
//! It has no clock: `now` comes from the transport and counts from a fixed point of that transport. So this state belongs to the
//! client and not to the `Api`, which clients with different transports may share.

mod lane;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lane::Lane;

/// The length of the windows in which Clerk counts requests.
const WINDOW: Duration = Duration::from_secs(10);

/// The name of the lane for all operations that share one limit.
const SHARED: &str = "*";

/// Shared by all calls of a client and of its clones.
#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    clock: Clock,
    lanes: Lanes,
    /// The operations that seem to share one limit. Their lane is [`SHARED`].
    shared: Vec<&'static str>,
    /// The last number given to a call.
    number: u64,
    /// The time of the last rejection, of any operation.
    rejected: Option<Duration>,
}

impl RateLimit {
    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock panics. Even an incomplete change would cost one extra request at most.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn name(&self, operation: &'static str) -> &'static str {
        if self.shared.contains(&operation) { SHARED } else { operation }
    }

    #[inline]
    fn lane(&mut self, operation: &'static str) -> &mut Lane {
        let name = self.name(operation);
        self.lanes.entry(name)
    }

    /// Begins the next round of an operation, if it is due.
    fn turn_round(&mut self, operation: &'static str, now: Duration) {
        let is_quiet = self.rejected.is_none_or(|rejected| now.saturating_sub(rejected) >= WINDOW);
        let lane = self.lane(operation);
        if now < lane.paused_until {
            return;
        }
        if lane.rejected {
            let is_old = now.saturating_sub(lane.paused_until) >= WINDOW;
            lane.begin(now, (!is_old).then_some(lane.granted));
        } else if now >= lane.ends {
            // While other operations are limited, possibly by a limit for all operations, this one keeps its allowance.
            let allowance = lane.allowance.filter(|_| !is_quiet);
            lane.begin(now, allowance.map(|allowance| allowance.max(lane.granted)));
            if is_quiet && self.shared.contains(&operation) {
                self.shared.clear();
                self.lanes.remove(SHARED);
            }
        }
    }

    /// Merges the lane of an operation with others, if they seem to share a limit: this one is rejected before it has used its
    /// allowance, and others have been granted more than theirs.
    fn share(&mut self, operation: &'static str, round: u64) {
        let lane = self.lane(operation);
        if lane.round != round || lane.allowance.is_none_or(|allowance| lane.granted >= allowance) {
            return;
        }
        let has_more = |lane: &Lane| lane.allowance.is_some_and(|allowance| lane.granted > allowance);
        let others: Vec<_> = self.lanes.0.iter().filter(|(_, lane)| has_more(lane)).map(|(name, _)| *name).collect();
        if others.is_empty() {
            return;
        }
        let mut shared = Lane::default();
        for name in others.into_iter().chain([self.name(operation), SHARED]) {
            if let Some(lane) = self.lanes.remove(name) {
                shared.join(lane);
                if !self.shared.contains(&name) {
                    self.shared.push(name);
                }
            }
        }
        *self.lanes.entry(SHARED) = shared;
    }

    /// The earliest time at which a call may send its request.
    fn opens(&self, operation: &'static str, number: Option<u64>, now: Duration) -> Duration {
        let own = self.name(operation);
        let Some(lane) = self.lanes.get(own) else { return now };
        let opens = lane.opens(number, now);
        if !lane.is_limited() {
            return opens;
        }
        // All operations may share one limit. Then a newer call of this one must not overtake older calls of others.
        let others = self.lanes.0.iter().filter(|(name, other)| *name != own && now >= other.paused_until);
        others.filter_map(|(_, other)| other.turn_before(number)).fold(opens, Duration::max)
    }

    /// Admits the request of a call that may have to wait. Returns the round of the request, or how long to wait.
    #[cold]
    fn admit(&mut self, operation: &'static str, number: &mut Option<u64>, now: Duration) -> Result<u64, Duration> {
        self.turn_round(operation, now);
        let wait = self.opens(operation, *number, now).saturating_sub(now);
        if wait.is_zero() {
            return Ok(self.lane(operation).send(*number, now));
        }
        let number = *number.get_or_insert_with(|| self.number());
        self.lane(operation).queue.insert(number, now + wait);
        Err(wait)
    }

    fn number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }
}

/// The lanes by name. There are few, so a search through all is faster than a map.
#[derive(Debug, Default)]
struct Lanes(Vec<(&'static str, Lane)>);

impl Lanes {
    #[inline]
    fn find(&self, name: &str) -> Option<usize> {
        // The names are constants, so equal ones have the same address, usually.
        let by_address = self.0.iter().position(|(other, _)| std::ptr::eq(*other, name));
        by_address.or_else(|| self.find_by_text(name))
    }

    #[cold]
    fn find_by_text(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|(other, _)| *other == name)
    }

    fn get(&self, name: &str) -> Option<&Lane> {
        self.find(name).map(|index| &self.0[index].1)
    }

    #[inline]
    fn entry(&mut self, name: &'static str) -> &mut Lane {
        let index = self.find(name).unwrap_or_else(|| self.add(name));
        &mut self.0[index].1
    }

    #[cold]
    fn add(&mut self, name: &'static str) -> usize {
        self.0.push((name, Lane::default()));
        self.0.len() - 1
    }

    fn remove(&mut self, name: &str) -> Option<Lane> {
        self.find(name).map(|index| self.0.swap_remove(index).1)
    }
}

/// A monotonic clock on top of one that may go back. A step back counts as no time.
#[derive(Debug, Default)]
struct Clock {
    /// The sum of all steps back.
    back: Duration,
    last: Duration,
}

impl Clock {
    #[inline]
    fn at(&mut self, now: Duration) -> Duration {
        if now < self.last {
            self.step_back(now);
        }
        self.last = now;
        // The usual case, where the addition is saved.
        if self.back.is_zero() { now } else { now.saturating_add(self.back) }
    }

    #[cold]
    fn step_back(&mut self, now: Duration) {
        self.back = self.back.saturating_add(self.last - now);
    }
}

/// The place of a call in the queue of its operation. Dropping it leaves the queue.
#[derive(Debug)]
pub(crate) struct Turn {
    rate_limit: Arc<RateLimit>,
    operation: &'static str,
    /// Assigned when the call first has to wait, and kept when its request is rejected. So it goes before later calls.
    number: Option<u64>,
    /// The round of its last request, and the time by the transport's clock.
    sent: (u64, Duration),
}

impl Turn {
    pub(crate) fn new(rate_limit: &Arc<RateLimit>, operation: &'static str) -> Self {
        Self { rate_limit: Arc::clone(rate_limit), operation, number: None, sent: (0, Duration::ZERO) }
    }

    /// Admits the request, or returns how long to wait before asking again.
    pub(crate) fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        let mut state = self.rate_limit.state();
        let time = state.clock.at(now);
        let lane = state.lane(self.operation);
        let round = match self.number {
            None if lane.is_unlimited(time) => lane.send_new(),
            _ => state.admit(self.operation, &mut self.number, time)?,
        };
        self.sent = (round, now);
        Ok(())
    }

    /// Records a response other than 429.
    pub(crate) fn granted(&mut self, now: Duration) {
        let mut state = self.rate_limit.state();
        let lane = state.lane(self.operation);
        let (round, sent_at) = self.sent;
        if round == lane.round {
            lane.granted = lane.granted.saturating_add(1);
            lane.quickest = lane.quickest.min(now.saturating_sub(sent_at));
        }
    }

    /// Records a 429 with this `Retry-After`, if any. The call is in the queue again. Returns how long it has to wait.
    pub(crate) fn rejected(&mut self, now: Duration, asked: Option<Duration>) -> Duration {
        let mut state = self.rate_limit.state();
        let now = state.clock.at(now);
        state.rejected = Some(now);
        let number = *self.number.get_or_insert_with(|| state.number());
        state.share(self.operation, self.sent.0);
        state.lane(self.operation).pause(self.sent.0, now, asked);
        let turn = state.opens(self.operation, Some(number), now);
        state.lane(self.operation).queue.insert(number, turn);
        turn.saturating_sub(now)
    }

    /// Leaves the queue, because the call has ended.
    #[inline]
    pub(crate) fn leave(&mut self) {
        if let Some(number) = self.number.take() {
            self.leave_queue(number);
        }
    }

    fn leave_queue(&self, number: u64) {
        self.rate_limit.state().lane(self.operation).queue.remove(number);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests;
