//! [`UreqTransportBuilder`]: the settings of the transport.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clerk_sessions_core::transport::MAX_HEAD_BYTES;
use clerk_sessions_core::{CallOptions, Error};
use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

use crate::adapter::{UreqTransport, countable, relied_on};
use crate::proxy::Environment;
use crate::usable::usable;
use crate::{connect, tls};

impl UreqTransport {
    /// Returns a builder with the defaults; see [`UreqTransportBuilder`].
    pub fn builder() -> UreqTransportBuilder {
        UreqTransportBuilder::default()
    }

    /// Creates a transport over a ureq agent that your program already has. It uses the agent's connections, TLS settings,
    /// proxy and connect timeout.
    ///
    /// Prefer [`UreqTransportBuilder::configure`], which reaches all settings of ureq. An agent made elsewhere has three
    /// disadvantages:
    ///
    /// - It often can't tell whether a failure came before the request was sent. Then the request counts as maybe sent, and
    ///   is retried less often.
    /// - If the connection breaks in a body without a length, it takes the body for complete.
    /// - It resolves the name for each request, in a new thread.
    ///
    /// Whatever the agent's settings are, no redirect is followed, every status is a response, the body of a response is limited
    /// to 8 MiB, and proxies of the environment are chosen as in the [builder](UreqTransportBuilder#proxies).
    ///
    /// ```no_run
    /// use clerk_sessions_ureq::{UreqTransport, ureq};
    ///
    /// let agent = ureq::Agent::new_with_defaults();
    /// let transport = UreqTransport::with_agent(agent)?;
    /// # Ok::<(), clerk_sessions_ureq::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Build`]: ureq can't do what the agent is set to, as for [`UreqTransportBuilder::build`].
    pub fn with_agent(agent: Agent) -> Result<Self, Error> {
        Self::over(agent, true, MAX_RESPONSE_BYTES)
    }

    /// Creates a transport over this agent, if ureq can do what it is set to.
    fn over(agent: Agent, foreign: bool, max_response_bytes: u64) -> Result<Self, Error> {
        let environment = Environment::of(agent.config());
        usable(agent.config(), environment.as_ref())?;
        let environment = environment.map(Arc::new);
        Ok(Self { agent, environment, foreign, max_response_bytes, started: Instant::now() })
    }
}

/// Builds a [`UreqTransport`]. [`UreqTransport::builder`] returns one.
///
/// | setting | default |
/// |---|---|
/// | [`connect_timeout`](Self::connect_timeout) | 5 s for DNS, and 5 s for connecting and TLS |
/// | [`idle_timeout`](Self::idle_timeout) | 15 s |
/// | [`max_idle_connections`](Self::max_idle_connections) | 64 |
/// | [`max_response_bytes`](Self::max_response_bytes) | 8 MiB, decompressed |
/// | proxy | from the [environment](#proxies); [`no_proxy`](Self::no_proxy) turns it off |
/// | anything else | the default of ureq; change it with [`configure`](Self::configure) |
///
/// The time limits of attempts and calls are in [`CallOptions`].
///
/// ```no_run
/// use std::time::Duration;
///
/// use clerk_sessions_ureq::{Api, Client, UreqTransport};
///
/// let transport = UreqTransport::builder()
///     .connect_timeout(Duration::from_secs(2))
///     .max_idle_connections(200)
///     .max_response_bytes(1024 * 1024)
///     .build()?;
/// let clerk = Client::new(Api::new("sk_test_123")?, transport);
/// # Ok::<(), clerk_sessions_ureq::Error>(())
/// ```
///
/// # Proxies
/// By default, environment variables set the proxy. The rules are the same as in `clerk-sessions-reqwest`. The variables are
/// read when the transport is built. A variable in lower case is used if the one in upper case is not set.
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
/// The variables apply to loopback addresses, too. A proxy set with [`configure`](Self::configure) is used for every request
/// instead. [`no_proxy`](Self::no_proxy) turns all proxies off.
///
/// ureq requests a tunnel from the proxy (`CONNECT`), for http and for https, so the proxy does not see the secret key of an
/// https request.
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
            // The longer the time, the more often the server closes an idle connection just when the next request is sent.
            .max_idle_age(Duration::from_secs(15))
            // All calls go to one host, and ureq keeps 3 connections per host by default.
            .max_idle_connections(MAX_IDLE_CONNECTIONS)
            .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS)
            // If a head fills the buffer, ureq reports a closed connection, unless the head exceeds its size limit. So the
            // buffer is larger than the limit.
            .input_buffer_size(MAX_HEAD_BYTES + 1)
            .max_response_header_size(MAX_HEAD_BYTES)
            // Requests have a few KiB. The default of 128 KiB would be most of the memory of a connection.
            .output_buffer_size(16 * 1024);
        Self { config: tls::defaults(config), max_response_bytes: MAX_RESPONSE_BYTES }
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
const MAX_IDLE_CONNECTIONS: usize = 64;
const MAX_RESPONSE_BYTES: u64 = 8 * 1024 * 1024;

