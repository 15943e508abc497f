//! [`BuildError`]: a setting or parameter that was refused before anything was sent.

use std::borrow::Cow;
use std::fmt;

use crate::metadata::Metadata;

/// A setting or parameter that was refused before anything was sent.
///
/// It names the field and what is wrong with it, never the value.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub struct BuildError {
    pub(super) metadata: Option<&'static Metadata>,
    field: Cow<'static, str>,
    reason: Cow<'static, str>,
}

impl BuildError {
    /// `field` is what the caller knows it by, `reason` completes the sentence "`field` …", as in "is empty".
    #[must_use]
    pub fn new(field: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { metadata: None, field: field.into(), reason: reason.into() }
    }

    /// The setting or parameter.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong with it, as in "is empty".
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

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
    fn the_field_the_reason_and_the_operation_are_told() {
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
