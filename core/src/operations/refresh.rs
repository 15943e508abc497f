//! [`RefreshSession`]: `POST /sessions/{session_id}/refresh`.

use std::collections::BTreeMap;
use std::fmt;

use http::Method;
use serde::{Deserialize, Serialize};

use super::{check_token, is_of_other_session, not_empty, other_token};
use crate::error::{BuildError, Mismatch};
use crate::metadata::{Idempotency, Metadata};
use crate::model::{Jwt, RefreshToken, Refreshed, SessionId, TokenFormat};
use crate::operation::Operation;
use crate::request::RequestWriter;

/// Gets a new session token for an expired one and a refresh token: `POST /sessions/{session_id}/refresh`.
///
/// Use it on a server that handles a browser's request whose session token has expired. All parameters come from that
/// request. If the server refuses the refresh, [`Error::needs_handshake`](crate::Error::needs_handshake) is true:
/// redirect the browser to the handshake, `/v1/client/handshake` of Clerk's Frontend API, which sends it back with new cookies.
///
/// The response is [`Refreshed`]: a token, or cookies if [`TokenFormat::Cookie`] is set. The operation is not
/// idempotent: a refresh token works once. So it is not retried when the server may have processed it. `Debug` shows
/// neither token, and of the request's headers only the names.
///
/// ```
/// use clerk_sessions_core::{Api, RefreshSession};
///
/// let api = Api::new("sk_test_123")?;
/// let (session_cookie, refresh_cookie) = ("the value of __session", "the value of __refresh");
/// let refresh = RefreshSession::new("sess_123", session_cookie, refresh_cookie, "https://app.example.com")
///     .request_header("user-agent", "Firefox/126.0")
///     .request_originating_ip("203.0.113.7");
/// assert_eq!(api.request(&refresh)?.uri().path(), "/v1/sessions/sess_123/refresh");
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
///
/// # Errors
/// - [`Error::Build`](crate::Error::Build): the id is empty, `.` or `..`, or `expired_token`, `refresh_token` or
///   `request_origin` is empty.
/// - [`Error::Api`](crate::Error::Api): 401 if the refresh is refused
///   ([`Error::needs_handshake`](crate::Error::needs_handshake)), 401 for a wrong secret key
///   ([`Error::is_secret_key_invalid`](crate::Error::is_secret_key_invalid)), 400 if the server refuses a parameter.
/// - [`Error::Decode`](crate::Error::Decode): the response has neither a token nor cookies, or the `sid` claim of a
///   token in it names another session.
///
/// Source: [Clerk's reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/RefreshSession).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RefreshSession {
    /// The id of the session. Required, and not empty, `.` or `..`. It is percent-encoded.
    pub session_id: SessionId,
    /// The expired session token, the value of the `__session` cookie. Required, and not empty.
    pub expired_token: Jwt,
    /// The refresh token, the value of the `__refresh` cookie. Required, and not empty.
    pub refresh_token: RefreshToken,
    /// The origin of the browser's request, such as `https://app.example.com`. Required, and not empty.
    pub request_origin: String,
    /// The headers of the browser's request: each name with its values. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_headers: Option<BTreeMap<String, Vec<String>>>,
    /// Whether the response has a token or cookies. Default: the server's, which is a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<TokenFormat>,
    /// The IP address that the browser's request came from. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_originating_ip: Option<String>,
    /// Whether the names of the cookies have the suffix of the instance. Default: not sent. Clerk's reference does not
    /// name this parameter, but Clerk's JavaScript SDK sends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffixed_cookies: Option<bool>,
}

impl RefreshSession {
    /// Refreshes this session with the two tokens and the origin of the browser's request.
    #[must_use]
    pub fn new(
        session_id: impl Into<SessionId>,
        expired_token: impl Into<Jwt>,
        refresh_token: impl Into<RefreshToken>,
        request_origin: impl Into<String>,
    ) -> Self {
        Self {
            session_id: session_id.into(),
            expired_token: expired_token.into(),
            refresh_token: refresh_token.into(),
            request_origin: request_origin.into(),
            request_headers: None,
            format: None,
            request_originating_ip: None,
            suffixed_cookies: None,
        }
    }

