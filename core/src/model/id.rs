//! Typed ids. The compiler refuses a user id where a session id is expected.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// The client does not check its format. An operation refuses an empty id before it sends anything. It is made
        /// from `&str` or `String`, and compares with `&str`.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Returns the id as text, as Clerk sends it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Converts the id into a `String`, without a copy.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<&String> for $name {
            fn from(id: &String) -> Self {
                Self(id.clone())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }
    };
}

id! {
    /// The id of a session, such as `sess_2aaaaaaaaaaaaaaaaaaaaaaaaaa`.
    ///
    /// ```
    /// use clerk_sessions_core::SessionId;
    ///
    /// let id = SessionId::from("sess_123");
    /// assert_eq!(id, "sess_123");
    /// assert_eq!(format!("{id}"), id.as_str());
    /// ```
    SessionId
}
id! {
    /// The id of a user, such as `user_2aaaaaaaaaaaaaaaaaaaaaaaaaa`.
    UserId
}
id! {
    /// The id of a client, the browser or device that holds sessions, such as `client_2aaaaaaaaaaaaaaaaaaaaaaaaaa`.
    ClientId
}
id! {
    /// The id of an organization, such as `org_2aaaaaaaaaaaaaaaaaaaaaaaaaa`.
    OrganizationId
}
id! {
    /// The name of a JWT template of the instance, such as `hasura`.
    TemplateName
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_writes_and_prints_its_text() {
        let id: SessionId = serde_json::from_str("\"sess_1\"").unwrap();
        assert_eq!(id, "sess_1");
        assert_eq!(id.to_string(), "sess_1");
        assert_eq!(format!("{id:?}"), "\"sess_1\"");
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"sess_1\"");
    }
}
