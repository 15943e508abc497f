//! The transport and its settings.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clerk_sessions_core::http::{Method, Request, Response};
use clerk_sessions_core::transport::{Transport, WallClock};
use clerk_sessions_core::{BuildError, CallOptions, Error, TransportError};
#[cfg(not(feature = "socks-proxy"))]
use ureq::ProxyProtocol;
use ureq::config::{Config, ConfigBuilder};
use ureq::typestate::AgentScope;
use ureq::{Agent, AsSendBody, Body, RequestExt as _};

use crate::connect;
use crate::failure;

/// Carries requests by ureq. Cheap to clone: the clones share their connections.
#[derive(Clone, Debug)]
pub struct UreqTransport {
    agent: Agent,
    /// Whether the agent was brought, so that what this transport relies on has to be set on each request.
    foreign: bool,
    max_response_bytes: u64,
    /// The fixed point of [`Transport::now`].
    started: Instant,
}

impl UreqTransport {
    /// Starts from sound defaults; see the methods of the builder.
    pub fn builder() -> UreqTransportBuilder {
        UreqTransportBuilder::default()
    }

    /// Carries requests by an agent of your own, with its connect timeout, TLS settings, proxy and connections.
    ///
    /// Whatever it is set to, no redirect is followed, no status is an error, and a response is limited to 8 MiB. An agent
    /// made elsewhere does not tell whether a failure came before or after the connection was made; if that is in doubt, a
    /// failed request counts as maybe sent. [`UreqTransportBuilder::configure`] keeps that knowledge.
    ///
    /// # Errors
    /// [`Error::Build`]: the agent can't do what it is set to, as for [`UreqTransportBuilder::build`].
    pub fn with_agent(agent: Agent) -> Result<Self, Error> {
        usable(agent.config())?;
        Ok(Self { agent, foreign: true, max_response_bytes: MAX_RESPONSE_BYTES, started: Instant::now() })
    }
}

