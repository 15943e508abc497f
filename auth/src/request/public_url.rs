//! [`PublicUrl`]: the URL of a request as the browser sees it.

use super::view::RequestView;

/// Scheme, host and port. Host in lower case, without the scheme's own port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Origin {
    /// Reads an origin of http or https; `None` if the authority has userinfo, blanks or anything that is not a host and port.
    pub(crate) fn new(scheme: &str, authority: &str) -> Option<Self> {
        let scheme = scheme.to_ascii_lowercase();
        let own_port = match scheme.as_str() {
            "https" => "443",
            "http" => "80",
            _ => return None,
        };
        let (host, port) = match authority.rfind(':').filter(|at| !authority[*at..].contains(']')) {
            Some(at) => (&authority[..at], &authority[at + 1..]),
            None => (authority, ""),
        };
        let is_name =
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_address = address.is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
        let is_port =
            port.is_empty() || (port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok());
        if !(is_name || is_address) || !is_port {
            return None;
        }
        let host = host.to_ascii_lowercase();
        let has_port = !port.is_empty() && port != own_port;
        Some(Self(if has_port { format!("{scheme}://{host}:{port}") } else { format!("{scheme}://{host}") }))
    }

    /// The origin of an absolute URL.
    pub(crate) fn of_url(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        Self::new(scheme, rest.split(['/', '?', '#', '\\']).next()?)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The host without the port.
    pub(crate) fn host(&self) -> &str {
        let authority = self.0.split_once("://").map_or("", |(_, authority)| authority);
        match authority.rfind(':').filter(|at| !authority[*at..].contains(']')) {
            Some(at) => &authority[..at],
            None => authority,
        }
    }
}

/// The URL of a request as the browser sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl {
    pub(crate) origin: Origin,
    /// It begins with a slash.
    pub(crate) path: String,
    /// Without the question mark.
    pub(crate) query: Option<String>,
}

impl PublicUrl {
    /// Finds the URL. The path and query are those of the request, as text, so that they can't become another host.
    pub(crate) fn of(request: &RequestView<'_>, trusts_forwarded: bool) -> Option<Self> {
        let target = request.target();
        let (own, target) = match target.split_once("://") {
            Some((scheme, rest)) if !target.starts_with('/') => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                (Origin::new(scheme, &rest[..end]), &rest[end..])
            }
            _ => (None, target),
        };
        let forwarded = |name| {
            let first = request.get(name).and_then(|value| value.split(',').next()).map(str::trim);
            first.filter(|value| trusts_forwarded && !value.is_empty())
        };
        let own_scheme =
            own.as_ref().and_then(|own| own.as_str().split_once("://")).map_or(request.scheme(), |own| own.0);
        let scheme = forwarded("x-forwarded-proto").unwrap_or(own_scheme);
        let host = forwarded("x-forwarded-host").or_else(|| request.get("host"));
        let origin = host.and_then(|host| Origin::new(scheme, host)).or(own)?;
        let target = target.split('#').next().unwrap_or_default();
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        let path = encoded_path(path);
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        Some(Self { origin, path, query })
    }

    /// The URL of a request without a valid host.
    pub(crate) fn unknown() -> Self {
        Self { origin: Origin("http://unknown.invalid".to_owned()), path: "/".to_owned(), query: None }
    }

    /// The value of a query parameter; the first, if it is there several times.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.query.as_deref()?.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The URL without these query parameters. The others are encoded anew.
    pub(crate) fn without(&self, names: &[&str]) -> String {
        let pairs = form_urlencoded::parse(self.query.as_deref().unwrap_or_default().as_bytes());
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.filter(|(key, _)| !names.contains(&&**key)));
        let query = query.finish();
        let Self { origin, path, .. } = self;
        if query.is_empty() {
            format!("{}{path}", origin.as_str())
        } else {
            format!("{}{path}?{query}", origin.as_str())
        }
    }
}

impl std::fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { origin, path, query } = self;
        write!(f, "{}{path}", origin.as_str())?;
        query.as_ref().map_or(Ok(()), |query| write!(f, "?{query}"))
    }
}

