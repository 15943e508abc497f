//! The transport and its settings.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clerk_sessions_core::http::{Request, Response, Uri};
use clerk_sessions_core::transport::{AsyncTransport, WallClock};
use clerk_sessions_core::{BuildError, Delivery, Error, TransportError, TransportErrorKind};
use reqwest::{ClientBuilder, Url, redirect, retry};

use crate::failure;

/// Carries requests by reqwest. Cheap to clone: the clones share their connections.
#[derive(Clone, Debug)]
pub struct ReqwestTransport {
    client: reqwest::Client,
    max_response_bytes: u64,
    /// The fixed point of [`AsyncTransport::now`].
    started: Instant,
}

impl ReqwestTransport {
    /// Starts from sound defaults; see the methods of the builder.
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder::default()
    }

    /// Carries requests by a client built from settings of your own, with their timeouts, TLS, proxy and pool.
    ///
    /// It takes a builder and not a client, as the redirect policy of a client that is built can neither be seen nor changed,
    /// and one that follows a 307 carries a refresh token to another server. A response is limited to 8 MiB. To start from
    /// the defaults of this crate instead, use [`ReqwestTransportBuilder::configure`].
    ///
    /// # Errors
    /// [`Error::Build`], as for [`ReqwestTransportBuilder::build`].
    pub fn from_client_builder(client: ClientBuilder) -> Result<Self, Error> {
        ReqwestTransportBuilder { client, max_response_bytes: MAX_RESPONSE_BYTES }.build()
    }

    async fn read_body(&self, response: &mut reqwest::Response) -> Result<Vec<u8>, TransportError> {
        let most = usize::try_from(self.max_response_bytes).unwrap_or(usize::MAX);
        // What is announced is believed up to a point: it costs memory before a byte has come.
        let announced = response.content_length().map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
        let mut body = Vec::with_capacity(announced.min(most).min(1024 * 1024));
        while let Some(chunk) = response.chunk().await.map_err(failure::of_attempt)? {
            if chunk.len() > most - body.len() {
                return Err(TransportError::new(TransportErrorKind::TooLarge, Delivery::MaybeSent));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

impl AsyncTransport for ReqwestTransport {
    async fn send(&self, request: Request<Vec<u8>>, timeout: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        let wanted = request.uri().clone();
        let mut request = reqwest::Request::try_from(request).map_err(failure::of_attempt)?;
        if !is_same(&wanted, request.url()) {
            return Err(TransportError::new(TransportErrorKind::Rejected, Delivery::NotSent)
                .with_source("the URL parser would send it to another path"));
        }
        *request.timeout_mut() = Some(timeout);
        let mut response = self.client.execute(request).await.map_err(failure::of_attempt)?;
        let body = self.read_body(&mut response).await?;
        let mut whole = Response::new(body);
        *whole.status_mut() = response.status();
        *whole.version_mut() = response.version();
        std::mem::swap(whole.headers_mut(), response.headers_mut());
        Ok(whole)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

impl WallClock for ReqwestTransport {
    fn unix_time(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

/// Whether reqwest's URL parser left alone where the request goes: it resolves dot segments, which calls another operation.
fn is_same(wanted: &Uri, parsed: &Url) -> bool {
    wanted.path() == parsed.path() && wanted.query() == parsed.query()
}

/// Builds a [`ReqwestTransport`].
#[must_use]
#[derive(Debug)]
pub struct ReqwestTransportBuilder {
    client: ClientBuilder,
    max_response_bytes: u64,
}

impl Default for ReqwestTransportBuilder {
    fn default() -> Self {
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            // Longer invites the race with a server that closes an idle connection as the next request leaves.
            .pool_idle_timeout(Duration::from_secs(15))
            .pool_max_idle_per_host(64);
        Self { client, max_response_bytes: MAX_RESPONSE_BYTES }
    }
}

const MAX_RESPONSE_BYTES: u64 = 8 * 1024 * 1024;

impl ReqwestTransportBuilder {
    /// How long connecting may take, with looking the name up and TLS: 5 s by default.
    ///
    /// Where an attempt's own limit is shorter and cuts connecting short, the attempt counts as perhaps sent: reqwest does not
    /// tell what it was at.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.configure(|client| client.connect_timeout(timeout))
    }

    /// How long an unused connection is kept: 15 s by default.
    pub fn idle_timeout(self, timeout: Duration) -> Self {
        self.configure(|client| client.pool_idle_timeout(timeout))
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

    /// Goes past any proxy. By default, the environment's proxy is used (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`,
    /// `NO_PROXY`), also for loopback.
    pub fn no_proxy(self) -> Self {
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
        Ok(ReqwestTransport { client, max_response_bytes: self.max_response_bytes, started: Instant::now() })
    }
}

/// An error with its causes, as a [`BuildError`] carries none.
fn whole(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
