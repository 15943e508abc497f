//! [`Token`] and [`TokenFormat`].

use serde::{Deserialize, Serialize};

use super::open::open_enum;
use super::secret::Jwt;

/// A new session token: the response of [`CreateSessionToken`](crate::CreateSessionToken) and
/// [`CreateSessionTokenFromTemplate`](crate::CreateSessionTokenFromTemplate).
///
/// `Debug` does not show the token. Read it with [`Jwt::expose`].
///
/// ```
/// use clerk_sessions_core::{Api, CreateSessionToken, http};
///
/// let response = http::Response::new(br#"{"object":"token","jwt":"a.b.c"}"#.to_vec());
/// let token = Api::new("sk_test_123")?.parse::<CreateSessionToken>(response)?;
/// assert_eq!(token.jwt.expose(), "a.b.c");
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
///
/// Source: [Clerk's reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/CreateSessionToken).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Token {
    /// The type of the object: `token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The signed token.
    pub jwt: Jwt,
}

open_enum! {
    /// Whether the response of a refresh has a token or cookies:
    /// [`RefreshSession::format`](crate::RefreshSession::format).
    TokenFormat {
        /// A session token. The default.
        Token = "token",
        /// `Set-Cookie` directives for the browser.
        Cookie = "cookie",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_needs_only_the_jwt() {
        for json in [
            r#"{"jwt":"a.b.c"}"#,
            r#"{"object":null,"jwt":"a.b.c"}"#,
            r#"{"object":"token.v2","jwt":"a.b.c","expires":{"in":60}}"#,
        ] {
            let token: Token = serde_json::from_str(json).unwrap();
            assert_eq!(token.jwt.expose(), "a.b.c");
        }
        assert!(serde_json::from_str::<Token>(r#"{"object":"token"}"#).is_err());
        assert!(serde_json::from_str::<Token>(r#"{"object":"token","jwt":null}"#).is_err());
    }
}
