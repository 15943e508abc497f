//! [`BuildError`]: a setting or parameter that the client refuses.

use std::borrow::Cow;
use std::fmt;

use crate::metadata::Metadata;

/// A setting or parameter that the client refuses. Nothing was sent.
///
/// You meet it as [`Error::Build`](crate::Error::Build). To mend it, change the setting or parameter that
/// [`field`](Self::field) names. It never holds the value, which may be a secret.
///
/// Make one in [`Operation::write`](crate::operation::Operation::write) of an operation of your own:
///
/// ```
/// use clerk_sessions_core::BuildError;
///
/// let error = BuildError::new("limit", "is not between 1 and 500");
/// assert_eq!((error.field(), error.reason()), ("limit", "is not between 1 and 500"));
/// assert_eq!(error.to_string(), "limit is not between 1 and 500");
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub struct BuildError {
    pub(super) metadata: Option<&'static Metadata>,
    field: Cow<'static, str>,
    reason: Cow<'static, str>,
}

impl BuildError {
    /// Creates the error. `field` is the name of the setting or parameter. `reason` completes the sentence "`field` …",
    /// such as "is empty". Do not put the value into it.
    #[must_use]
    pub fn new(field: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { metadata: None, field: field.into(), reason: reason.into() }
    }

    /// Returns the name of the setting or parameter, such as `user_id`.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Returns what is wrong with it, such as `is empty`.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Adds the operation whose parameter it is.
    pub(crate) fn of(mut self, operation: &'static Metadata) -> Self {
        self.metadata = Some(operation);
        self
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { metadata, field, reason } = self;
        match metadata {
            Some(metadata) => write!(f, "{}: {field} {reason} (nothing was sent)", metadata.id),
            None => write!(f, "{field} {reason}"),
        }
    }
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Build")
            .field("operation", &self.metadata.map(|metadata| metadata.id))
            .field("field", &self.field)
            .field("reason", &self.reason)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Api, GetSession};

    #[test]
    fn the_message_has_operation_field_and_reason() {
        let error = BuildError::new("limit", "is empty");
        assert_eq!(
            (error.field(), error.reason(), error.to_string().as_str()),
            ("limit", "is empty", "limit is empty")
        );
        let of_call = Api::new("sk_test_1").unwrap().request(&GetSession::new("")).unwrap_err();
        assert_eq!(of_call.to_string(), "GetSession: session_id is empty (nothing was sent)");
        for told in ["GetSession", "session_id", "is empty"] {
            assert!(format!("{of_call:?}").contains(told), "{of_call:?}");
        }
    }
}
