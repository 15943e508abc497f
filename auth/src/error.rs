//! How verification fails: [`Rejected`], the token's fault; [`Unavailable`], an outage; and [`RequestError`], for whole requests.

use std::borrow::Cow;
use std::time::Duration;

use clerk_sessions_core::Error;

use crate::reason::Reason;

/// A token that was rejected. Treat the request as signed out: respond with 401.
///
/// The message says which check failed and what was expected. It holds no part of the token except its times.
///
/// ```
/// use clerk_sessions_auth::{Reason, Rejected};
///
/// /// The challenge of a 401, as of RFC 6750.
/// fn www_authenticate(rejected: &Rejected) -> String {
///     match rejected.reason() {
///         Reason::TokenExpired => "Bearer error=\"invalid_token\", error_description=\"expired\"".to_owned(),
///         reason => format!("Bearer error=\"invalid_token\", error_description=\"{reason}\""),
///     }
/// }
/// # let rejected = clerk_sessions_auth::UnverifiedToken::decode("").unwrap_err();
/// # assert!(www_authenticate(&rejected).ends_with("error_description=\"token-invalid\""));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct Rejected {
    reason: Reason,
    message: Cow<'static, str>,
}

impl Rejected {
    pub(crate) fn new(reason: Reason, message: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, message: message.into() }
    }

    /// Returns the check that failed, as a code.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Returns what is wrong and what was expected, without the code.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// The keys could not be fetched, so nobody knows whether the token is good. Respond with 503, and do not sign the user out.
///
/// ```
/// use clerk_sessions_auth::Unavailable;
///
/// /// Status and `Retry-After` of the response.
/// fn response(unavailable: &Unavailable) -> (u16, Option<u64>) {
///     eprintln!("{unavailable}"); // jwk-remote-failed-to-load: the keys that verify session tokens can't be fetched: …
///     // Rounded up: a client that comes back too early gets another 503.
///     (503, unavailable.retry_after().map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0)))
/// }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: the keys that verify session tokens can't be fetched: {error}", self.code())]
pub struct Unavailable {
    #[source]
    error: Error,
}

impl Unavailable {
    /// Returns the code of Clerk's own libraries: `secret-key-invalid` if Clerk refused the secret key, otherwise
    /// `jwk-remote-failed-to-load`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        if self.error.is_secret_key_invalid() { "secret-key-invalid" } else { "jwk-remote-failed-to-load" }
    }

    /// Returns the error of the last fetch. Requests in the pause after a failed fetch get the error of that fetch.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// Returns how long Clerk asked to wait, if it did. Use it for the `Retry-After` header of the 503. It may
    /// have a fraction of a second; the header has whole seconds, so round up.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.error.retry_after()
    }
}

impl From<Error> for Unavailable {
    fn from(error: Error) -> Self {
        Self { error }
    }
}

/// Why nobody knows who made a request. It is never the fault of the token: do not sign the user out.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The keys can't be fetched. Respond with 503.
    #[error(transparent)]
    Unavailable(Unavailable),
    /// The settings don't fit the request. Respond with 500.
    #[error(transparent)]
    Settings(Error),
}

impl RequestError {
    /// Returns the status to respond with: 503 for an outage, 500 for wrong settings.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Unavailable(_) => 503,
            Self::Settings(_) => 500,
        }
    }
}

impl From<Error> for RequestError {
    fn from(error: Error) -> Self {
        if matches!(error, Error::Build(_)) { Self::Settings(error) } else { Self::Unavailable(error.into()) }
    }
}
