//! [`Error`], the only error type: what failed, why, and what to do.
//!
//! No message, `Debug` output or source holds a secret key, a token or a body. If the server echoes a secret of the
//! call, the echo is redacted, even if it is percent-encoded or truncated. Other texts that look like a key or a token
//! are redacted as well. The secrets of a call are the values of headers and fields with names such as `authorization`,
//! `cookie` and `refresh_token`, if they have at least six characters. The unredacted response is in [`Error::body`]
//! and [`ErrorItem::message`].

mod api;
mod build;
mod decode;
mod item;
mod report;
mod text;
mod transport;

use std::fmt;
use std::time::Duration;

use http::StatusCode;

pub use api::ApiError;
pub use build::BuildError;
pub use decode::{DecodeError, Mismatch};
pub use item::ErrorItem;
pub(crate) use text::trace_id_of;
pub use transport::{CallFailed, TransportError};

use crate::attempt::{AttemptOutcome, Delivery, TransportErrorKind};
use crate::metadata::{Idempotency, Metadata};

/// Why a call failed, or why a setting was refused.
///
/// Match on the variant to see in which phase it failed. Use the methods for all else: they work on every variant, and
/// return `None` or `false` where they do not apply.
///
/// `Display` is one line: what failed, in which way, and what to do. `Serialize` writes it as a JSON object, for logs. Neither
/// holds a secret. The cause of a transport error, such as an untrusted certificate, is not in this line but in its `source()`
/// and the sources of that, so print them, too. They hold no secret either:
///
/// ```
/// use std::error::Error as _;
///
/// use clerk_sessions_core::Error;
///
/// fn log(error: &Error) {
///     eprintln!("{error}"); // GetSession: could not make a secure connection to the server (nothing was sent; …)
///     let mut source = error.source();
///     while let Some(cause) = source {
///         eprintln!("because: {cause}"); // invalid peer certificate: UnknownIssuer
///         source = cause.source();
///     }
/// }
/// ```
///
/// An example with the methods:
///
/// ```
/// use clerk_sessions_core::{Api, Error, GetSession, http};
///
/// let body = br#"{"errors":[{"code":"resource_not_found","message":"No session was found"}],"clerk_trace_id":"8f2c"}"#;
/// let response = http::Response::builder().status(404).body(body.to_vec()).unwrap();
/// let error = Api::new("sk_test_123")?.parse::<GetSession>(response).unwrap_err();
/// assert_eq!(error.to_string(), "GetSession: 404 Not Found, resource_not_found: No session was found [trace 8f2c]");
/// match error {
///     error if error.is_not_found() => println!("there is no such session"),
///     error if error.is_rate_limited() => println!("wait {:?}", error.retry_after()),
///     error if error.is_retryable() => println!("retry later: {error}"),
///     Error::Build(error) => println!("change {}", error.field()),
///     error => println!("{error}"),
/// }
/// # Ok::<(), Error>(())
/// ```
///
/// Source: [Clerk's reference](https://clerk.com/docs/reference/backend-api/tag/Sessions) has the statuses of each
/// operation.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client refuses a setting or a parameter. Nothing was sent.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The server responded with a status that is not 2xx.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// The server responded with 2xx, but the body can't be decoded or is for something else than was requested.
    #[error(transparent)]
    Decode(Box<DecodeError>),
    /// There is no complete response: the connection failed, the time ran out, or the rate limit held the call back.
    #[error(transparent)]
    Transport(Box<CallFailed>),
}

