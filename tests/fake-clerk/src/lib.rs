//! FakeClerk: a stateful Clerk Sessions API in memory, to test programs against without an account or a network.
//!
//! It keeps sessions, users and organizations, and signs real RS256 tokens whose keys it serves at `/v1/jwks`. It knows the
//! parameters, the limits, the errors and both list shapes of the real one.
//!
//! Behind a loopback socket, for a client under test in the same process:
//!
//! ```
//! use clerk_sessions_fake::{FakeClerk, FakeServer, Seed};
//!
//! let mut seed = Seed::default();
//! seed.add_user("user_1", 2);
//! let server = FakeServer::start(FakeClerk::new(seed))?;
//!
//! // Give the client under test these two.
//! let base_url = server.base_url(); // http://127.0.0.1:43117/v1
//! let secret_key = server.secret_key();
//! # assert!(base_url.starts_with("http://127.0.0.1:") && !secret_key.is_empty());
//!
//! // Then see what arrived.
//! assert!(server.fake().requests().is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Without a socket or a clock, as a function from requests to responses:
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
//! The README says what FakeClerk does like the real one and what it does not; `fake-clerk --help` describes the routes under
//! `/_fake/`, through which another process controls it.

// The files, for those who read the source:
//
// seed               what a fake starts with, and how it behaves
// state              what changes while it runs
// clock              the time that counts
// store, session     the sessions, and one of them
// routes             which operation a request is for, and the checks that every request passes
// request            reading the query and the JSON body of a request
// sessions, tokens, refresh   the operations
// jwt, keys          signed tokens, and the RSA key behind them
// limit              the rate limit
// errors             the table of error codes and their body
// script             scripted responses
// record             the requests that arrived
// control            the `/_fake/*` routes
// server             FakeClerk behind a loopback socket; feature `server`
// in_process         FakeClerk as a transport of clerk-sessions-core; feature `transport`

mod clock;
mod control;
mod errors;
mod jwt;
mod keys;
mod limit;
mod operation;
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

#[cfg(feature = "transport")]
mod in_process;
#[cfg(feature = "server")]
mod server;

use std::collections::VecDeque;
#[cfg(any(feature = "server", feature = "transport"))]
use std::sync::{Mutex, MutexGuard, PoisonError};
#[cfg(any(feature = "server", feature = "transport"))]
use std::time::{SystemTime, UNIX_EPOCH};

use http::{Request, Response};
use serde_json::Value;

use self::clock::Clock;
#[cfg(feature = "transport")]
pub use self::in_process::InProcess;
use self::jwt::Category;
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
/// same responses, but for RSA signatures: their key is new in each process.
///
/// What it remembers is bounded, but for the sessions that are created and the responses that are scripted: the newest
/// [`keep_requests`](Seed::keep_requests) requests, and the newest 10,000 refresh tokens. [`reset`](FakeClerk::reset) forgets all of it.
#[derive(Debug)]
pub struct FakeClerk {
    start: Seed,
    state: State,
    script: VecDeque<ScriptedResponse>,
    log: Log,
}

impl FakeClerk {
    /// A fake that starts as `seed` says.
    ///
    /// The first one in a process that signs with RSA generates the key, which takes a moment.
    #[must_use]
    pub fn new(seed: Seed) -> FakeClerk {
        FakeClerk { state: start(seed.clone()), start: seed, script: VecDeque::new(), log: Log::default() }
    }

    /// The response to a request that arrives at `now_ms`, in Unix milliseconds.
    ///
    /// The request's URI may be absolute or a path with a query. What is under `/_fake/` controls the fake.
    pub fn handle(&mut self, request: Request<Vec<u8>>, now_ms: i64) -> Response<Vec<u8>> {
        if let Some(name) = control::name(request.uri().path()) {
            return control::respond(self, name, &request, now_ms);
        }
        let response = match self.script.pop_front() {
            Some(scripted) => scripted.into_response(),
            None => {
                let now = self.state.settle(now_ms);
                routes::respond(&mut self.state, &request, now)
            }
        };
        self.log.add(request, &self.state.seed);
        response
    }

