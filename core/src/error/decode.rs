//! [`DecodeError`]: a 2xx whose body can't be read, and [`Mismatch`]: one that is for something else than was asked.

use std::borrow::Cow;
use std::fmt;

use http::Response;

use super::text::{Status, after_attempts, trace_id_of, traced};
use crate::json::Fault;
use crate::metadata::Metadata;
use crate::redact::Secrets;

/// The server responded with 2xx and a body that can't be read as what was asked for. Read it through
/// [`Error`](crate::Error).
#[derive(Clone, thiserror::Error)]
pub struct DecodeError {
    pub(super) metadata: &'static Metadata,
    pub(super) attempts: u32,
    pub(super) response: Response<Vec<u8>>,
    pub(super) fault: Fault,
    pub(super) trace_id: Option<String>,
}

impl DecodeError {
    pub(crate) fn new(
        metadata: &'static Metadata,
        response: Response<Vec<u8>>,
        fault: Fault,
        attempts: u32,
        secrets: &Secrets,
    ) -> Self {
        let trace_id = trace_id_of(response.headers()).map(|trace_id| secrets.redacted(trace_id));
        // The path may have keys of the response in it.
        let fault = Fault { path: secrets.redacted(&fault.path), reason: secrets.redacted(&fault.reason) };
        Self { metadata, attempts, response, fault, trace_id }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { path, reason } = &self.fault;
        let (id, status, len) = (self.metadata.id, Status(self.response.status()), self.response.body().len());
        write!(f, "{id}: {status}, but its body of {len} bytes can't be read: at {path}: {reason}")?;
        after_attempts(f, self.attempts)?;
        traced(f, self.trace_id.as_deref())
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decode")
            .field("operation", &self.metadata.id)
            .field("status", &self.response.status())
            .field("path", &self.fault.path)
            .field("reason", &self.fault.reason)
            .field("trace_id", &self.trace_id)
            .field("attempts", &self.attempts)
            .field("body_len", &self.response.body().len())
            .finish()
    }
}

/// A decoded response that is for something else than was asked. See
/// [`Operation::check`](crate::operation::Operation::check).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    field: Cow<'static, str>,
    reason: Cow<'static, str>,
}

impl Mismatch {
    /// `field` is the field of the response, `reason` completes the sentence "`field` …". Quote no value in it.
    #[must_use]
    pub fn new(field: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

impl From<Mismatch> for Fault {
    fn from(mismatch: Mismatch) -> Self {
        Self { path: mismatch.field.into_owned(), reason: mismatch.reason.into_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Api, GetSession};

    #[test]
    fn status_size_place_and_trace_are_told_and_no_value_is() {
        let response =
            Response::builder().status(201).header("cf-ray", "ray").body(br#"{"id":7,"x":"hidden"}"#.to_vec());
        let error = Api::new("sk_test_1").unwrap().parse::<GetSession>(response.unwrap()).unwrap_err();
        let text = error.to_string();
        let start = "GetSession: 201 Created, but its body of 21 bytes can't be read: at id: ";
        assert!(text.starts_with(start) && text.ends_with(" [trace ray]"), "{text}");
        assert_eq!((error.path(), error.trace_id(), error.status().unwrap().as_u16()), (Some("id"), Some("ray"), 201));
        let debug = format!("{error:?}");
        for told in ["GetSession", "201", "id", "ray", "21"] {
            assert!(debug.contains(told), "{debug}");
        }
        assert!(!text.contains("hidden") && !debug.contains("hidden"));
    }
}
