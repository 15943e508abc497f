//! [`ListSessions`]: `GET /sessions`.

use http::Method;
use serde::{Deserialize, Serialize};

use super::{OTHER_USER, not_empty};
use crate::error::{BuildError, Mismatch};
use crate::metadata::{Idempotency, Metadata};
use crate::model::{ClientId, Session, SessionList, SessionStatus, UserId};
use crate::operation::Operation;
use crate::request::RequestWriter;

/// Lists one page of sessions, newest first: `GET /sessions`.
///
/// Set `user_id`, `client_id` or both: the server may refuse a list with neither. Without a `limit` the server returns
/// only **10** sessions. To get all sessions, use [`pages`](crate::Sessions::pages). The server deletes old and
/// inactive sessions from time to time, so they are not listed.
///
/// The response is a [`SessionList`]. The operation only reads, so it is retried after transport failures and the
/// statuses of [`RetryPolicy`](crate::RetryPolicy).
///
/// ```
/// use clerk_sessions_core::{Api, ListSessions, SessionStatus};
///
/// let api = Api::new("sk_test_123")?;
/// let active = ListSessions::new().user_id("user_123").status(SessionStatus::Active).limit(100);
/// let request = api.request(&active)?;
/// assert_eq!(request.uri().query(), Some("user_id=user_123&status=active&limit=100"));
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
///
/// # Errors
/// - [`Error::Build`](crate::Error::Build): `user_id`, `client_id` or `status` is empty, or `limit` is not between 1
///   and 500.
/// - [`Error::Api`](crate::Error::Api): 400 or 422 if the server refuses a parameter, 401 for a wrong secret key.
/// - [`Error::Decode`](crate::Error::Decode): the response is not a list of sessions, or a session in it is of another
///   user or on another client.
///
/// Source: [Clerk's reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/GetSessionList).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ListSessions {
    /// List only sessions on this client. Not empty. Default: sessions on any client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// List only sessions of this user. Not empty. Default: sessions of any user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// List only sessions in this status. Not empty. Default: sessions in any status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<SessionStatus>,
    /// Whether the server sends the total count, [`SessionList::total_count`]. Default: the server's, which sends none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paginated: Option<bool>,
    /// Maximum number of sessions, 1 to 500. Default: the server's, which is 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Number of sessions to skip, from the newest on. Default: the server's, which is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

impl ListSessions {
    /// Lists sessions without a filter. Set `user_id` or `client_id` before you send it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lists only sessions of this user.
    #[must_use]
    pub fn user_id(mut self, user_id: impl Into<UserId>) -> Self {
        self.user_id = Some(user_id.into());
        self
    }

    /// Lists only sessions on this client.
    #[must_use]
    pub fn client_id(mut self, client_id: impl Into<ClientId>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Lists only sessions in this status.
    #[must_use]
    pub fn status(mut self, status: SessionStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets whether the server sends the total count, [`SessionList::total_count`].
    #[must_use]
    pub fn paginated(mut self, paginated: bool) -> Self {
        self.paginated = Some(paginated);
        self
    }

    /// Sets the maximum number of sessions, 1 to 500. The server's default is 10.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets the number of sessions to skip, from the newest on. The server's default is 0.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Checks that sessions belong to the `user_id` and the `client_id` of this operation, where they are set.
    ///
    /// The clients call it for every list. Use it in [`Operation::check`] of an operation of your own that lists
    /// sessions into another type. Pass the sessions in the order of the response: the error names the index.
    ///
    /// # Errors
    /// [`Mismatch`] for the first session of another user or on another client. It names the field, such as
    /// `[1].user_id`.
    pub fn check_sessions<'a>(&self, sessions: impl IntoIterator<Item = &'a Session>) -> Result<(), Mismatch> {
        for (index, session) in sessions.into_iter().enumerate() {
            if self.user_id.as_ref().is_some_and(|user_id| session.user_id != *user_id) {
                return Err(Mismatch::new(format!("[{index}].user_id"), OTHER_USER));
            }
            if self.client_id.as_ref().is_some_and(|client_id| session.client_id != *client_id) {
                let reason = "is another client than the one asked for";
                return Err(Mismatch::new(format!("[{index}].client_id"), reason));
            }
        }
        Ok(())
    }
}

impl Operation for ListSessions {
    type Output = SessionList;
    const METADATA: &'static Metadata =
        &Metadata::new("GetSessionList", "list", Method::GET, "/sessions", Idempotency::Safe);

