//! [`CreateSession`]: `POST /sessions`.

use http::Method;
use serde::{Deserialize, Serialize};

use super::{check_user, from_its_only_parameter, not_empty};
use crate::error::{BuildError, Mismatch};
use crate::metadata::{Idempotency, Metadata};
use crate::model::{OrganizationId, Session, UserId};
use crate::operation::Operation;
use crate::request::RequestWriter;

/// Creates an active session for a user, on a new client: `POST /sessions`.
///
/// Use it in tests. Production instances refuse it. To sign a user in from a backend in production, Clerk recommends
/// sign-in tokens, which this crate does not cover.
///
/// The response is the new [`Session`]. The operation is not idempotent: a second run creates a second session. So it
/// is not retried when the server may have processed it.
///
/// ```
/// use clerk_sessions_core::{Api, CreateSession};
///
/// let api = Api::new("sk_test_123")?;
/// let request = api.request(&CreateSession::new("user_123").active_organization_id("org_123"))?;
/// assert_eq!(request.body(), br#"{"user_id":"user_123","active_organization_id":"org_123"}"#);
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
///
/// # Errors
/// - [`Error::Build`](crate::Error::Build): `user_id` or `active_organization_id` is empty.
/// - [`Error::Api`](crate::Error::Api): 400 on a production instance, 404 if the user or the organization does not
///   exist, 422 if the server refuses a parameter, 401 for a wrong secret key.
/// - [`Error::Decode`](crate::Error::Decode): the response is not a session, or is a session of another user.
///
/// Source: [Clerk's reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/createSession).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CreateSession {
    /// The user to sign in. Required, and not empty.
    pub user_id: UserId,
    /// The organization to make active in the session. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_organization_id: Option<OrganizationId>,
}

impl CreateSession {
    /// Creates a session for this user, with no active organization.
    #[must_use]
    pub fn new(user_id: impl Into<UserId>) -> Self {
        Self { user_id: user_id.into(), active_organization_id: None }
    }

    /// Sets the organization to make active in the session. Default: none.
    #[must_use]
    pub fn active_organization_id(mut self, organization_id: impl Into<OrganizationId>) -> Self {
        self.active_organization_id = Some(organization_id.into());
        self
    }
}

from_its_only_parameter!(CreateSession, UserId);

impl Operation for CreateSession {
    type Output = Session;
    const METADATA: &'static Metadata =
        &Metadata::new("createSession", "create", Method::POST, "/sessions", Idempotency::NotIdempotent);

    #[inline]
    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
        not_empty("user_id", Some(self.user_id.as_str()))?;
        not_empty("active_organization_id", self.active_organization_id.as_ref().map(OrganizationId::as_str))?;
        request.json(self)
    }

    #[inline]
    fn check(&self, session: &Session) -> Result<(), Mismatch> {
        check_user(session, &self.user_id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mismatch, refused, responded, sent};
    use super::*;
    use crate::model::tests::minimal;

    #[test]
    fn sends_the_user_and_the_organization_if_there_is_one() {
        assert_eq!(
            sent(&CreateSession::new("user_1")),
            "POST https://api.clerk.com/v1/sessions\ncontent-type: application/json\n{\"user_id\":\"user_1\"}"
        );
        assert_eq!(
            sent(&CreateSession::from("user_1").active_organization_id("org_1")),
            "POST https://api.clerk.com/v1/sessions\ncontent-type: application/json\n\
             {\"user_id\":\"user_1\",\"active_organization_id\":\"org_1\"}"
        );
    }

    #[test]
    fn refuses_empty_ids() {
        assert!(refused(&CreateSession::new("")).starts_with("createSession: user_id is empty"));
        assert!(
            refused(&CreateSession::new("u").active_organization_id("")).contains("active_organization_id is empty")
        );
    }

    #[test]
    fn refuses_a_session_of_another_user() {
        let session = minimal().to_string();
        assert_eq!(mismatch(CreateSession::new("user_1"), &session), None);
        let other = mismatch(CreateSession::new("user_2"), &session).unwrap();
        assert_eq!(other, "at user_id: is another user than the one asked for");
    }

    #[test]
    fn reads_a_session() {
        assert_eq!(responded::<CreateSession>(minimal().to_string()).unwrap().id, "sess_1");
    }
}
