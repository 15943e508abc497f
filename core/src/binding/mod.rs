//! The calls as plain data: what a binding to another language drives.
//!
//! Settings, parameters, results and errors are JSON; requests and answers are strings and bytes; nothing borrows, nothing
//! waits and nothing panics. The host language brings the HTTP client and the clock, and runs this loop:
//!
//! ```
//! use clerk_sessions_core::binding::{Client, Failure, Step};
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
//! A call that can't be made, be it for an unknown operation, comes to its error at once: so a host has one place where errors
//! come from, [`Call::finish`]. All errors serialize as one flat object of `kind`, `status`, `code`, `message`, `trace_id`,
//! `retry_after_ms` and `attempts`.
//!
//! # Settings
//! `secret_key` is required; `base_url` or `api_url` (without the version, as in `CLERK_API_URL`), `api_version`,
//! `user_agent_suffix`, `headers` (an object), `allow_insecure_http` and `options` are as in [`ApiBuilder`](crate::ApiBuilder).
//!
//! # Options
//! Of a client or of one call, over the defaults of [`CallOptions`] and [`RetryPolicy`](crate::RetryPolicy):
//! `attempt_timeout_ms`, `deadline_ms`, `max_attempts`, `backoff_base_ms`, `backoff_factor`, `backoff_cap_ms`,
//! `max_retry_after_ms`, `max_total_wait_ms`, `seed`, `repeat_never`.

// `#[inline]` is here and in the files below for compile time: it leaves this code to those programs that call it.

mod call;
mod pages;
mod settings;

pub use call::{Call, Failure, Request, Step};
pub use pages::Pages;

use serde_json::json;

use crate::caller::Caller;
use crate::error::Error;
use crate::flows::RevokingOneByOne;
use crate::meta::Repeat;
use crate::options::CallOptions;
use crate::registry;
use settings::{Options, RevokeAllParameters, Settings};

/// Makes calls with the settings of one instance. Its calls share a pause that the server asked for and the budget of
/// retries, so keep one, and drive all its calls by the same clock.
#[derive(Clone, Debug)]
pub struct Client {
    caller: Caller,
}

impl Client {
    /// A client with these settings, a JSON object; see [above](self#settings).
    ///
    /// # Errors
    /// [`Error::Build`]: a setting is missing, unknown, or can't be used.
    #[inline]
    pub fn new(settings: &[u8]) -> Result<Self, Error> {
        let settings: Settings = settings::read("settings", settings)?;
        Ok(Self { caller: Caller::new(settings.api()?).with_options(settings.call_options()) })
    }

    /// A call of the operation of this operationId with these parameters and [options](self#options), JSON objects; empty
    /// stands for an empty object. It comes to the server's own JSON, once the operation has found that it can read it.
    #[must_use]
    #[inline]
    pub fn call(&self, operation_id: &str, parameters: &[u8], options: &[u8]) -> Call {
        let parameters = if parameters.is_empty() { b"{}" } else { parameters };
        let exchange = self.caller(options).and_then(|caller| registry::exchange(&caller, operation_id, parameters));
        Call::of(exchange, |answer| Ok(answer.into_body()))
    }

    /// All sessions of a list, with the parameters of `GetSessionList`, page by page.
    #[must_use]
    #[inline]
    pub fn pages(&self, parameters: &[u8], options: &[u8]) -> Pages {
        let list = settings::read("parameters", parameters);
        Pages::new(self.caller(options).and_then(|caller| Ok((caller, list?))))
    }

    /// Revokes all active sessions of a `user_id` or a `client_id`, but those whose ids are in `except`, one by one.
    ///
    /// It comes to an object: `revoked` and `gone` (lists of session ids), `failed` (a list of `session_id` and `error`),
    /// `incomplete` (the error that ended it early, or null) and `is_complete`.
    #[must_use]
    #[inline]
    pub fn revoke_all(&self, parameters: &[u8], options: &[u8]) -> Call {
        let flow = self.caller(options).and_then(|caller| {
            let parameters: RevokeAllParameters = settings::read("parameters", parameters)?;
            Ok(RevokingOneByOne::new(caller, parameters.into_flow()?))
        });
        Call::of(flow, |report| {
            let failed = report.failed.iter().map(|(id, error)| json!({"session_id": id, "error": error}));
            let report = json!({
                "revoked": report.revoked,
                "gone": report.gone,
                "failed": failed.collect::<Vec<_>>(),
                "incomplete": report.incomplete,
                "is_complete": report.is_complete(),
            });
            Ok(report.to_string().into_bytes())
        })
    }

    #[inline]
    fn caller(&self, options: &[u8]) -> Result<Caller, Error> {
        if options.is_empty() {
            return Ok(self.caller.clone());
        }
        let options: Options = settings::read("options", options)?;
        let under: CallOptions = *self.caller.options();
        Ok(self.caller.clone().with_options(options.over(under)))
    }
}

/// All operations, as a JSON list of objects with `id` (the operationId), `name` (of the method), `method`, `path` (with
/// `{name}` for each variable segment) and `repeat` (`safe`, `idempotent` or `never`): so that a binding need not list them.
#[must_use]
#[inline]
pub fn operations() -> String {
    let operations = registry::OPERATIONS.iter().map(|entry| {
        let meta = entry.meta();
        let repeat = match meta.repeat {
            Repeat::Safe => "safe",
            Repeat::Idempotent => "idempotent",
            Repeat::Never => "never",
        };
        json!({"id": meta.id, "name": meta.name, "method": meta.method.as_str(), "path": meta.path, "repeat": repeat})
    });
    serde_json::Value::from_iter(operations).to_string()
}

#[cfg(test)]
mod tests;