    #[inline]
    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
        let client_id = self.client_id.as_ref().map(ClientId::as_str);
        let user_id = self.user_id.as_ref().map(UserId::as_str);
        let status = self.status.as_ref().map(SessionStatus::as_str);
        for (name, value) in [("client_id", client_id), ("user_id", user_id), ("status", status)] {
            not_empty(name, value)?;
            if let Some(value) = value {
                request.query(name, value)?;
            }
        }
        if let Some(paginated) = self.paginated {
            request.query("paginated", paginated)?;
        }
        if let Some(limit) = self.limit {
            if !(1..=500).contains(&limit) {
                return Err(BuildError::new("limit", "is not between 1 and 500"));
            }
            request.query("limit", limit)?;
        }
        if let Some(offset) = self.offset {
            request.query("offset", offset)?;
        }
        Ok(())
    }

    #[inline]
    fn check(&self, sessions: &SessionList) -> Result<(), Mismatch> {
        self.check_sessions(sessions)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mismatch, refused, responded, sent};
    use super::*;
    use crate::model::tests::minimal;

    #[test]
    fn sends_only_the_parameters_that_are_set() {
        assert_eq!(sent(&ListSessions::new()), "GET https://api.clerk.com/v1/sessions\n");
        assert_eq!(
            sent(&ListSessions::new().user_id("user_1")),
            "GET https://api.clerk.com/v1/sessions?user_id=user_1\n"
        );
        let everything = ListSessions::new()
            .client_id("client_1")
            .user_id("user 1&status=active")
            .status(SessionStatus::Pending)
            .paginated(true)
            .limit(500)
            .offset(1000);
        assert_eq!(
            sent(&everything),
            "GET https://api.clerk.com/v1/sessions?client_id=client_1&user_id=user%201%26status%3Dactive&status=pending\
             &paginated=true&limit=500&offset=1000\n"
        );
        assert_eq!(
            sent(&ListSessions::new().paginated(false)),
            "GET https://api.clerk.com/v1/sessions?paginated=false\n"
        );
    }

    #[test]
    fn refuses_empty_filters_and_a_limit_out_of_range() {
        assert_eq!(refused(&ListSessions::new().user_id("")), "GetSessionList: user_id is empty (nothing was sent)");
        assert!(refused(&ListSessions::new().client_id("")).contains("client_id is empty"));
        assert!(refused(&ListSessions::new().status("".into())).contains("status is empty"));
        for limit in [0, 501] {
            assert!(refused(&ListSessions::new().limit(limit)).contains("limit is not between 1 and 500"));
        }
    }

    #[test]
    fn refuses_sessions_of_another_user_or_client() {
        let mut other = minimal();
        other["user_id"] = "user_2".into();
        let sessions = serde_json::json!([minimal(), other]).to_string();
        assert_eq!(mismatch(ListSessions::new().client_id("client_1"), &sessions), None);
        let refused = mismatch(ListSessions::new().user_id("user_1"), &sessions).unwrap();
        assert_eq!(refused, "at [1].user_id: is another user than the one asked for");
        let refused = mismatch(ListSessions::new().client_id("client_2"), &sessions).unwrap();
        assert_eq!(refused, "at [0].client_id: is another client than the one asked for");
    }

    #[test]
    fn a_decode_error_names_the_field() {
        let error = responded::<ListSessions>(r#"[{"object":"session"}]"#).unwrap_err();
        assert_eq!(error.path(), Some("[0].id"));
        assert_eq!(error.body(), Some(&br#"[{"object":"session"}]"#[..]));
    }
}
