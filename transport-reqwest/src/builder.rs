//! [`ReqwestTransportBuilder`]: the settings of the transport.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clerk_sessions_core::{BuildError, Error};
use reqwest::{ClientBuilder, redirect, retry};

use crate::adapter::{ReqwestTransport, countable};
use crate::http2;
use crate::proxy::Environment;
use crate::url::Urls;

impl ReqwestTransport {
    /// Returns a builder with the defaults; see [`ReqwestTransportBuilder`].
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder::default()
    }

    /// Creates a transport from a reqwest builder of your own, with its timeouts, TLS, proxy and pool.
    ///
    /// To start from the defaults of this crate instead, use [`ReqwestTransportBuilder::configure`].
    ///
    /// It takes a builder and not a client, because the redirect policy of a client can't be seen or changed. A client that
    /// follows redirects could send a refresh token to another server.
    ///
    /// The body of a response is limited to 8 MiB. HTTP/2 is used only with the feature `http2` of this crate; see the
    /// [builder](ReqwestTransportBuilder#http2).
    ///
    /// ```no_run
    /// use clerk_sessions_reqwest::{ReqwestTransport, reqwest};
    ///
    /// let builder = reqwest::Client::builder().tcp_nodelay(true);
    /// let transport = ReqwestTransport::from_client_builder(builder)?;
    /// # Ok::<(), clerk_sessions_reqwest::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Build`]: as for [`ReqwestTransportBuilder::build`].
    pub fn from_client_builder(client: ClientBuilder) -> Result<Self, Error> {
        ReqwestTransportBuilder::of(client).build()
    }
}

/// Builds a [`ReqwestTransport`]. [`ReqwestTransport::builder`] returns one.
///
/// | setting | default |
/// |---|---|
/// | [`connect_timeout`](Self::connect_timeout) | 5 s for DNS, connecting and TLS together |
/// | [`idle_timeout`](Self::idle_timeout) | 15 s |
/// | [`max_idle_connections`](Self::max_idle_connections) | 64 |
/// | [`max_response_bytes`](Self::max_response_bytes) | 8 MiB, decompressed |
/// | proxy | from the [environment](#proxies); [`no_proxy`](Self::no_proxy) turns it off |
/// | anything else | the default of reqwest; change it with [`configure`](Self::configure) |
///
/// The time limits of attempts and calls are in [`CallOptions`](crate::CallOptions).
///
/// ```no_run
/// use std::time::Duration;
///
/// use clerk_sessions_reqwest::{Api, Client, ReqwestTransport};
///
/// let transport = ReqwestTransport::builder()
///     .connect_timeout(Duration::from_secs(2))
///     .max_idle_connections(200)
///     .max_response_bytes(1024 * 1024)
///     .build()?;
/// let clerk = Client::new(Api::new("sk_test_123")?, transport);
/// # Ok::<(), clerk_sessions_reqwest::Error>(())
/// ```
///
/// # Proxies
/// By default, environment variables set the proxy. The rules are the same as in `clerk-sessions-ureq`. The variables are read
/// when the transport is built. A variable in lower case is used if the one in upper case is not set.
///
/// | variable | meaning |
/// |---|---|
/// | `HTTPS_PROXY` | the proxy for an https base URL |
/// | `HTTP_PROXY` | the proxy for an http base URL |
/// | `ALL_PROXY` | the proxy for both, if the variable above is not set or is not a valid proxy URL |
/// | `NO_PROXY` | hosts to reach without a proxy, separated by commas; see below |
/// | `REQUEST_METHOD` | if set, no proxy is used: the program is a CGI script, and its `HTTP_PROXY` may come from a request header |
///
/// | entry of `NO_PROXY` | matches |
/// |---|---|
/// | `example.com`, `.example.com` | this domain and all its subdomains |
/// | `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32` | these addresses |
/// | `*` | every name, but no address |
///
/// The variables apply to loopback addresses, too. A proxy set with [`configure`](Self::configure) is used instead.
/// [`no_proxy`](Self::no_proxy) turns all proxies off.
///
/// For https, reqwest requests a tunnel from the proxy (`CONNECT`). For http, the proxy sends the request itself and sees all of
/// it, including the secret key.
///
/// # HTTP/2
/// With the feature `http2` of this crate, HTTP/2 is used if the server offers it. Without it, only HTTP/1.1 is used, even if
/// another crate of the program turns on the feature `http2` of reqwest.
///
/// HTTP/2 connections are checked with pings: after 3 s without data during a request, the client sends a ping. If there is no
/// response within another 3 s, it closes the connection, and the next attempt makes a new one. Without pings, calls on a dead
/// connection would wait until their time limit.
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
            // The longer the time, the more often the server closes an idle connection just when the next request is sent.
            .pool_idle_timeout(Duration::from_secs(15))
            .pool_max_idle_per_host(64);
        Self::of(client)
    }
}