/// Sets query parameters of a URL: in the place of the first with that name, or at the end.
pub(crate) fn with_parameters(url: &str, parameters: &[(&str, &str)]) -> String {
    let (url, fragment) = url.split_once('#').map_or((url, None), |(url, fragment)| (url, Some(fragment)));
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let mut pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    for (name, value) in parameters {
        let first = pairs.iter().position(|(own, _)| own == name);
        let mut at = 0;
        pairs.retain(|(own, _)| {
            at += 1;
            own != name || Some(at - 1) == first
        });
        match first {
            Some(first) => pairs[first].1 = (*value).into(),
            None => pairs.push(((*name).into(), (*value).into())),
        }
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let has_path = base.split_once("://").is_none_or(|(_, rest)| rest.contains('/'));
    let fragment = fragment.map_or(String::new(), |fragment| format!("#{}", encoded_path(fragment)));
    // The URL may come from a request: what a header can't have is encoded.
    format!("{}{}?{query}{fragment}", encoded_path(base), if has_path { "" } else { "/" })
}

/// The text with the characters percent-encoded that the path of a URL can't have.
fn encoded_path(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_graphic() && !b"\"#<>?`{}^".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port_only() {
        for (scheme, authority, origin) in [
            ("https", "APP.example.com:443", "https://app.example.com"),
            ("http", "localhost:3000", "http://localhost:3000"),
            ("HTTP", "127.0.0.1:80", "http://127.0.0.1"),
            ("https", "[::1]:8443", "https://[::1]:8443"),
        ] {
            let parsed = Origin::new(scheme, authority).unwrap();
            assert_eq!(parsed.as_str(), origin);
            assert_eq!(parsed.host(), Origin::of_url(&format!("{origin}/p")).unwrap().host());
        }
        for authority in
            ["", "user@host", "a b", "a/b", "a\\b", "a\u{0}", "host:99999", "host:+1", "[::1", "ä.example", "a,b"]
        {
            assert_eq!(Origin::new("https", authority), None, "{authority}");
        }
        assert_eq!(Origin::new("javascript", "x"), None);
    }

    #[test]
    fn the_path_cannot_become_a_host() {
        for target in ["//evil.example/p", "/\\evil.example", "/@evil.example", "/https://evil.example"] {
            let request = RequestView::new("GET", "https", target).header("host", "app.example.com");
            let url = PublicUrl::of(&request, false).unwrap();
            assert_eq!(url.origin.as_str(), "https://app.example.com");
            assert!(url.to_string().starts_with("https://app.example.com/"), "{url}");
        }
    }

    #[test]
    fn forwarded_headers_count_only_if_they_are_trusted() {
        let request = RequestView::new("GET", "http", "/p?a=1")
            .header("host", "internal:3000")
            .header("x-forwarded-host", "app.example.com, other.example")
            .header("x-forwarded-proto", "https,http");
        assert_eq!(PublicUrl::of(&request, true).unwrap().to_string(), "https://app.example.com/p?a=1");
        assert_eq!(PublicUrl::of(&request, false).unwrap().to_string(), "http://internal:3000/p?a=1");
        assert_eq!(PublicUrl::of(&RequestView::new("GET", "http", "/"), false), None);
        let absolute = RequestView::new("GET", "http", "http://app.example.com/p").header("host", "us er@x");
        assert_eq!(PublicUrl::of(&absolute, false).unwrap().to_string(), "http://app.example.com/p");
    }

    #[test]
    fn parameters_are_set_in_place() {
        let set = |url| with_parameters(url, &[("b", "2 3"), ("c", "4")]);
        assert_eq!(set("https://x.example/a\r\nb\u{e9}#\n"), "https://x.example/a%0D%0Ab%C3%A9?b=2+3&c=4#%0A");
        assert_eq!(set("https://x.example"), "https://x.example/?b=2+3&c=4");
        assert_eq!(set("https://x.example/p?b=1&a=1&b=9#f"), "https://x.example/p?b=2+3&a=1&c=4#f");
    }
}
