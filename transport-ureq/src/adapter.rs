//! The transport: sends a request by an agent, and reads the response.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clerk_sessions_core::http::{Method, Request, Response};
use clerk_sessions_core::transport::{Transport, WallClock, check_head};
use clerk_sessions_core::{CallOptions, Error, TransportError};
use ureq::{Agent, AsSendBody, Body, RequestExt as _};

use crate::builder::{MAX_RESPONSE_BYTES, UreqTransportBuilder, countable, relied_on};
use crate::failure;
use crate::proxy::Environment;
use crate::usable::usable;

/// Carries requests by ureq. Cheap to clone: the clones share their connections.
#[derive(Clone, Debug)]
pub struct UreqTransport {
    pub(crate) agent: Agent,
    /// The proxies of the environment, if the agent is to use them.
    pub(crate) environment: Option<Arc<Environment>>,
    /// Whether the agent was brought, so that what this transport relies on has to be set on each request.
    pub(crate) foreign: bool,
    pub(crate) max_response_bytes: u64,
    /// The fixed point of [`Transport::now`].
    pub(crate) started: Instant,
}

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
        let environment = Environment::of(agent.config());
        usable(agent.config(), environment.as_ref())?;
        Ok(Self {
            agent,
            environment: environment.map(Arc::new),
            foreign: true,
            max_response_bytes: MAX_RESPONSE_BYTES,
            started: Instant::now(),
        })
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
        check_head(&parts.headers)?;
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
        if !self.foreign && self.environment.is_none() && timeout == CallOptions::DEFAULT_ATTEMPT_TIMEOUT {
            return self.agent.run(request);
        }
        let proxy = self.environment.as_ref().map(|environment| environment.proxy_of(request.uri()).cloned());
        let config = relied_on!(request.with_agent(&self.agent).configure()).timeout_global(Some(countable(timeout)));
        match proxy {
            Some(proxy) => config.proxy(proxy).run(),
            None => config.run(),
        }
    }
}
