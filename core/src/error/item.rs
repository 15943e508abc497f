//! [`ErrorItem`]: one error that the server named.

use std::fmt;

use serde_json::{Map, Value};

use crate::redact::Secrets;

/// One error that the server named. Every part may be missing; what came is kept.
#[derive(Clone)]
pub struct ErrorItem {
    fields: Map<String, Value>,
    /// What the call sent, which is not shown where the server echoes it.
    secrets: Secrets,
}

impl ErrorItem {
    pub(super) fn new(fields: Map<String, Value>, secrets: Secrets) -> Self {
        Self { fields, secrets }
    }

    /// The code, made fit for a message.
    pub(super) fn code_shown(&self) -> Option<String> {
        self.code().map(|code| self.secrets.redacted(code))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
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
        self.fields.get("meta")
    }

    /// The parameter that the error is about, of `meta`.
    #[must_use]
    pub fn param_name(&self) -> Option<&str> {
        self.meta()?.get("param_name")?.as_str()
    }

    /// The whole of what came.
    #[must_use]
    pub fn as_json(&self) -> &Map<String, Value> {
        &self.fields
    }
}

impl PartialEq for ErrorItem {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl Eq for ErrorItem {}

impl fmt::Display for ErrorItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.secrets.redact(self.code().unwrap_or("an error without a code")).fmt(f)?;
        if let Some(name) = self.param_name() {
            write!(f, " ({})", self.secrets.redact(name))?;
        }
        match self.long_message().or(self.message()) {
            Some(message) => write!(f, ": {}", self.secrets.redact(message)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ErrorItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorItem({self})")
    }
}
