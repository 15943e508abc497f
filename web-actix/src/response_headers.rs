//! [`ResponseHeaders`]: the headers and cookies of an outcome, on the response of a page.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE, VARY};
use actix_web::{Error, HttpResponse, ResponseError};

use crate::auth::Auth;

/// The headers and cookies of an outcome.
#[derive(Default)]
pub(crate) struct ResponseHeaders {
    all: Vec<(HeaderName, HeaderValue)>,
    has_cookies: bool,
}

impl ResponseHeaders {
    /// A header with a character that none may have is left out: it would be another header.
    pub(crate) fn of(auth: &Auth) -> Self {
        let valid = |(name, value): (&str, String)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(&value).ok()?))
        };
        Self { all: auth.headers().into_iter().filter_map(valid).collect(), has_cookies: auth.has_cookies() }
    }

    /// Puts them on a response. Cookies are added to those of the page; `cache-control` replaces that of the page, which must not be
    /// cached with cookies on it.
    pub(crate) fn put(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.all {
            if *name == VARY {
                vary(headers, value);
            } else if *name == SET_COOKIE {
                headers.append(name.clone(), value.clone());
            } else {
                headers.insert(name.clone(), value.clone());
            }
        }
    }

    /// Puts cookies on the response that will be made of an error. Without cookies, the error stays as it is.
    pub(crate) fn with_error(self, error: Error) -> Error {
        if self.has_cookies { ErrorWithHeaders { error, headers: self }.into() } else { error }
    }
}

/// Adds a value of `vary` that is not there yet.
fn vary(headers: &mut HeaderMap, value: &HeaderValue) {
    let is_there = headers
        .get_all(VARY)
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|one| one.trim() == "*" || value.to_str().is_ok_and(|value| one.trim().eq_ignore_ascii_case(value)));
    if !is_there {
        headers.append(VARY, value.clone());
    }
}

/// An error of a handler or of an inner middleware, whose response gets cookies.
struct ErrorWithHeaders {
    error: Error,
    headers: ResponseHeaders,
}

impl ResponseError for ErrorWithHeaders {
    fn status_code(&self) -> StatusCode {
        self.error.as_response_error().status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = self.error.error_response();
        self.headers.put(response.headers_mut());
        response
    }
}

impl fmt::Display for ErrorWithHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl fmt::Debug for ErrorWithHeaders {
    /// Shows no cookie.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}
