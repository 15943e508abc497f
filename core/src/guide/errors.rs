//! Handling errors: what each error means and what to do about it.
//!
//! Every call returns one error type, [`Error`]. It has four variants:
//!
//! | variant | what happened | did the server process the request? |
//! |---|---|---|
//! | [`Error::Build`] | A setting or a parameter is invalid. | No. Nothing was sent. |
//! | [`Error::Api`] | The server responded with a status that is not 2xx. | After a 429, only if an earlier attempt got through. Otherwise it may have. |
//! | [`Error::Decode`] | The server responded with 2xx, but the body can't be read, or it is for another session or user. | Probably, unless a proxy sent the response. |
//! | [`Error::Transport`] | No complete response arrived. | Call [`delivery`](crate::Error::delivery). |
//!
//! # Handle an error
//!
//! Use the methods of [`Error`], and not its text. The text is for people and may change.
//!
//! After a refused refresh, the browser has to do the handshake: a redirect to Clerk's Frontend API (its server for browsers), which
//! sends the browser back with new cookies. `RequestAuthenticator` of the crate `clerk-sessions-auth` does that for you.
//!
//! ```
//! use clerk_sessions_core::{Delivery, Error};
//!
//! fn handle(error: &Error) -> &'static str {
//!     if error.is_not_found() {
//!         "the session does not exist: treat the user as signed out"
//!     } else if error.needs_handshake() {
//!         "the refresh was refused: send the browser to the handshake"
//!     } else if error.is_secret_key_invalid() {
//!         "the secret key is wrong: alert the operator"
//!     } else if error.is_rate_limited() {
//!         "too many requests: wait for error.retry_after()"
//!     } else if error.is_retryable() {
//!         "a temporary failure: try again later"
//!     } else if error.delivery() == Delivery::MaybeSent {
//!         "the server may have done it: look before you repeat the call"
//!     } else {
//!         "a mistake in the call or the configuration: log it and fix it"
//!     }
//! }
//! # use clerk_sessions_core::{Api, GetSession, RefreshSession, http::Response};
//! # let api = Api::new("sk_test_123")?;
//! # let response = |status: u16, body: &str| Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap();
//! # let code = |code: &str| format!(r#"{{"errors":[{{"code":"{code}"}}]}}"#);
//! # let get = |status: u16, body: &str| handle(&api.parse::<GetSession>(response(status, body)).unwrap_err());
//! # assert!(get(404, &code("resource_not_found")).contains("signed out"));
//! # assert!(get(401, &code("clerk_key_invalid")).contains("operator"));
//! # assert!(get(429, "").contains("wait"));
//! # assert!(get(503, "").contains("later"));
//! # assert!(get(200, "{}").contains("look before"));
//! # let refused = api.parse::<RefreshSession>(response(401, &code("session_refresh_expired_session_token_consumed")));
//! # assert!(handle(&refused.unwrap_err()).contains("handshake"));
//! # assert!(handle(&api.request(&GetSession::new("")).unwrap_err()).contains("fix it"));
//! # Ok::<(), clerk_sessions_core::Error>(())
//! ```
//!
//! # Which error needs which action
//!
//! When a call returns an error, its retries are over. See [`retries`](super::retries) for what is retried.
//!
//! | error | meaning | what to do |
//! |---|---|---|
//! | [`Error::Build`] | The message names the parameter or setting. | Fix the program or its configuration. |
//! | 400, 422 | The server refused a parameter. | Fix the parameter: [`errors`](crate::Error::errors) has the code, and often [`param_name`](crate::ErrorItem::param_name). |
//! | 400 `request_invalid_for_environment` | A production instance refused `create`. | Use `create` with development instances only. |
//! | 401, [`is_secret_key_invalid`](crate::Error::is_secret_key_invalid) | The secret key is wrong, or its instance was deleted. | Check `CLERK_SECRET_KEY`. |
//! | 401, [`needs_handshake`](crate::Error::needs_handshake) | The server refused a `refresh`. | Redirect the browser to Clerk's handshake. |
//! | 404, [`is_not_found`](crate::Error::is_not_found) | The session, user or template does not exist. | Treat a missing session as signed out. If every call is not found, check the base URL: it includes `/v1`. |
//! | 404 without a code | Not from Clerk: a wrong base URL, or a proxy. | Check the base URL. |
//! | another 4xx | Clerk refused the call. | Read [`code`](crate::Error::code) and the message. |
//! | 3xx | A redirect. The client follows none. | Check the base URL. |
//! | 429, [`is_rate_limited`](crate::Error::is_rate_limited) | The rate limit did not end in the time that the call may wait. | Wait for [`retry_after`](crate::Error::retry_after). |
//! | 408, 500, 502, 503, 504 | The server failed. | If [`is_retryable`](crate::Error::is_retryable), try again later. |
//! | [`Error::Decode`] | The response can't be used. | Don't repeat a write blindly. Report it with [`path`](crate::Error::path) and [`trace_id`](crate::Error::trace_id). |
//! | [`Error::Transport`] | See the next table. | |
//!
//! The kind of a transport failure is [`CallFailed::error`]`().kind()`:
//!
//! | kind | meaning | what to do |
//! |---|---|---|
//! | [`Connect`](crate::TransportErrorKind::Connect) | DNS, the network or a proxy failed. | Check the network; the source of the error has the cause. |
//! | [`Tls`](crate::TransportErrorKind::Tls) | There is no trusted TLS session. | Check certificates and the system's clock. |
//! | [`Timeout`](crate::TransportErrorKind::Timeout) | A time limit ended. | Raise the limits of [`CallOptions`], or try again later. |
//! | [`Closed`](crate::TransportErrorKind::Closed) | The connection broke. | Try again later, if [`is_retryable`](crate::Error::is_retryable). |
//! | [`Protocol`](crate::TransportErrorKind::Protocol) | The response is not valid HTTP, or its head is too large. | Check what is between you and Clerk. |
//! | [`TooLarge`](crate::TransportErrorKind::TooLarge) | The body is larger than the limit of the transport. | List fewer sessions, or raise the limit. |
//! | [`Rejected`](crate::TransportErrorKind::Rejected) | The HTTP client refused to send the request. | Check the base URL. |
//! | [`Paused`](crate::TransportErrorKind::Paused) | The call was not sent, because of the rate limit. | Wait for [`retry_after`](crate::Error::retry_after). |
//! | [`Other`](crate::TransportErrorKind::Other) | Anything else. | See the source of the error. |
//!
//! # Has the server processed the request?
//!
//! [`Error::delivery`] covers all attempts of the call:
//!
//! - [`Delivery::NotSent`]: the server did not process it. You can repeat any call.
//! - [`Delivery::MaybeSent`]: the server may have processed it. You can repeat `list`, `get` and `revoke`, because a second run
//!   changes nothing. For the others, look first:
//!
//! | call | if it may have been processed |
//! |---|---|
//! | `create` | List the user's sessions: a new one may be there. |
//! | `refresh` | The refresh token may be used up. Call it once more; if that fails with `needs_handshake`, redirect. |
//! | `create_token`, `create_token_from_template` | Call it again. A lost token does no harm, but the call counts towards the rate limit. |
//!
//! [`is_retryable`](crate::Error::is_retryable) combines both questions: the same call may succeed later, and repeating it does
//! nothing twice.
//!
//! # Retry-After
//!
//! [`Error::retry_after`] is the time to wait before the next try. It is `Some`:
//!
//! - after a response with a `Retry-After` header, in seconds or as a date. A date is measured against the `Date` header of the
//!   same response.
//! - after a 429, and for a call that was not sent because of the rate limit ([`TransportErrorKind::Paused`]), where it is
//!   known how long the pause still lasts.
//!
//! It may have a fraction of a second. To show seconds, round up: `wait.as_secs_f64().ceil()`.
//!
//! # Trace id
//!
//! [`Error::trace_id`] identifies the request at Clerk. Send it to Clerk's support. It is the `clerk_trace_id` of the body, or
//! the header `Clerk-Trace-Id` or `cf-ray`. It is already in the text of the error.
//!
//! # Log an error
//!
//! The text of a transport error has no cause, such as an untrusted certificate. The cause is its `source()`: print it, too, as in
//! the example of [`Error`].
//!
//! The text, the `Debug` output and the sources of an error hold no secret key, no token and no body, even if the server echoed
//! them. [`Error::body`] and [`Error::response`] return what the server sent, unredacted: don't log them.
//!
//! [`Error`] implements `serde::Serialize`, for structured logs. All seven fields are always there:
//!
//! ```
//! use clerk_sessions_core::{Api, GetSession, http::Response};
//!
//! let body = br#"{"errors":[{"code":"resource_not_found","message":"not found"}],"clerk_trace_id":"8f2c"}"#;
//! let response = Response::builder().status(404).body(body.to_vec()).unwrap();
//! let error = Api::new("sk_test_123")?.parse::<GetSession>(response).unwrap_err();
//! let json = serde_json::to_value(&error).unwrap();
//! assert_eq!(json["message"], "GetSession: 404 Not Found, resource_not_found: not found [trace 8f2c]");
//! assert_eq!((&json["kind"], &json["status"]), (&"api".into(), &404.into()));
//! assert_eq!((&json["code"], &json["trace_id"]), (&"resource_not_found".into(), &"8f2c".into()));
//! assert_eq!((&json["retry_after_ms"], &json["attempts"]), (&serde_json::Value::Null, &1.into()));
//! # Ok::<(), clerk_sessions_core::Error>(())
//! ```
//!
//! [`CallFailed::error`]: crate::CallFailed::error
//! [`CallOptions`]: crate::CallOptions
//! [`Delivery::MaybeSent`]: crate::Delivery::MaybeSent
//! [`Delivery::NotSent`]: crate::Delivery::NotSent
//! [`Error`]: crate::Error
//! [`Error::Api`]: crate::Error::Api
//! [`Error::Build`]: crate::Error::Build
//! [`Error::Decode`]: crate::Error::Decode
//! [`Error::Transport`]: crate::Error::Transport
//! [`Error::body`]: crate::Error::body
//! [`Error::delivery`]: crate::Error::delivery
//! [`Error::response`]: crate::Error::response
//! [`Error::retry_after`]: crate::Error::retry_after
//! [`Error::trace_id`]: crate::Error::trace_id
//! [`TransportErrorKind::Paused`]: crate::TransportErrorKind::Paused
