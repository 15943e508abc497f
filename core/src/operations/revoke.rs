//! [`RevokeSession`]: `POST /sessions/{session_id}/revoke`.

use http::Method;
use serde::{Deserialize, Serialize};

use super::{check_session, from_its_only_parameter};
use crate::error::{BuildError, Mismatch};
use crate::metadata::{Idempotency, Metadata};
use crate::model::{Session, SessionId};
use crate::operation::Operation;
use crate::request::RequestWriter;

/// Revokes a session: `POST /sessions/{session_id}/revoke`.
///
/// Use it to sign a user out of one session. Tokens that were minted before stay valid until they expire. To sign a
/// user out everywhere, use [`revoke_all`](crate::Sessions::revoke_all).
///
/// The response is the [`Session`], with the status `revoked`. The operation is idempotent: a second revoke changes
/// nothing, so it is retried after transport failures and the statuses of [`RetryPolicy`](crate::RetryPolicy).
///
/// ```
/// use clerk_sessions_core::{Api, RevokeSession};
///
/// let api = Api::new("sk_test_123")?;
/// let request = api.request(&RevokeSession::new("sess_123"))?;
/// assert_eq!(request.uri(), "https://api.clerk.com/v1/sessions/sess_123/revoke");
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
///
/// # Errors
/// - [`Error::Build`](crate::Error::Build): the id is empty, `.` or `..`.
/// - [`Error::Api`](crate::Error::Api): 404 if there is no such session
///   ([`Error::is_not_found`](crate::Error::is_not_found)), 400 if the server refuses to revoke it, 401 for a wrong
///   secret key.
/// - [`Error::Decode`](crate::Error::Decode): the response is not a session, or is another session.
///
/// Source: [Clerk's reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/RevokeSession).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RevokeSession {
    /// The id of the session. Required, and not empty, `.` or `..`. It is percent-encoded.
    pub session_id: SessionId,
}

impl RevokeSession {
    /// Revokes the session of this id.
    #[must_use]
    pub fn new(session_id: impl Into<SessionId>) -> Self {
        Self { session_id: session_id.into() }
    }
}

from_its_only_parameter!(RevokeSession, SessionId);

impl Operation for RevokeSession {
    type Output = Session;
    const METADATA: &'static Metadata = &Metadata::new(
        "RevokeSession",
        "revoke",
        Method::POST,
        "/sessions/{session_id}/revoke",
        Idempotency::Idempotent,
    );

    #[inline]
    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
        request.segments(&[("session_id", self.session_id.as_str())])
    }

    #[inline]
    fn check(&self, session: &Session) -> Result<(), Mismatch> {
        check_session(session, &self.session_id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mismatch, refused, responded, sent};
    use super::*;
    use crate::model::SessionStatus;
    use crate::model::tests::minimal;

    #[test]
    fn sends_an_empty_post_with_content_length_0() {
        assert_eq!(
            sent(&RevokeSession::new("sess_1")),
            "POST https://api.clerk.com/v1/sessions/sess_1/revoke\ncontent-length: 0\n"
        );
        assert!(refused(&RevokeSession::new("..")).starts_with("RevokeSession: session_id is a dot segment"));
    }

    #[test]
    fn reads_the_revoked_session() {
        let mut revoked = minimal();
        revoked["status"] = "revoked".into();
        let session = responded::<RevokeSession>(revoked.to_string()).unwrap();
        assert_eq!(session.status, SessionStatus::Revoked);
    }

    #[test]
    fn refuses_another_session() {
        let session = minimal().to_string();
        assert_eq!(mismatch(RevokeSession::new("sess_1"), &session), None);
        let other = mismatch(RevokeSession::new("sess_2"), &session).unwrap();
        assert_eq!(other, "at id: is another session than the one asked for");
    }
}
