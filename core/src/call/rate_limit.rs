//! The server's rate limit, as far as the calls of a client have met it: for each operation a pause, and a queue.
//!
//! There is no clock here. `now` is the transport's, time since a fixed point of its own, so this belongs to the client:
//! an `Api` may be shared by clients whose transports count from different points.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Clerk counts its limits in windows of this length.
const WINDOW: Duration = Duration::from_secs(10);

/// The longest pause that is kept: a mistaken `Retry-After` must not stop a client for a day.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The pause after a 429 without `Retry-After`, or with one of 0 s, as servers send that round it down. It doubles from round to
/// round while nothing is granted.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

/// How far apart the requests after a pause are sent, in the order of the queue: so they come back in that order, and no call
/// overtakes another from window to window. It is less where the pause was short or the allowance is large, so that the
/// allowance is sent within a twentieth of the pause.
const SPACING: Duration = Duration::from_millis(4);
const SPREAD: u32 = 20;

/// The name of the lane of all operations that share one limit.
const SHARED: &str = "*";

/// Bounds for how soon more requests follow those that are known to be granted.
const PROBE_EVERY: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(500)];

/// Shared by all calls of a client and of its clones.
#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    clock: Clock,
    lanes: BTreeMap<&'static str, Lane>,
    /// The operations that have been seen to share one limit: their lane is that of [`SHARED`].
    shared: BTreeSet<&'static str>,
    /// The last number that was given to a call.
    number: u64,
    /// When a request of any operation was last rejected.
    rejected: Option<Duration>,
}

impl RateLimit {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics, and a half-made change would at worst mean one request too many.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn name(&self, operation: &'static str) -> &'static str {
        if self.shared.contains(operation) { SHARED } else { operation }
    }

    fn lane(&mut self, operation: &'static str) -> &mut Lane {
        let name = self.name(operation);
        self.lanes.entry(name).or_default()
    }

    /// Begins the next round of an operation, if it is time.
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
            // While others are at a limit, which may be one of all operations together, this one keeps to its own.
            let allowance = lane.allowance.filter(|_| !is_quiet);
            lane.begin(now, allowance.map(|allowance| allowance.max(lane.granted)));
            if is_quiet && self.shared.contains(operation) {
                self.shared.clear();
                self.lanes.remove(SHARED);
            }
        }
    }

    /// Gives an operation one lane with others, if they share a limit: it is rejected before it has sent what it was granted
    /// the last time, and others have been granted more than they were.
    fn share(&mut self, operation: &'static str, round: u64) {
        let lane = self.lane(operation);
        if lane.round != round || lane.allowance.is_none_or(|allowance| lane.granted >= allowance) {
            return;
        }
        let has_more = |lane: &Lane| lane.allowance.is_some_and(|allowance| lane.granted > allowance);
        let others: Vec<_> = self.lanes.iter().filter(|(_, lane)| has_more(lane)).map(|(name, _)| *name).collect();
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
        self.lanes.insert(SHARED, shared);
    }

    /// When a call may send its request, as far as is known.
    fn opens(&self, operation: &'static str, number: Option<u64>, now: Duration) -> Duration {
        let own = self.name(operation);
        let Some(lane) = self.lanes.get(own) else { return now };
        let opens = lane.opens(number, now);
        if !lane.is_limited() {
            return opens;
        }
        // All operations may share one limit. Then a newer call of this one must not take what older calls of others wait for.
        let others = self.lanes.iter().filter(|(name, other)| **name != own && now >= other.paused_until);
        others.filter_map(|(_, other)| other.turn_before(number)).fold(opens, Duration::max)
    }

    fn number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }
}

/// A clock that never goes back, made of one that may: a step back counts as no time.
#[derive(Debug, Default)]
struct Clock {
    elapsed: Duration,
    last: Duration,
}

impl Clock {
    fn at(&mut self, now: Duration) -> Duration {
        self.elapsed = self.elapsed.saturating_add(now.saturating_sub(self.last));
        self.last = now;
        self.elapsed
    }
}

/// One call's place in the queue of its operation. Dropping it leaves the queue.
#[derive(Debug)]
pub(crate) struct Turn {
    rate_limit: Arc<RateLimit>,
    operation: &'static str,
    /// Given when the call first has to wait, and kept when its request is rejected: so it goes before those that came later.
    number: Option<u64>,
    /// The round in which its last request was sent, and when.
    sent: (u64, Duration),
}

impl Turn {
    pub(crate) fn new(rate_limit: &Arc<RateLimit>, operation: &'static str) -> Self {
        Self { rate_limit: Arc::clone(rate_limit), operation, number: None, sent: (0, Duration::ZERO) }
    }

