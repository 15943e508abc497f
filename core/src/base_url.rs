//! The base URL: parsed, checked and normalized once, so that all transports send to the same server and path.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::error::BuildError;

/// The scheme, authority and path of all requests of an API.
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl {
    scheme: Scheme,
    authority: Authority,
    /// Without a slash at the end.
    path: String,
}

/// How a base URL is used.
#[derive(Clone, Copy)]
pub(crate) struct Use {
    /// Whether requests have a secret key. Without one, messages don't speak of it.
    pub(crate) has_key: bool,
    /// Whether plain http is allowed to other machines than loopback.
    pub(crate) allows_insecure_http: bool,
}

impl Use {
    fn example(self) -> &'static str {
        if self.has_key { "https://api.clerk.com/v1" } else { "https://clerk.example.com" }
    }
}

/// The error of a base URL. No reason quotes the URL: one with userinfo in it holds a password.
fn bad(reason: impl Into<Cow<'static, str>>) -> Result<BaseUrl, BuildError> {
    Err(BuildError::new("base_url", reason))
}

impl BaseUrl {
    /// Parses a base URL.
    ///
    /// # Errors
    /// See [`ApiBuilder::build`](crate::ApiBuilder::build).
    pub(crate) fn parse(url: &str, used: Use) -> Result<Self, BuildError> {
        // This searches the text, as the parser drops a fragment without an error.
        if url.contains(['?', '#']) {
            return bad("has a query or a fragment: use only scheme, host, port and path");
        }
        let Ok(uri) = url.parse::<Uri>() else {
            return bad(format!("is not a URL: use one such as {}", used.example()));
        };
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return bad(format!("is not an absolute URL: use one such as {}", used.example()));
        };
        if authority.as_str().contains('@') {
            return bad("has a user or password, which would not be sent: remove it");
        }
        let default_port = match scheme.as_str() {
            "https" => 443,
            "http" if used.allows_insecure_http || is_loopback(authority.host()) => 80,
            "http" if !used.has_key => {
                return bad("is plain http to another machine, so anybody on the way can change responses: use https");
            }
            "http" => {
                return bad("is plain http to another machine, which exposes the secret key: use https, or set \
                            allow_insecure_http");
            }
            _ => return bad("is neither https nor http: use https"),
        };
        let path = uri.path().trim_end_matches('/');
        if path.split('/').skip(1).any(is_rewritten_by_url_parsers) {
            return bad("has an empty or dot segment in its path: remove it");
        }
        if !has_only_path_characters(path) {
            return bad("has a character in its path that is not allowed in a URL: percent-encode it");
        }
        let Some(authority) = normalized(authority, default_port) else {
            return bad("has no valid host and port: use a host name or IP address, and a port up to 65535");
        };
        Ok(Self { scheme: scheme.clone(), authority, path: path.to_owned() })
    }

    /// Returns the path, without a slash at the end.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Returns the URL of a path and query, which begin with [`path`](Self::path).
    ///
    /// # Errors
    /// The path and query are too long for HTTP, 65,534 bytes, or invalid.
    pub(crate) fn with(&self, target: String) -> Result<Uri, BuildError> {
        let target = PathAndQuery::try_from(target).map_err(|_| {
            BuildError::new("request", "has a path and query that is too long for HTTP: shorten its parameters")
        })?;
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(target);
        Uri::from_parts(parts)
            .map_err(|_| BuildError::new("request", "has no valid URL: check the path of its Metadata"))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

/// Whether a host is `localhost` or an IP address of loopback.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Whether URL parsers change a path with this segment: they resolve dot segments and treat `\` as `/`.
fn is_rewritten_by_url_parsers(segment: &str) -> bool {
    let dots = segment.to_ascii_lowercase().replace("%2e", ".");
    matches!(&*dots, "" | "." | "..") || segment.contains('\\')
}

/// Whether a path has only the characters of RFC 3986, section 3.3. URL parsers percent-encode all others, and so
/// change the path.
fn has_only_path_characters(path: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte);
    let mut parts = path.split('%');
    let first = parts.next().unwrap_or_default();
    let is_encoded = |part: &[u8]| part.len() >= 2 && part[..2].iter().all(u8::is_ascii_hexdigit);
    first.bytes().all(is_allowed) && parts.all(|part| is_encoded(part.as_bytes()) && part.bytes().all(is_allowed))
}

