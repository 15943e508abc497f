//! The network with its faults, and the server, which is FakeClerk.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use clerk_sessions_core::{Delivery, TransportErrorKind};
use clerk_sessions_fake::{FakeClerk, RateLimit, RateLimitScope, Seed, SeedSession, Signature};
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::call::Id;
use super::model::{Check, ensure};
use super::random::Random;
use super::response::{Outcome, Received};

/// The time of FakeClerk at the simulated time zero, in Unix milliseconds.
const EPOCH_MS: i64 = 1_763_900_000_000;
const ORIGIN: &str = "https://app.example.com";
/// Sessions that are never revoked.
const LASTING: [&str; 4] = ["sess_1", "sess_2", "sess_3", "sess_4"];
/// Sessions that are revoked.
const REVOCABLE: [&str; 2] = ["sess_5", "sess_6"];

/// The fate of an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    Responded,
    /// Processed, with a response so late that the client may have given up.
    Slow,
    /// Lost on the way to the server.
    Unsent,
    /// Processed, but the response is lost.
    ResponseLost,
    /// Not processed, with a 5xx response.
    FailedBefore,
    /// Processed, with a 5xx response.
    FailedAfter,
    /// Not processed, with a 408 response.
    TimedOut,
    /// Not processed, with a 429 response.
    RateLimited,
    /// Not processed, with a 3xx or 4xx response.
    Refused,
    /// Processed, with an unreadable response.
    Garbled,
}

/// A request in transit to the server.
pub(super) struct Letter {
    pub(super) request: Request<Vec<u8>>,
    pub(super) id: Id,
    /// Whether the server must not process the call twice.
    pub(super) once: bool,
    pub(super) fate: Fate,
    /// The time of arrival.
    pub(super) arrives: Duration,
    /// The time from the arrival to the response.
    pub(super) back: Duration,
    /// The time at which the client gives up.
    pub(super) due: Duration,
}

/// The requests that reached the server.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traffic {
    pub(super) seen: u64,
    pub(super) rejected: u64,
}

pub(super) struct Network {
    fake: FakeClerk,
    /// The number of times that each non-idempotent call was processed.
    processed: HashMap<u64, u32>,
    responses: u64,
    pub(super) traffic: Traffic,
}

impl Network {
    pub(super) fn new(rate_limit: Option<RateLimit>, rate_limit_scope: RateLimitScope) -> Self {
        let sessions = LASTING.iter().chain(&REVOCABLE).map(|id| SeedSession::new(id, "user_1"));
        let seed = Seed {
            users: vec!["user_1".to_owned()],
            templates: vec!["demo".to_owned()],
            sessions: sessions.collect(),
            signature: Signature::None,
            rate_limit,
            rate_limit_scope,
            ..Seed::default()
        };
        Self { fake: FakeClerk::new(seed), processed: HashMap::new(), responses: 0, traffic: Traffic::default() }
    }

    /// Parameters with which the operation succeeds.
    pub(super) fn parameters(&mut self, operation: &str, now: Duration, random: &mut Random) -> Value {
        let session = random.pick(&LASTING);
        match operation {
            "GetSessionList" => json!({ "limit": 2 }),
            "createSession" => json!({ "user_id": "user_1" }),
            "RevokeSession" => json!({ "session_id": random.pick(&REVOCABLE) }),
            "CreateSessionTokenFromTemplate" => json!({ "session_id": session, "template_name": "demo" }),
            "RefreshSession" => {
                let tokens = self.fake.handshake(session, ORIGIN, unix_ms(now)).expect("the session exists");
                json!({
                    "session_id": session,
                    "expired_token": tokens.expired_token,
                    "refresh_token": tokens.refresh_token,
                    "request_origin": ORIGIN,
                })
            }
            _ => json!({ "session_id": session }),
        }
    }

    /// The outcome of a letter that arrives now.
    pub(super) fn deliver(&mut self, letter: Letter, random: &mut Random) -> Result<Outcome, String> {
        let fate = letter.fate;
        let unprocessed: &[u16] = match fate {
            Fate::FailedBefore => &[500, 502, 503, 503, 504],
            Fate::TimedOut => &[408],
            Fate::RateLimited => &[429],
            Fate::Refused => &[301, 302, 307, 308, 400, 401, 403, 404, 409, 422, 501],
            _ => &[],
        };
        if !unprocessed.is_empty() {
            return Ok(Outcome::Response(self.made_up(unprocessed, random)));
        }
        let received = Received::of_fake(self.process(letter)?);
        Ok(match fate {
            Fate::ResponseLost => Outcome::Failure(TransportErrorKind::Closed, Delivery::MaybeSent),
            Fate::FailedAfter => Outcome::Response(self.made_up(&[500, 502, 503, 504], random)),
            Fate::Garbled if received.readable => Outcome::Response(received.garbled(random)),
            _ => Outcome::Response(received),
        })
    }

    fn made_up(&mut self, statuses: &[u16], random: &mut Random) -> Received {
        self.responses += 1;
        Received::made_up(random.pick(statuses), self.responses, random)
    }

    fn process(&mut self, letter: Letter) -> Result<Response<Vec<u8>>, String> {
        let response = self.fake.handle(letter.request, unix_ms(letter.arrives));
        drop(self.fake.take_requests());
        self.traffic.seen += 1;
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            self.traffic.rejected += 1;
        } else if letter.once {
            self.count(letter.id.1)?;
        }
        Ok(response)
    }

    fn count(&mut self, call: u64) -> Check {
        let times = self.processed.entry(call).or_default();
        *times += 1;
        ensure!(*times == 1, "the server processed call {call} twice, which is not allowed");
        Ok(())
    }
}

/// The time that a response takes: usually the normal time, sometimes about the time limit of an attempt.
pub(super) fn way_back(fate: Fate, usual: &Range<Duration>, random: &mut Random) -> Duration {
    match fate {
        Fate::Slow => random.within(&(Duration::from_secs(1)..Duration::from_secs(15))),
        // The response is lost: the connection breaks now, or after the client has given up.
        Fate::ResponseLost if random.per_mille(500) => Duration::from_secs(3600),
        _ => random.within(usual),
    }
}

fn unix_ms(now: Duration) -> i64 {
    EPOCH_MS + now.as_millis() as i64
}
