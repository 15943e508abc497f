//! Answers that are not what was asked for.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName};
use http::{Response, StatusCode};
use serde_json::{Map, Value};

use super::Delivery;
use crate::json::Fault;
use crate::meta::Meta;
use crate::operation::Operation as _;
use crate::operations::RefreshSession;
use crate::retry_after;
use crate::shown::Shown;

/// The server answered, with a status that is not 2xx. Read it through [`Error`](crate::Error).
///
/// Whatever the body, it is never a failure to read one: what can be read is, and the body is kept.
#[derive(Clone, thiserror::Error)]
pub struct ApiError {
    pub(super) meta: &'static Meta,
    pub(super) attempts: u32,
    /// Of the call: a 429 was refused before it was processed, but an earlier attempt may have been.
    pub(super) delivery: Delivery,
    pub(super) response: Response<Vec<u8>>,
    pub(super) errors: Vec<ErrorItem>,
    pub(super) trace_id: Option<String>,
    pub(super) retry_after: Option<Duration>,
}

impl ApiError {
    pub(crate) fn new(meta: &'static Meta, response: Response<Vec<u8>>, attempts: u32, processed: bool) -> Self {
        let refused = response.status() == StatusCode::TOO_MANY_REQUESTS && !processed;
        let body: Option<Value> = serde_json::from_slice(response.body()).ok();
        let field = |name| body.as_ref().and_then(|body| body.get(name));
        let items = field("errors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let errors = items.iter().filter_map(Value::as_object).cloned().map(ErrorItem).collect();
        let trace_id = field("clerk_trace_id").and_then(Value::as_str).or_else(|| trace_id_of(response.headers()));
        Self {
            meta,
            attempts,
            delivery: if refused { Delivery::NotSent } else { Delivery::MaybeSent },
            errors,
            trace_id: trace_id.map(str::to_owned),
            retry_after: retry_after::read(response.headers()),
            response,
        }
    }

    pub(super) fn code(&self) -> Option<&str> {
        self.errors.iter().find_map(ErrorItem::code)
    }

    pub(super) fn is_secret_key_invalid(&self) -> bool {
        self.response.status() == StatusCode::UNAUTHORIZED
            && self.errors.iter().any(|error| error.code().is_some_and(|code| KEY_INVALID.contains(&code)))
    }

    pub(super) fn needs_handshake(&self) -> bool {
        // By what the code is *not*: Clerk adds codes, and any refusal of a refresh has this one way on.
        self.meta.id == RefreshSession::META.id
            && self.response.status() == StatusCode::UNAUTHORIZED
            && self.code().is_some()
            && !self.is_secret_key_invalid()
    }

    /// What the reader can do, where that is not plain from the rest.
    fn advice(&self) -> Option<Cow<'static, str>> {
        if self.is_secret_key_invalid() {
            return Some("check the secret key".into());
        }
        if self.needs_handshake() {
            return Some("do the handshake".into());
        }
        match self.code() {
            Some("request_invalid_for_environment") => Some("this operation is for development instances".into()),
            Some("api_version_invalid") => Some("check the API version".into()),
            _ => self.retry_after.map(|wait| format!("the server asks to wait {} s", wait.as_secs()).into()),
        }
    }
}

/// The codes of a 401 that is the operator's to mend.
pub(super) const KEY_INVALID: [&str; 5] = [
    "clerk_key_invalid",
    "authentication_invalid",
    "could_not_authenticate_request",
    "authorization_header_format_invalid",
    "deprovisioned",
];

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.meta.id, Named(self.response.status()))?;
        match self.errors.split_first() {
            Some((first, rest)) => {
                write!(f, ", {first}")?;
                match rest.len() {
                    0 => {}
                    1 => f.write_str(" (and 1 more error)")?,
                    more => write!(f, " (and {more} more errors)")?,
                }
            }
            None => f.write_str(", with no error that could be read")?,
        }
        after_attempts(f, self.attempts)?;
        traced(f, self.trace_id.as_deref())?;
        match self.advice() {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("operation", &self.meta.id)
            .field("status", &self.response.status())
            .field("errors", &self.errors)
            .field("trace_id", &self.trace_id.as_deref().map(Shown))
            .field("retry_after", &self.retry_after)
            .field("attempts", &self.attempts)
            .field("body_len", &self.response.body().len())
            .finish()
    }
}

/// The server answered 2xx, with a body that can't be read as what was asked for. Read it through [`Error`](crate::Error).
#[derive(Clone, thiserror::Error)]
pub struct DecodeError {
    pub(super) meta: &'static Meta,
    pub(super) attempts: u32,
    pub(super) response: Response<Vec<u8>>,
    pub(super) fault: Fault,
    pub(super) trace_id: Option<String>,
}

impl DecodeError {
    pub(crate) fn new(meta: &'static Meta, response: Response<Vec<u8>>, fault: Fault, attempts: u32) -> Self {
        Self { meta, attempts, fault, trace_id: trace_id_of(response.headers()).map(str::to_owned), response }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { path, reason } = &self.fault;
        let (id, status, len) = (self.meta.id, Named(self.response.status()), self.response.body().len());
        write!(f, "{id}: {status}, but its body of {len} bytes can't be read: at {path}: {reason}")?;
        after_attempts(f, self.attempts)?;
        traced(f, self.trace_id.as_deref())
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decode")
            .field("operation", &self.meta.id)
            .field("status", &self.response.status())
            .field("path", &self.fault.path)
            .field("reason", &self.fault.reason)
            .field("trace_id", &self.trace_id.as_deref().map(Shown))
            .field("attempts", &self.attempts)
            .field("body_len", &self.response.body().len())
            .finish()
    }
}

/// One error that the server named. Every part may be missing; what came is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct ErrorItem(Map<String, Value>);

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
        Shown(self.code().unwrap_or("an error without a code")).fmt(f)?;
        if let Some(name) = self.param_name() {
            write!(f, " ({})", Shown(name))?;
        }
        match self.long_message().or(self.message()) {
            Some(message) => write!(f, ": {}", Shown(message)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ErrorItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorItem({self})")
    }
}

/// A status with the name that HTTP gives it.
struct Named(StatusCode);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())?;
        match self.0.canonical_reason() {
            Some(reason) => write!(f, " {reason}"),
            None => Ok(()),
        }
    }
}

fn after_attempts(f: &mut fmt::Formatter<'_>, attempts: u32) -> fmt::Result {
    if attempts > 1 { write!(f, ", after {attempts} attempts") } else { Ok(()) }
}

fn traced(f: &mut fmt::Formatter<'_>, trace_id: Option<&str>) -> fmt::Result {
    match trace_id {
        Some(trace_id) => write!(f, " [trace {}]", Shown(trace_id)),
        None => Ok(()),
    }
}

/// The trace id of an answer, of its headers.
pub(crate) fn trace_id_of(headers: &HeaderMap) -> Option<&str> {
    const NAMES: [HeaderName; 2] = [HeaderName::from_static("clerk-trace-id"), HeaderName::from_static("cf-ray")];
    NAMES.iter().find_map(|name| headers.get(name)?.to_str().ok())
}
