//! [`AuthError`]: why a request is refused.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use clerk_sessions_auth::RequestError;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

/// Why a request is refused. The layer and the extractors respond with it, and put it into the extensions of the response.
///
/// The body of the response is one line of plain text, which tells strangers nothing about users, keys or settings. Where an app needs
/// another body, such as JSON, or has to log the cause of an outage, a layer outside finds the error in the extensions:
///
/// ```
/// use clerk_sessions_tower::AuthError;
/// use http::Response;
/// use std::error::Error as _;
///
/// fn log<B>(response: &Response<B>) {
///     if let Some(error) = response.extensions().get::<AuthError>() {
///         eprintln!("{error}, because: {:?}", error.source().map(ToString::to_string));
///     }
/// }
/// # log(&AuthError::SignedOut.into_response::<String>());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AuthError {
    /// Nobody is signed in: 401.
    SignedOut,
    /// The user has signed in, but must finish a task first, such as choosing an organization: 401.
    Pending,
    /// The user is signed in, but lacks what is asked for: 403.
    NotAllowed,
    /// No layer has authenticated the request: 500.
    NoLayer,
    /// Nobody knows who is asking: 503 for an outage, 500 for settings that don't fit the request.
    Unknown(RequestError),
    /// The request asks to be redirected to a text that no URL can be: 400.
    InvalidRedirect,
}

impl AuthError {
    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::SignedOut | Self::Pending => StatusCode::UNAUTHORIZED,
            Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::NoLayer => StatusCode::INTERNAL_SERVER_ERROR,
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

    fn text(&self) -> &'static str {
        match self {
            Self::SignedOut => "not signed in",
            Self::Pending => "not signed in yet: a task of the session is left to do",
            Self::NotAllowed => "not allowed",
            Self::NoLayer => {
                "no ClerkLayer on this route: add ClerkLayer::required or ClerkLayer::optional to the router"
            }
            Self::Unknown(_) => "can't tell who is signed in",
            Self::InvalidRedirect => "can't redirect: the URL in the request is invalid",
        }
    }

    /// Makes the response. In axum, return the error itself from a handler.
    #[must_use]
    pub fn into_response<B: From<&'static str>>(self) -> Response<B> {
        self.into_text_response().map(B::from)
    }

    pub(crate) fn into_text_response(self) -> Response<&'static str> {
        let mut response = Response::new(self.text());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if matches!(self, Self::SignedOut | Self::Pending) {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after() {
            // Rounded up: with a second less, the next request would fail, too.
            headers.insert(RETRY_AFTER, (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Error for AuthError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unknown(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(feature = "axum")]
impl axum::response::IntoResponse for AuthError {
    fn into_response(self) -> axum::response::Response {
        self.into_text_response().map(axum::body::Body::from)
    }
}
