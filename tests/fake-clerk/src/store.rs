//! All sessions, indexed by id and by the order of lists.

use std::collections::{BTreeMap, HashMap};

use super::session::Session;

/// The creation time of a session, and the number of sessions that were stored before it.
type Place = (i64, u64);

/// All sessions.
#[derive(Debug, Default)]
pub(super) struct Store {
    by_place: BTreeMap<Place, Session>,
    places: HashMap<String, Place>,
    stored: u64,
}

impl Store {
    /// Adds a session. It replaces a session with the same id.
    pub(super) fn insert(&mut self, session: Session) {
        let place = (session.created_at, self.stored);
        self.stored += 1;
        if let Some(old) = self.places.insert(session.id.clone(), place) {
            self.by_place.remove(&old);
        }
        self.by_place.insert(place, session);
    }

    /// The session with that id.
    pub(super) fn get(&self, id: &str) -> Option<&Session> {
        self.by_place.get(self.places.get(id)?)
    }

    /// The session with that id, mutable.
    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Session> {
        self.by_place.get_mut(self.places.get(id)?)
    }

    /// All sessions, newest first. Of sessions created at the same time, the last added comes first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Session> {
        self.by_place.values().rev()
    }
}
