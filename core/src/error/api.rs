//! [`ApiError`]: a response whose status is not 2xx.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::{Response, StatusCode};
use serde_json::Value;

use super::item::ErrorItem;
use super::text::{Status, after_attempts, trace_id_of, traced};
use crate::attempt::Delivery;
use crate::metadata::Metadata;
use crate::redact::Secrets;
use crate::retry_after;

/// The operationId of the one operation whose 401 may mean that the browser has to do the handshake.
// By its id, as errors are used by the operations.
const REFRESH: &str = "RefreshSession";

/// The server responded with a status that is not 2xx. Read it through [`Error`](crate::Error).
///
/// Making one never fails, whatever the body: what can be read is read, and the whole response is kept.
#[derive(Clone, thiserror::Error)]
pub struct ApiError {
    pub(super) metadata: &'static Metadata,
    pub(super) attempts: u32,
    /// Of the call: a 429 was refused before it was processed, but an earlier attempt may have been.
    pub(super) delivery: Delivery,
    pub(super) response: Response<Vec<u8>>,
    pub(super) errors: Vec<ErrorItem>,
    pub(super) trace_id: Option<String>,
    pub(super) retry_after: Option<Duration>,
}

impl ApiError {
    pub(crate) fn new(
        metadata: &'static Metadata,
        response: Response<Vec<u8>>,
        attempts: u32,
        processed: bool,
        secrets: &Secrets,
    ) -> Self {
        let refused = response.status() == StatusCode::TOO_MANY_REQUESTS && !processed;
        let body: Option<Value> = serde_json::from_slice(response.body()).ok();
        let field = |name| body.as_ref().and_then(|body| body.get(name));
        let items = field("errors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let errors = items.iter().filter_map(Value::as_object).cloned();
        let errors = errors.map(|fields| ErrorItem::new(fields, secrets.clone())).collect();
        let trace_id = field("clerk_trace_id").and_then(Value::as_str).or_else(|| trace_id_of(response.headers()));
        Self {
            metadata,
            attempts,
            delivery: if refused { Delivery::NotSent } else { Delivery::MaybeSent },
            errors,
            trace_id: trace_id.map(|trace_id| secrets.redacted(trace_id)),
            retry_after: retry_after::read(response.headers()),
            response,
        }
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    pub(crate) fn is_rate_limited(&self) -> bool {
        self.response.status() == StatusCode::TOO_MANY_REQUESTS
    }

    pub(crate) fn update_retry_after(&mut self, wait: Option<Duration>) {
        self.retry_after = wait.or(self.retry_after);
    }

    pub(crate) fn trace_id(&self) -> Option<&str> {
        self.trace_id.as_deref()
    }

    pub(super) fn code(&self) -> Option<&str> {
        self.errors.iter().find_map(ErrorItem::code)
    }

    /// The code, made fit for a message.
    pub(super) fn code_shown(&self) -> Option<String> {
        self.errors.iter().find_map(ErrorItem::code_shown)
    }

    pub(super) fn is_secret_key_invalid(&self) -> bool {
        self.response.status() == StatusCode::UNAUTHORIZED
            && self.errors.iter().any(|error| error.code().is_some_and(|code| KEY_INVALID.contains(&code)))
    }

    pub(super) fn needs_handshake(&self) -> bool {
        // By what the code is *not*: Clerk adds codes, and any refusal of a refresh has this one way on.
        self.metadata.id == REFRESH
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
        write!(f, "{}: {}", self.metadata.id, Status(self.response.status()))?;
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
            .field("operation", &self.metadata.id)
            .field("status", &self.response.status())
            .field("errors", &self.errors)
            .field("trace_id", &self.trace_id)
            .field("retry_after", &self.retry_after)
            .field("attempts", &self.attempts)
            .field("body_len", &self.response.body().len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Api, Error, GetSession};

    fn responded(status: u16, body: &str) -> Error {
        let response = http::Response::builder().status(status).header("cf-ray", "ray").body(body.into()).unwrap();
        Api::new("sk_test_1").unwrap().parse::<GetSession>(response).unwrap_err()
    }

    #[test]
    fn what_the_reader_can_do_is_told() {
        for (code, advice) in [
            ("request_invalid_for_environment", "this operation is for development instances"),
            ("api_version_invalid", "check the API version"),
        ] {
            let text = responded(400, &format!(r#"{{"errors":[{{"code":"{code}"}}]}}"#)).to_string();
            assert_eq!(text, format!("GetSession: 400 Bad Request, {code} [trace ray]; {advice}"));
        }
        let text = responded(400, r#"{"errors":[{"code":"other"}]}"#).to_string();
        assert_eq!(text, "GetSession: 400 Bad Request, other [trace ray]");
    }

    #[test]
    fn debug_shows_what_came_but_not_the_body() {
        let shown = format!("{:?}", responded(404, r#"{"errors":[{"code":"not_found"}],"x":"hidden"}"#));
        for told in ["GetSession", "404", "not_found", "ray"] {
            assert!(shown.contains(told), "{shown}");
        }
        assert!(!shown.contains("hidden"), "{shown}");
    }
}
