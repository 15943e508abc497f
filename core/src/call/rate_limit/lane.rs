//! [`Lane`], the state of one limit: its pause, its allowance and its queue.

use std::collections::VecDeque;
use std::time::Duration;

use super::WINDOW;

/// The longest shared pause. A wrong `Retry-After` must not stop a client for a day.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The pause after a 429 without `Retry-After` or with 0 s, which servers send when they round down. It doubles with each round
/// in which the server grants nothing.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

/// The time between two requests after a pause. They are sent in the order of the queue, and arrive in that order, so no call
/// overtakes another from window to window. It is shorter after a short pause or with a large allowance, so that the whole
/// allowance is sent within a twentieth of the pause.
const SPACING: Duration = Duration::from_millis(4);
const SPREAD: u32 = 20;

/// Minimum and maximum time between the known allowance and the requests that test whether the server grants more.
const PROBE_EVERY: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(500)];

/// The waiting calls by their numbers, in the order in which they came, with the time of their turn.
#[derive(Debug, Default)]
pub(super) struct Queue(VecDeque<(u64, Duration)>);

impl Queue {
    /// The number of calls before the one with this number, or before a new call.
    fn before(&self, number: Option<u64>) -> usize {
        self.0.partition_point(|(other, _)| *other < number.unwrap_or(u64::MAX))
    }

    /// Adds a call, or changes its turn.
    pub(super) fn insert(&mut self, number: u64, turn: Duration) {
        let index = self.before(Some(number));
        match self.0.get_mut(index) {
            Some(call) if call.0 == number => call.1 = turn,
            _ => self.0.insert(index, (number, turn)),
        }
    }

    pub(super) fn remove(&mut self, number: u64) {
        let index = self.before(Some(number));
        if self.0.get(index).is_some_and(|call| call.0 == number) {
            self.0.remove(index);
        }
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
pub(super) struct Lane {
    pub(super) queue: Queue,
    pub(super) round: u64,
    /// The time after which the round counts for nothing, if no request was rejected: a window after its begin.
    pub(super) ends: Duration,
    /// No request is sent before this time.
    pub(super) paused_until: Duration,
    /// The length of the last pause.
    last_pause: Duration,
    /// The minimum pause after the next rejection without `Retry-After`.
    least_pause: Duration,
    /// Whether the round has ended with a rejection. The next round begins after the pause.
    pub(super) rejected: bool,
    /// The number of requests granted in the round before, or `None` while no limit is known.
    pub(super) allowance: Option<u32>,
    sent: u32,
    pub(super) granted: u32,
    /// The time at which the allowance was used up.
    used_up: Option<Duration>,
    /// The shortest response time of the round.
    pub(super) quickest: Duration,
    /// The time between the allowance and further requests.
    probe_every: Duration,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            queue: Queue::default(),
            round: 0,
            ends: WINDOW,
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
    #[inline]
    pub(super) fn is_limited(&self) -> bool {
        self.allowance.is_some() || self.rejected
    }

    /// Whether every call may send its request at once. This is the usual case, so it is checked first.
    #[inline]
    pub(super) fn is_unlimited(&self, now: Duration) -> bool {
        !self.is_limited() && now >= self.paused_until && now < self.ends
    }

    /// The turn of the call before the one with this number, or before a new call.
    pub(super) fn turn_before(&self, number: Option<u64>) -> Option<Duration> {
        self.queue.before(number).checked_sub(1).map(|index| self.queue.0[index].1)
    }

    /// Merges another lane into this one. Requests in flight there belong to no round of this lane.
    pub(super) fn join(&mut self, other: Self) {
        other.queue.0.into_iter().for_each(|(number, turn)| self.queue.insert(number, turn));
        self.round = self.round.max(other.round + 1);
        self.ends = self.ends.max(other.ends);
        self.paused_until = self.paused_until.max(other.paused_until);
        self.granted = self.granted.saturating_add(other.granted);
        self.rejected = true;
        self.last_pause = self.last_pause.max(other.last_pause);
        self.probe_every = self.probe_every.max(other.probe_every);
    }

    pub(super) fn begin(&mut self, now: Duration, allowance: Option<u32>) {
        if self.quickest < Duration::MAX {
            self.probe_every = self.quickest.saturating_mul(2).clamp(PROBE_EVERY[0], PROBE_EVERY[1]);
        }
        self.round += 1;
        (self.ends, self.rejected, self.allowance) = (now.saturating_add(WINDOW), false, allowance);
        (self.sent, self.granted, self.quickest) = (0, 0, Duration::MAX);
        self.used_up = (allowance == Some(0)).then_some(now);
    }

    /// The earliest time at which the call with this number, or a new call, may send its request.
    pub(super) fn opens(&self, number: Option<u64>, now: Duration) -> Duration {
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
        let before = self.queue.before(number);
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

    /// Counts the request of a new call, while the lane [is unlimited](Self::is_unlimited). Returns its round.
    #[inline]
    pub(super) fn send_new(&mut self) -> u64 {
        self.sent = self.sent.saturating_add(1);
        self.round
    }

    /// Counts a request that is sent now. Returns its round.
    pub(super) fn send(&mut self, number: Option<u64>, now: Duration) -> u64 {
        if let Some(number) = number {
            self.queue.remove(number);
        }
        self.sent = self.sent.saturating_add(1);
        if self.used_up.is_none() && self.allowance.is_some_and(|allowance| self.sent >= allowance) {
            self.used_up = Some(now);
        }
        self.round
    }

    /// Records the rejection of a request of this round.
    pub(super) fn pause(&mut self, round: u64, now: Duration, asked: Option<Duration>) {
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