    /// Adds a header of the browser's request. Call it once for each value of a name.
    #[must_use]
    pub fn request_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let headers = self.request_headers.get_or_insert_default();
        headers.entry(name.into()).or_default().push(value.into());
        self
    }

    /// Sets whether the response has a token or cookies. The server's default is a token.
    #[must_use]
    #[inline]
    pub fn format(mut self, format: TokenFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// Sets the IP address that the browser's request came from.
    #[must_use]
    pub fn request_originating_ip(mut self, address: impl Into<String>) -> Self {
        self.request_originating_ip = Some(address.into());
        self
    }

    /// Sets whether the names of the cookies have the suffix of the instance.
    #[must_use]
    #[inline]
    pub fn suffixed_cookies(mut self, suffixed: bool) -> Self {
        self.suffixed_cookies = Some(suffixed);
        self
    }
}

impl fmt::Debug for RefreshSession {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only the names of the headers: the `cookie` header holds both tokens.
        let request_headers = self.request_headers.as_ref().map(|headers| headers.keys().collect::<Vec<_>>());
        f.debug_struct("RefreshSession")
            .field("session_id", &self.session_id)
            .field("expired_token", &self.expired_token)
            .field("refresh_token", &self.refresh_token)
            .field("request_origin", &self.request_origin)
            .field("request_headers", &request_headers)
            .field("format", &self.format)
            .field("request_originating_ip", &self.request_originating_ip)
            .field("suffixed_cookies", &self.suffixed_cookies)
            .finish()
    }
}

impl Operation for RefreshSession {
    type Output = Refreshed;
    const METADATA: &'static Metadata = &Metadata::new(
        "RefreshSession",
        "refresh",
        Method::POST,
        "/sessions/{session_id}/refresh",
        Idempotency::NotIdempotent,
    );

    #[inline]
    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
        #[derive(Serialize)]
        struct Body<'a> {
            expired_token: &'a Jwt,
            refresh_token: &'a RefreshToken,
            request_origin: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            request_headers: Option<&'a BTreeMap<String, Vec<String>>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            format: Option<&'a TokenFormat>,
            #[serde(skip_serializing_if = "Option::is_none")]
            request_originating_ip: Option<&'a str>,
        }
        request.segments(&[("session_id", self.session_id.as_str())])?;
        if let Some(suffixed) = self.suffixed_cookies {
            request.query("suffixed_cookies", suffixed)?;
        }
        not_empty("expired_token", Some(self.expired_token.expose()))?;
        not_empty("refresh_token", Some(self.refresh_token.expose()))?;
        not_empty("request_origin", Some(&self.request_origin))?;
        request.json(&Body {
            expired_token: &self.expired_token,
            refresh_token: &self.refresh_token,
            request_origin: &self.request_origin,
            request_headers: self.request_headers.as_ref(),
            format: self.format.as_ref(),
            request_originating_ip: self.request_originating_ip.as_deref(),
        })
    }

    #[inline]
    fn check(&self, refreshed: &Refreshed) -> Result<(), Mismatch> {
        if let Some(token) = refreshed.token() {
            return check_token(&token.jwt, &self.session_id);
        }
        let mut tokens = refreshed.cookies().iter().map(|cookie| session_token(cookie.expose()).unwrap_or_default());
        match tokens.position(|token| is_of_other_session(token, &self.session_id)) {
            Some(index) => Err(other_token(format!("cookies[{index}]"))),
            None => Ok(()),
        }
    }
}

