//! [`DecodeError`]: a 2xx with an unusable body. [`Mismatch`]: a 2xx for something else than was requested.

use std::borrow::Cow;
use std::fmt;

use http::Response;
use serde::de::IgnoredAny;

use super::text::{Status, after_attempts, trace_id_of, traced};
use crate::json::Fault;
use crate::metadata::Metadata;
use crate::redact::Secrets;

/// A response with status 2xx and an unusable body: it can't be decoded, or is for something else than was requested.
///
/// You meet it as [`Error::Decode`](crate::Error::Decode). Read it by the methods of [`Error`](crate::Error):
/// [`path`](crate::Error::path) names the field, [`body`](crate::Error::body) has what the server sent. The server has
/// probably processed the call, but a proxy may have sent the response in its place: so [`delivery`](crate::Error::delivery)
/// is [`MaybeSent`](crate::Delivery::MaybeSent).
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
        // Both may have keys of the response, and so a secret that the server echoes.
        let fault = Fault { path: secrets.redacted(&fault.path), reason: secrets.redacted(&fault.reason) };
        Self { metadata, attempts, response, fault, trace_id }
    }
}

impl DecodeError {
    /// What the reader can do.
    fn advice(&self) -> &'static str {
        match serde_json::from_slice::<IgnoredAny>(self.response.body()) {
            Ok(_) => "report it if it persists",
            // Clerk sends JSON, so something else responded, or the response was cut.
            Err(_) => "check the base URL and any proxy",
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { path, reason } = &self.fault;
        let (id, status, len) = (self.metadata.id, Status(self.response.status()), self.response.body().len());
        let bytes = if len == 1 { "byte" } else { "bytes" };
        write!(f, "{id}: {status}, but its body of {len} {bytes} can't be used: ")?;
        match path.as_str() {
            "." => f.write_str(reason)?,
            path => write!(f, "at {path}: {reason}")?,
        }
        after_attempts(f, self.attempts)?;
        traced(f, self.trace_id.as_deref())?;
        write!(f, "; {}", self.advice())
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

/// A decoded response that is for something else than was requested, such as another session.
///
/// Return it from [`Operation::check`](crate::operation::Operation::check) of an operation of your own. The call then
/// fails with [`Error::Decode`](crate::Error::Decode).
///
/// ```
/// use clerk_sessions_core::Mismatch;
///
/// fn check(requested_id: &str, id: &str) -> Result<(), Mismatch> {
///     if id == requested_id { Ok(()) } else { Err(Mismatch::new("id", "is another user than the one asked for")) }
/// }
///
/// assert!(check("user_1", "user_1").is_ok());
/// assert!(check("user_1", "user_2").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    field: Cow<'static, str>,
    reason: Cow<'static, str>,
}

impl Mismatch {
    /// Creates the mismatch. `field` is the field of the response, such as `[1].user_id`. `reason` completes the
    /// sentence "`field` …". Do not put a value into it.
    #[must_use]
    pub fn new(field: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.field {
            "." => f.write_str(&self.reason),
            field => write!(f, "at {field}: {}", self.reason),
        }
    }
}

impl std::error::Error for Mismatch {}

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
    fn the_message_has_status_size_field_and_trace_but_no_value() {
        let response =
            Response::builder().status(201).header("cf-ray", "ray").body(br#"{"id":7,"x":"hidden"}"#.to_vec());
        let error = Api::new("sk_test_1").unwrap().parse::<GetSession>(response.unwrap()).unwrap_err();
        let text = error.to_string();
        let start = "GetSession: 201 Created, but its body of 21 bytes can't be used: at id: ";
        assert!(text.starts_with(start) && text.ends_with(" [trace ray]; report it if it persists"), "{text}");
        assert_eq!((error.path(), error.trace_id(), error.status().unwrap().as_u16()), (Some("id"), Some("ray"), 201));
        let debug = format!("{error:?}");
        for told in ["GetSession", "201", "id", "ray", "21"] {
            assert!(debug.contains(told), "{debug}");
        }
        assert!(!text.contains("hidden") && !debug.contains("hidden"));
    }
}
