//! [`ErrorItem`]: one error that the server named.

use std::fmt;

use serde_json::{Map, Value};

use crate::redact::Redacted;

/// One error that the server named. Every part may be missing; what came is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct ErrorItem(pub(super) Map<String, Value>);

impl ErrorItem {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// The stable code, such as `resource_not_found`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.text("code")
    }

    /// The short message, for people.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.text("message")
    }

    /// The long message, for people.
    #[must_use]
    pub fn long_message(&self) -> Option<&str> {
        self.text("long_message")
    }

    /// What the server added to the error, such as `param_name`.
    #[must_use]
    pub fn meta(&self) -> Option<&Value> {
        self.0.get("meta")
    }

    /// The parameter that the error is about, of `meta`.
    #[must_use]
    pub fn param_name(&self) -> Option<&str> {
        self.meta()?.get("param_name")?.as_str()
    }

    /// The whole of what came.
    #[must_use]
    pub fn as_json(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl fmt::Display for ErrorItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Redacted(self.code().unwrap_or("an error without a code")).fmt(f)?;
        if let Some(name) = self.param_name() {
            write!(f, " ({})", Redacted(name))?;
        }
        match self.long_message().or(self.message()) {
            Some(message) => write!(f, ": {}", Redacted(message)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ErrorItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorItem({self})")
    }
}
