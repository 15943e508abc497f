//! [`CreateSessionTokenFromTemplate`]: `POST /sessions/{session_id}/tokens/{template_name}`.

use http::Method;
use serde::{Deserialize, Serialize};

use super::{other_token, write_token_options};
use crate::error::{BuildError, Mismatch};
use crate::metadata::{Idempotency, Metadata};
use crate::model::{SessionId, TemplateName, Token, sid_is};
use crate::operation::Operation;
use crate::request::RequestWriter;

/// Mints a token from a JWT template of the instance: `POST /sessions/{session_id}/tokens/{template_name}`.
///
/// Use it for tokens that another service reads, such as Hasura or Supabase. The template sets the claims. For a token
/// with Clerk's own claims, use [`CreateSessionToken`](crate::CreateSessionToken).
///
/// The response is a [`Token`]. The operation is not idempotent: a second run mints a second token and costs quota. So
/// it is not retried when the server may have processed it.
///
/// ```
/// use clerk_sessions_core::{Api, CreateSessionTokenFromTemplate};
///
/// let api = Api::new("sk_test_123")?;
/// let request = api.request(&CreateSessionTokenFromTemplate::new("sess_123", "hasura"))?;
/// assert_eq!(request.uri().path(), "/v1/sessions/sess_123/tokens/hasura");
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
///
/// # Errors
/// - [`Error::Build`](crate::Error::Build): the id or the name is empty, `.` or `..`, `expires_in_seconds` is not
///   between 30 and 315,360,000, or `origin` has a character that is not allowed in a header.
/// - [`Error::Api`](crate::Error::Api): 404 if there is no such session or template
///   ([`Error::is_not_found`](crate::Error::is_not_found)), 401 for a wrong secret key.
/// - [`Error::Decode`](crate::Error::Decode): the response is not a token, or its `sid` claim is the id of another
///   session.
///
/// Source: [Clerk's
/// reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/CreateSessionTokenFromTemplate).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CreateSessionTokenFromTemplate {
    /// The id of the session. Required, and not empty, `.` or `..`. It is percent-encoded.
    pub session_id: SessionId,
    /// The name of the template. Required, and not empty, `.` or `..`. It is percent-encoded.
    pub template_name: TemplateName,
    /// How long the token is valid, in seconds: 30 to 315,360,000. Default: the template's lifetime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<u32>,
    /// The `Origin` header of the request, such as `https://app.example.com`. It becomes the token's `azp` claim.
    /// Default: none, and then the token has no `azp` claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

impl CreateSessionTokenFromTemplate {
    /// Mints a token of this session from this template, with the template's defaults.
    #[must_use]
    pub fn new(session_id: impl Into<SessionId>, template_name: impl Into<TemplateName>) -> Self {
        Self {
            session_id: session_id.into(),
            template_name: template_name.into(),
            expires_in_seconds: None,
            origin: None,
        }
    }

    /// Sets how long the token is valid, in seconds: 30 to 315,360,000. The default is the template's lifetime.
    #[must_use]
    pub fn expires_in_seconds(mut self, seconds: u32) -> Self {
        self.expires_in_seconds = Some(seconds);
        self
    }

    /// Sets the `Origin` header of the request, which becomes the token's `azp` claim.
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }
}

impl Operation for CreateSessionTokenFromTemplate {
    type Output = Token;
    const METADATA: &'static Metadata = &Metadata::new(
        "CreateSessionTokenFromTemplate",
        "create_token_from_template",
        Method::POST,
        "/sessions/{session_id}/tokens/{template_name}",
        // A second run only mints another token, but it costs quota.
        Idempotency::NotIdempotent,
    );

    #[inline]
    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
        let (session_id, template_name) = (self.session_id.as_str(), self.template_name.as_str());
        request.segments(&[("session_id", session_id), ("template_name", template_name)])?;
        write_token_options(request, self.expires_in_seconds, self.origin.as_deref())
    }

    #[inline]
    fn check(&self, token: &Token) -> Result<(), Mismatch> {
        // Clerk adds no `sid` claim to these tokens, so a template may use that claim for anything. Only a value that
        // looks like the id of a session is compared.
        let is_other = |sid: &[u8]| sid.starts_with(b"sess_") && sid != self.session_id.as_str().as_bytes();
        if sid_is(token.jwt.expose(), is_other) { Err(other_token("jwt")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::CreateSessionToken;
    use super::super::tests::{mismatch, refused, responded, sent};
    use super::*;
    use crate::model::token_of;

    #[test]
    fn sends_session_and_template_as_segments() {
        assert_eq!(
            sent(&CreateSessionToken::new("sess_1").template("custom hasura")),
            "POST https://api.clerk.com/v1/sessions/sess_1/tokens/custom%20hasura\ncontent-type: application/json\n{}"
        );
        let all = CreateSessionToken::new("sess_1").expires_in_seconds(315_360_000).origin("https://a.b").template("t");
        assert_eq!(
            sent(&all),
            "POST https://api.clerk.com/v1/sessions/sess_1/tokens/t\ncontent-type: application/json\n\
             origin: https://a.b\n{\"expires_in_seconds\":315360000}"
        );
    }

    #[test]
    fn refuses_a_name_that_changes_the_path_and_an_expiry_out_of_range() {
        // `tokens/..` is the path of the session, and `tokens/` the path of a token without a template.
        for template in ["", ".", ".."] {
            let error = refused(&CreateSessionTokenFromTemplate::new("sess_1", template));
            assert!(error.contains("template_name is"), "{error}");
        }
        let error = refused(&CreateSessionTokenFromTemplate::new("sess_1", "t").expires_in_seconds(1));
        assert!(error.contains("expires_in_seconds"), "{error}");
    }

    #[test]
    fn refuses_a_token_of_another_session() {
        let of = |claims| format!(r#"{{"jwt":"{}"}}"#, token_of(claims));
        let operation = || CreateSessionTokenFromTemplate::new("sess_1", "t");
        for claims in [r#"{"sid":"sess_1"}"#, r#"{"sub":"user_1"}"#, r#"{"sid":"a meaning of the template's own"}"#] {
            assert_eq!(mismatch(operation(), of(claims)), None, "{claims}");
        }
        let other = mismatch(operation(), of(r#"{"sid":"sess_2"}"#)).unwrap();
        assert_eq!(other, "at jwt: is a token of another session than the one asked for");
    }

    #[test]
    fn reads_a_token() {
        let token = responded::<CreateSessionTokenFromTemplate>(r#"{"object":"token","jwt":"a.b.c"}"#).unwrap();
        assert_eq!(token.jwt.expose(), "a.b.c");
    }
}
