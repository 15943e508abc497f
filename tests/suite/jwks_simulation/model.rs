//! [`Model`]: when a fetch is allowed, and what a token gets, as documented.

use std::collections::BTreeMap;
use std::time::Duration;

use super::phase::Phase;
use super::tokens::Kind;
use super::world::Ended;

/// The longest time that a fetch takes: the deadline of a call, and a second.
pub(super) const LONGEST_FETCH: Duration = Duration::from_secs(21);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The keys of a set by their number, and whether they are the right ones.
pub(super) type Served = BTreeMap<usize, bool>;

struct Set {
    at: Duration,
    keys: Served,
}

struct Fetch {
    task: u64,
    started: Duration,
    is_for_unknown: bool,
}

pub(super) struct Model {
    max_age: Duration,
    cooldown: Duration,
    stale_for: Duration,
    newest: Option<Set>,
    looked_up: Option<Duration>,
    pause: Option<Duration>,
    paused_until: Duration,
    fetch: Option<Fetch>,
}

impl Model {
    pub(super) fn new(phase: &Phase) -> Self {
        Self {
            max_age: phase.max_age,
            cooldown: phase.cooldown,
            stale_for: phase.stale_for,
            newest: None,
            looked_up: None,
            pause: None,
            paused_until: Duration::ZERO,
            fetch: None,
        }
    }

    pub(super) fn is_fetching(&self) -> bool {
        self.fetch.is_some()
    }

    pub(super) fn is_fetched_by(&self, task: u64) -> bool {
        self.fetch.as_ref().is_some_and(|fetch| fetch.task == task)
    }

    fn set(&self, now: Duration, allowed: Duration) -> Option<&Set> {
        self.newest.as_ref().filter(|set| now - set.at < allowed)
    }

    /// A call sends the first request of a fetch.
    pub(super) fn begins(&mut self, task: u64, kind: Kind, now: Duration) -> Result<(), String> {
        if let Some(fetch) = &self.fetch {
            return Err(format!("a second fetch begins while the one of {:?} is under way", fetch.started));
        }
        if now < self.paused_until {
            return Err(format!("a fetch begins in the pause after a failure, which ends at {:?}", self.paused_until));
        }
        let fresh = self.set(now, self.max_age);
        if let Some(set) = fresh {
            if kind.key().is_some_and(|key| set.keys.contains_key(&key)) {
                return Err("a fetch begins for a key that is there and new enough".to_owned());
            }
            if let Some(last) = self.looked_up.filter(|last| now - *last < self.cooldown) {
                return Err(format!("an unknown key is looked up, as another one was at {last:?}"));
            }
        }
        self.fetch = Some(Fetch { task, started: now, is_for_unknown: fresh.is_some() });
        Ok(())
    }

    /// The fetch ends: with this set, or with a failure.
    pub(super) fn ends(&mut self, keys: Option<Served>, now: Duration) {
        let Some(fetch) = self.fetch.take() else { return };
        let Some(keys) = keys else {
            let pause = self.pause.map_or(FIRST_PAUSE, |last| (2 * last).min(LONGEST_PAUSE));
            (self.pause, self.paused_until) = (Some(pause), now + pause);
            return;
        };
        self.newest = Some(Set { at: fetch.started, keys });
        (self.pause, self.paused_until) = (None, Duration::ZERO);
        if fetch.is_for_unknown {
            self.looked_up = Some(fetch.started);
        }
    }

    /// The call that fetches is dropped.
    pub(super) fn is_dropped(&mut self) {
        self.fetch = None;
    }

    /// How a token has to end that does not wait, or whose own fetch has just succeeded.
    pub(super) fn expected(&self, kind: Kind, has_fetched: bool, now: Duration) -> Ended {
        let in_outage = now < self.paused_until;
        let fresh = self.set(now, if has_fetched { Duration::MAX } else { self.max_age });
        let set = fresh.or_else(|| self.set(now, self.max_age + self.stale_for).filter(|_| in_outage));
        let key = set.and_then(|set| set.keys.get(&kind.key()?));
        match (key, kind) {
            (Some(true), Kind::Good(_)) | (Some(false), Kind::Forged(_)) => Ended::Accepted,
            (Some(true), Kind::Expired(_)) => Ended::Expired,
            (Some(_), _) => Ended::Signature,
            // In the cooldown, an unknown key is unknown even in an outage.
            (None, _) if has_fetched => Ended::Unknown,
            (None, _) if fresh.is_some() && self.looked_up.is_some_and(|last| now - last < self.cooldown) => {
                Ended::Unknown
            }
            (None, _) => Ended::Unavailable,
        }
    }
}