impl UreqTransportBuilder {
    /// Sets the maximum time for DNS, and the maximum time for connecting with TLS. Default: 5 s each.
    ///
    /// The name is resolved once for each new connection. All time limits of 1 s or more, including those of attempts, may end
    /// up to 0.1 s late.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.configure(|config| {
            config.timeout_resolve(Some(countable(timeout))).timeout_connect(Some(countable(timeout)))
        })
    }

    /// Sets how long an unused connection is kept. Default: 15 s.
    pub fn idle_timeout(self, timeout: Duration) -> Self {
        self.configure(|config| config.max_idle_age(countable(timeout)))
    }

    /// Sets how many unused connections are kept. Default: 64.
    pub fn max_idle_connections(self, count: usize) -> Self {
        self.configure(|config| config.max_idle_connections(count).max_idle_connections_per_host(count))
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
    pub fn no_proxy(self) -> Self {
        self.configure(|config| config.proxy(None))
    }

    /// Changes any setting of ureq, such as TLS, a proxy or the address family.
    ///
    /// The transport overrides some settings: no redirect is followed, every status is a response, and the time limit comes
    /// from [`CallOptions`].
    ///
    /// ```
    /// # #[cfg(feature = "rustls")] {
    /// use clerk_sessions_ureq::{UreqTransport, ureq};
    ///
    /// let transport = UreqTransport::builder().configure(|config| config.ip_family(ureq::config::IpFamily::Ipv4Only)).build()?;
    /// # }
    /// # Ok::<(), clerk_sessions_ureq::Error>(())
    /// ```
    ///
    /// A proxy:
    ///
    /// ```
    /// use clerk_sessions_ureq::{UreqTransport, ureq};
    ///
    /// let proxy = ureq::Proxy::new("http://proxy.example.com:3128")?;
    /// let builder = UreqTransport::builder().configure(|config| config.proxy(Some(proxy)));
    /// # Ok::<(), ureq::Error>(())
    /// ```
    ///
    /// A root certificate of your own, such as that of a company's proxy. Here it replaces all others: to trust those of the
    /// operating system as well, install it there and use the feature `platform-verifier`. (reqwest's `tls_certs_merge` adds a
    /// certificate to the others.) With the feature `native-tls` in place of `rustls`, add `.provider(TlsProvider::NativeTls)`.
    ///
    /// ```no_run
    /// # #[cfg(feature = "rustls")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use clerk_sessions_ureq::UreqTransport;
    /// use clerk_sessions_ureq::ureq::tls::{Certificate, RootCerts, TlsConfig};
    ///
    /// let pem = std::fs::read("root.pem")?;
    /// let roots = RootCerts::new_with_certs(&[Certificate::from_pem(&pem)?]);
    /// let tls = TlsConfig::builder().root_certs(roots).build();
    /// let transport = UreqTransport::builder().configure(|config| config.tls_config(tls)).build()?;
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "rustls"))]
    /// # fn main() {}
    /// ```
    pub fn configure(mut self, change: impl FnOnce(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope>) -> Self {
        self.config = change(self.config);
        self
    }

    /// Builds the transport. It makes no connection yet.
    ///
    /// # Errors
    /// [`Error::Build`]: ureq can't do what it is set to:
    ///
    /// - The feature of the chosen TLS library is off.
    /// - TLS by rustls has no crypto provider.
    /// - The proxy is a SOCKS proxy, and the feature `socks-proxy` is off.
    /// - A time limit is longer than the clock can represent.
    pub fn build(self) -> Result<UreqTransport, Error> {
        // Last, so that `configure` can't undo the settings that the core relies on.
        let config = relied_on!(self.config).timeout_global(Some(CallOptions::DEFAULT_ATTEMPT_TIMEOUT)).build();
        UreqTransport::over(connect::agent(config), false, self.max_response_bytes)
    }
}
