//! Tells a failure to connect from a failure on the connection.
//!
//! ureq's own errors do not: a reset during the TLS handshake, when nothing of the request can have left, looks like one
//! after it was sent. So the resolver and the connector wrap what they fail with, and each connection marks what it fails
//! with. The traits are of ureq's `unversioned` module, which may change in a minor release.

use std::fmt;
use std::time::Instant;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector, NextTimeout};

use crate::connection::Connection;

/// An agent whose failures to connect are told by [`NotConnected`].
pub(crate) fn agent(config: Config) -> ureq::Agent {
    ureq::Agent::with_parts(config, Marked(DefaultConnector::default()), Marked(DefaultResolver::default()))
}

/// What ureq failed with before there was a connection to send anything on.
#[derive(Debug)]
pub(crate) struct NotConnected {
    pub(crate) error: ureq::Error,
    /// Host and port of the proxy that was to connect, and nothing else of its URL: that may hold a password.
    pub(crate) proxy: Option<String>,
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.proxy {
            Some(proxy) => write!(f, "through the proxy {proxy}"),
            None => f.write_str("without a proxy"),
        }
    }
}

impl std::error::Error for NotConnected {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

fn mark(error: ureq::Error, proxy: Option<String>) -> ureq::Error {
    // Connecting to a proxy is connecting, too, and marked already.
    let error = match error {
        ureq::Error::Other(other) => match other.downcast::<NotConnected>() {
            Ok(marked) => marked.error,
            Err(other) => ureq::Error::Other(other),
        },
        error => error,
    };
    ureq::Error::Other(Box::new(NotConnected { error, proxy }))
}

#[derive(Debug)]
struct Marked<T>(T);

impl Connector<()> for Marked<DefaultConnector> {
    type Out = Connection;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<Self::Out>, ureq::Error> {
        let since = Instant::now();
        let made = self.0.connect(details, chained);
        made.map(|made| made.map(|made| Connection::new(made, since, details.timeout))).map_err(|error| {
            let proxy = details.config.proxy().filter(|proxy| !proxy.is_no_proxy(details.uri));
            mark(error, proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port())))
        })
    }
}

impl Resolver for Marked<DefaultResolver> {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        self.0.resolve(uri, config, timeout).map_err(|error| mark(error, None))
    }
}
