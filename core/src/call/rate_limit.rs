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

/// The pause after a 429 without `Retry-After`. It doubles while nothing is granted.
const GUESSED_PAUSE: Duration = Duration::from_secs(1);

/// Bounds for how soon more requests follow those that are known to be granted.
const PROBE_EVERY: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

/// Shared by all calls of a client and of its clones.
#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    clock: Clock,
    lanes: BTreeMap<&'static str, Lane>,
}

impl RateLimit {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics, and a half-made change would at worst mean one request too many.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn lane(&mut self, operation: &'static str, now: Duration) -> (&mut Lane, Duration) {
        let now = self.clock.at(now);
        (self.lanes.entry(operation).or_default(), now)
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
        let (lane, now) = state.lane(self.operation, now);
        lane.turn_round(now);
        let wait = lane.opens(lane.position(self.number), now).saturating_sub(now);
        if wait.is_zero() {
            lane.send(self.number, now);
            self.sent = (lane.round, now);
            return Ok(());
        }
        self.number.get_or_insert_with(|| lane.next_number());
        lane.queue.extend(self.number);
        Err(wait)
    }

    /// The server responded, and not with 429.
    pub(crate) fn granted(&mut self, now: Duration) {
        let mut state = self.rate_limit.state();
        let (lane, now) = state.lane(self.operation, now);
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
        let (lane, now) = state.lane(self.operation, now);
        lane.pause(self.sent.0, now, asked);
        let number = *self.number.get_or_insert_with(|| lane.next_number());
        lane.queue.insert(number);
        lane.opens(lane.position(self.number), now).saturating_sub(now)
    }

    /// Leaves the queue, as the call has ended.
    pub(crate) fn leave(&mut self) {
        if let Some(number) = self.number.take() {
            let mut state = self.rate_limit.state();
            if let Some(lane) = state.lanes.get_mut(self.operation) {
                lane.queue.remove(&number);
            }
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
/// came. Then one more, then two, four and so on, each after two round trips: so a limit that has not changed costs one
/// rejected request a round, and one that was raised is used within a second. A rejection begins the next pause. A round of
/// a whole window without one shows that the limit is out of reach, and all this is forgotten.
#[derive(Debug)]
struct Lane {
    /// The calls that wait, in the order in which they came.
    queue: BTreeSet<u64>,
    numbers: u64,
    round: u64,
    began: Duration,
    /// No request is sent before.
    paused_until: Duration,
    /// The pause that is guessed where the server asks for none.
    guess: Duration,
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
            queue: BTreeSet::new(),
            numbers: 0,
            round: 0,
            began: Duration::ZERO,
            paused_until: Duration::ZERO,
            guess: GUESSED_PAUSE,
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
    fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// How many calls come before the one with this number, or before a new one.
    fn position(&self, number: Option<u64>) -> usize {
        number.map_or(self.queue.len(), |number| self.queue.range(..number).count())
    }

    /// Begins the next round, if it is time.
    fn turn_round(&mut self, now: Duration) {
        if now < self.paused_until {
            return;
        }
        if self.rejected {
            self.begin(now, Some(self.granted));
        } else if now.saturating_sub(self.began) >= WINDOW {
            self.begin(now, None);
        }
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

    /// When the call in this position may send its request, as far as is known.
    fn opens(&self, position: usize, now: Duration) -> Duration {
        let start = self.paused_until.max(now);
        // During the pause, it is the next round that matters.
        let (allowance, sent, used_up) = match self.rejected {
            true => (Some(self.granted), 0, None),
            false => (self.allowance, self.sent, self.used_up),
        };
        let Some(allowance) = allowance else { return start };
        let number = u64::try_from(position).unwrap_or(u64::MAX).saturating_add(u64::from(sent)).saturating_add(1);
        let Some(beyond) = number.checked_sub(u64::from(allowance)).filter(|beyond| *beyond > 0) else { return start };
        // The first beyond the allowance is sent at once, the next two a probe later, the next four another one later.
        let probes = beyond.ilog2();
        start.max(used_up.unwrap_or(start).saturating_add(self.probe_every.saturating_mul(probes)))
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
            self.guess =
                if self.granted == 0 { self.guess.saturating_mul(2).min(LONGEST_PAUSE) } else { GUESSED_PAUSE };
        }
        let pause = asked.unwrap_or(self.guess).min(LONGEST_PAUSE);
        self.paused_until = self.paused_until.max(now.saturating_add(pause));
        // A request of an earlier round says nothing of what this one may still send.
        self.rejected |= round == self.round;
    }
}

#[cfg(test)]
mod tests;
