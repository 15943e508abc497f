//! What a client knows about the server's rate limit: for each operation, a pause and a queue of waiting calls.
//!
//! It has no clock: `now` comes from the transport and counts from a fixed point of that transport. So this state belongs to the
//! client and not to the `Api`, which clients with different transports may share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The length of the windows in which Clerk counts requests.
const WINDOW: Duration = Duration::from_secs(10);

/// The longest shared pause. A wrong `Retry-After` must not stop a client for a day.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The pause after a 429 without `Retry-After` or with 0 s, which servers send when they round down. It doubles with each round
/// in which the server grants nothing.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

/// The time between two requests after a pause. They are sent in the order of the queue, and arrive in that order, so no call
/// overtakes another from window to window. It is shorter after a short pause or with a large allowance, so that the whole
/// allowance is sent within a twentieth of the pause.
const SPACING: Duration = Duration::from_millis(4);
const SPREAD: u32 = 20;

/// The name of the lane for all operations that share one limit.
const SHARED: &str = "*";

/// Minimum and maximum time between the known allowance and the requests that test whether the server grants more.
const PROBE_EVERY: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(500)];

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
    shared: BTreeSet<&'static str>,
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
        if self.shared.contains(operation) { SHARED } else { operation }
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
        } else if now.saturating_sub(lane.began) >= WINDOW {
            // While other operations are limited, possibly by a limit for all operations, this one keeps its allowance.
            let allowance = lane.allowance.filter(|_| !is_quiet);
            lane.begin(now, allowance.map(|allowance| allowance.max(lane.granted)));
            if is_quiet && self.shared.contains(operation) {
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
                self.shared.insert(name);
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
        by_address.or_else(|| self.0.iter().position(|(other, _)| *other == name))
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
            self.back = self.back.saturating_add(self.last - now);
        }
        self.last = now;
        now.saturating_add(self.back)
    }
}

/// The place of a call in the queue of its operation. Dropping it leaves the queue.
#[derive(Debug)]
pub(crate) struct Turn {
    rate_limit: Arc<RateLimit>,
    operation: &'static str,
    /// Assigned when the call first has to wait, and kept when its request is rejected. So it goes before later calls.
    number: Option<u64>,
    /// The round and the time of its last request.
    sent: (u64, Duration),
}

impl Turn {
    pub(crate) fn new(rate_limit: &Arc<RateLimit>, operation: &'static str) -> Self {
        Self { rate_limit: Arc::clone(rate_limit), operation, number: None, sent: (0, Duration::ZERO) }
    }

    /// Admits the request, or returns how long to wait before asking again.
    pub(crate) fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        let mut state = self.rate_limit.state();
        let now = state.clock.at(now);
        let lane = state.lane(self.operation);
        if lane.is_unlimited(now) {
            self.sent = (lane.send(self.number, now), now);
            return Ok(());
        }
        state.turn_round(self.operation, now);
        let wait = state.opens(self.operation, self.number, now).saturating_sub(now);
        if wait.is_zero() {
            self.sent = (state.lane(self.operation).send(self.number, now), now);
            return Ok(());
        }
        let number = *self.number.get_or_insert_with(|| state.number());
        state.lane(self.operation).queue.insert(number, now + wait);
        Err(wait)
    }

    /// Records a response other than 429.
    pub(crate) fn granted(&mut self, now: Duration) {
        let mut state = self.rate_limit.state();
        let now = state.clock.at(now);
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
        self.rate_limit.state().lane(self.operation).queue.remove(&number);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.leave();
    }
}

/// The state of one limit, usually that of one operation.
///
/// Before the first 429, no request waits. Then time is divided into rounds, with a pause between them. After the pause, the
/// lane sends as many requests as were granted in the round before (the allowance), in the order in which the calls came. Then
/// it sends one more, then four, sixteen and so on, each time after two round trips. So a limit that has not changed costs one
/// rejected request per round, and a raised limit is used within a second. A rejection begins the next pause. After a window
/// in which no operation was rejected, the limit no longer matters, and the lane forgets it.
#[derive(Debug)]
struct Lane {
    /// The waiting calls, in the order in which they came, with the time of their turn.
    queue: BTreeMap<u64, Duration>,
    round: u64,
    began: Duration,
    /// No request is sent before this time.
    paused_until: Duration,
    /// The length of the last pause.
    last_pause: Duration,
    /// The minimum pause after the next rejection without `Retry-After`.
    least_pause: Duration,
    /// Whether the round has ended with a rejection. The next round begins after the pause.
    rejected: bool,
    /// The number of requests granted in the round before, or `None` while no limit is known.
    allowance: Option<u32>,
    sent: u32,
    granted: u32,
    /// The time at which the allowance was used up.
    used_up: Option<Duration>,
    /// The shortest response time of the round.
    quickest: Duration,
    /// The time between the allowance and further requests.
    probe_every: Duration,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            queue: BTreeMap::new(),
            round: 0,
            began: Duration::ZERO,
            paused_until: Duration::ZERO,
            last_pause: Duration::ZERO,
            least_pause: LEAST_PAUSE,
            rejected: false,
            allowance: None,
            sent: 0,
            granted: 0,
            used_up: None,
            quickest: Duration::MAX,
            probe_every: PROBE_EVERY[0],
        }
    }
}

