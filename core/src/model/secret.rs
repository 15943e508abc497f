//! Secrets: values that print as `[redacted]` and never show up in an error, a URL or a log.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// `Debug` prints `[redacted]` and there is no `Display`: read it with `expose`. Serializing it writes the value.
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The secret itself.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("[redacted]")
            }
        }

        impl From<String> for $name {
            fn from(secret: String) -> Self {
                Self(secret)
            }
        }

        impl From<&str> for $name {
            fn from(secret: &str) -> Self {
                Self(secret.to_owned())
            }
        }
    };
}

secret! {
    /// A secret key of an instance: `sk_test_…` or `sk_live_…`.
    SecretKey
}
secret! {
    /// A signed session token: three base64url parts with dots between them.
    ///
    /// It is handed on as it came and is not verified. Only its `sid` claim is read, to notice a token of another session.
    Jwt
}
secret! {
    /// A refresh token, the value of the `__refresh` cookie.
    RefreshToken
}
secret! {
    /// A `Set-Cookie` directive that carries a token, ready to be passed to the browser.
    SetCookie
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_a_secret() {
        let shown = format!(
            "{:?} {:#?} {:?} {:?}",
            SecretKey::from("sk_test_hidden"),
            Jwt::from("hidden"),
            RefreshToken::from("hidden"),
            Some(vec![SetCookie::from("__session=hidden")]),
        );
        assert!(!shown.contains("hidden"), "{shown}");
        assert!(shown.contains("[redacted]"), "{shown}");
    }
}
