//! [`Tokens`]: good, expired and forged tokens, signed once for all runs.

use std::time::Duration;

use serde_json::{Value, json};

use crate::signing::{Signer, claims, encoded};
use crate::simulation::random::Random;

/// The time of day at the start of the virtual time.
pub(super) const UNIX_START: Duration = Duration::from_secs(1_700_000_000);
const KEYS: usize = 10;
const PER_KEY: usize = 4;

/// The good tokens of a key, and one that is expired.
struct OfKey {
    signer: Signer,
    good: Vec<String>,
    expired: String,
    /// Signed by another key under this key's id.
    forged: String,
}

pub(super) struct Tokens {
    keys: Vec<OfKey>,
    stranger: Signer,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Good(usize),
    Expired(usize),
    /// The id of this key, and the signature of another.
    Forged(usize),
    /// A key id that nobody has.
    Unknown,
}

impl Kind {
    /// The key that it names.
    pub(super) fn key(self) -> Option<usize> {
        match self {
            Self::Good(key) | Self::Expired(key) | Self::Forged(key) => Some(key),
            Self::Unknown => None,
        }
    }
}

impl Tokens {
    pub(super) fn new() -> Self {
        let stranger = Signer::new("ins_stranger");
        let now = UNIX_START.as_secs();
        let of_key = |number: usize| {
            let signer = Signer::new(format!("ins_{number}"));
            let header = signer.header().to_string();
            let sign = |expiry, session: usize| {
                let mut claims = claims(now, expiry);
                claims["sid"] = format!("sess_{number}_{session}").into();
                signer.sign(&header, claims.to_string())
            };
            let good = (0..PER_KEY).map(|session| sign(4_000_000_000, session)).collect();
            let forged = stranger.sign(&header, claims(now, 4_000_000_000).to_string());
            OfKey { good, expired: sign(now - 100, PER_KEY), forged, signer }
        };
        Self { keys: (0..KEYS).map(of_key).collect(), stranger }
    }

    pub(super) fn count(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn id(&self, key: usize) -> String {
        self.keys[key].signer.id.clone()
    }

    /// The key of this number under the id of another number.
    pub(super) fn jwk(&self, key: usize, id: usize) -> Value {
        self.keys[key].signer.jwk(&self.keys[id].signer.id)
    }

    pub(super) fn strange_jwk(&self, id: &str) -> Value {
        self.stranger.jwk(id)
    }

    /// A token of this kind. Each one with an unknown key id has another.
    pub(super) fn token(&self, kind: Kind, random: &mut Random) -> String {
        match kind {
            Kind::Good(key) => self.keys[key].good[random.below(PER_KEY as u64) as usize].clone(),
            Kind::Expired(key) => self.keys[key].expired.clone(),
            Kind::Forged(key) => self.keys[key].forged.clone(),
            Kind::Unknown => {
                let header = json!({ "alg": "RS256", "kid": format!("ins_{:x}", random.next()) });
                let (_, rest) = self.keys[0].forged.split_once('.').unwrap();
                format!("{}.{rest}", encoded(header.to_string()))
            }
        }
    }
}
