//! [`Revoking`]: lists the sessions of a user or a client and says which to revoke, until a full list shows none left.

use std::collections::{BTreeMap, BTreeSet};

use super::listing::Listing;
use super::revoke_all::{RevokeAll, RevokeReport};
use crate::error::{BuildError, Error};
use crate::model::{Session, SessionId, SessionList};
use crate::operations::ListSessions;

/// What a [`Revoking`] wants done next.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_enums)] // As for `Step`: a driver has to do all three.
pub enum Work {
    /// Call this list, and report with [`Revoking::on_list`].
    List(ListSessions),
    /// Revoke these sessions, in any order, and report each with [`Revoking::on_revoke`].
    Revoke(Vec<SessionId>),
    /// Nothing is left to do: call [`Revoking::finish`].
    Done,
}

/// The state machine behind `revoke_all`.
///
/// It lists all sessions, revokes those that are signed in, and lists again, until a full list shows none that it has not
/// tried. It hands out as many revokes as may run at once, and gives up if none of those got a response.
#[derive(Debug)]
pub struct Revoking {
    all: RevokeAll,
    listing: Listing,
    /// The sessions to revoke that the listing has shown.
    meant: BTreeSet<SessionId>,
    tried: BTreeSet<SessionId>,
    revoked: Vec<SessionId>,
    failed: BTreeMap<SessionId, Error>,
    /// How many listings there were, and how many of the last in a row showed nothing to try and were not full.
    listings: u32,
    doubtful: u32,
    is_confirmed: bool,
    /// Why it ended early.
    ended: Option<Error>,
    /// The sessions of the last listing that are still to be handed out.
    to_hand_out: Vec<SessionId>,
    /// The errors of the revokes that were handed out last and got no response.
    without_response: Vec<Error>,
    handed_out: usize,
}

impl Revoking {
    /// How many times it lists at most: someone who signs in again and again must not keep it busy forever.
    const MAX_LISTINGS: u32 = 20;
    /// How many times in a row it lists only to get a full list.
    const MAX_DOUBTFUL: u32 = 3;

    /// Starts.
    #[must_use]
    #[inline]
    pub fn new(all: RevokeAll) -> Self {
        // An empty id names no session, and whoever passes one means to keep one.
        let names_none = all.except.iter().any(|id| id.as_str().is_empty());
        let ended = names_none.then(|| BuildError::new("except", "is empty").into());
        Self {
            listing: Listing::new(all.list()),
            all,
            meant: BTreeSet::new(),
            tried: BTreeSet::new(),
            revoked: Vec::new(),
            failed: BTreeMap::new(),
            listings: 1,
            doubtful: 0,
            is_confirmed: false,
            ended,
            to_hand_out: Vec::new(),
            without_response: Vec::new(),
            handed_out: 0,
        }
    }

    /// How many revokes may be in flight at once.
    #[must_use]
    pub fn concurrency(&self) -> usize {
        self.all.concurrency
    }

    /// What to do next.
    #[inline]
    pub fn work(&mut self) -> Work {
        if self.handed_out > 0 && self.without_response.len() == self.handed_out {
            self.ended = self.without_response.pop();
        }
        if self.ended.is_some() {
            return Work::Done;
        }
        if !self.to_hand_out.is_empty() {
            return Work::Revoke(self.next_batch());
        }
        let untried: Vec<_> = self.meant.difference(&self.tried).cloned().collect();
        match self.listing.next_page() {
            // Revoking changes the list, so that it has to be listed again anyway.
            Some(_) if !untried.is_empty() && self.listing.seems_over() => {}
            Some(page) => return Work::List(page),
            None => {}
        }
        self.is_confirmed = untried.is_empty() && self.listing.is_full();
        self.doubtful = if untried.is_empty() { self.doubtful + 1 } else { 0 };
        if self.is_confirmed || self.listings >= Self::MAX_LISTINGS || self.doubtful >= Self::MAX_DOUBTFUL {
            return Work::Done;
        }
        self.listings += 1;
        self.listing = Listing::new(self.all.list());
        self.meant.clear();
        self.to_hand_out = untried;
        self.work()
    }

    /// The next few sessions to revoke: no more than run at once, so that a server that is down is noticed soon.
    #[inline]
    fn next_batch(&mut self) -> Vec<SessionId> {
        let most = self.all.concurrency.min(self.to_hand_out.len());
        let batch: Vec<_> = self.to_hand_out.drain(..most).collect();
        self.tried.extend(batch.iter().cloned());
        self.handed_out = batch.len();
        self.without_response.clear();
        batch
    }

    /// Reports what a [`Work::List`] came to.
    #[inline]
    pub fn on_list(&mut self, page: Result<SessionList, Error>) {
        match page {
            Ok(page) => {
                let sessions = self.listing.on_page(page).into_iter();
                self.meant.extend(sessions.filter(|session| self.all.is_meant(session)).map(|session| session.id));
            }
            Err(error) => self.ended = Some(error),
        }
    }

    /// Reports what the revoke of a session came to.
    #[inline]
    pub fn on_revoke(&mut self, session_id: SessionId, outcome: Result<Session, Error>) {
        match outcome {
            Ok(_) => self.revoked.push(session_id),
            Err(error) => {
                if matches!(error, Error::Transport(_)) {
                    self.without_response.push(error.clone());
                }
                self.failed.insert(session_id, error);
            }
        }
    }

    /// What became of the sessions. Before [`Work::Done`], it is a report of what was reported so far, and not complete.
    ///
    /// # Errors
    /// The list failed before the first revoke was handed out ([`Error`] of the list), or the id of a session to keep is empty
    /// ([`Error::Build`]).
    #[inline]
    pub fn finish(self) -> Result<RevokeReport, Error> {
        let Self { is_confirmed, meant, ended: incomplete, .. } = self;
        match incomplete {
            Some(error) if self.tried.is_empty() => Err(error),
            incomplete => {
                // Without a full list, only what the server no longer knows is certainly gone.
                let is_gone = |id: &SessionId, error: &Error| match is_confirmed {
                    true => !meant.contains(id),
                    false => error.is_not_found(),
                };
                let (gone, failed): (Vec<_>, Vec<_>) =
                    self.failed.into_iter().partition(|(id, error)| is_gone(id, error));
                let gone = gone.into_iter().map(|(id, _)| id).collect();
                let unconfirmed = self.revoked.iter().filter(|id| meant.contains(*id)).cloned().collect();
                Ok(RevokeReport { revoked: self.revoked, gone, failed, unconfirmed, incomplete, is_confirmed })
            }
        }
    }
}

#[cfg(test)]
mod tests;
