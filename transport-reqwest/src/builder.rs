//! The settings of the transport.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clerk_sessions_core::{BuildError, Error};
use reqwest::{ClientBuilder, redirect, retry};

use crate::adapter::{ReqwestTransport, countable};
use crate::http2;
use crate::proxy::Environment;
use crate::url::Urls;

impl ReqwestTransport {
    /// Starts from sound defaults; see the methods of the builder.
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder::default()
    }

    /// Carries requests by a client built from settings of your own, with their timeouts, TLS, proxy and pool.
    ///
    /// It takes a builder and not a client, as the redirect policy of a client that is built can neither be seen nor changed,
    /// and one that follows a 307 carries a refresh token to another server. A response is limited to 8 MiB. HTTP/2 is used
    /// only with the feature `http2` of this crate, and is set up as [here](ReqwestTransportBuilder#http2). To start from the
    /// defaults of this crate instead, use [`ReqwestTransportBuilder::configure`].
    ///
    /// # Errors
    /// [`Error::Build`], as for [`ReqwestTransportBuilder::build`].
    pub fn from_client_builder(client: ClientBuilder) -> Result<Self, Error> {
        ReqwestTransportBuilder::of(client).build()
    }
}

/// Builds a [`ReqwestTransport`].
///
/// # Proxies
/// By default, the environment names the proxy, by the same rule as for `clerk-sessions-ureq`. The variables are read when the
/// transport is built; one in lower case counts if the one in upper case is not set.
///
/// | variable | |
/// |---|---|
/// | `HTTPS_PROXY` | the proxy for an https base URL |
/// | `HTTP_PROXY` | the proxy for an http base URL |
/// | `ALL_PROXY` | the proxy where the one of these two is not set, or is no URL of a proxy |
/// | `NO_PROXY` | what is reached without a proxy, with commas between: `example.com` and `.example.com` are this domain and all below it; `192.0.2.1`, `192.0.2.0/24` and `2001:db8::/32` are addresses; `*` is every name, but no address |
/// | `REQUEST_METHOD` | if it is set, the program is a CGI script, whose `HTTP_PROXY` may come from a header of its client: no proxy is used |
///
/// They hold for loopback, too. A proxy that is set by [`configure`](ReqwestTransportBuilder::configure) is used in place of
/// these, and [`no_proxy`](ReqwestTransportBuilder::no_proxy) turns all of them off. For https, reqwest asks the proxy for a
/// tunnel, by `CONNECT`; to an http base URL, the proxy sends the request itself, and sees all of it.
///
/// # HTTP/2
/// Without the feature `http2` of this crate, HTTP/1.1 is used, even where another crate of the program has turned on the
/// feature of that name of reqwest. With it, HTTP/2 is used where the server offers it, and a connection that has been silent
/// for 3 s during a request is pinged: if no response to that comes within another 3 s, the connection is given up, and the
/// next attempt makes a new one. Without pings, each call would wait on a dead connection until its time is up.
#[must_use]
#[derive(Debug)]
pub struct ReqwestTransportBuilder {
    client: ClientBuilder,
    no_proxy: bool,
    max_response_bytes: u64,
}

impl Default for ReqwestTransportBuilder {
    fn default() -> Self {
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            // Longer invites the race with a server that closes an idle connection as the next request leaves.
            .pool_idle_timeout(Duration::from_secs(15))
            .pool_max_idle_per_host(64);
        Self::of(client)
    }
}

impl ReqwestTransportBuilder {
    pub(crate) fn of(client: ClientBuilder) -> Self {
        Self { client: http2::defaults(client), no_proxy: false, max_response_bytes: 8 * 1024 * 1024 }
    }

    /// How long connecting may take, with looking the name up and TLS: 5 s by default.
    ///
    /// Where an attempt's own limit is shorter and cuts connecting short, the attempt counts as perhaps sent: reqwest does not
    /// tell what it was at.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.configure(|client| client.connect_timeout(countable(timeout)))
    }

    /// How long an unused connection is kept: 15 s by default.
    pub fn idle_timeout(self, timeout: Duration) -> Self {
        self.configure(|client| client.pool_idle_timeout(countable(timeout)))
    }

    /// How many unused connections are kept: 64 by default.
    pub fn max_idle_connections(self, count: usize) -> Self {
        self.configure(|client| client.pool_max_idle_per_host(count))
    }

    /// How large the body of a response may be, decompressed: 8 MiB by default.
    pub fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Goes past any proxy. By default, the [environment](Self#proxies) names one.
    pub fn no_proxy(mut self) -> Self {
        self.no_proxy = true;
        self.configure(ClientBuilder::no_proxy)
    }

    /// Anything else that reqwest can be set to: TLS, a proxy, name resolution.
    ///
    /// ```
    /// use clerk_sessions_reqwest::ReqwestTransport;
    ///
    /// let transport = ReqwestTransport::builder().configure(|client| client.tcp_nodelay(true));
    /// ```
    pub fn configure(mut self, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        self.client = change(self.client);
        self
    }

    /// Builds the transport.
    ///
    /// # Errors
    /// [`Error::Build`]: reqwest can't be set up. TLS needs the system's certificates and there are none, or TLS by rustls
    /// has no crypto provider.
    pub fn build(self) -> Result<ReqwestTransport, Error> {
        #[cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // reqwest would panic.
            return Err(BuildError::new(
                "tls",
                "has no crypto provider: install one, as by rustls::crypto::ring::default_provider().install_default()",
            )
            .into());
        }
        // Last, so that no change by `configure` can undo what the core relies on: a redirect is a response, and only the
        // core retries.
        let client = self.client.redirect(redirect::Policy::none()).referer(false).retry(retry::never()).build();
        let client =
            client.map_err(|error| BuildError::new("reqwest", format!("can't be set up: {}", whole(&error))))?;
        Ok(ReqwestTransport {
            client,
            environment: (!self.no_proxy).then(Environment::read).flatten().map(Arc::new),
            urls: Urls::default(),
            max_response_bytes: self.max_response_bytes,
            started: Instant::now(),
        })
    }
}

/// An error with its causes, as a [`BuildError`] carries none.
fn whole(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
