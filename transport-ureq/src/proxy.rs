//! Proxies from environment variables, by the rules of reqwest and curl.
//!
//! The rules of ureq differ: it uses `HTTP_PROXY` for https, too, and its `NO_PROXY` has no address ranges and no subdomains.

use std::net::IpAddr;

use clerk_sessions_core::http::Uri;
use ureq::Proxy;
use ureq::config::Config;

/// The settings of the variables. The docs of [`UreqTransportBuilder`](crate::UreqTransportBuilder#proxies) have the rules.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    http: Option<Proxy>,
    https: Option<Proxy>,
    exceptions: Vec<Exception>,
}

/// An entry of `NO_PROXY`.
#[derive(Debug)]
enum Exception {
    Addresses(Network),
    EveryName,
    /// A domain and its subdomains, in lower case.
    Domain(String),
}

/// An address range, such as `192.168.1.0/24`, or a single address.
#[derive(Debug)]
struct Network {
    address: IpAddr,
    /// The number of leading bits that all addresses of the range share.
    prefix: u32,
}

impl Network {
    fn parse(entry: &str) -> Option<Self> {
        let (address, prefix) =
            entry.split_once('/').map_or((entry, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
            Some(_) => return None,
        };
        (prefix <= bits).then_some(Self { address, prefix })
    }

    fn contains(&self, address: IpAddr) -> bool {
        let (differing, bits) = match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (u128::from(own.to_bits() ^ other.to_bits()), 32),
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits() ^ other.to_bits(), 128),
            _ => return false,
        };
        // A shift by all 128 bits leaves nothing, which `checked_shr` returns as `None`.
        differing.checked_shr(bits - self.prefix).unwrap_or_default() == 0
    }
}

impl Environment {
    /// Reads the environment, if the proxy of these settings comes from it.
    pub(crate) fn of(config: &Config) -> Option<Self> {
        let is_from_env = config.proxy().is_some_and(Proxy::is_from_env);
        is_from_env.then(|| Self::read(|name| std::env::var(name).ok())).flatten()
    }

    /// Reads the variables. Returns `None` if none of them sets a proxy.
    fn read(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let first = |name: &str| variable(name).or_else(|| variable(&name.to_ascii_lowercase()));
        let named = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].map(first);
        if named.iter().all(Option::is_none) {
            return None;
        }
        if variable("REQUEST_METHOD").is_some() {
            return Some(Self::default());
        }
        let [http, https, all] = named.map(|url| Proxy::new(&url?).ok());
        let no_proxy = first("NO_PROXY").unwrap_or_default();
        let exceptions = no_proxy.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(Exception::parse);
        Some(Self { http: http.or_else(|| all.clone()), https: https.or(all), exceptions: exceptions.collect() })
    }

    /// The proxy for a URL, if any.
    pub(crate) fn proxy_of(&self, url: &Uri) -> Option<&Proxy> {
        let proxy = match url.scheme_str()? {
            "http" => self.http.as_ref(),
            "https" => self.https.as_ref(),
            _ => None,
        }?;
        let host = url.host()?.trim_start_matches('[').trim_end_matches(']');
        let is_exempt = match host.parse::<IpAddr>() {
            Ok(address) => self.exceptions.iter().any(|exception| exception.has_address(address)),
            Err(_) => {
                let name = host.to_ascii_lowercase();
                self.exceptions.iter().any(|exception| exception.has_name(&name))
            }
        };
        (!is_exempt).then_some(proxy)
    }

    /// All proxies of the variables.
    #[cfg(not(feature = "socks-proxy"))]
    pub(crate) fn proxies(&self) -> impl Iterator<Item = &Proxy> {
        self.http.iter().chain(&self.https)
    }
}

impl Exception {
    fn parse(entry: &str) -> Self {
        match Network::parse(entry) {
            Some(network) => Self::Addresses(network),
            None if entry == "*" => Self::EveryName,
            None => Self::Domain(entry.strip_prefix('.').unwrap_or(entry).to_ascii_lowercase()),
        }
    }

    fn has_address(&self, address: IpAddr) -> bool {
        matches!(self, Self::Addresses(network) if network.contains(address))
    }

