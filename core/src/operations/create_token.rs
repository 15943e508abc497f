//! [`CreateSessionToken`]: `POST /sessions/{session_id}/tokens`.

use http::Method;
use serde::{Deserialize, Serialize};

use super::{CreateSessionTokenFromTemplate, check_token, from_its_only_parameter, write_token_options};
use crate::error::{BuildError, Mismatch};
use crate::metadata::{Idempotency, Metadata};
use crate::model::{SessionId, TemplateName, Token};
use crate::operation::Operation;
use crate::request::RequestWriter;

/// Mints a session token: `POST /sessions/{session_id}/tokens`.
///
/// Use it to call a backend of yours as the user of the session. For a token with the claims of a JWT template, use
/// [`CreateSessionTokenFromTemplate`], or [`template`](Self::template) of this type.
///
/// The response is a [`Token`]. The operation is not idempotent: a second run mints a second token and costs quota. So
/// it is not retried when the server may have processed it.
///
/// ```
/// use clerk_sessions_core::{Api, CreateSessionToken};
///
/// let api = Api::new("sk_test_123")?;
/// let token = CreateSessionToken::new("sess_123").expires_in_seconds(300).origin("https://app.example.com");
/// let request = api.request(&token)?;
/// assert_eq!(request.body(), br#"{"expires_in_seconds":300}"#);
/// assert_eq!(request.headers()["origin"], "https://app.example.com");
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
///
/// # Errors
/// - [`Error::Build`](crate::Error::Build): the id is empty, `.` or `..`, `expires_in_seconds` is not between 30 and
///   315,360,000, or `origin` has a character that is not allowed in a header.
/// - [`Error::Api`](crate::Error::Api): 404 if there is no such session
///   ([`Error::is_not_found`](crate::Error::is_not_found)), 401 for a wrong secret key.
/// - [`Error::Decode`](crate::Error::Decode): the response is not a token, or its `sid` claim names another session.
///
/// Source: [Clerk's reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/CreateSessionToken).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CreateSessionToken {
    /// The id of the session. Required, and not empty, `.` or `..`. It is percent-encoded.
    pub session_id: SessionId,
    /// How long the token is valid, in seconds: 30 to 315,360,000. Default: the server's, which is 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<u32>,
    /// The `Origin` header of the request, such as `https://app.example.com`. It becomes the token's `azp` claim.
    /// Default: none, and then the token has no `azp` claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

impl CreateSessionToken {
    /// Mints a token of this session, with the server's defaults.
    #[must_use]
    pub fn new(session_id: impl Into<SessionId>) -> Self {
        Self { session_id: session_id.into(), expires_in_seconds: None, origin: None }
    }

    /// Sets how long the token is valid, in seconds: 30 to 315,360,000. The server's default is 60.
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

    /// Mints the token from this JWT template instead. All other parameters are kept.
    ///
    /// Pass the result to [`create_token_from_template`](crate::Sessions::create_token_from_template).
    #[must_use]
    pub fn template(self, template_name: impl Into<TemplateName>) -> CreateSessionTokenFromTemplate {
        let Self { session_id, expires_in_seconds, origin } = self;
        let mut token = CreateSessionTokenFromTemplate::new(session_id, template_name);
        (token.expires_in_seconds, token.origin) = (expires_in_seconds, origin);
        token
    }
}

from_its_only_parameter!(CreateSessionToken, SessionId);

impl Operation for CreateSessionToken {
    type Output = Token;
    const METADATA: &'static Metadata = &Metadata::new(
        "CreateSessionToken",
        "create_token",
        Method::POST,
        "/sessions/{session_id}/tokens",
        // A second run only mints another token, but it costs quota.
        Idempotency::NotIdempotent,
    );

    #[inline]
    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
        request.segments(&[("session_id", self.session_id.as_str())])?;
        write_token_options(request, self.expires_in_seconds, self.origin.as_deref())
    }

    #[inline]
    fn check(&self, token: &Token) -> Result<(), Mismatch> {
        check_token(&token.jwt, &self.session_id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mismatch, refused, responded, sent};
    use super::*;
    use crate::model::token_of;

    #[test]
    fn sends_an_empty_object_without_options() {
        assert_eq!(
            sent(&CreateSessionToken::new("sess_1")),
            "POST https://api.clerk.com/v1/sessions/sess_1/tokens\ncontent-type: application/json\n{}"
        );
        assert_eq!(
            sent(&CreateSessionToken::new("sess_1").expires_in_seconds(30).origin("https://app.example.com")),
            "POST https://api.clerk.com/v1/sessions/sess_1/tokens\ncontent-type: application/json\n\
             origin: https://app.example.com\n{\"expires_in_seconds\":30}"
        );
    }

    #[test]
    fn an_origin_replaces_the_origin_header_of_the_api() {
        let api = crate::Api::builder("sk_test_1").header("Origin", "https://all.example.com").build().unwrap();
        let request = api.request(&CreateSessionToken::new("sess_1").origin("https://one.example.com")).unwrap();
        let origins: Vec<_> = request.headers().get_all("origin").iter().collect();
        assert_eq!(origins, ["https://one.example.com"]);
    }

    #[test]
    fn refuses_an_expiry_out_of_range_a_bad_origin_and_an_empty_id() {
        for seconds in [0, 29, 315_360_001] {
            let error = refused(&CreateSessionToken::new("sess_1").expires_in_seconds(seconds));
            assert!(error.contains("expires_in_seconds is not between 30 and 315360000"), "{error}");
        }
        assert!(
            refused(&CreateSessionToken::new("sess_1").origin("a\r\nb: c"))
                .contains("origin has a character that is not allowed")
        );
        assert!(refused(&CreateSessionToken::new("")).contains("session_id is empty"));
    }

    #[test]
    fn refuses_a_token_of_another_session() {
        let token = format!(r#"{{"jwt":"{}"}}"#, token_of(r#"{"sub":"user_1","sid":"sess_1"}"#));
        assert_eq!(mismatch(CreateSessionToken::new("sess_1"), &token), None);
        let other = mismatch(CreateSessionToken::new("sess_2"), &token).unwrap();
        assert_eq!(other, "at jwt: is a token of another session than the one asked for");
        assert_eq!(mismatch(CreateSessionToken::new("sess_2"), r#"{"jwt":"opaque"}"#), None);
    }

    #[test]
    fn debug_of_a_token_does_not_show_the_jwt() {
        let token = responded::<CreateSessionToken>(r#"{"object":"token","jwt":"a.b.c"}"#).unwrap();
        assert_eq!(token.jwt.expose(), "a.b.c");
        assert!(!format!("{token:?}").contains("a.b.c"));
        assert_eq!(responded::<CreateSessionToken>(r#"{"object":"token"}"#).unwrap_err().path(), Some("jwt"));
    }
}
