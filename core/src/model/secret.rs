//! Secrets: keys, tokens and cookies. They print as `[redacted]` and are in no error, URL or log.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// `Debug` prints `[redacted]`, and there is no `Display`. Read the value with [`expose`](Self::expose).
        /// **Serializing writes the value**, so do not serialize it into a log.
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Returns the secret. Do not print it.
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
    /// The secret key of an instance: `sk_test_…` or `sk_live_…`. See [`Api::new`](crate::Api::new).
    ///
    /// ```
    /// use clerk_sessions_core::SecretKey;
    ///
    /// let key = SecretKey::from("sk_test_123");
    /// assert_eq!(format!("{key:?}"), "[redacted]");
    /// assert_eq!(key.expose(), "sk_test_123");
    /// ```
    SecretKey
}
secret! {
    /// A signed session token: three base64url parts, separated by dots.
    ///
    /// The client does not verify or change it. It reads only the `sid` claim, to detect a token of another session.
    Jwt
}
secret! {
    /// A refresh token: the value of the `__refresh` cookie. It works once.
    RefreshToken
}
secret! {
    /// A `Set-Cookie` directive, which may carry a token. Pass it to the browser as it is.
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
