//! What the messages of several errors have in common.

use std::fmt;

use http::StatusCode;
use http::header::{HeaderMap, HeaderName};

/// A status with the name that HTTP gives it.
pub(super) struct Status(pub(super) StatusCode);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())?;
        match self.0.canonical_reason() {
            Some(reason) => write!(f, " {reason}"),
            None => Ok(()),
        }
    }
}

pub(super) fn after_attempts(f: &mut fmt::Formatter<'_>, attempts: u32) -> fmt::Result {
    if attempts > 1 { write!(f, ", after {attempts} attempts") } else { Ok(()) }
}

/// Adds a trace id, which is fit for a message already.
pub(super) fn traced(f: &mut fmt::Formatter<'_>, trace_id: Option<&str>) -> fmt::Result {
    match trace_id {
        Some(trace_id) => write!(f, " [trace {trace_id}]"),
        None => Ok(()),
    }
}

/// The trace id of a response, from its headers.
pub(crate) fn trace_id_of(headers: &HeaderMap) -> Option<&str> {
    const NAMES: [HeaderName; 2] = [HeaderName::from_static("clerk-trace-id"), HeaderName::from_static("cf-ray")];
    NAMES.iter().find_map(|name| headers.get(name)?.to_str().ok())
}