    /// Lets the request be sent, or tells how long to wait before asking again.
    pub(crate) fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        let mut state = self.rate_limit.state();
        let now = state.clock.at(now);
        let lane = state.lane(self.operation);
        if lane.is_unlimited(now) {
            self.sent = (lane.round, now);
            lane.send(self.number, now);
            return Ok(());
        }
        state.turn_round(self.operation, now);
        let wait = state.opens(self.operation, self.number, now).saturating_sub(now);
        if wait.is_zero() {
            let lane = state.lane(self.operation);
            lane.send(self.number, now);
            self.sent = (lane.round, now);
            return Ok(());
        }
        let number = *self.number.get_or_insert_with(|| state.number());
        state.lane(self.operation).queue.insert(number, now + wait);
        Err(wait)
    }

    /// The server responded, and not with 429.
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

    /// The server responded with 429, and asked for this pause, if for any. The call is in the queue again; returns how long
    /// it has to wait.
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

    /// Leaves the queue, as the call has ended.
    pub(crate) fn leave(&mut self) {
        if let Some(number) = self.number.take() {
            self.rate_limit.state().lane(self.operation).queue.remove(&number);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.leave();
    }
}

/// What is known of the limit of one operation.
///
/// Until its first 429, nothing is held back. From then on, time is divided into rounds with a pause between them. After
/// the pause, as many requests are sent as were granted in the round before (its allowance), in the order in which the calls
/// came. Then one more, then four, sixteen and so on, each after two round trips: so a limit that has not changed costs one
/// rejected request a round, and one that was raised is used within a second. A rejection begins the next pause. After a
/// window in which no operation was rejected, the limit is out of reach, and all this is forgotten.
#[derive(Debug)]
struct Lane {
    /// The calls that wait, in the order in which they came, and when their turn is.
    queue: BTreeMap<u64, Duration>,
    round: u64,
    began: Duration,
    /// No request is sent before.
    paused_until: Duration,
    /// How long the last pause was.
    last_pause: Duration,
    /// The shortest pause that the next rejection entails.
    least_pause: Duration,
    /// Whether the round has ended, and the next begins when the pause is over.
    rejected: bool,
    /// What was granted in the round before; `None` while no limit is known.
    allowance: Option<u32>,
    sent: u32,
    granted: u32,
    /// When the allowance was used up.
    used_up: Option<Duration>,
    /// The quickest response of the round.
    quickest: Duration,
    /// How long after the allowance more requests follow.
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

    /// Whether any call may send its request at once. It is the usual case, told before anything else is looked at.
    fn is_unlimited(&self, now: Duration) -> bool {
        !self.is_limited() && now >= self.paused_until && now.saturating_sub(self.began) < WINDOW
    }

    /// The turn of the call that comes before the one with this number, or before a new one.
    fn turn_before(&self, number: Option<u64>) -> Option<Duration> {
        self.queue.range(..number.unwrap_or(u64::MAX)).next_back().map(|(_, turn)| *turn)
    }

    /// Takes over what another lane knows. What is in flight there belongs to no round of this one.
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

    /// When the call with this number, or a new one, may send its request, as far as is known.
    fn opens(&self, number: Option<u64>, now: Duration) -> Duration {
        let start = self.paused_until.max(now);
        // During the pause, it is the next round that matters.
        let (allowance, sent, used_up) = match self.rejected {
            true => (Some(self.granted), 0, None),
            false => (self.allowance, self.sent, self.used_up),
        };
        let Some(allowance) = allowance else { return start };
        // Behind the call before it, if that has not slept past its turn.
        let spacing = SPACING.min(self.last_pause / SPREAD / allowance.max(1));
        let turn_before = self.turn_before(number).filter(|turn| *turn >= now);
        let start = turn_before.map_or(start, |turn| start.max(turn.saturating_add(spacing)));
        let before = self.queue.range(..number.unwrap_or(u64::MAX)).count();
        let before = u32::try_from(before).unwrap_or(u32::MAX).saturating_add(sent);
        match before.checked_sub(allowance) {
            None => start,
            // The first beyond the allowance is sent at once, the next four a probe later, the next sixteen another one later.
            Some(beyond) => {
                let probes = self.probe_every.saturating_mul(beyond.saturating_add(1).saturating_mul(3).ilog2() / 2);
                let used_up = used_up.unwrap_or(self.paused_until.saturating_add(spacing * allowance));
                start.max(used_up.saturating_add(probes))
            }
        }
    }

    fn send(&mut self, number: Option<u64>, now: Duration) {
        if let Some(number) = number {
            self.queue.remove(&number);
        }
        self.sent = self.sent.saturating_add(1);
        if self.used_up.is_none() && self.allowance.is_some_and(|allowance| self.sent >= allowance) {
            self.used_up = Some(now);
        }
    }

    /// Takes note of a rejection of a request of this round.
    fn pause(&mut self, round: u64, now: Duration, asked: Option<Duration>) {
        if !self.rejected {
            let is_first = self.granted > 0 || self.allowance != Some(0);
            self.least_pause = if is_first { LEAST_PAUSE } else { self.least_pause.saturating_mul(2) };
        }
        let pause = asked.filter(|asked| !asked.is_zero()).unwrap_or(self.least_pause).min(LONGEST_PAUSE);
        self.last_pause = pause;
        self.paused_until = self.paused_until.max(now.saturating_add(pause));
        // A request of an earlier round says nothing of what this one may still send.
        self.rejected |= round == self.round;
    }
}

#[cfg(test)]
mod tests;