/// Returns the value of a `Set-Cookie` directive for the cookie `__session` or `__session_<suffix>`, `None` for any
/// other.
#[inline]
fn session_token(directive: &str) -> Option<&str> {
    let (name, rest) = directive.split_once('=')?;
    let suffix = name.trim().strip_prefix("__session")?;
    (suffix.is_empty() || suffix.starts_with('_')).then(|| rest.split(';').next().unwrap_or_default().trim())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mismatch, refused, responded, sent};
    use super::*;
    use crate::model::token_of;

    fn refresh() -> RefreshSession {
        RefreshSession::new("sess_1", "expired.jwt.x", "refresh_x", "https://app.example.com")
    }

    #[test]
    fn sends_the_parameters_that_are_set() {
        assert_eq!(
            sent(&refresh()),
            "POST https://api.clerk.com/v1/sessions/sess_1/refresh\ncontent-type: application/json\n\
             {\"expired_token\":\"expired.jwt.x\",\"refresh_token\":\"refresh_x\",\
             \"request_origin\":\"https://app.example.com\"}"
        );
        let everything = refresh()
            .request_header("user-agent", "Firefox")
            .request_header("accept", "a")
            .request_header("accept", "b")
            .format(TokenFormat::Cookie)
            .request_originating_ip("203.0.113.7")
            .suffixed_cookies(true);
        assert_eq!(
            sent(&everything),
            "POST https://api.clerk.com/v1/sessions/sess_1/refresh?suffixed_cookies=true\n\
             content-type: application/json\n\
             {\"expired_token\":\"expired.jwt.x\",\"refresh_token\":\"refresh_x\",\
             \"request_origin\":\"https://app.example.com\",\
             \"request_headers\":{\"accept\":[\"a\",\"b\"],\"user-agent\":[\"Firefox\"]},\
             \"format\":\"cookie\",\"request_originating_ip\":\"203.0.113.7\"}"
        );
    }

    #[test]
    fn refuses_empty_parameters() {
        assert!(refused(&RefreshSession::new("", "a", "b", "c")).contains("session_id is empty"));
        assert!(refused(&RefreshSession::new("s", "", "b", "c")).contains("expired_token is empty"));
        assert!(refused(&RefreshSession::new("s", "a", "", "c")).contains("refresh_token is empty"));
        assert!(refused(&RefreshSession::new("s", "a", "b", "")).contains("request_origin is empty"));
    }

    #[test]
    fn reads_both_formats() {
        let token = responded::<RefreshSession>(r#"{"object":"token","jwt":"a.b.c"}"#).unwrap();
        assert_eq!(token.token().unwrap().jwt.expose(), "a.b.c");
        let cookies = responded::<RefreshSession>(r#"{"object":"cookies","cookies":["__session=x"]}"#).unwrap();
        assert_eq!(cookies.cookies()[0].expose(), "__session=x");
    }

    #[test]
    fn refuses_a_token_of_another_session() {
        let (own, other) = (token_of(r#"{"sid":"sess_1"}"#), token_of(r#"{"sid":"sess_2"}"#));
        assert_eq!(mismatch(refresh(), format!(r#"{{"jwt":"{own}"}}"#)), None);
        let refused = mismatch(refresh(), format!(r#"{{"jwt":"{other}"}}"#)).unwrap();
        assert_eq!(refused, "at jwt: is a token of another session than the one asked for");
        let with = |name: &str, token: &str| {
            let cookies =
                ["__client_uat=1; Path=/".to_owned(), format!("{name}={token}; Path=/; Secure"), "x".to_owned()];
            mismatch(refresh(), serde_json::json!({ "cookies": cookies }).to_string())
        };
        for name in ["__session", "__session_abcd"] {
            assert_eq!(with(name, &own), None, "{name}");
            let refused = with(name, &other).unwrap();
            assert_eq!(refused, "at cookies[1]: is a token of another session than the one asked for", "{name}");
        }
        assert_eq!(with("__sessions", &other), None);
        assert_eq!(with("__session", ""), None);
    }

    #[test]
    fn debug_shows_neither_token() {
        let shown = format!("{:?}", refresh().request_header("cookie", "__session=expired.jwt.x"));
        assert!(!shown.contains("expired.jwt") && !shown.contains("refresh_x"), "{shown}");
        assert!(shown.contains("cookie"), "{shown}");
    }
}
