//! [`ApiError`]: a response with a status that is not 2xx.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::{Response, StatusCode};
use serde_json::Value;

use super::item::ErrorItem;
use super::text::{CHECK_EFFECT, Status, after_attempts, trace_id_of, traced, whole_seconds};
use crate::attempt::{AttemptOutcome, Delivery};
use crate::metadata::{Idempotency, Metadata};
use crate::redact::Secrets;
use crate::retry_after;

/// The operationId of the only operation whose 401 may call for the handshake.
// A text, as this module must not import the operations: they import it.
const REFRESH: &str = "RefreshSession";

/// A response with a status that is not 2xx.
///
/// You meet it as [`Error::Api`](crate::Error::Api). Read it by the methods of [`Error`](crate::Error), such as
/// [`status`](crate::Error::status), [`code`](crate::Error::code) and [`errors`](crate::Error::errors). It keeps the
/// whole response. The body may be anything, such as the HTML page of a proxy: then there is no code and no error item.
///
/// ```
/// use std::time::Duration;
///
/// use clerk_sessions_core::{Api, Error, GetSession, http};
///
/// let response = http::Response::builder()
///     .status(429)
///     .header("retry-after", "7")
///     .body(br#"{"errors":[{"code":"too_many_requests","message":"Too many requests"}]}"#.to_vec())
///     .unwrap();
/// let error = Api::new("sk_test_123")?.parse::<GetSession>(response).unwrap_err();
/// assert!(matches!(error, Error::Api(_)));
/// assert_eq!(error.status().unwrap(), 429);
/// assert_eq!(error.code(), Some("too_many_requests"));
/// assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
#[derive(Clone, thiserror::Error)]
pub struct ApiError {
    pub(super) metadata: &'static Metadata,
    pub(super) attempts: u32,
    /// Of the whole call. The server does not process a request that it refuses with 429, but it may have processed an
    /// earlier attempt.
    pub(super) delivery: Delivery,
    pub(super) response: Response<Vec<u8>>,
    pub(super) errors: Vec<ErrorItem>,
    /// Whether the requests have a secret key. Without one, it can't be wrong.
    has_key: bool,
    pub(super) trace_id: Option<String>,
    pub(super) retry_after: Option<Duration>,
}

impl ApiError {
    pub(crate) fn new(
        metadata: &'static Metadata,
        response: Response<Vec<u8>>,
        has_key: bool,
        attempts: u32,
        processed: bool,
        secrets: &Secrets,
    ) -> Self {
        let refused = response.status() == StatusCode::TOO_MANY_REQUESTS && !processed;
        // `parse` is compiled in serde_json already. `serde_json::from_slice` would be compiled here.
        let body: Option<Value> = std::str::from_utf8(response.body()).ok().and_then(|body| body.parse().ok());
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
            has_key,
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

    /// Returns the code, redacted and truncated for a message.
    pub(super) fn code_shown(&self) -> Option<String> {
        self.errors.iter().find_map(ErrorItem::code_shown)
    }

    pub(super) fn is_secret_key_invalid(&self) -> bool {
        self.has_key && self.has_code_of_an_invalid_key()
    }

    fn has_code_of_an_invalid_key(&self) -> bool {
        self.response.status() == StatusCode::UNAUTHORIZED
            && self.errors.iter().any(|error| error.code().is_some_and(|code| KEY_INVALID.contains(&code)))
    }

    pub(super) fn needs_handshake(&self) -> bool {
        // Clerk adds codes, so this excludes the codes of a bad key. Every other refusal of a refresh calls for the
        // handshake.
        self.metadata.id == REFRESH
            && self.response.status() == StatusCode::UNAUTHORIZED
            && self.code().is_some()
            && !self.has_code_of_an_invalid_key()
    }

    /// What the reader can do, where the server's message does not say it.
    fn advice(&self) -> Option<Cow<'static, str>> {
        if self.is_secret_key_invalid() {
            return Some("check the secret key".into());
        }
        if self.needs_handshake() {
            return Some("redirect the browser to the handshake".into());
        }
        if self.has_code_of_an_invalid_key() {
            return Some("check the base URL: no secret key was sent, and this server requires one".into());
        }
        match self.code() {
            Some("request_invalid_for_environment") => {
                return Some("use a development instance: this operation works on no other".into());
            }
            Some("api_version_invalid") => return Some("check the API version".into()),
            _ => {}
        }
        let may_pass = AttemptOutcome::Response(self.response.status()).may_be_retried(Idempotency::Safe);
        let may_have_run =
            self.metadata.idempotency == Idempotency::NotIdempotent && self.delivery == Delivery::MaybeSent;
        if may_pass && may_have_run {
            return Some(CHECK_EFFECT.into());
        }
        if let Some(wait) = self.retry_after {
            return Some(format!("wait {} s before you retry", whole_seconds(wait)).into());
        }
        if may_pass {
            return Some("retry later".into());
        }
        // Clerk names an error in each error response, so something else responded.
        self.errors.is_empty().then(|| "check the base URL and any proxy".into())
    }
}

/// The codes of a 401 that means that the secret key is wrong.
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
            None => f.write_str(", with no Clerk error in its body")?,
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
    fn the_message_ends_with_advice() {
        for (code, advice) in [
            ("request_invalid_for_environment", "use a development instance: this operation works on no other"),
            ("api_version_invalid", "check the API version"),
        ] {
            let text = responded(400, &format!(r#"{{"errors":[{{"code":"{code}"}}]}}"#)).to_string();
            assert_eq!(text, format!("GetSession: 400 Bad Request, {code} [trace ray]; {advice}"));
        }
        let text = responded(400, r#"{"errors":[{"code":"other"}]}"#).to_string();
        assert_eq!(text, "GetSession: 400 Bad Request, other [trace ray]");
    }

    #[test]
    fn debug_shows_status_and_errors_but_not_the_body() {
        let shown = format!("{:?}", responded(404, r#"{"errors":[{"code":"not_found"}],"x":"hidden"}"#));
        for told in ["GetSession", "404", "not_found", "ray"] {
            assert!(shown.contains(told), "{shown}");
        }
        assert!(!shown.contains("hidden"), "{shown}");
    }
}
