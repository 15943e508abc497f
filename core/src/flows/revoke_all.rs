//! [`RevokeAll`] and [`RevokeReport`]: the parameters and the result of "sign out everywhere".

use std::collections::BTreeSet;

use crate::error::Error;
use crate::model::{ClientId, Session, SessionId, SessionStatus, UserId};
use crate::operations::ListSessions;

/// The sessions to revoke with [`Sessions::revoke_all`](crate::Sessions::revoke_all): all of a user, or all on a client.
///
/// It revokes every session that has not ended: with the status `active` or `pending`, or with a status that Clerk may add
/// later.
///
/// ```
/// use clerk_sessions_core::RevokeAll;
///
/// let everywhere = RevokeAll::of_user("user_123");
/// let everywhere_else = RevokeAll::of_user("user_123").except("sess_here");
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
    #[inline]
    pub fn of_user(user_id: impl Into<UserId>) -> Self {
        Self::of(Owner::User(user_id.into()))
    }

    /// All sessions on this client, which is a browser or a device.
    #[must_use]
    #[inline]
    pub fn of_client(client_id: impl Into<ClientId>) -> Self {
        Self::of(Owner::Client(client_id.into()))
    }

    #[inline]
    fn of(of: Owner) -> Self {
        Self { of, except: BTreeSet::new(), concurrency: 4 }
    }

    /// Keeps this session. Call it once for each session to keep. An empty id is an error of the call.
    #[must_use]
    #[inline]
    pub fn except(mut self, session_id: impl Into<SessionId>) -> Self {
        self.except.insert(session_id.into());
        self
    }

    /// Sets how many sessions an async client revokes at the same time. Default: 4, minimum: 1. A blocking client revokes one
    /// at a time.
    #[must_use]
    #[inline]
    pub fn concurrency(mut self, most: usize) -> Self {
        self.concurrency = most.max(1);
        self
    }

    /// The list to request. It has no status filter: a session that changes its status between two lists would be on neither, and
    /// the filter may not cover every status.
    #[inline]
    pub(super) fn list(&self) -> ListSessions {
        match &self.of {
            Owner::User(user_id) => ListSessions::new().user_id(user_id),
            Owner::Client(client_id) => ListSessions::new().client_id(client_id),
        }
    }

    /// Whether to revoke this session. The list also has ended sessions, and a server may list those of others.
    #[inline]
    pub(super) fn is_meant(&self, session: &Session) -> bool {
        let is_of_owner = match &self.of {
            Owner::User(user_id) => session.user_id == *user_id,
            Owner::Client(client_id) => session.client_id == *client_id,
        };
        is_of_owner && !has_ended(&session.status) && !self.except.contains(&session.id)
    }
}

#[inline]
fn has_ended(status: &SessionStatus) -> bool {
    use SessionStatus::{Abandoned, Ended, Expired, Removed, Replaced, Revoked};
    matches!(status, Abandoned | Ended | Expired | Removed | Replaced | Revoked)
}

/// The result of [`Sessions::revoke_all`](crate::Sessions::revoke_all). Check [`is_complete`](Self::is_complete) first.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RevokeReport {
    /// The sessions that were revoked.
    pub revoked: Vec<SessionId>,
    /// The sessions whose revoke failed, but which have ended anyway.
    pub gone: Vec<SessionId>,
    /// The sessions whose revoke failed and which may still be signed in, each with its error.
    pub failed: Vec<(SessionId, Error)>,
    /// The sessions whose revoke succeeded, but which were still listed as signed in afterwards.
    pub unconfirmed: Vec<SessionId>,
    /// The error that ended it early, if any: a list failed, or none of the last revokes got a response.
    pub incomplete: Option<Error>,
    pub(super) is_confirmed: bool,
}

impl RevokeReport {
    /// Whether all sessions are signed out, except those to keep.
    ///
    /// It is `true` only if a full list, requested after the last revoke, has no session left. If the list changes while it is
    /// read, it is requested again, a few times at most. If it is never full, this is `false`, even if the report has no error.
    /// Then call `revoke_all` again.
    /// A user without sessions, such as one whose id is mistyped, is complete.
    #[must_use]
    #[inline]
    pub fn is_complete(&self) -> bool {
        self.is_confirmed && self.failed.is_empty() && self.unconfirmed.is_empty() && self.incomplete.is_none()
    }
}