impl Transport for UreqTransport {
    fn send(&self, request: Request<Vec<u8>>, timeout: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        let response = if request.method() == Method::GET {
            // As a request that has a body, even an empty one, it would be sent with a content-length.
            self.run(request.map(drop), timeout)
        } else {
            self.run(request, timeout)
        };
        let (parts, body) = response.map_err(failure::of_attempt)?.into_parts();
        let body = body.into_with_config().limit(self.max_response_bytes).read_to_vec();
        Ok(Response::from_parts(parts, body.map_err(failure::of_attempt)?))
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

impl WallClock for UreqTransport {
    fn unix_time(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

impl UreqTransport {
    fn run<B: AsSendBody>(&self, request: Request<B>, timeout: Duration) -> Result<Response<Body>, ureq::Error> {
        // Settings of one request cost a copy of all of them, so an attempt with the usual timeout has none of its own.
        if !self.foreign && timeout == CallOptions::DEFAULT_ATTEMPT_TIMEOUT {
            return self.agent.run(request);
        }
        relied_on!(request.with_agent(&self.agent).configure()).timeout_global(Some(timeout)).run()
    }
}

/// Sets what the core relies on: every status is an answer, and a redirect is one, too. Followed, it would carry the secret
/// key, or a refresh token, to wherever it points. (A macro, as ureq has no name for "a builder of either scope".)
macro_rules! relied_on {
    ($config:expr) => {
        $config.http_status_as_error(false).max_redirects(0).max_redirects_will_error(false)
    };
}
use relied_on;

/// Builds a [`UreqTransport`].
#[must_use]
pub struct UreqTransportBuilder {
    config: ConfigBuilder<AgentScope>,
    max_response_bytes: u64,
}

impl Default for UreqTransportBuilder {
    fn default() -> Self {
        let config = Agent::config_builder()
            .timeout_resolve(Some(CONNECT_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            // Longer invites the race with a server that closes an idle connection as the next request leaves.
            .max_idle_age(Duration::from_secs(15))
            // For JSON of a few KiB, ureq's 128 KiB each would be most of what a connection costs.
            .input_buffer_size(BUFFER_BYTES)
            // ureq takes a buffer that a head has filled for a closed connection, unless the head is too large before.
            .max_response_header_size(BUFFER_BYTES - 1)
            .output_buffer_size(BUFFER_BYTES);
        Self { config: tls(config), max_response_bytes: MAX_RESPONSE_BYTES }
    }
}

impl std::fmt::Debug for UreqTransportBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UreqTransportBuilder")
            .field("max_response_bytes", &self.max_response_bytes)
            .finish_non_exhaustive()
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const BUFFER_BYTES: usize = 16 * 1024;
const MAX_RESPONSE_BYTES: u64 = 8 * 1024 * 1024;

#[allow(clippy::let_and_return, unused_mut)] // Depends on the features.
fn tls(config: ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> {
    // ureq has TLS settings only with a TLS library: `platform-verifier` alone brings none.
    #[cfg(any(
        feature = "native-tls",
        all(feature = "platform-verifier", any(feature = "rustls", feature = "rustls-no-provider"))
    ))]
    let config = {
        let mut tls = ureq::tls::TlsConfig::builder();
        #[cfg(not(any(feature = "rustls", feature = "rustls-no-provider")))]
        {
            tls = tls.provider(ureq::tls::TlsProvider::NativeTls);
        }
        #[cfg(feature = "platform-verifier")]
        {
            tls = tls.root_certs(ureq::tls::RootCerts::PlatformVerifier);
        }
        config.tls_config(tls.build())
    };
    config
}

impl UreqTransportBuilder {
    /// How long looking the name up may take, and connecting, TLS included: 5 s each by default.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.configure(|config| config.timeout_resolve(Some(timeout)).timeout_connect(Some(timeout)))
    }

    /// How long an unused connection is kept: 15 s by default.
    pub fn idle_timeout(self, timeout: Duration) -> Self {
        self.configure(|config| config.max_idle_age(timeout))
    }

    /// How many unused connections are kept: 10 by default.
    pub fn max_idle_connections(self, count: usize) -> Self {
        self.configure(|config| config.max_idle_connections(count).max_idle_connections_per_host(count))
    }

    /// How large the body of a response may be, decompressed: 8 MiB by default.
    pub fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Goes past any proxy. By default, the environment's proxy is used (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`,
    /// `NO_PROXY`), also for loopback.
    pub fn no_proxy(self) -> Self {
        self.configure(|config| config.proxy(None))
    }

    /// Anything else that ureq can be set to: TLS, a proxy, address families.
    ///
    /// ```
    /// # #[cfg(feature = "rustls")] {
    /// use clerk_sessions_ureq::{UreqTransport, ureq};
    ///
    /// let transport = UreqTransport::builder().configure(|config| config.ip_family(ureq::config::IpFamily::Ipv4Only)).build()?;
    /// # }
    /// # Ok::<(), clerk_sessions_ureq::Error>(())
    /// ```
    pub fn configure(mut self, change: impl FnOnce(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope>) -> Self {
        self.config = change(self.config);
        self
    }

    /// Builds the transport.
    ///
    /// # Errors
    /// [`Error::Build`]: ureq can't do what it is set to. TLS by rustls has no crypto provider, or the proxy is a SOCKS proxy
    /// and the feature `socks-proxy` is off.
    pub fn build(self) -> Result<UreqTransport, Error> {
        // Last, so that no change by `configure` can undo what the core relies on.
        let config = relied_on!(self.config).timeout_global(Some(CallOptions::DEFAULT_ATTEMPT_TIMEOUT)).build();
        usable(&config)?;
        let agent = connect::agent(config);
        Ok(UreqTransport {
            agent,
            foreign: false,
            max_response_bytes: self.max_response_bytes,
            started: Instant::now(),
        })
    }
}

/// Refuses settings that ureq would panic at, or ignore, with the first request.
fn usable(config: &Config) -> Result<(), BuildError> {
    #[cfg(not(feature = "socks-proxy"))]
    if config.proxy().is_some_and(|proxy| !matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https)) {
        // ureq would send the request, with the secret key, past the proxy.
        return Err(BuildError::new(
            "proxy",
            "is a SOCKS proxy: turn on the feature socks-proxy of clerk-sessions-ureq, or call no_proxy()",
        ));
    }
    #[cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]
    if config.tls_config().provider() == ureq::tls::TlsProvider::Rustls
        && config.tls_config().unversioned_rustls_crypto_provider().is_none()
        && rustls::crypto::CryptoProvider::get_default().is_none()
    {
        return Err(BuildError::new(
            "tls",
            "has no crypto provider: install one, as by rustls::crypto::ring::default_provider().install_default()",
        ));
    }
    let _ = config;
    Ok(())
}
