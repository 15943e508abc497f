//! FakeClerk: a stateful Clerk Sessions API in memory, for testing programs without an account or a network.
//!
//! It stores sessions, users and organizations, and signs real RS256 tokens. It serves their keys at `/v1/jwks` and, without a secret
//! key, at `/.well-known/jwks.json`. It has the parameters, limits, errors and both list shapes of the real API. Browsers sign in
//! at its Frontend API.
//!
//! To test a client in the same process over a loopback socket:
//!
//! ```
//! use clerk_sessions_fake::{FakeClerk, FakeServer, Seed};
//!
//! let mut seed = Seed::default();
//! seed.add_user("user_1", 2);
//! let server = FakeServer::start(FakeClerk::new(seed))?;
//!
//! // Pass these two to the client under test.
//! let base_url = server.base_url(); // http://127.0.0.1:43117/v1
//! let secret_key = server.secret_key();
//! # assert!(base_url.starts_with("http://127.0.0.1:") && !secret_key.is_empty());
//!
//! // Then inspect the requests that arrived.
//! assert!(server.fake().requests().is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Without a socket or a clock, FakeClerk is a function from requests to responses:
//!
//! ```
//! use clerk_sessions_fake::{FakeClerk, Seed};
//!
//! let mut fake = FakeClerk::new(Seed::demo());
//! let request = http::Request::get("/v1/sessions/sess_demo_active")
//!     .header("authorization", format!("Bearer {}", fake.secret_key()))
//!     .body(Vec::new())?;
//! let now_ms = 1_778_544_000_000;
//! assert_eq!(fake.handle(request, now_ms).status(), 200);
//! # Ok::<(), http::Error>(())
//! ```
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `server` | `FakeServer`, FakeClerk behind a loopback socket; and the program `fake-clerk`, for other languages | yes |
//! | `transport` | `InProcess`, FakeClerk as a transport of clerk-sessions-core, without a socket | no |
//!
//! The README lists what works as in the real API and what does not. `fake-clerk --help` describes the routes under `/_fake/`,
//! through which another process controls it.

// The files:
//
// seed               the initial state and the behaviour of a fake
// state              the state that changes while it runs
// clock              the time of the fake
// store, session     all sessions, and one session
// routes             the checks of every request, and the routing to its operation
// request            reading the query and the JSON body of a request
// sessions, tokens, refresh   the operations
// claims             the claims of tokens
// jwt, keys          signed tokens, and the RSA keys that sign them
// jwks               the response to a request for the key set
// verification       what tests of token verification need
// publishable_key    the publishable key, and the suffix of cookies
// frontend           the Frontend API: clients, handshakes, the page to sign in
// limit              the rate limit
// errors             the table of error codes and their body
// script             scripted responses
// record             the recorded requests
// control            the `/_fake/*` routes
// server             FakeClerk behind a loopback socket; feature `server`
// in_process         FakeClerk as a transport of clerk-sessions-core; feature `transport`

mod claims;
mod clock;
mod control;
mod errors;
mod frontend;
mod jwks;
mod jwt;
mod keys;
mod limit;
mod operation;
mod publishable_key;
mod record;
mod refresh;
mod request;
mod routes;
mod script;
mod seed;
mod session;
mod sessions;
mod state;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tokens;
mod verification;

#[cfg(feature = "transport")]
mod in_process;
#[cfg(feature = "server")]
mod server;

use std::collections::VecDeque;
#[cfg(any(feature = "server", feature = "transport"))]
use std::sync::{Mutex, MutexGuard, PoisonError};
#[cfg(any(feature = "server", feature = "transport"))]
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{Request, Response};

pub use self::claims::ClaimsVersion;
use self::clock::Clock;
pub use self::frontend::{HandshakeFormat, SeedFrontend};
#[cfg(feature = "transport")]
pub use self::in_process::InProcess;
pub use self::jwks::{JwksContent, JwksResponse, ResponseDelay};
use self::record::Log;
pub use self::record::Recorded;
pub use self::refresh::Handshake;
pub use self::script::ScriptedResponse;
pub use self::seed::{
    DEFAULT_SECRET_KEY, ListShape, Nulls, RateLimit, RateLimitScope, RevokeEnded, Seed, SeedOrganization, SeedSession,
    Signature,
};
#[cfg(feature = "server")]
pub use self::server::FakeServer;
use self::state::State;

/// A Clerk Sessions API in memory, without a clock or a socket.
///
/// [`handle`](FakeClerk::handle) turns a request into a response; the time is an argument. The same seed, requests and times give the
/// same responses, except for RSA signatures: each process has new RSA keys. Fakes with the same [issuer](Seed::issuer) are the same
/// instance, and share keys.
///
/// It keeps the newest [`keep_requests`](Seed::keep_requests) requests and the newest 10,000 refresh tokens. The numbers of created
/// sessions, of browsers and of scripted responses are unlimited. [`reset`](FakeClerk::reset) deletes all of it.
#[derive(Debug)]
pub struct FakeClerk {
    start: Seed,
    state: State,
    script: VecDeque<ScriptedResponse>,
    log: Log,
}

impl FakeClerk {
    /// Creates a fake with the state in `seed`.
    ///
    /// The first fake in a process that signs with RSA generates the key, which takes a moment.
    #[must_use]
    pub fn new(seed: Seed) -> FakeClerk {
        FakeClerk { state: start(seed.clone()), start: seed, script: VecDeque::new(), log: Log::default() }
    }

