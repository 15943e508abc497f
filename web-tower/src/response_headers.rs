//! [`ResponseHeaders`]: the headers and cookies of an outcome, on a response.

use http::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE, VARY};

use crate::auth::Auth;

/// The headers and cookies of an outcome.
#[derive(Default)]
pub(crate) struct ResponseHeaders(Vec<(HeaderName, HeaderValue)>);

impl ResponseHeaders {
    /// A header with a character that none may have is left out: it would be another header.
    pub(crate) fn of(auth: &Auth) -> Self {
        let valid = |(name, value): (&'static str, String)| {
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::try_from(value).ok()?))
        };
        Self(auth.headers().into_iter().filter_map(valid).collect())
    }

    /// Puts them on a response. Cookies are added to those of the page. `cache-control` replaces that of the page, which must not be
    /// cached with cookies on it.
    pub(crate) fn put(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            if *name == VARY {
                vary(headers, value);
            } else if *name == SET_COOKIE {
                headers.append(name, value.clone());
            } else {
                headers.insert(name, value.clone());
            }
        }
    }
}

/// Adds a value of `vary` that is not there yet.
fn vary(headers: &mut HeaderMap, value: &HeaderValue) {
    let is_it = |one: &str| one == "*" || one.as_bytes().eq_ignore_ascii_case(value.as_bytes());
    let mut all = headers.get_all(VARY).iter().filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
    if !all.any(|one| is_it(one.trim())) {
        headers.append(VARY, value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vary_is_merged() {
        for (own, merged) in [
            (&[][..], &["cookie"][..]),
            (&["accept-encoding"], &["accept-encoding", "cookie"]),
            (&["accept, Cookie"], &["accept, Cookie"]),
            (&["*"], &["*"]),
        ] {
            let mut headers = HeaderMap::new();
            for value in own {
                headers.append(VARY, HeaderValue::from_static(value));
            }
            ResponseHeaders(vec![(VARY, HeaderValue::from_static("cookie"))]).put(&mut headers);
            assert_eq!(headers.get_all(VARY).iter().collect::<Vec<_>>(), merged);
        }
    }

    #[test]
    fn cookies_are_added_and_other_headers_replaced() {
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, HeaderValue::from_static("own=1"));
        headers.append("cache-control", HeaderValue::from_static("public"));
        let ours = [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("cache-control", "no-store")];
        let header = |(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        ResponseHeaders(ours.map(header).to_vec()).put(&mut headers);
        assert_eq!(headers.get_all(SET_COOKIE).iter().collect::<Vec<_>>(), ["own=1", "a=1", "b=2"]);
        assert_eq!(headers.get_all("cache-control").iter().collect::<Vec<_>>(), ["no-store"]);
    }
}
