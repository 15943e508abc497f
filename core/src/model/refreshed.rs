//! [`Refreshed`]: the response of a refresh.

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};

use super::secret::{Jwt, SetCookie};
use super::token::Token;

/// The response of [`RefreshSession`](crate::RefreshSession): a token, or cookies that carry one.
///
/// It is a token if the response has a `jwt`, and else cookies if it has `cookies`. The requested format and the
/// `object` field do not matter, as `object` may be absent or new.
///
/// ```
/// use clerk_sessions_core::{Api, RefreshSession, http};
///
/// let body = br#"{"object":"cookies","cookies":["__session=a.b.c; Path=/; Secure"]}"#;
/// let response = http::Response::new(body.to_vec());
/// let refreshed = Api::new("sk_test_123")?.parse::<RefreshSession>(response)?;
/// assert!(refreshed.token().is_none());
/// for cookie in refreshed.cookies() {
///     // Add it to the response to the browser, as a `Set-Cookie` header.
///     assert_eq!(cookie.expose(), "__session=a.b.c; Path=/; Secure");
/// }
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
///
/// Source: [Clerk's reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/RefreshSession).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Refreshed {
    /// A session token. The response of [`TokenFormat::Token`](crate::TokenFormat::Token), the default.
    Token(Token),
    /// `Set-Cookie` directives for the browser. The response of
    /// [`TokenFormat::Cookie`](crate::TokenFormat::Cookie).
    Cookies(Cookies),
}

/// `Set-Cookie` directives that give the browser a new session token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cookies {
    /// The type of the object: `cookies`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The directives, one for each `Set-Cookie` header.
    pub cookies: Vec<SetCookie>,
}

impl Refreshed {
    /// Returns the token; `None` if the response has cookies.
    #[must_use]
    pub fn token(&self) -> Option<&Token> {
        match self {
            Self::Token(token) => Some(token),
            Self::Cookies(_) => None,
        }
    }

    /// Returns the `Set-Cookie` directives; empty if the response has a token.
    #[must_use]
    pub fn cookies(&self) -> &[SetCookie] {
        match self {
            Self::Token(_) => &[],
            Self::Cookies(cookies) => &cookies.cookies,
        }
    }
}

impl<'de> Deserialize<'de> for Refreshed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Either {
            object: Option<String>,
            jwt: Option<Jwt>,
            cookies: Option<Vec<SetCookie>>,
        }
        let Either { object, jwt, cookies } = Either::deserialize(deserializer)?;
        match (jwt, cookies) {
            (Some(jwt), _) => Ok(Self::Token(Token { object, jwt })),
            (None, Some(cookies)) => Ok(Self::Cookies(Cookies { object, cookies })),
            (None, None) => Err(de::Error::custom("it has neither `jwt` nor `cookies`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Refreshed {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_fields_decide_between_token_and_cookies() {
        for json in [
            r#"{"object":"token","jwt":"a.b.c"}"#,
            r#"{"jwt":"a.b.c"}"#,
            r#"{"object":"cookies","jwt":"a.b.c","cookies":null}"#,
        ] {
            assert_eq!(read(json).token().unwrap().jwt.expose(), "a.b.c", "{json}");
        }
        for json in [
            r#"{"object":"cookies","cookies":["__session=a.b.c; Path=/"]}"#,
            r#"{"object":"cookies.v2","cookies":["__session=a.b.c; Path=/"],"jwt":null}"#,
        ] {
            assert_eq!(read(json).cookies()[0].expose(), "__session=a.b.c; Path=/", "{json}");
        }
        assert!(read(r#"{"cookies":[]}"#).cookies().is_empty());
    }

    #[test]
    fn a_response_without_token_and_cookies_is_an_error_that_names_both() {
        let error = serde_json::from_str::<Refreshed>(r#"{"object":"token"}"#).unwrap_err().to_string();
        assert!(error.starts_with("it has neither `jwt` nor `cookies`"), "{error}");
    }

    #[test]
    fn a_token_has_no_cookies_and_cookies_have_no_token() {
        let (token, cookies) = (read(r#"{"jwt":"a.b.c"}"#), read(r#"{"cookies":["a=b","c=d"]}"#));
        assert_eq!((token.cookies().len(), token.token().is_some()), (0, true));
        assert_eq!((cookies.cookies().len(), cookies.token().is_some()), (2, false));
    }
}