    /// Handles a request that arrives at `now_ms`, in Unix milliseconds, and returns the response.
    ///
    /// The request's URI may be absolute, or a path with a query. Routes under `/_fake/` control the fake. If the response is to be
    /// sent later, it has the extension [`ResponseDelay`].
    pub fn handle(&mut self, request: Request<Vec<u8>>, now_ms: i64) -> Response<Vec<u8>> {
        let frontend = frontend::domain(&request);
        if let Some(name) = control::name(request.uri().path()) {
            if let Some(domain) = frontend.filter(|_| frontend::is_control(name)) {
                let now = self.state.settle(now_ms);
                return frontend::respond(&mut self.state, &request, &domain, now);
            }
            return control::respond(self, name, &request, now_ms);
        }
        let asks_for_keys = routes::asks_for_keys(&request);
        let delay = asks_for_keys.then(|| self.state.seed.jwks_response.delay()).flatten();
        self.state.jwks_requests += u64::from(asks_for_keys);
        let mut response = match self.script.pop_front() {
            Some(scripted) => scripted.into_response(),
            None => {
                let now = self.state.settle(now_ms);
                match frontend.filter(|_| !asks_for_keys) {
                    Some(domain) => frontend::respond(&mut self.state, &request, &domain, now),
                    None => routes::respond(&mut self.state, &request, now),
                }
            }
        };
        if let Some(delay) = delay {
            response.extensions_mut().insert(delay);
        }
        self.log.add(request, &self.state.seed);
        response
    }

    /// The newest [`Seed::keep_requests`] API requests, oldest first. Requests to `/_fake/*` are not recorded.
    #[must_use]
    pub fn requests(&self) -> &VecDeque<Recorded> {
        &self.log.kept
    }

    /// The number of older requests that were dropped from [`requests`](FakeClerk::requests).
    #[must_use]
    pub fn requests_dropped(&self) -> u64 {
        self.log.dropped
    }

    /// Removes and returns all [`requests`](FakeClerk::requests), and sets the number of dropped ones to zero.
    pub fn take_requests(&mut self) -> Vec<Recorded> {
        std::mem::take(&mut self.log).kept.into()
    }

    /// Creates the tokens that a browser at `origin` sends to refresh a session: an expired session token and a new refresh token.
    /// Returns `None` if the session does not exist.
    ///
    /// The session may have any status, and its user need not exist, so that tests can provoke every error of a refresh.
    pub fn handshake(&mut self, session_id: &str, origin: &str, now_ms: i64) -> Option<Handshake> {
        let now = self.state.settle(now_ms);
        refresh::handshake(&mut self.state, session_id, origin, now)
    }

    /// The first accepted secret key, or an empty string if no key is accepted.
    #[must_use]
    pub fn secret_key(&self) -> &str {
        self.state.seed.secret_keys.first().map_or("", String::as_str)
    }

    /// Stops the clock at a time, in Unix milliseconds. From now on, this time is used instead of the one that is passed in.
    pub fn set_clock(&mut self, now_ms: i64) {
        self.state.clock = Clock::Frozen(now_ms);
    }

    /// Moves the clock by this many milliseconds; negative numbers move it back. A running clock keeps running, and a stopped clock
    /// stays stopped.
    ///
    /// `now_ms` is the current time, as in [`handle`](FakeClerk::handle). If no request has arrived yet, the sessions of the seed are
    /// created at this time, before the clock is moved.
    pub fn advance_clock(&mut self, by_ms: i64, now_ms: i64) {
        self.state.settle(now_ms);
        self.state.clock.advance(by_ms);
    }

    /// The time of the fake if `now_ms` is passed in, both in Unix milliseconds.
    #[must_use]
    pub fn clock(&self, now_ms: i64) -> i64 {
        self.state.clock.read(now_ms)
    }

    /// Restores the initial seed, its clock and the first key, and clears recorded requests, scripted responses, rate limits and the
    /// count of requests for the key set.
    pub fn reset(&mut self) {
        self.reset_to(self.start.clone());
    }

    /// Starts over with another seed. A later [`reset`](FakeClerk::reset) still restores the initial seed.
    pub fn reset_to(&mut self, seed: Seed) {
        self.state = start(seed);
        self.script.clear();
        self.log = Log::default();
    }

    /// Adds responses for the next API requests, in order. Later requests are handled as usual.
    ///
    /// A request that gets a scripted response is recorded, but it is not checked, does not count towards a rate limit and changes
    /// nothing.
    pub fn script(&mut self, responses: Vec<ScriptedResponse>) {
        self.script.extend(responses);
    }
}

fn start(seed: Seed) -> State {
    let state = State::new(seed);
    if state.seed.signature == Signature::Rsa {
        state.keys.prepare();
    }
    state
}

/// The README's examples, which compile and run as tests.
#[doc = include_str!("../README.md")]
#[cfg(all(doctest, feature = "server"))]
struct Readme;

/// Locks a fake. A poisoned lock is ignored, because the fake stays usable after a test panics.
#[cfg(any(feature = "server", feature = "transport"))]
fn lock(fake: &Mutex<FakeClerk>) -> MutexGuard<'_, FakeClerk> {
    fake.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The current time for [`FakeClerk::handle`], in Unix milliseconds.
#[cfg(any(feature = "server", feature = "transport"))]
fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// The time of a fake since 1970-01-01 00:00:00 UTC, or zero if its clock is set to an earlier date.
#[cfg(any(feature = "server", feature = "transport"))]
fn unix_time(fake: &FakeClerk) -> Duration {
    Duration::from_millis(u64::try_from(fake.clock(now_ms())).unwrap_or_default())
}
