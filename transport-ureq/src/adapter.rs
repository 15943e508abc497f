//! The transport: sends a request by an agent, and reads the response.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clerk_sessions_core::http::{Method, Request, Response};
use clerk_sessions_core::transport::{Transport, WallClock, check_head};
use clerk_sessions_core::{CallOptions, TransportError};
use ureq::{Agent, AsSendBody, Body, RequestExt as _};

use crate::failure;
use crate::proxy::Environment;

/// Sets what the core relies on: every status is a response, and a redirect is one, too. Followed, it would carry the secret
/// key, or a refresh token, to wherever it points. (A macro, as ureq has no name for "a builder of either scope".)
macro_rules! relied_on {
    ($config:expr) => {
        $config.http_status_as_error(false).max_redirects(0).max_redirects_will_error(false)
    };
}
pub(crate) use relied_on;

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

/// A time limit that ureq can count to: it panics where the end is beyond what an [`Instant`] can hold. A year is no limit.
pub(crate) fn countable(limit: Duration) -> Duration {
    limit.min(Duration::from_secs(365 * 24 * 60 * 60))
}
