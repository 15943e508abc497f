//! The URL of the app to which a browser is sent back.

use http::Uri;

use super::super::errors::{self, Problem};
use super::super::request::Query;

/// The URL in the parameter `redirect_url`.
#[derive(Debug)]
pub(super) struct ReturnUrl {
    text: String,
    /// Scheme, host and port, as a browser sends it in `Origin`.
    pub(super) origin: String,
    host: String,
}

impl ReturnUrl {
    /// Reads the parameter, if it is there.
    pub(super) fn of(query: &Query) -> Result<Option<ReturnUrl>, Problem> {
        let Some(text) = query.text("redirect_url") else { return Ok(None) };
        let refused = || errors::PARAM_FORMAT_INVALID.about("redirect_url", "must be an absolute URL of http or https");
        ReturnUrl::parse(text).map(Some).ok_or_else(refused)
    }

    fn parse(text: &str) -> Option<ReturnUrl> {
        let uri: Uri = text.parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let own_port = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        let host = authority.host().to_ascii_lowercase();
        let port = authority.port_u16().filter(|port| *port != own_port);
        let port = port.map_or(String::new(), |port| format!(":{port}"));
        let is_text = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        is_text.then(|| ReturnUrl { text: text.to_owned(), origin: format!("{scheme}://{host}{port}"), host })
    }

    /// The URL as it came.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the app belongs to that domain.
    pub(super) fn is_under(&self, domain: &str) -> bool {
        covers(domain, &self.host)
    }

    /// The URL with this query parameter, in place of one with the same name. The rest stays as it is.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        let (url, fragment) = match self.text.split_once('#') {
            Some((url, fragment)) => (url, format!("#{fragment}")),
            None => (&*self.text, String::new()),
        };
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let is_other = |pair: &&str| !pair.is_empty() && pair.split('=').next() != Some(name);
        let mut pairs: Vec<_> = query.split('&').filter(is_other).map(str::to_owned).collect();
        let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        pairs.push(format!("{name}={value}"));
        format!("{base}?{}{fragment}", pairs.join("&"))
    }
}

/// Whether a cookie of the domain is sent to the host.
pub(crate) fn covers(domain: &str, host: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_an_origin_and_gets_a_parameter() {
        let url = ReturnUrl::parse("http://App.localhost:80/a//b?x=%20&y&x=2&n=old#part").unwrap();
        assert_eq!(url.origin, "http://app.localhost");
        assert_eq!(url.with("n", "a b&c"), "http://App.localhost:80/a//b?x=%20&y&x=2&n=a+b%26c#part");
        let bare = ReturnUrl::parse("https://app.localhost:81").unwrap();
        assert_eq!(
            (&*bare.origin, &*bare.with("n", "1")),
            ("https://app.localhost:81", "https://app.localhost:81?n=1")
        );
    }

    #[test]
    fn other_urls_are_refused() {
        for text in
            ["/path", "//h/p", "javascript:alert(1)", "ftp://h/", "http://u@h/", "http://h\\@e/", "http://h/\u{e9}"]
        {
            assert!(ReturnUrl::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_domain_covers_itself_and_its_subdomains() {
        for (host, covered) in
            [("app.localhost", true), ("x.app.localhost", true), ("xapp.localhost", false), ("localhost", false)]
        {
            assert_eq!(covers("app.localhost", host), covered, "{host}");
        }
    }
}
