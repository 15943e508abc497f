//! [`RevokeAll`] and [`RevokeReport`]: what "sign out everywhere" is given, and what became of the sessions.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::model::{ClientId, SessionId, SessionStatus, UserId};
use crate::operations::ListSessions;

/// Revokes all active sessions of a user or a client; for `sessions().revoke_all(…)`.
///
/// ```
/// use clerk_sessions_core::RevokeAll;
///
/// let elsewhere = RevokeAll::of_user("user_123").except("sess_123");
/// ```
#[derive(Clone, Debug)]
pub struct RevokeAll {
    pub(super) list: ListSessions,
    pub(super) except: BTreeSet<SessionId>,
    pub(super) concurrency: usize,
}

impl RevokeAll {
    /// All active sessions of this user.
    #[must_use]
    pub fn of_user(user_id: impl Into<UserId>) -> Self {
        Self::of(ListSessions::new().user_id(user_id))
    }

    /// All active sessions on this client.
    #[must_use]
    pub fn of_client(client_id: impl Into<ClientId>) -> Self {
        Self::of(ListSessions::new().client_id(client_id))
    }

    fn of(list: ListSessions) -> Self {
        Self { list: list.status(SessionStatus::Active), except: BTreeSet::new(), concurrency: 4 }
    }

    /// But not this session. May be called for several.
    #[must_use]
    pub fn except(mut self, session_id: impl Into<SessionId>) -> Self {
        self.except.insert(session_id.into());
        self
    }

    /// How many revokes an async client has under way at once: 4 by default, at least 1. A blocking one has one.
    #[must_use]
    pub fn concurrency(mut self, most: usize) -> Self {
        self.concurrency = most.max(1);
        self
    }
}

/// What became of the sessions.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RevokeReport {
    /// The sessions that were revoked.
    pub revoked: Vec<SessionId>,
    /// The sessions that had ended by themselves before they could be revoked.
    pub gone: Vec<SessionId>,
    /// The sessions that are still active, with what their revoke failed with.
    pub failed: Vec<(SessionId, Error)>,
    /// Why it ended before it was through, where it did: a list failed, or no revoke got a response any more.
    pub incomplete: Option<Error>,
    pub(super) more: bool,
}

impl RevokeReport {
    /// Whether no session is left active but those to be kept.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.incomplete.is_none() && !self.more
    }
}
