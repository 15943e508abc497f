//! Open enums: they keep a value that this version does not know, and do not refuse it.

use std::fmt;

/// A value that an open enum does not know, kept as the server sent it.
///
/// You meet it in the variant `Unknown` of [`SessionStatus`](crate::SessionStatus) and
/// [`TokenFormat`](crate::TokenFormat). To make one, use `From<&str>` of the enum: for a value that the enum knows,
/// that returns the variant of its name and never `Unknown`.
///
/// ```
/// use clerk_sessions_core::SessionStatus;
///
/// assert_eq!(SessionStatus::from("active"), SessionStatus::Active);
/// let SessionStatus::Unknown(value) = SessionStatus::from("hibernating") else { panic!() };
/// assert_eq!(value.as_str(), "hibernating");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UnknownValue(pub(super) Box<str>);

impl UnknownValue {
    /// Returns the value as the server sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $wire:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// A value that this version does not know, kept as the server sent it.
            Unknown($crate::model::UnknownValue),
        }

        impl $name {
            /// All values that this version knows.
            pub const KNOWN: &'static [$name] = &[$($name::$variant),+];

            /// Returns the value as the server sent it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $wire,)+
                    $name::Unknown(other) => other.as_str(),
                }
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                match value {
                    $($wire => $name::$variant,)+
                    other => $name::Unknown($crate::model::UnknownValue(other.into())),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a string")
                    }
                    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<$name, E> {
                        Ok($name::from(value))
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}
pub(super) use open_enum;

#[cfg(test)]
mod tests {
    use crate::model::SessionStatus;

    #[test]
    fn an_unknown_value_is_kept_and_printed_as_sent() {
        let status = SessionStatus::from("hibernating");
        let SessionStatus::Unknown(value) = &status else { panic!("{status}") };
        assert_eq!(
            (value.as_str(), status.as_str(), status.to_string().as_str()),
            ("hibernating", "hibernating", "hibernating")
        );
        assert!(format!("{status:?}").contains("\"hibernating\""), "{status:?}");
        for known in SessionStatus::KNOWN {
            assert_eq!(SessionStatus::from(known.as_str()), *known);
        }
    }

    #[test]
    fn a_status_that_is_not_a_string_is_an_error() {
        let error = serde_json::from_str::<SessionStatus>("7").unwrap_err().to_string();
        assert!(error.contains("expected a string"), "{error}");
    }
}
