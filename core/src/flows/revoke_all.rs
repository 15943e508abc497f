//! [`RevokeAll`] and [`RevokeReport`]: what "sign out everywhere" is given, and what became of the sessions.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::model::{ClientId, Session, SessionId, SessionStatus, UserId};
use crate::operations::ListSessions;

/// Which sessions `sessions().revoke_all(…)` revokes: all that are signed in, of a user or on a client.
///
/// That is every session whose status is not one of an ended session: `active`, `pending` (signed in, with tasks to finish),
/// and any status that Clerk may add.
///
/// ```
/// use clerk_sessions_core::RevokeAll;
///
/// let elsewhere = RevokeAll::of_user("user_123").except("sess_123");
/// ```
#[derive(Clone, Debug)]
pub struct RevokeAll {
    of: Owner,
    pub(super) except: BTreeSet<SessionId>,
    pub(super) concurrency: usize,
}

#[derive(Clone, Debug)]
enum Owner {
    User(UserId),
    Client(ClientId),
}

impl RevokeAll {
    /// All sessions of this user.
    #[must_use]
    pub fn of_user(user_id: impl Into<UserId>) -> Self {
        Self::of(Owner::User(user_id.into()))
    }

    /// All sessions on this client.
    #[must_use]
    pub fn of_client(client_id: impl Into<ClientId>) -> Self {
        Self::of(Owner::Client(client_id.into()))
    }

    fn of(of: Owner) -> Self {
        Self { of, except: BTreeSet::new(), concurrency: 4 }
    }

    /// Keeps this session. Call it for each session to keep.
    #[must_use]
    pub fn except(mut self, session_id: impl Into<SessionId>) -> Self {
        self.except.insert(session_id.into());
        self
    }

    /// How many revokes an async client has in flight at once. Default: 4, at least 1. A blocking client has one.
    #[must_use]
    pub fn concurrency(mut self, most: usize) -> Self {
        self.concurrency = most.max(1);
        self
    }

    /// The list of the sessions to look at. Not by status: one that changes its status between two lists would be on neither,
    /// and the filter may not know every status.
    pub(super) fn list(&self) -> ListSessions {
        match &self.of {
            Owner::User(user_id) => ListSessions::new().user_id(user_id),
            Owner::Client(client_id) => ListSessions::new().client_id(client_id),
        }
    }

    /// Whether a session is to be revoked. A server may list sessions of others, and ended ones.
    pub(super) fn is_meant(&self, session: &Session) -> bool {
        let is_of_owner = match &self.of {
            Owner::User(user_id) => session.user_id == *user_id,
            Owner::Client(client_id) => session.client_id == *client_id,
        };
        is_of_owner && !has_ended(&session.status) && !self.except.contains(&session.id)
    }
}

fn has_ended(status: &SessionStatus) -> bool {
    use SessionStatus::{Abandoned, Ended, Expired, Removed, Replaced, Revoked};
    matches!(status, Abandoned | Ended | Expired | Removed | Replaced | Revoked)
}

/// What became of the sessions.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RevokeReport {
    /// The sessions that were revoked.
    pub revoked: Vec<SessionId>,
    /// The sessions whose revoke failed, and which had ended all the same.
    pub gone: Vec<SessionId>,
    /// The sessions whose revoke failed, and which may still be signed in, with the error of the revoke.
    pub failed: Vec<(SessionId, Error)>,
    /// The sessions whose revoke succeeded, but which were listed as signed in afterwards.
    pub unconfirmed: Vec<SessionId>,
    /// Why it ended early, if it did: a list failed, or no revoke got a response any more.
    pub incomplete: Option<Error>,
    pub(super) is_confirmed: bool,
}

impl RevokeReport {
    /// Whether all sessions that existed are signed out, but those to keep.
    ///
    /// It is true only if a full list of the sessions, after the last revoke, showed none that is still signed in. Where the
    /// list changes while it is read, or the server tells different totals, it is listed again, a few times at most.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_confirmed && self.failed.is_empty() && self.unconfirmed.is_empty() && self.incomplete.is_none()
    }
}
