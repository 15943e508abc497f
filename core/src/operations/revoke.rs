//! `POST /sessions/{session_id}/revoke`

use http::Method;
use serde::{Deserialize, Serialize};

use super::{check_session, from_its_only_parameter};
use crate::error::{BuildError, Mismatch};
use crate::metadata::{Idempotency, Metadata};
use crate::model::{Session, SessionId};
use crate::operation::Operation;
use crate::request::RequestWriter;

/// Revokes a session: its user is signed out there. A second revoke changes nothing.
///
/// [Reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/RevokeSession)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RevokeSession {
    /// The session.
    pub session_id: SessionId,
}

impl RevokeSession {
    /// Revokes this session.
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

    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
        request.segments(&[("session_id", self.session_id.as_str())])
    }

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
    fn sends_an_empty_post_that_says_so() {
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
