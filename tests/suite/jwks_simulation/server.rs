//! [`Server`]: the keys of an instance, and what is served in their place.

use std::time::Duration;

use clerk_sessions_core::{Delivery, TransportError, TransportErrorKind};
use http::Response;
use serde_json::{Value, json};

use super::tokens::Tokens;
use crate::simulation::random::Random;

/// How the server responds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Honest,
    /// Honest, after up to 9 s.
    Slow,
    /// A 5xx, a 4xx, or no connection.
    Down,
    /// No response at all, until the time is over.
    Silent,
    /// A 200 that is not a key set.
    Broken,
    /// A key set without keys.
    Empty,
    /// A key set of another instance.
    OtherKeys,
    /// The key ids with the keys of others.
    WrongIds,
}

impl Mood {
    pub(super) fn is_honest(self) -> bool {
        matches!(self, Self::Honest | Self::Slow)
    }

    pub(super) fn is_lying(self) -> bool {
        matches!(self, Self::OtherKeys | Self::WrongIds)
    }
}

pub(super) struct Server {
    pub(super) mood: Mood,
    /// Since when it has been honest without a break; `None` if it is not.
    pub(super) honest_since: Option<Duration>,
    /// When it lied last.
    pub(super) lied_at: Option<Duration>,
    /// The keys that are served, by their number. The last one signs.
    pub(super) served: Vec<usize>,
    /// When each key was first and last served.
    pub(super) withdrawn: Vec<Option<Duration>>,
    pub(super) rotated_at: Duration,
}

/// What comes back, and after how long. Where nothing does, the request takes all its time.
pub(super) type Returned = Option<(Duration, Result<Response<Vec<u8>>, TransportError>)>;

impl Server {
    pub(super) fn new(keys: usize, now: Duration) -> Self {
        Self {
            mood: Mood::Honest,
            honest_since: Some(now),
            lied_at: None,
            served: vec![0],
            withdrawn: vec![None; keys],
            rotated_at: now,
        }
    }

    pub(super) fn feel(&mut self, mood: Mood, now: Duration) {
        self.mood = mood;
        self.honest_since = mood.is_honest().then(|| self.honest_since.unwrap_or(now));
        if mood.is_lying() {
            self.lied_at = Some(now);
        }
    }

    /// The key that signs.
    pub(super) fn current(&self) -> usize {
        self.served[self.served.len() - 1]
    }

    /// Adds a key, or withdraws the oldest. A key that was withdrawn is not used again; returns whether there is another one.
    pub(super) fn rotate(&mut self, random: &mut Random, now: Duration) {
        let next = self.current() + 1;
        let is_sudden = random.below(3) == 0;
        if next < self.withdrawn.len() && (is_sudden || self.served.len() == 1) {
            self.served.push(next);
            self.rotated_at = now;
        }
        if self.served.len() > 1 && (is_sudden || random.below(2) == 0) {
            let oldest = self.served.remove(0);
            self.withdrawn[oldest] = Some(now);
        }
    }

    /// The response of this moment.
    pub(super) fn respond(&mut self, tokens: &Tokens, random: &mut Random, now: Duration) -> Returned {
        let millis = |least, most, random: &mut Random| {
            random.within(&(Duration::from_millis(least)..Duration::from_millis(most)))
        };
        let quick = millis(5, 300, random);
        if self.mood.is_lying() {
            self.lied_at = Some(now);
        }
        let key = |number: usize, id: usize| tokens.jwk(number, id);
        let served = &self.served;
        let (after, body): (_, Value) = match self.mood {
            Mood::Silent => return None,
            Mood::Slow => {
                (millis(300, 9000, random), json!({ "keys": served.iter().map(|n| key(*n, *n)).collect::<Vec<_>>() }))
            }
            Mood::Honest => (quick, json!({ "keys": served.iter().map(|n| key(*n, *n)).collect::<Vec<_>>() })),
            Mood::Empty => (quick, random.pick(&[r#"{"keys":[]}"#, "{}"]).parse().unwrap()),
            Mood::OtherKeys => (quick, json!({ "keys": [tokens.strange_jwk("ins_other")] })),
            Mood::WrongIds => {
                let keys: Vec<_> = served.iter().map(|n| tokens.strange_jwk(&tokens.id(*n))).collect();
                (quick, json!({ "keys": keys }))
            }
            Mood::Broken => {
                let body = random.pick(&["", "<html>", "[]", r#"{"keys":7}"#, r#"{"keys":["#, "\u{feff}{}"]);
                return Some((quick, Ok(Response::new(body.into()))));
            }
            Mood::Down => {
                let status = random.pick(&[0, 0, 500, 502, 503, 401, 404]);
                if status == 0 {
                    let error = TransportError::new(TransportErrorKind::Connect, Delivery::NotSent);
                    return Some((quick, Err(error)));
                }
                let response = Response::builder().status(status).body(b"{\"errors\":[]}".to_vec());
                return Some((quick, Ok(response.unwrap())));
            }
        };
        Some((after, Ok(Response::new(body.to_string().into_bytes()))))
    }
}
