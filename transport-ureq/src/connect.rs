//! Tells a failure to connect from a failure on the connection.
//!
//! ureq's own errors do not: a reset during the TLS handshake, when nothing of the request can have left, looks like one
//! after it was sent. So the resolver and the connector wrap what they fail with. Both traits are of ureq's `unversioned`
//! module, which may change in a minor release; all that is used of them is their one method.

use std::fmt;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector, NextTimeout};

/// An agent whose failures to connect are told by [`NotConnected`].
pub(crate) fn agent(config: Config) -> ureq::Agent {
    ureq::Agent::with_parts(config, Marked(DefaultConnector::default()), Marked(DefaultResolver::default()))
}

/// What ureq failed with before there was a connection to send anything on.
#[derive(Debug)]
pub(crate) struct NotConnected(pub(crate) ureq::Error);

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for NotConnected {}

fn mark(error: ureq::Error) -> ureq::Error {
    ureq::Error::Other(Box::new(NotConnected(error)))
}

#[derive(Debug)]
struct Marked<T>(T);

impl Connector<()> for Marked<DefaultConnector> {
    type Out = <DefaultConnector as Connector<()>>::Out;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<Self::Out>, ureq::Error> {
        self.0.connect(details, chained).map_err(mark)
    }
}

impl Resolver for Marked<DefaultResolver> {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        self.0.resolve(uri, config, timeout).map_err(mark)
    }
}
