//! [`RequestView`]: the parts of an HTTP request that authentication reads.

use std::borrow::Cow;
use std::fmt;

/// The parts of an HTTP request that authentication reads. It names no type of an HTTP library, so that it works with every version
/// of them.
///
/// ```
/// use clerk_sessions_auth::RequestView;
///
/// let request = RequestView::new("GET", "https", "/invoices?year=2026")
///     .header("host", "app.example.com")
///     .header("cookie", "__client_uat=0");
/// ```
#[derive(Clone)]
pub struct RequestView<'a> {
    method: &'a str,
    scheme: &'a str,
    target: Cow<'a, str>,
    headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> RequestView<'a> {
    /// Creates a view without headers. `scheme` is `http` or `https`: how the client, or the proxy in front, connected. `target` is
    /// the path and query, or an absolute URL.
    #[must_use]
    pub fn new(method: &'a str, scheme: &'a str, target: impl Into<Cow<'a, str>>) -> Self {
        Self { method, scheme, target: target.into(), headers: Vec::new() }
    }

    /// Adds a header. Call it once for each value of a name, in the order of the request.
    #[must_use]
    pub fn header(mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> Self {
        self.add_header(name, value);
        self
    }

    /// Adds a header, as [`header`](Self::header) does.
    pub fn add_header(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        self.headers.push((name.into(), value.into()));
    }

    pub(super) fn is_get(&self) -> bool {
        self.method == "GET"
    }

    pub(super) fn scheme(&self) -> &str {
        self.scheme
    }

    pub(super) fn target(&self) -> &str {
        &self.target
    }

    /// The first value of a header, without blanks around it. An empty one is none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let is_it =
            |(own, value): &&(Cow<'_, str>, Cow<'_, str>)| own.eq_ignore_ascii_case(name) && !value.trim().is_empty();
        self.headers.iter().find(is_it).map(|(_, value)| value.trim())
    }

    /// All values of a header.
    pub(super) fn values(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    pub(super) fn headers(&self) -> impl Iterator<Item = (String, &str)> {
        self.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), &**value))
    }
}

impl fmt::Debug for RequestView<'_> {
    /// Shows no header and no query, which may hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.target.split(['?', '#']).next().unwrap_or_default();
        f.debug_struct("RequestView").field("method", &self.method).field("path", &path).finish_non_exhaustive()
    }
}