impl Error {
    /// Returns the operationId of the call, such as `GetSession`; `None` if the error is about a setting and not a
    /// call.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.metadata().map(|metadata| metadata.id)
    }

    /// Returns the variant as a stable word, for logs and other languages: `build`, `api`, `decode` or `transport`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Build(_) => "build",
            Self::Api(_) => "api",
            Self::Decode(_) => "decode",
            Self::Transport(_) => "transport",
        }
    }

    /// Returns the status of the response; `None` without a response.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.response().map(http::Response::status)
    }

    /// Returns the first code in an error response, such as `resource_not_found`; `None` if there is none.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Api(error) => error.code(),
            _ => None,
        }
    }

    /// Returns the error items of an error response. Empty if the response has none, as if it is not JSON.
    #[must_use]
    pub fn errors(&self) -> &[ErrorItem] {
        match self {
            Self::Api(error) => &error.errors,
            _ => &[],
        }
    }

    /// Returns the trace id of the response, which Clerk's support asks for: `clerk_trace_id` of the body, else the
    /// header `Clerk-Trace-Id`, else `cf-ray`.
    ///
    /// It is redacted and truncated to 200 characters, which changes no trace id of Clerk. [`response`](Self::response)
    /// has the original.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        match self {
            Self::Api(error) => error.trace_id.as_deref(),
            Self::Decode(error) => error.trace_id.as_deref(),
            Self::Build(_) | Self::Transport(_) => None,
        }
    }

    /// Returns how long to wait before a retry: the `Retry-After` of the response, or the rest of the rate limit's
    /// pause if the call was not sent because of it. `None` if the server named no time.
    ///
    /// It may have a fraction of a second. To show seconds, round up: `wait.as_secs_f64().ceil()`.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api(error) => error.retry_after,
            Self::Transport(error) => error.retry_after,
            Self::Build(_) | Self::Decode(_) => None,
        }
    }

    /// Returns the body of the response, unchanged; `None` without a response. It may hold a token, so do not print it.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.response().map(|response| &**response.body())
    }

    /// Returns the response, unchanged; `None` without one. Its body may hold a token, so do not print it.
    #[must_use]
    pub fn response(&self) -> Option<&http::Response<Vec<u8>>> {
        match self {
            Self::Api(error) => Some(&error.response),
            Self::Decode(error) => Some(&error.response),
            Self::Build(_) | Self::Transport(_) => None,
        }
    }

    /// Returns the field of the JSON that can't be used, such as `[3].client_id`, or `.` for the whole. `None` unless
    /// the variant is [`Decode`](Self::Decode).
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Decode(error) => Some(&error.fault.path),
            _ => None,
        }
    }

    /// Returns the number of attempts, failed connections included. 0 if the call was refused or held back before the
    /// first.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        match self {
            Self::Build(_) => 0,
            Self::Api(error) => error.attempts,
            Self::Decode(error) => error.attempts,
            Self::Transport(error) => error.attempts,
        }
    }

    /// Returns whether the server may have processed the call, in any of its attempts.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Build(_) => Delivery::NotSent,
            Self::Transport(error) => error.delivery,
            Self::Api(error) => error.delivery,
            Self::Decode(_) => Delivery::MaybeSent,
        }
    }

    /// Whether the same call may succeed later and is safe to make again, by the table of
    /// [`RetryPolicy`](crate::RetryPolicy).
    ///
    /// It is `false` for an operation that is not idempotent if the server may have processed the call.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let outcome = match self {
            Self::Build(_) | Self::Decode(_) => return false,
            Self::Api(error) => AttemptOutcome::Response(error.response.status()),
            Self::Transport(error) => AttemptOutcome::Failure(error.error.kind(), error.delivery),
        };
        self.metadata().is_some_and(|metadata| {
            let twice = metadata.idempotency == Idempotency::NotIdempotent && self.delivery() == Delivery::MaybeSent;
            outcome.may_be_retried(metadata.idempotency) && !twice
        })
    }

    /// Whether a time limit ran out: one of the client, or one of the server (408 or 504).
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Transport(error) => error.error.kind() == TransportErrorKind::Timeout,
            _ => matches!(self.status(), Some(StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT)),
        }
    }

    /// Whether Clerk says that the session or other resource does not exist: a 404 with a code, such as
    /// `resource_not_found`.
    ///
    /// It is `false` for a 404 without a code. Such a 404 comes from a proxy or a wrong base URL. But Clerk may also respond
    /// with a code to a wrong path: if every call is "not found", check the base URL. `base_url` includes `/v1`.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND) && self.code().is_some()
    }

    /// Whether the call failed because of the server's rate limit: a 429, or a call that was held back and not sent.
    ///
    /// [`retry_after`](Self::retry_after) says how long to wait.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        match self {
            Self::Api(error) => error.is_rate_limited(),
            Self::Transport(error) => error.error.kind() == TransportErrorKind::Paused,
            Self::Build(_) | Self::Decode(_) => false,
        }
    }

    /// Whether the secret key is wrong, or belongs to an instance that no longer exists: a 401 with a code such as
    /// `clerk_key_invalid`. Not so for an API [without a key](crate::Api::without_key).
    ///
    /// For the 401 of a refused refresh, see [`needs_handshake`](Self::needs_handshake).
    #[must_use]
    pub fn is_secret_key_invalid(&self) -> bool {
        matches!(self, Self::Api(error) if error.is_secret_key_invalid())
    }

    /// Whether the server refused a refresh because of the tokens of the browser: a 401 with any other code. Redirect
    /// the browser to the handshake, `/v1/client/handshake` of Clerk's Frontend API, which sends it back with new cookies.
    #[must_use]
    pub fn needs_handshake(&self) -> bool {
        matches!(self, Self::Api(error) if error.needs_handshake())
    }

    fn metadata(&self) -> Option<&'static Metadata> {
        match self {
            Self::Build(error) => error.metadata,
            Self::Api(error) => Some(error.metadata),
            Self::Decode(error) => Some(error.metadata),
            Self::Transport(error) => Some(error.metadata),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(error) => error.fmt(f),
            Self::Api(error) => error.fmt(f),
            Self::Decode(error) => error.fmt(f),
            Self::Transport(error) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod message_tests;
#[cfg(test)]
mod tests;
