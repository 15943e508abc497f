//! [`Revoking`]: lists the sessions of a user or a client and returns which to revoke, until a full list has none left.

use std::collections::{BTreeMap, BTreeSet};

use super::listing::Listing;
use super::revoke_all::{RevokeAll, RevokeReport};
use crate::error::{BuildError, Error};
use crate::model::{Session, SessionId, SessionList};
use crate::operations::ListSessions;

/// The next step of a [`Revoking`].
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_enums)] // A driver must handle all three, as for `Step`.
pub enum Work {
    /// Call this list, and report its result with [`Revoking::on_list`].
    List(ListSessions),
    /// Revoke these sessions, in any order or at the same time, and report each result with [`Revoking::on_revoke`].
    Revoke(Vec<SessionId>),
    /// Nothing is left to do: call [`Revoking::finish`].
    Done,
}

/// The state machine of "sign out everywhere", for any number of revokes at a time.
///
/// [`AsyncSessions::revoke_all`](crate::AsyncSessions::revoke_all) runs it. Use it directly where you call the operations
/// yourself, as here:
///
/// ```
/// use clerk_sessions_core::flows::{Revoking, Work};
/// use clerk_sessions_core::transport::Transport;
/// use clerk_sessions_core::{Client, Error, RevokeAll, RevokeReport};
///
/// fn sign_out<T: Transport>(clerk: &Client<T>) -> Result<RevokeReport, Error> {
///     let mut revoking = Revoking::new(RevokeAll::of_user("user_123"));
///     loop {
///         match revoking.work() {
///             Work::List(list) => revoking.on_list(clerk.sessions().list(list)),
///             Work::Revoke(ids) => {
///                 for id in ids {
///                     let outcome = clerk.sessions().revoke(&id);
///                     revoking.on_revoke(id, outcome);
///                 }
///             }
///             Work::Done => return revoking.finish(),
///         }
///     }
/// }
/// ```
///
/// It lists all sessions, returns those to revoke, and lists again, until a full list has none that it has not tried. It
/// returns at most [`concurrency`](Self::concurrency) sessions at a time. If none of those gets a response, it gives up.
#[derive(Debug)]
pub struct Revoking {
    all: RevokeAll,
    listing: Listing,
    /// The sessions to revoke that the listing contains so far.
    meant: BTreeSet<SessionId>,
    tried: BTreeSet<SessionId>,
    revoked: Vec<SessionId>,
    failed: BTreeMap<SessionId, Error>,
    /// The number of listings, and how many of the last in a row had nothing to try and were not full.
    listings: u32,
    doubtful: u32,
    is_confirmed: bool,
    /// The error that ended it early.
    ended: Option<Error>,
    /// The sessions of the last listing that `work` has not returned yet.
    to_hand_out: Vec<SessionId>,
    /// The errors of the last batch of revokes, of those without a response.
    without_response: Vec<Error>,
    handed_out: usize,
}

impl Revoking {
    /// Maximum number of listings. A user who signs in again and again must not keep it busy forever.
    const MAX_LISTINGS: u32 = 20;
    /// Maximum number of listings in a row without a session to revoke.
    const MAX_DOUBTFUL: u32 = 3;

    /// Creates the state machine. Begin with [`work`](Self::work).
    #[must_use]
    #[inline]
    pub fn new(all: RevokeAll) -> Self {
        // An empty id is a mistake: the caller wants to keep a session, and it would be revoked.
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

    /// The maximum number of revokes at the same time; see [`RevokeAll::concurrency`].
    #[must_use]
    #[inline]
    pub fn concurrency(&self) -> usize {
        self.all.concurrency
    }

    /// Returns what to do next. Report all results before you call it again.
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
            // Revoking changes the list, so it is listed again anyway.
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

    /// The next batch of sessions to revoke. It is small, so that a server that is down is noticed soon.
    #[inline]
    fn next_batch(&mut self) -> Vec<SessionId> {
        let most = self.all.concurrency.min(self.to_hand_out.len());
        let batch: Vec<_> = self.to_hand_out.drain(..most).collect();
        self.tried.extend(batch.iter().cloned());
        self.handed_out = batch.len();
        self.without_response.clear();
        batch
    }

    /// Reports the result of a [`Work::List`].
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

    /// Reports the result of the revoke of a session.
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

    /// Returns the report. Before [`Work::Done`], it covers the results so far and is not complete.
    ///
    /// # Errors
    /// - [`Error::Build`]: the id of a session to keep is empty.
    /// - The error of the list, if it failed before the first revoke.
    #[inline]
    pub fn finish(self) -> Result<RevokeReport, Error> {
        let Self { is_confirmed, meant, ended: incomplete, .. } = self;
        match incomplete {
            Some(error) if self.tried.is_empty() => Err(error),
            incomplete => {
                // Without a full list, only a session that the server does not find is certainly gone.
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