    fn has_name(&self, name: &str) -> bool {
        match self {
            Self::Addresses(_) => false,
            Self::EveryName => true,
            Self::Domain(domain) => {
                name.strip_suffix(&**domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper_util::client::proxy::matcher::Matcher;

    use super::*;

    const URLS: [&str; 12] = [
        "https://api.clerk.com/v1",
        "http://api.clerk.com/v1",
        "https://clerk.com/",
        "https://notclerk.com/",
        "https://com/",
        "https://localhost:8443/",
        "http://127.0.0.1:8080/",
        "https://127.0.0.1/",
        "https://192.168.1.42/",
        "https://[::1]:8443/",
        "https://[2001:db8::7]/",
        "https://API.Clerk.com/",
    ];

    const NO_PROXIES: [&str; 30] = [
        "",
        ",",
        "*",
        "clerk.com",
        ".clerk.com",
        "CLERK.com",
        "*.clerk.com",
        "api.clerk.com",
        "pi.clerk.com",
        "com",
        ".com",
        "localhost",
        " localhost , clerk.com ",
        "127.0.0.1",
        "127.0.0.0/8",
        "127.0.0.1/99",
        "192.168.1.0/24,::1",
        "[::1]",
        "2001:db8::/32",
        "0.0.0.0/0",
        "::/0",
        "192.168.1.42/32",
        "192.168.1.43/31",
        "192.168.1.40/31",
        "2001:db8::7/128",
        "2001:db8::6/128",
        "127.0.0.0/+8",
        "127.0.0.0/",
        "api.clerk.com:443",
        "clerk.com,*",
    ];

    const PROXIES: [Option<&str>; 8] = [
        None,
        Some(""),
        Some("http://user:p%40ss@one.example:3128"),
        Some("two.example:8080"),
        Some("https://three.example"),
        Some("socks5h://four.example:1080"),
        Some("ftp://five.example"),
        Some("no proxy"),
    ];

    fn chosen(environment: Option<&Environment>, url: &str) -> Option<String> {
        let proxy = environment?.proxy_of(&url.parse().unwrap())?;
        let scheme = proxy.protocol().to_string().to_ascii_lowercase();
        Some(format!("{scheme}://{}:{}", proxy.host(), proxy.port()))
    }

    /// The proxy that reqwest chooses, by the code that it calls.
    fn chosen_by_reqwest(matcher: &Matcher, url: &str) -> Option<String> {
        let proxy = matcher.intercept(&url.parse().unwrap())?;
        let port = proxy.uri().port_u16().unwrap_or(match proxy.uri().scheme_str() {
            Some("https") => 443,
            _ => 80,
        });
        Some(format!("{}://{}:{port}", proxy.uri().scheme_str().unwrap(), proxy.uri().host().unwrap()))
    }

    #[test]
    fn the_proxy_rules_match_reqwest() {
        for http in PROXIES {
            for https in PROXIES {
                for all in PROXIES {
                    for no in NO_PROXIES {
                        let environment = Environment::read(|name| match name {
                            "HTTP_PROXY" => http.map(str::to_owned),
                            "https_proxy" => https.map(str::to_owned),
                            "ALL_PROXY" => all.map(str::to_owned),
                            "no_proxy" => Some(no.to_owned()),
                            _ => None,
                        });
                        let text = Option::unwrap_or_default;
                        let matcher =
                            Matcher::builder().http(text(http)).https(text(https)).all(text(all)).no(no).build();
                        for url in URLS {
                            assert_eq!(
                                chosen(environment.as_ref(), url),
                                chosen_by_reqwest(&matcher, url),
                                "{url} with {http:?}, {https:?}, {all:?}, but not {no}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn upper_case_comes_first_and_a_cgi_script_uses_no_proxy() {
        let both = |name: &str| match name {
            "HTTPS_PROXY" => Some("http://upper.example".to_owned()),
            "https_proxy" => Some("http://lower.example".to_owned()),
            _ => None,
        };
        let url = "https://api.clerk.com/";
        assert_eq!(chosen(Environment::read(both).as_ref(), url).unwrap(), "http://upper.example:80");
        let cgi = |name: &str| if name == "REQUEST_METHOD" { Some("GET".to_owned()) } else { both(name) };
        assert_eq!(chosen(Some(&Environment::read(cgi).unwrap()), url), None);
        assert!(Environment::read(|_| None).is_none());
    }
}