impl Lane {
    fn is_limited(&self) -> bool {
        self.allowance.is_some() || self.rejected
    }

    /// Whether every call may send its request at once. This is the usual case, so it is checked first.
    fn is_unlimited(&self, now: Duration) -> bool {
        !self.is_limited() && now >= self.paused_until && now.saturating_sub(self.began) < WINDOW
    }

    /// The turn of the call before the one with this number, or before a new call.
    fn turn_before(&self, number: Option<u64>) -> Option<Duration> {
        self.queue.range(..number.unwrap_or(u64::MAX)).next_back().map(|(_, turn)| *turn)
    }

    /// Merges another lane into this one. Requests in flight there belong to no round of this lane.
    fn join(&mut self, other: Self) {
        self.queue.extend(other.queue);
        self.round = self.round.max(other.round + 1);
        self.began = self.began.max(other.began);
        self.paused_until = self.paused_until.max(other.paused_until);
        self.granted = self.granted.saturating_add(other.granted);
        self.rejected = true;
        self.last_pause = self.last_pause.max(other.last_pause);
        self.probe_every = self.probe_every.max(other.probe_every);
    }

    fn begin(&mut self, now: Duration, allowance: Option<u32>) {
        if self.quickest < Duration::MAX {
            self.probe_every = self.quickest.saturating_mul(2).clamp(PROBE_EVERY[0], PROBE_EVERY[1]);
        }
        self.round += 1;
        (self.began, self.rejected, self.allowance) = (now, false, allowance);
        (self.sent, self.granted, self.quickest) = (0, 0, Duration::MAX);
        self.used_up = (allowance == Some(0)).then_some(now);
    }

    /// The earliest time at which the call with this number, or a new call, may send its request.
    fn opens(&self, number: Option<u64>, now: Duration) -> Duration {
        let start = self.paused_until.max(now);
        // During the pause, the next round counts.
        let (allowance, sent, used_up) = match self.rejected {
            true => (Some(self.granted), 0, None),
            false => (self.allowance, self.sent, self.used_up),
        };
        let Some(allowance) = allowance else { return start };
        // After the call before it, unless that call has missed its turn.
        let spacing = SPACING.min(self.last_pause / SPREAD / allowance.max(1));
        let turn_before = self.turn_before(number).filter(|turn| *turn >= now);
        let start = turn_before.map_or(start, |turn| start.max(turn.saturating_add(spacing)));
        let before = self.queue.range(..number.unwrap_or(u64::MAX)).count();
        let before = u32::try_from(before).unwrap_or(u32::MAX).saturating_add(sent);
        match before.checked_sub(allowance) {
            None => start,
            // The first request beyond the allowance is sent immediately, the next four one probe interval later, the next
            // sixteen two intervals later.
            Some(beyond) => {
                let probes = self.probe_every.saturating_mul(beyond.saturating_add(1).saturating_mul(3).ilog2() / 2);
                let used_up = used_up.unwrap_or(self.paused_until.saturating_add(spacing * allowance));
                start.max(used_up.saturating_add(probes))
            }
        }
    }

    /// Counts a request that is sent now. Returns its round.
    fn send(&mut self, number: Option<u64>, now: Duration) -> u64 {
        if let Some(number) = number {
            self.queue.remove(&number);
        }
        self.sent = self.sent.saturating_add(1);
        if self.used_up.is_none() && self.allowance.is_some_and(|allowance| self.sent >= allowance) {
            self.used_up = Some(now);
        }
        self.round
    }

    /// Records the rejection of a request of this round.
    fn pause(&mut self, round: u64, now: Duration, asked: Option<Duration>) {
        if !self.rejected {
            let is_first = self.granted > 0 || self.allowance != Some(0);
            self.least_pause = if is_first { LEAST_PAUSE } else { self.least_pause.saturating_mul(2) };
        }
        let pause = asked.filter(|asked| !asked.is_zero()).unwrap_or(self.least_pause).min(LONGEST_PAUSE);
        self.last_pause = pause;
        self.paused_until = self.paused_until.max(now.saturating_add(pause));
        // A request of an earlier round says nothing about the allowance of this round.
        self.rejected |= round == self.round;
    }
}

#[cfg(test)]
mod tests;
