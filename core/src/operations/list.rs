//! `GET /sessions`

use http::Method;
use serde::{Deserialize, Serialize};

use super::{OTHER_USER, not_empty};
use crate::error::{BuildError, Mismatch};
use crate::metadata::{Idempotency, Metadata};
use crate::model::{ClientId, Session, SessionList, SessionStatus, UserId};
use crate::operation::Operation;
use crate::request::RequestWriter;

/// Lists sessions, newest first.
///
/// The server expects at least one of `user_id` and `client_id`, and returns **10** sessions where no `limit` is given.
///
/// [Reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/GetSessionList)
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ListSessions {
    /// Only sessions on this client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// Only sessions of this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Only sessions in this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<SessionStatus>,
    /// Whether to send the total count. Both shapes of list are read either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paginated: Option<bool>,
    /// How many sessions at most, 1..=500; 10 where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// How many of the newest to pass over, 0 where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

impl ListSessions {
    /// Without any filter.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only sessions of this user.
    #[must_use]
    pub fn user_id(mut self, user_id: impl Into<UserId>) -> Self {
        self.user_id = Some(user_id.into());
        self
    }

    /// Only sessions on this client.
    #[must_use]
    pub fn client_id(mut self, client_id: impl Into<ClientId>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Only sessions in this status.
    #[must_use]
    pub fn status(mut self, status: SessionStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Whether to send the total count.
    #[must_use]
    pub fn paginated(mut self, paginated: bool) -> Self {
        self.paginated = Some(paginated);
        self
    }

    /// How many sessions at most, 1..=500.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many of the newest to pass over.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Checks that these sessions, which a response has in this order, are of the user and on the client asked for.
    ///
    /// The clients do this themselves. Use it in an operation of your own that lists sessions into another type.
    ///
    /// # Errors
    /// [`Mismatch`]: a session is of another user or on another client.
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
                return Err(BuildError::new("limit", "is not within 1..=500"));
            }
            request.query("limit", limit)?;
        }
        if let Some(offset) = self.offset {
            request.query("offset", offset)?;
        }
        Ok(())
    }

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
    fn sends_only_what_was_given() {
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
    fn refuses_what_would_list_something_else() {
        assert_eq!(refused(&ListSessions::new().user_id("")), "GetSessionList: user_id is empty (nothing was sent)");
        assert!(refused(&ListSessions::new().client_id("")).contains("client_id is empty"));
        assert!(refused(&ListSessions::new().status("".into())).contains("status is empty"));
        for limit in [0, 501] {
            assert!(refused(&ListSessions::new().limit(limit)).contains("limit is not within 1..=500"));
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
    fn a_fault_names_its_place() {
        let error = responded::<ListSessions>(r#"[{"object":"session"}]"#).unwrap_err();
        assert_eq!(error.path(), Some("[0].id"));
        assert_eq!(error.body(), Some(&br#"[{"object":"session"}]"#[..]));
    }
}
