//! [`KeyCache`]: the keys that were fetched, and who may fetch next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clerk_sessions_core::Error;

use super::settings::KeySettings;
use crate::key_set::{Key, KeySet};

/// The pause after a failed fetch. It doubles with each failure in a row.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The keys of one instance. All times are those of the transport's clock.
#[derive(Default)]
pub(super) struct KeyCache {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    newest: Option<Keys>,
    /// The start of the last successful fetch for an unknown key id.
    looked_up: Option<Duration>,
    failure: Option<Failure>,
    /// The number of the fetch under way, and when it must have ended.
    fetching: Option<(u64, Duration)>,
    fetches: u64,
    /// Fetches with a smaller number began before the keys were forgotten.
    forgotten: u64,
    epoch: u64,
}

/// The keys of the newest fetch.
struct Keys {
    keys: Arc<KeySet>,
    /// The start of the fetch.
    at: Duration,
}

struct Failure {
    error: Error,
    pause: Duration,
    until: Duration,
}

/// What to do for a token.
pub(super) enum Lookup {
    /// Verify it with this key.
    Found(Found),
    /// Reject it: the set has no such key, and it may not be fetched again yet.
    Unknown,
    /// Fetch the keys.
    Fetch(Fetching),
    /// Another call fetches the keys.
    Wait,
    /// The last fetch failed a short time ago.
    Unavailable(Error),
}

pub(crate) struct Found {
    pub(crate) key: Arc<Key>,
    pub(crate) epoch: u64,
}

/// The only fetch that is under way. If it is dropped, the next call may fetch.
pub(super) struct Fetching {
    cache: Arc<KeyCache>,
    number: u64,
    started: Duration,
    /// When it must have ended.
    end: Duration,
    is_for_unknown: bool,
}

/// What a fetch that succeeded is good for.
pub(super) enum Fetched {
    Found(Found),
    /// The set has no such key.
    Unknown,
    /// Nothing: look the key up again. The keys were forgotten since the start of the fetch, or it took too long.
    Superseded,
}

impl KeyCache {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the key set, if it is new enough.
    pub(super) fn epoch(&self, now: Duration, settings: &KeySettings) -> Option<u64> {
        let state = self.state();
        state.newest.as_ref().filter(|keys| keys.is_fresh(now, settings)).map(|_| state.epoch)
    }

    /// The key with this id in a set that is new enough.
    pub(super) fn fresh(&self, id: &str, now: Duration, settings: &KeySettings) -> Option<Found> {
        let state = self.state();
        state.newest.as_ref().filter(|keys| keys.is_fresh(now, settings))?;
        state.found(Some(id))
    }

    /// Looks a key up; without an id, the question is only whether there are keys. `longest` is the longest time that a fetch takes:
    /// if one takes longer, nobody drives it, and another call may fetch.
    pub(super) fn find(
        self: &Arc<Self>,
        id: Option<&str>,
        now: Duration,
        settings: &KeySettings,
        longest: Duration,
    ) -> Lookup {
        let mut state = self.state();
        let is_fresh = state.newest.as_ref().is_some_and(|keys| keys.is_fresh(now, settings));
        if is_fresh {
            if let Some(found) = state.found(id) {
                return Lookup::Found(found);
            }
            let is_too_soon = |last: Duration| now.saturating_sub(last) < settings.cooldown;
            if id.is_none() || state.looked_up.is_some_and(is_too_soon) {
                return Lookup::Unknown;
            }
        }
        if let Some(failure) = state.failure.as_ref().filter(|failure| now < failure.until) {
            let error = failure.error.clone();
            if !is_fresh && state.newest.as_ref().is_some_and(|keys| keys.is_usable_in_outage(now, settings)) {
                // A key that is not in an old set may be a new one.
                return state.found(id).map_or(Lookup::Unavailable(error), Lookup::Found);
            }
            return Lookup::Unavailable(error);
        }
        if state.fetching.is_some_and(|(_, end)| now < end) {
            return Lookup::Wait;
        }
        let number = state.fetches;
        state.fetches += 1;
        let end = now.saturating_add(longest);
        state.fetching = Some((number, end));
        Lookup::Fetch(Fetching { cache: Arc::clone(self), number, started: now, end, is_for_unknown: is_fresh })
    }

    /// Forgets the keys, so that the next token makes a fetch.
    pub(super) fn forget(&self) {
        let mut state = self.state();
        state.newest = None;
        state.looked_up = None;
        state.failure = None;
        // What a fetch under way gets may be what has to be forgotten.
        state.fetching = None;
        state.forgotten = state.fetches;
    }
}

impl State {
    fn found(&self, id: Option<&str>) -> Option<Found> {
        let key = self.newest.as_ref()?.keys.get(id?)?;
        Some(Found { key: Arc::clone(key), epoch: self.epoch })
    }
}

impl Keys {
    fn is_fresh(&self, now: Duration, settings: &KeySettings) -> bool {
        now.saturating_sub(self.at) < settings.max_age
    }

    fn is_usable_in_outage(&self, now: Duration, settings: &KeySettings) -> bool {
        now.saturating_sub(self.at) < settings.max_age + settings.stale_for
    }
}

impl Fetching {
    /// Replaces all keys, and looks up the key of this id.
    pub(super) fn succeeded(self, keys: KeySet, id: Option<&str>, now: Duration) -> Fetched {
        let mut state = self.cache.state();
        if self.is_superseded(&state) {
            return Fetched::Superseded;
        }
        state.newest = Some(Keys { keys: Arc::new(keys), at: self.started });
        state.epoch += 1;
        state.failure = None;
        if self.is_for_unknown {
            state.looked_up = Some(self.started);
        }
        if now >= self.end {
            // Nobody drove the fetch for long: its keys may be too old by now.
            return Fetched::Superseded;
        }
        state.found(id).map_or(Fetched::Unknown, Fetched::Found)
    }

    /// Begins the pause after a failure. The keys stay as they are.
    pub(super) fn failed(self, error: &Error, now: Duration) {
        let mut state = self.cache.state();
        if self.is_superseded(&state) {
            return;
        }
        let pause = state.failure.as_ref().map_or(FIRST_PAUSE, |last| (last.pause * 2).min(LONGEST_PAUSE));
        state.failure = Some(Failure { error: error.clone(), pause, until: now.saturating_add(pause) });
    }

    /// Whether the keys were forgotten after the start, or a later fetch succeeded. That one was made because nobody drove this one.
    fn is_superseded(&self, state: &State) -> bool {
        self.number < state.forgotten || state.newest.as_ref().is_some_and(|keys| keys.at > self.started)
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        let mut state = self.cache.state();
        if state.fetching.is_some_and(|(number, _)| number == self.number) {
            state.fetching = None;
        }
    }
}