    /// The API requests that arrived, oldest first, without those to `/_fake/*`: the newest [`Seed::keep_requests`] of them.
    #[must_use]
    pub fn requests(&self) -> &VecDeque<Recorded> {
        &self.log.kept
    }

    /// How many older requests are no longer among [`requests`](FakeClerk::requests).
    #[must_use]
    pub fn requests_dropped(&self) -> u64 {
        self.log.dropped
    }

    /// Takes [`requests`](FakeClerk::requests) out, and counts those that are dropped from zero again.
    pub fn take_requests(&mut self) -> Vec<Recorded> {
        std::mem::take(&mut self.log).kept.into()
    }

    /// What a browser at `origin` holds once its session token has expired, or `None` if there is
    /// no such session.
    ///
    /// The session may be in any state, and its user gone, so that refusals can be provoked.
    pub fn handshake(&mut self, session_id: &str, origin: &str, now_ms: i64) -> Option<Handshake> {
        let now = self.state.settle(now_ms);
        refresh::handshake(&mut self.state, session_id, origin, now)
    }

    /// A session token with these claims and nothing else, signed like any other.
    ///
    /// For claims the API never mints, such as an `iat` that is missing or too old.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        jwt::sign(claims, Category::Session, self.state.seed.signature)
    }

    /// The first secret key it accepts, or an empty text if it accepts none.
    #[must_use]
    pub fn secret_key(&self) -> &str {
        self.state.seed.secret_keys.first().map_or("", String::as_str)
    }

    /// Stops the clock at a time, in Unix milliseconds: from now on it counts in place of the one passed in.
    pub fn set_clock(&mut self, now_ms: i64) {
        self.state.clock = Clock::Frozen(now_ms);
    }

    /// Moves the clock by so many milliseconds, back if they are negative. A running clock keeps running, a stopped one stays stopped.
    ///
    /// `now_ms` is the time at which this happens, as in [`handle`](FakeClerk::handle). It counts where no request has arrived yet:
    /// the ages of the seed's sessions start there, before the clock is moved.
    pub fn advance_clock(&mut self, by_ms: i64, now_ms: i64) {
        self.state.settle(now_ms);
        self.state.clock.advance(by_ms);
    }

    /// The time that counts where `now_ms` is passed in, both in Unix milliseconds.
    #[must_use]
    pub fn clock(&self, now_ms: i64) -> i64 {
        self.state.clock.read(now_ms)
    }

    /// Starts over with the seed that it was made with: nothing recorded, scripted or counted remains, and the clock is the seed's.
    pub fn reset(&mut self) {
        self.reset_to(self.start.clone());
    }

    /// Starts over with another seed. [`reset`](FakeClerk::reset) still goes back to the one that it was made with.
    pub fn reset_to(&mut self, seed: Seed) {
        self.state = start(seed);
        self.script.clear();
        self.log = Log::default();
    }

    /// Adds responses for the next API requests, in order; then normal handling resumes.
    ///
    /// A request that gets one is recorded, but neither checked nor counted, and changes nothing.
    pub fn script(&mut self, responses: Vec<ScriptedResponse>) {
        self.script.extend(responses);
    }
}

fn start(seed: Seed) -> State {
    if seed.signature == Signature::Rsa {
        keys::prepare();
    }
    State::new(seed)
}

/// The README's examples, which compile and run as tests.
#[doc = include_str!("../README.md")]
#[cfg(all(doctest, feature = "server"))]
struct Readme;

/// Locks a fake. A panic while it was held, as in a test that failed, has left it usable.
#[cfg(any(feature = "server", feature = "transport"))]
fn lock(fake: &Mutex<FakeClerk>) -> MutexGuard<'_, FakeClerk> {
    fake.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The clock for [`FakeClerk::handle`]: Unix milliseconds.
#[cfg(any(feature = "server", feature = "transport"))]
fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