impl ReqwestTransportBuilder {
    pub(crate) fn of(client: ClientBuilder) -> Self {
        Self { client: http2::defaults(client), no_proxy: false, max_response_bytes: 8 * 1024 * 1024 }
    }

    /// Sets the maximum time for connecting, including DNS and TLS. Default: 5 s.
    ///
    /// If the time limit of the attempt ends before it, during connecting, the attempt counts as maybe sent, because reqwest
    /// does not report in which phase it was.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.configure(|client| client.connect_timeout(countable(timeout)))
    }

    /// Sets how long an unused connection is kept. Default: 15 s.
    pub fn idle_timeout(self, timeout: Duration) -> Self {
        self.configure(|client| client.pool_idle_timeout(countable(timeout)))
    }

    /// Sets how many unused connections are kept. Default: 64. With 0, every attempt makes a new connection.
    pub fn max_idle_connections(self, count: usize) -> Self {
        self.configure(|client| client.pool_max_idle_per_host(count))
    }

    /// Sets the maximum size of the body of a response, decompressed. Default: 8 MiB.
    ///
    /// A larger body is an [`Error::Transport`] with the kind [`TooLarge`](crate::TransportErrorKind::TooLarge). It is not
    /// retried.
    pub fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Uses no proxy, whatever the [environment](Self#proxies) says.
    pub fn no_proxy(mut self) -> Self {
        self.no_proxy = true;
        self.configure(ClientBuilder::no_proxy)
    }

    /// Changes any setting of reqwest, such as TLS, a proxy or DNS.
    ///
    /// The transport overrides some settings: no redirect is followed, reqwest retries nothing, and the time limit comes from
    /// [`CallOptions`](crate::CallOptions).
    ///
    /// ```
    /// use clerk_sessions_reqwest::ReqwestTransport;
    ///
    /// let builder = ReqwestTransport::builder().configure(|client| client.tcp_nodelay(true));
    /// ```
    ///
    /// A proxy:
    ///
    /// ```
    /// use clerk_sessions_reqwest::{ReqwestTransport, reqwest};
    ///
    /// let proxy = reqwest::Proxy::all("http://proxy.example.com:3128")?;
    /// let builder = ReqwestTransport::builder().configure(|client| client.proxy(proxy));
    /// # Ok::<(), reqwest::Error>(())
    /// ```
    ///
    /// A root certificate of your own, such as that of a company's proxy. `tls_certs_merge` adds it to those of the operating
    /// system; `tls_certs_only` replaces them. (ureq can only replace them.)
    ///
    /// ```no_run
    /// # #[cfg(feature = "rustls")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use clerk_sessions_reqwest::{ReqwestTransport, reqwest};
    ///
    /// let root = reqwest::Certificate::from_pem(&std::fs::read("root.pem")?)?;
    /// let transport = ReqwestTransport::builder().configure(|client| client.tls_certs_merge([root])).build()?;
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "rustls"))]
    /// # fn main() {}
    /// ```
    pub fn configure(mut self, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        self.client = change(self.client);
        self
    }

    /// Builds the transport. It makes no connection yet.
    ///
    /// # Errors
    /// [`Error::Build`]: reqwest can't be set up:
    ///
    /// - TLS needs the certificates of the operating system, and there are none.
    /// - TLS by rustls has no crypto provider.
    pub fn build(self) -> Result<ReqwestTransport, Error> {
        #[cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // reqwest would panic without a provider.
            return Err(BuildError::new(
                "tls",
                "has no crypto provider: install one with rustls::crypto::ring::default_provider().install_default()",
            )
            .into());
        }
        // Last, so that `configure` can't undo the settings that the core relies on: a redirect is a response, and only the core
        // retries.
        // With a number of retries above zero, reqwest would keep a copy of each request, even if it never retries.
        let no_retry = retry::never().max_retries_per_request(0);
        let client = self.client.redirect(redirect::Policy::none()).referer(false).retry(no_retry).build();
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

/// The text of an error with its causes, because a [`BuildError`] has no source.
fn whole(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
