//! [`AuthError`]: why a request is refused.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use clerk_sessions_auth::RequestError;

/// Why a request is refused. The middleware and the extractors respond with it.
///
/// The body of the response is one line of plain text, which tells strangers nothing about users, keys or settings. Where an app needs
/// another body, such as JSON, or has to log the cause of an outage, a middleware outside finds the error in the response:
///
/// ```
/// use actix_web::HttpResponse;
/// use clerk_sessions_actix::AuthError;
/// use std::error::Error as _;
///
/// fn log<B>(response: &HttpResponse<B>) {
///     if let Some(error) = response.error().and_then(|error| error.as_error::<AuthError>()) {
///         eprintln!("{error}, because: {:?}", error.source().map(ToString::to_string));
///     }
/// }
/// # log(&HttpResponse::from_error(AuthError::SignedOut));
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// Nobody is signed in: 401.
    #[error("not signed in")]
    SignedOut,
    /// The user has signed in, but must finish a task first, such as choosing an organization: 401.
    #[error("not signed in yet: a task of the session is left to do")]
    Pending,
    /// The user is signed in, but lacks what is asked for: 403.
    #[error("not allowed")]
    NotAllowed,
    /// No middleware has authenticated the request: 500.
    #[error("no Clerk middleware on this route: wrap it, its scope or the app with Clerk::required or Clerk::optional")]
    NoMiddleware,
    /// Nobody knows who is asking: 503 for an outage, 500 for settings that don't fit the request.
    #[error("can't tell who is signed in")]
    Unknown(#[from] RequestError),
    /// The request asks to be redirected to a text that no URL can be: 400.
    #[error("can't redirect: the URL in the request is invalid")]
    InvalidRedirect,
}

impl AuthError {
    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::SignedOut | Self::Pending => StatusCode::UNAUTHORIZED,
            Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::NoMiddleware => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unknown(error) => StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            Self::InvalidRedirect => StatusCode::BAD_REQUEST,
        }
    }

    /// How long Clerk asked to wait in an outage, if it did: the header `retry-after` of the response, rounded up to seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unknown(RequestError::Unavailable(unavailable)) => unavailable.retry_after(),
            _ => None,
        }
    }
}

impl ResponseError for AuthError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((CONTENT_TYPE, "text/plain; charset=utf-8")).insert_header((CACHE_CONTROL, "no-store"));
        if matches!(self, Self::SignedOut | Self::Pending) {
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(wait) = self.retry_after() {
            // Rounded up: after a second less, the next request would fail, too.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.insert_header((RETRY_AFTER, seconds));
        }
        response.body(self.to_string())
    }
}
