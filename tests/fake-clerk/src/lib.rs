//! FakeClerk: a stateful Clerk Sessions API in memory.
//!
//! | file | idea |
//! |---|---|
//! | `seed` | what a fake starts with, and how it behaves |
//! | `state` | what changes while it runs |
//! | `store`, `session` | the sessions, and one of them |
//! | `routes` | the checks every request passes, then which operation it is |
//! | `request` | reading the query and the JSON body of a request |
//! | `sessions`, `tokens`, `refresh` | the operations |
//! | `jwt`, `keys` | signed tokens, and the RSA key behind them |
//! | `limit` | the rate limit |
//! | `errors` | the table of error codes and their body |
//! | `script` | canned answers |
//! | `record` | the requests that arrived |
//! | `control` | the `/_fake/*` routes |
//! | `server` | FakeClerk behind a loopback socket; feature `server` |
//! | `in_process` | FakeClerk as a transport of clerk-sessions-core; feature `transport` |

mod control;
mod errors;
mod jwt;
mod keys;
mod limit;
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

#[cfg(feature = "transport")]
pub use self::in_process::InProcess;
pub use self::record::Recorded;
pub use self::refresh::Handshake;
pub use self::script::ScriptedResponse;
pub use self::seed::{DEFAULT_SECRET_KEY, ListShape, Nulls, RateLimit, RevokeEnded, Seed, SeedSession, Signature};
#[cfg(feature = "server")]
pub use self::server::FakeServer;
use self::state::State;

/// A Clerk Sessions API in memory: sessions, users, tokens and errors, without a clock or a socket.
///
/// It lives from [`handle`](FakeClerk::handle) to `handle`; the time is an argument. The same seed,
/// requests and times give the same answers, but for RSA signatures: their key is new in each
/// process.
#[derive(Debug)]
pub struct FakeClerk {
    state: State,
    script: VecDeque<ScriptedResponse>,
    requests: Vec<Recorded>,
}

impl FakeClerk {
    /// A fake that starts as `seed` says.
    ///
    /// The first one in a process that signs with RSA generates the key, which takes a moment.
    #[must_use]
    pub fn new(seed: Seed) -> FakeClerk {
        if seed.signature == Signature::Rsa {
            keys::prepare();
        }
        FakeClerk { state: State::new(seed), script: VecDeque::new(), requests: Vec::new() }
    }

    /// The answer to one request that arrives at `now_ms`, in Unix milliseconds.
    ///
    /// The request's URI may be absolute or a path with a query.
    pub fn handle(&mut self, request: Request<Vec<u8>>, now_ms: i64) -> Response<Vec<u8>> {
        if let Some(name) = control::name(request.uri().path()) {
            return control::answer(self, name, &request, now_ms);
        }
        let response = match self.script.pop_front() {
            Some(answer) => answer.into_response(),
            None => {
                let now = self.state.settle(now_ms);
                routes::answer(&mut self.state, &request, now)
            }
        };
        self.requests.push(Recorded::from(request));
        response
    }

    /// The API requests that arrived, oldest first, without those to `/_fake/*`.
    #[must_use]
    pub fn requests(&self) -> &[Recorded] {
        &self.requests
    }

    /// Takes [`requests`](FakeClerk::requests) out and forgets them, as a long simulation must.
    pub fn take_requests(&mut self) -> Vec<Recorded> {
        std::mem::take(&mut self.requests)
    }

    /// What a browser at `origin` holds once its session token has expired, or `None` if there is
    /// no such session.
    ///
    /// The session may be in any state, and its user gone, so that refusals can be provoked.
    pub fn handshake(&mut self, session_id: &str, origin: &str, now_ms: i64) -> Option<Handshake> {
        let now = self.state.settle(now_ms);
        refresh::handshake(&mut self.state, session_id, origin, now)
    }

    /// A token with these claims and nothing else, signed like any other.
    ///
    /// For claims the API never mints, such as an `iat` that is missing or too old.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        jwt::sign(claims, self.state.seed.signature)
    }

    /// The first secret key it accepts, or an empty text if it accepts none.
    #[must_use]
    pub fn secret_key(&self) -> &str {
        self.state.seed.secret_keys.first().map_or("", String::as_str)
    }

    /// Starts over as `seed` says: nothing recorded, scripted or counted remains.
    pub fn reset(&mut self, seed: Seed) {
        *self = FakeClerk::new(seed);
    }

    /// Adds canned answers for the next API requests, in order; then normal handling resumes.
    ///
    /// A request answered so is recorded, but neither checked nor counted and changes nothing.
    pub fn script(&mut self, answers: Vec<ScriptedResponse>) {
        self.script.extend(answers);
    }
}

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
