//! The [`RequestView`] of a request.

use std::borrow::Cow;

use clerk_sessions_auth::RequestView;
use http::Uri;
use http::header::HOST;
use http::request::Parts;
use http::uri::Scheme;

/// The parts of a request that authentication reads.
pub(crate) fn of(parts: &Parts, assumes_https: bool) -> RequestView<'_> {
    let uri = uri(parts);
    let is_https = assumes_https || uri.scheme() == Some(&Scheme::HTTPS);
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut view = RequestView::new(parts.method.as_str(), if is_https { "https" } else { "http" }, target);
    for (name, value) in &parts.headers {
        view.add_header(name.as_str(), text(value.as_bytes()));
    }
    // HTTP/2 has the host in the URL.
    if let Some(authority) = uri.authority().filter(|_| !parts.headers.contains_key(HOST)) {
        view.add_header("host", authority.as_str());
    }
    view
}

/// The URL of the request. In an axum router inside another, the request has only the part of the path that is left, and the whole
/// is an extension.
#[cfg(feature = "axum")]
fn uri(parts: &Parts) -> &Uri {
    parts.extensions.get::<axum::extract::OriginalUri>().map_or(&parts.uri, |uri| &uri.0)
}

#[cfg(not(feature = "axum"))]
fn uri(parts: &Parts) -> &Uri {
    &parts.uri
}

/// A header's value: its bytes need not be UTF-8, but those that count are.
fn text(value: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(value)
}
