//! [`GetSession`]: `GET /sessions/{session_id}`.

use http::Method;
use serde::{Deserialize, Serialize};

use super::{check_session, from_its_only_parameter};
use crate::error::{BuildError, Mismatch};
use crate::metadata::{Idempotency, Metadata};
use crate::model::{Session, SessionId};
use crate::operation::Operation;
use crate::request::RequestWriter;

/// Gets a session: `GET /sessions/{session_id}`.
///
/// Use it to look at one session whose id you know. The response is the [`Session`], whatever its status. The operation
/// only reads, so it is retried after transport failures and the statuses of [`RetryPolicy`](crate::RetryPolicy).
///
/// ```
/// use clerk_sessions_core::{Api, GetSession};
///
/// let api = Api::new("sk_test_123")?;
/// let request = api.request(&GetSession::new("sess_123"))?;
/// assert_eq!(request.uri(), "https://api.clerk.com/v1/sessions/sess_123");
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
///
/// # Errors
/// - [`Error::Build`](crate::Error::Build): the id is empty, `.` or `..`.
/// - [`Error::Api`](crate::Error::Api): 404 if there is no such session
///   ([`Error::is_not_found`](crate::Error::is_not_found)), 401 for a wrong secret key.
/// - [`Error::Decode`](crate::Error::Decode): the response is not a session, or is another session.
///
/// Source: [Clerk's reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/GetSession).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct GetSession {
    /// The id of the session. Required, and not empty, `.` or `..`. It is percent-encoded.
    pub session_id: SessionId,
}

impl GetSession {
    /// Gets the session of this id.
    #[must_use]
    pub fn new(session_id: impl Into<SessionId>) -> Self {
        Self { session_id: session_id.into() }
    }
}

from_its_only_parameter!(GetSession, SessionId);

impl Operation for GetSession {
    type Output = Session;
    const METADATA: &'static Metadata =
        &Metadata::new("GetSession", "get", Method::GET, "/sessions/{session_id}", Idempotency::Safe);

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
    use crate::model::tests::minimal;

    #[test]
    fn sends_the_id_as_one_segment() {
        assert_eq!(sent(&GetSession::new("sess_1")), "GET https://api.clerk.com/v1/sessions/sess_1\n");
        for (id, segment) in [
            ("a/b", "a%2Fb"),
            ("a?b", "a%3Fb"),
            ("a#b", "a%23b"),
            ("sess_2/revoke?x=", "sess_2%2Frevoke%3Fx%3D"),
            ("%2e%2e", "%252e%252e"),
            ("x/../sess_2", "x%2F..%2Fsess_2"),
            ("é", "%C3%A9"),
        ] {
            assert_eq!(sent(&GetSession::new(id)), format!("GET https://api.clerk.com/v1/sessions/{segment}\n"));
        }
    }

    #[test]
    fn refuses_an_empty_id_and_dot_segments() {
        assert_eq!(refused(&GetSession::new("")), "GetSession: session_id is empty (nothing was sent)");
        for id in [".", ".."] {
            assert!(refused(&GetSession::new(id)).starts_with("GetSession: session_id is a dot segment"));
        }
    }

    #[test]
    fn reads_a_session() {
        assert_eq!(responded::<GetSession>(minimal().to_string()).unwrap().user_id, "user_1");
        for broken in ["", "null", "[]", "<html>", "{\"object\":\"sess"] {
            let error = responded::<GetSession>(broken).unwrap_err();
            assert!(matches!(error, crate::Error::Decode(_)), "{broken}: {error}");
            assert_eq!(error.body(), Some(broken.as_bytes()));
        }
    }

    #[test]
    fn refuses_another_session() {
        let session = minimal().to_string();
        assert_eq!(mismatch(GetSession::new("sess_1"), &session), None);
        let other = mismatch(GetSession::new("sess_2"), &session).unwrap();
        assert_eq!(other, "at id: is another session than the one asked for");
        let (same, another) = (GetSession::new("sess_1"), GetSession::new("sess_2"));
        assert_eq!(mismatch(&same, &session), None, "by reference");
        assert_eq!(mismatch(&another, &session), Some(other), "by reference");
    }
}
