//! The calls of `clerk-sessions-core` as plain data: what a binding to another language drives.
//!
//! Settings, parameters, results and errors are JSON; requests and responses are strings and bytes; nothing borrows, nothing
//! waits and nothing panics. The host language brings the HTTP client and the clock, and runs this loop:
//!
//! ```
//! use clerk_sessions_bindings::{Client, Failure, Step};
//!
//! # fn send(method: &str, url: &str) -> Result<(u16, Vec<(String, Vec<u8>)>, Vec<u8>), Failure> {
//! #     assert_eq!((method, url), ("GET", "https://api.clerk.com/v1/sessions/sess_1"));
//! #     Ok((404, Vec::new(), Vec::new()))
//! # }
//! # let now_ms = || 0;
//! # let sleep = |_ms: u64| {};
//! let client = Client::new(br#"{"secret_key": "sk_test_123"}"#)?;
//! let mut call = client.call("GetSession", br#"{"session_id": "sess_1"}"#, b"");
//! let outcome = loop {
//!     match call.step(now_ms())? {
//!         Step::Send(request) => match send(&request.method, &request.url) {
//!             Ok((status, headers, body)) => call.on_response(status, headers, body, now_ms())?,
//!             Err(failure) => call.on_failure(failure, now_ms())?,
//!         },
//!         Step::Wait { ms } => sleep(ms),
//!         Step::Done => break call.finish(),
//!     }
//! };
//! let error = serde_json::to_value(outcome.unwrap_err()).unwrap();
//! assert_eq!((&error["kind"], &error["status"]), (&"api".into(), &404.into()));
//! # Ok::<(), clerk_sessions_core::Error>(())
//! ```
//!
//! A call that can't be made, as for an unknown operation, is a call that is done at once: so a host has one place where
//! errors come from, [`Call::finish`]. All errors serialize as one flat object of `kind`, `status`, `code`, `message`, `trace_id`,
//! `retry_after_ms` and `attempts`.
//!
//! # Settings
//! `secret_key` is required; `base_url` or `api_url` (without the version, as in `CLERK_API_URL`), `api_version`,
//! `user_agent_suffix`, `headers` (an object), `allow_insecure_http` and `options` are as in [`ApiBuilder`](clerk_sessions_core::ApiBuilder).
//!
//! # Options
//! Of a client or of one call, over the defaults of [`CallOptions`] and
//! [`RetryPolicy`](clerk_sessions_core::RetryPolicy):
//! `attempt_timeout_ms`, `deadline_ms`, `max_attempts`, `backoff_base_ms`, `backoff_factor`, `backoff_cap_ms`,
//! `max_retry_after_ms`, `max_total_wait_ms`, `seed`, `retry_non_idempotent`.

mod call;
mod pages;
mod settings;

pub use call::{Call, Failure, Request, Step};
pub use pages::Pages;

use clerk_sessions_core::call::CallContext;
use clerk_sessions_core::flows::RevokingOneByOne;
use clerk_sessions_core::{CallOptions, Error, registry};
use serde_json::json;

use settings::{Options, RevokeAllParameters, Settings};

/// Makes calls with the settings of one instance. Its calls share a pause that the server asked for and the budget of
/// retries, so keep one, and drive all its calls by the same clock.
#[derive(Clone, Debug)]
pub struct Client {
    context: CallContext,
}

impl Client {
    /// A client with these settings, a JSON object; see [above](self#settings).
    ///
    /// # Errors
    /// [`Error::Build`]: a setting is missing, unknown, or can't be used.
    pub fn new(settings: &[u8]) -> Result<Self, Error> {
        let settings: Settings = settings::read("settings", settings)?;
        Ok(Self { context: CallContext::new(settings.api()?).with_options(settings.call_options()) })
    }

    /// A call of the operation of this operationId with these parameters and [options](self#options), JSON objects; empty
    /// stands for an empty object. Its result is the server's own JSON, once the operation has found that it can read it.
    #[must_use]
    pub fn call(&self, operation_id: &str, parameters: &[u8], options: &[u8]) -> Call {
        let parameters = if parameters.is_empty() { b"{}" } else { parameters };
        let call = self.context(options).and_then(|context| registry::call(&context, operation_id, parameters));
        Call::of(call, |response| Ok(response.into_body()))
    }

    /// All sessions of a list, with the parameters of `GetSessionList`, page by page.
    #[must_use]
    pub fn pages(&self, parameters: &[u8], options: &[u8]) -> Pages {
        let list = settings::read("parameters", parameters);
        Pages::new(self.context(options).and_then(|context| Ok((context, list?))))
    }

    /// Revokes all sessions of a `user_id` or a `client_id` that are signed in, but those whose ids are in `except`, one by one.
    ///
    /// Its result is an object, as [`RevokeReport`](clerk_sessions_core::RevokeReport): `revoked`, `gone` and `unconfirmed`
    /// (lists of session ids), `failed` (a list of `session_id` and `error`), `incomplete` (the error that ended it early, or
    /// null) and `is_complete`.
    #[must_use]
    pub fn revoke_all(&self, parameters: &[u8], options: &[u8]) -> Call {
        let flow = self.context(options).and_then(|context| {
            let parameters: RevokeAllParameters = settings::read("parameters", parameters)?;
            Ok(RevokingOneByOne::new(context, parameters.into_flow()?))
        });
        Call::of(flow, |report| {
            let failed = report.failed.iter().map(|(id, error)| json!({"session_id": id, "error": error}));
            let report = json!({
                "revoked": report.revoked,
                "gone": report.gone,
                "failed": failed.collect::<Vec<_>>(),
                "unconfirmed": report.unconfirmed,
                "incomplete": report.incomplete,
                "is_complete": report.is_complete(),
            });
            Ok(report.to_string().into_bytes())
        })
    }

    fn context(&self, options: &[u8]) -> Result<CallContext, Error> {
        if options.is_empty() {
            return Ok(self.context.clone());
        }
        let options: Options = settings::read("options", options)?;
        let under: CallOptions = *self.context.options();
        Ok(self.context.clone().with_options(options.over(under)))
    }
}

/// All operations, as a JSON list of objects with `id` (the operationId), `name` (of the method), `method`, `path` (with
/// `{name}` for each variable segment) and `idempotency` (`safe`, `idempotent` or `not_idempotent`): so that a binding need
/// not list them.
#[must_use]
pub fn operations() -> String {
    let operations = registry::OPERATIONS.iter().map(|entry| {
        let metadata = entry.metadata();
        json!({
            "id": metadata.id,
            "name": metadata.name,
            "method": metadata.method.as_str(),
            "path": metadata.path,
            "idempotency": metadata.idempotency.as_str(),
        })
    });
    serde_json::Value::from_iter(operations).to_string()
}

#[cfg(test)]
mod tests;
