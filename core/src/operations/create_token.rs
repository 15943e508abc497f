//! `POST /sessions/{session_id}/tokens`

use http::Method;
use serde::{Deserialize, Serialize};

use super::{CreateSessionTokenFromTemplate, check_token, from_its_only_parameter, write_token_options};
use crate::error::{BuildError, Mismatch};
use crate::metadata::{Idempotency, Metadata};
use crate::model::{SessionId, TemplateName, Token};
use crate::operation::Operation;
use crate::request::RequestWriter;

/// Mints a session token.
///
/// [Reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/CreateSessionToken)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CreateSessionToken {
    /// The session.
    pub session_id: SessionId,
    /// The token's life in seconds, 30..=315360000; the server's default is 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<u32>,
    /// The `Origin` header to send, such as `https://app.example.com`: without it, the token has no `azp` claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

impl CreateSessionToken {
    /// A token of this session, with the server's defaults.
    #[must_use]
    pub fn new(session_id: impl Into<SessionId>) -> Self {
        Self { session_id: session_id.into(), expires_in_seconds: None, origin: None }
    }

    /// The token's life in seconds, 30..=315360000.
    #[must_use]
    pub fn expires_in_seconds(mut self, seconds: u32) -> Self {
        self.expires_in_seconds = Some(seconds);
        self
    }

    /// The `Origin` that the token is for, its `azp` claim.
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// The same token from a JWT template of the instance, for
    /// [`create_token_from_template`](crate::Sessions::create_token_from_template).
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
        // A repeat only mints another token, but it costs quota.
        Idempotency::NotIdempotent,
    );

    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
        request.segments(&[("session_id", self.session_id.as_str())])?;
        write_token_options(request, self.expires_in_seconds, self.origin.as_deref())
    }

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
    fn sends_an_object_even_without_options() {
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
    fn an_origin_takes_the_place_of_the_one_for_all_calls() {
        let api = crate::Api::builder("sk_test_1").header("Origin", "https://all.example.com").build().unwrap();
        let request = api.request(&CreateSessionToken::new("sess_1").origin("https://one.example.com")).unwrap();
        let origins: Vec<_> = request.headers().get_all("origin").iter().collect();
        assert_eq!(origins, ["https://one.example.com"]);
    }

    #[test]
    fn refuses_what_is_out_of_bounds() {
        for seconds in [0, 29, 315_360_001] {
            let error = refused(&CreateSessionToken::new("sess_1").expires_in_seconds(seconds));
            assert!(error.contains("expires_in_seconds is not within 30..=315360000"), "{error}");
        }
        assert!(refused(&CreateSessionToken::new("sess_1").origin("a\r\nb: c")).contains("origin holds a character"));
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
    fn reads_a_token_that_does_not_print() {
        let token = responded::<CreateSessionToken>(r#"{"object":"token","jwt":"a.b.c"}"#).unwrap();
        assert_eq!(token.jwt.expose(), "a.b.c");
        assert!(!format!("{token:?}").contains("a.b.c"));
        assert_eq!(responded::<CreateSessionToken>(r#"{"object":"token"}"#).unwrap_err().path(), Some("jwt"));
    }
}
