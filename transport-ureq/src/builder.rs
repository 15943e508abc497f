//! The settings of the transport.

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
    /// Starts from sound defaults; see the methods of the builder.
    pub fn builder() -> UreqTransportBuilder {
        UreqTransportBuilder::default()
    }

    /// Carries requests by an agent of your own, with its connect timeout, TLS settings, proxy and connections.
    ///
    /// Whatever it is set to, no redirect is followed, no status is an error, a response is limited to 8 MiB, and a proxy of
    /// the environment is chosen as [here](UreqTransportBuilder#proxies). An agent made elsewhere does not tell whether a
    /// failure came before or after the connection was made; if that is in doubt, a failed request counts as maybe sent. Nor
    /// does it tell a body without a length that was cut short from a complete one. And with a time limit, which each request
    /// has, it looks the name up for each one, in a thread that it starts for that.
    /// [`UreqTransportBuilder::configure`] has none of these faults.
    ///
    /// # Errors
    /// [`Error::Build`]: the agent can't do what it is set to, as for [`UreqTransportBuilder::build`].
    pub fn with_agent(agent: Agent) -> Result<Self, Error> {
        Self::over(agent, true, MAX_RESPONSE_BYTES)
    }

    /// Sends by this agent, once it is sure that ureq can do what the agent is set to.
    fn over(agent: Agent, foreign: bool, max_response_bytes: u64) -> Result<Self, Error> {
        let environment = Environment::of(agent.config());
        usable(agent.config(), environment.as_ref())?;
        let environment = environment.map(Arc::new);
        Ok(Self { agent, environment, foreign, max_response_bytes, started: Instant::now() })
    }
}

/// Builds a [`UreqTransport`].
///
/// # Proxies
/// By default, the environment names the proxy, by the same rule as for `clerk-sessions-reqwest`. The variables are read when
/// the transport is built; one in lower case counts if the one in upper case is not set.
///
/// | variable | |
/// |---|---|
/// | `HTTPS_PROXY` | the proxy for an https base URL |
/// | `HTTP_PROXY` | the proxy for an http base URL |
/// | `ALL_PROXY` | the proxy where the one of these two is not set, or is no URL of a proxy |
/// | `NO_PROXY` | what is reached without a proxy, with commas between: `example.com` and `.example.com` are this domain and all below it; `192.0.2.1`, `192.0.2.0/24` and `2001:db8::/32` are addresses; `*` is every name, but no address |
/// | `REQUEST_METHOD` | if it is set, the program is a CGI script, whose `HTTP_PROXY` may come from a header of its client: no proxy is used |
///
/// They hold for loopback, too. A proxy that is set by [`configure`](UreqTransportBuilder::configure) is used for everything,
/// and [`no_proxy`](UreqTransportBuilder::no_proxy) turns all of them off. ureq asks the proxy for a tunnel, by `CONNECT`, for
/// http as for https.
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
            // All calls go to one host, for which ureq would keep 3.
            .max_idle_connections(MAX_IDLE_CONNECTIONS)
            .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS)
            // When a head fills the buffer, ureq reports a closed connection, unless the head is over its size limit. So the buffer
            // is larger than the limit.
            .input_buffer_size(MAX_HEAD_BYTES + 1)
            .max_response_header_size(MAX_HEAD_BYTES)
            // For JSON of a few KiB, ureq's 128 KiB would be most of what a connection costs.
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
    /// How long looking the name up may take, and connecting, TLS included: 5 s each by default.
    ///
    /// A name is looked up for each new connection, and for no other request. Limits of a second and more, also those of attempts, may
    /// be up to a tenth of a second late.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.configure(|config| {
            config.timeout_resolve(Some(countable(timeout))).timeout_connect(Some(countable(timeout)))
        })
    }

    /// How long an unused connection is kept: 15 s by default.
    pub fn idle_timeout(self, timeout: Duration) -> Self {
        self.configure(|config| config.max_idle_age(countable(timeout)))
    }

    /// How many unused connections are kept: 64 by default.
    pub fn max_idle_connections(self, count: usize) -> Self {
        self.configure(|config| config.max_idle_connections(count).max_idle_connections_per_host(count))
    }

    /// How large the body of a response may be, decompressed: 8 MiB by default.
    pub fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Goes past any proxy. By default, the [environment](Self#proxies) names one.
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
    /// [`Error::Build`]: ureq can't do what it is set to. The TLS library is one whose feature is off, TLS by rustls has no
    /// crypto provider, or a proxy is a SOCKS proxy and the feature `socks-proxy` is off.
    pub fn build(self) -> Result<UreqTransport, Error> {
        // Last, so that no change by `configure` can undo what the core relies on.
        let config = relied_on!(self.config).timeout_global(Some(CallOptions::DEFAULT_ATTEMPT_TIMEOUT)).build();
        UreqTransport::over(connect::agent(config), false, self.max_response_bytes)
    }
}
