//! [`UreqTransport`]: sends a request with a ureq agent and reads the response.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clerk_sessions_core::http::{Method, Request, Response};
use clerk_sessions_core::transport::{Transport, WallClock, check_head};
use clerk_sessions_core::{CallOptions, TransportError};
use ureq::{Agent, AsSendBody, Body, RequestExt as _};

use crate::failure;
use crate::proxy::Environment;

/// Applies the settings that the core relies on: every status is a response, and no redirect is followed. A redirect could send
/// the secret key or a refresh token to another server. It is a macro, because ureq has no common type for both kinds of builder.
macro_rules! relied_on {
    ($config:expr) => {
        $config.http_status_as_error(false).max_redirects(0).max_redirects_will_error(false)
    };
}
pub(crate) use relied_on;

/// A [`Transport`] over ureq. [`builder`](Self::builder) creates one with settings of your own.
///
/// It is cheap to clone, and clones share their connections. For a client with the default settings, use
/// [`client`](fn@crate::client).
#[derive(Clone, Debug)]
pub struct UreqTransport {
    pub(crate) agent: Agent,
    /// The proxies of the environment, if the agent should use them.
    pub(crate) environment: Option<Arc<Environment>>,
    /// Whether the agent was made elsewhere. Then the settings that the core relies on are applied to each request.
    pub(crate) foreign: bool,
    pub(crate) max_response_bytes: u64,
    /// The fixed point of [`Transport::now`].
    pub(crate) started: Instant,
}

impl Transport for UreqTransport {
    fn send(&self, request: Request<Vec<u8>>, timeout: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        let response = if request.method() == Method::GET {
            // ureq sends a content-length for a body, even for an empty one.
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
        // Settings for a single request cost a copy of all settings. With the default timeout, none are needed.
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

/// Shortens a time limit to a year. ureq panics if the end is beyond the range of [`Instant`].
pub(crate) fn countable(limit: Duration) -> Duration {
    limit.min(Duration::from_secs(365 * 24 * 60 * 60))
}