/// Returns the authority as URL parsers write it: in lower case, without the default port. So the `Host` header is the
/// same over all transports. `None` if the host or port is invalid.
fn normalized(authority: &Authority, default_port: u16) -> Option<Authority> {
    let host = authority.host().to_ascii_lowercase();
    let port = match &authority.as_str()[host.len()..] {
        "" | ":" => default_port,
        text => {
            text.strip_prefix(':').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()?
        }
    };
    if !is_host(&host) {
        return None;
    }
    let text = if port == default_port { host } else { format!("{host}:{port}") };
    Authority::from_maybe_shared(text.into_bytes()).ok()
}

/// Whether a host is an IP address or a name that URL parsers do not change.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    // URL parsers read `127.1` and `0x7f.1` as IPv4 addresses, and rewrite them.
    let is_number = |label: &str| {
        label.bytes().all(|byte| byte.is_ascii_digit())
            || label.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let is_numeric = name.rsplit('.').next().is_some_and(is_number);
    name.split('.').all(is_label) && (!is_numeric || host.parse::<Ipv4Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITH_KEY: Use = Use { has_key: true, allows_insecure_http: false };
    const INSECURE: Use = Use { has_key: true, allows_insecure_http: true };

    #[test]
    fn a_base_url_is_normalized() {
        for (given, kept) in [
            ("https://api.clerk.com/v1", "https://api.clerk.com/v1"),
            ("https://API.Clerk.com:443/v1/", "https://api.clerk.com/v1"),
            ("https://api.clerk.com:8443", "https://api.clerk.com:8443"),
            ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
            ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
            ("http://localhost", "http://localhost"),
            ("https://api.clerk.com:/v1", "https://api.clerk.com/v1"),
            ("https://clerk_1.internal./v1", "https://clerk_1.internal./v1"),
            ("https://clerk.internal/~a/b%20c/d;e=f,g@h:i/v1", "https://clerk.internal/~a/b%20c/d;e=f,g@h:i/v1"),
        ] {
            assert_eq!(BaseUrl::parse(given, WITH_KEY).unwrap().to_string(), kept);
        }
    }

    #[test]
    fn an_invalid_or_insecure_base_url_is_refused() {
        for (given, why) in [
            ("", "not a URL"),
            ("api.clerk.com", "absolute"),
            ("/v1", "absolute"),
            ("ftp://api.clerk.com", "neither https nor http"),
            ("http://api.clerk.com/v1", "plain http"),
            ("http://127.0.0.1.evil.example/v1", "plain http"),
            ("http://127.1/v1", "plain http"),
            ("https://user:password@api.clerk.com/v1", "user or password"),
            ("http://localhost@evil.example/v1", "user or password"),
            ("https://api.clerk.com/v1?a=b", "query or a fragment"),
            ("https://api.clerk.com/v1#a", "query or a fragment"),
            ("https://api.clerk.com/../v1", "dot segment"),
            ("https://api.clerk.com/%2E%2e/v1", "dot segment"),
            ("https://api.clerk.com//v1", "dot segment"),
            ("https://api.clerk.com/v1\\x", "base_url"),
            ("https://api.clerk.com:99999/v1", "no valid host and port"),
            ("https://:8080/v1", "base_url"),
            ("https://[::1]x/v1", "no valid host and port"),
            ("https://[::1]8080/v1", "no valid host and port"),
            ("https://[::g]/v1", "no valid host and port"),
            ("https://[1]/v1", "no valid host and port"),
            ("https://api.clerk.com:+443/v1", "no valid host and port"),
            ("https://api.clerk.com:443x/v1", "base_url"),
            ("https://api..clerk.com/v1", "no valid host and port"),
            ("https://api*clerk.com/v1", "no valid host and port"),
            ("https://127.1/v1", "no valid host and port"),
            ("https://0x7f000001/v1", "no valid host and port"),
            ("https://127.0.0.1./v1", "no valid host and port"),
            ("https://api.clerk.com/v1/\u{e9}", "has a character in its path"),
            ("https://api.clerk.com/{instance}/v1", "has a character in its path"),
            ("https://api.clerk.com/\"v1\"", "has a character in its path"),
            ("https://api.clerk.com/a|b/v1", "has a character in its path"),
            ("https://api.clerk.com/a%2/v1", "has a character in its path"),
            ("https://api.clerk.com/a%zz/v1", "has a character in its path"),
        ] {
            let error = BaseUrl::parse(given, WITH_KEY).unwrap_err().to_string();
            assert!(error.starts_with("base_url ") && error.contains(why), "{given}: {error}");
            assert!(!error.contains("password@"), "{error}");
            let without_key = Use { has_key: false, ..WITH_KEY };
            let error = BaseUrl::parse(given, without_key).unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("secret key"), "{given}: {error}");
        }
        let insecure = BaseUrl::parse("http://clerk.internal:80/v1", INSECURE).unwrap();
        assert_eq!(insecure.to_string(), "http://clerk.internal/v1");
    }
}
