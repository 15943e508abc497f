//! Proxies from environment variables, to name them in errors. reqwest does not report which proxy it used.

use std::fmt;

use clerk_sessions_core::http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;

/// The proxy settings that reqwest reads from the environment.
#[derive(Debug)]
pub(crate) struct Environment(Matcher);

impl Environment {
    /// Reads the variables. Returns `None` if none of them sets a proxy.
    pub(crate) fn read() -> Option<Self> {
        let names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
        let any = cfg!(feature = "system-proxy") || names.iter().any(|name| std::env::var_os(name).is_some());
        any.then(|| Self(Matcher::from_system()))
    }

    /// Adds the proxy to an error of connecting to this URL, if there is a proxy for it. Otherwise returns the error unchanged.
    pub(crate) fn name_proxy(&self, url: Option<&Url>, error: reqwest::Error) -> Result<ByProxy, reqwest::Error> {
        let url = url.and_then(|url| url.as_str().parse::<Uri>().ok());
        match url.and_then(|url| self.0.intercept(&url)) {
            // Only host and port, because the URL may contain a password.
            Some(proxy) => Ok(ByProxy {
                host: proxy.uri().host().unwrap_or_default().to_owned(),
                port: proxy.uri().port_u16(),
                error,
            }),
            None => Err(error),
        }
    }
}

/// A failure to connect, with the proxy that the environment sets.
#[derive(Debug)]
pub(crate) struct ByProxy {
    host: String,
    port: Option<u16>,
    error: reqwest::Error,
}

impl fmt::Display for ByProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment names the proxy {}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl std::error::Error for ByProxy {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
