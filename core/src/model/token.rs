//! Session tokens.

use serde::{Deserialize, Serialize};

use super::open::open_enum;
use super::secret::Jwt;

/// A freshly minted session token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Token {
    /// The object's type, `token` today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The signed token.
    pub jwt: Jwt,
}

open_enum! {
    /// What a refresh is asked to return.
    TokenFormat {
        /// A bare token, the default.
        Token = "token",
        /// Cookie directives, ready to be set in the browser.
        Cookie = "cookie",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_jwt_is_needed() {
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
