//! [`TokenCheck`]: finds the key of a token, and checks the token with it.

use std::sync::Arc;
use std::time::Duration;

use clerk_sessions_core::call::Step;
use clerk_sessions_core::http::Response;
use clerk_sessions_core::{Error, TransportError};

use super::session_token::SessionToken;
use super::settings::KeySource;
use crate::claims::Claims;
use crate::error::Rejected;
use crate::jwks::{FindKey, Finding};
use crate::key_set::Key;
use crate::verifier::{Checks, Verified, unknown_key};

/// A token whose key is looked for.
pub(super) struct TokenCheck {
    pub(super) token: SessionToken,
    /// `None` until the checks before that of the key are made.
    find: Option<FindKey>,
}

/// What a check needs next, or its result.
#[allow(clippy::large_enum_variant)] // It is short-lived, on the stack.
pub(super) enum Progress {
    Next(Step),
    Ready(Ready),
    Rejected(Rejected),
    Unavailable(Error),
}

/// What verifies a token.
pub(super) enum Ready {
    /// It was verified before.
    Cached(Claims),
    Found {
        key: Arc<Key>,
        epoch: u64,
    },
}

impl TokenCheck {
    pub(super) fn new(token: SessionToken) -> Self {
        Self { token, find: None }
    }

    /// `now` is the transport's time, `unix_time` the time of day.
    pub(super) fn step(&mut self, keys: &KeySource, now: Duration, unix_time: Duration) -> Progress {
        let Self { token, find } = self;
        let find = match find {
            Some(find) => find,
            None => {
                if let Some(claims) = keys.cached(&token.text, now, unix_time) {
                    return Progress::Ready(Ready::Cached(claims));
                }
                if let Err(rejected) = token.check_before_key(keys.checks()) {
                    return Progress::Rejected(rejected);
                }
                find.insert(FindKey::new())
            }
        };
        let id = token.key_id();
        match keys {
            KeySource::Known(verifier) => match verifier.key(id) {
                Ok(key) => Progress::Ready(Ready::Found { key: Arc::clone(key), epoch: 0 }),
                Err(rejected) => Progress::Rejected(rejected),
            },
            KeySource::Fetched(_) if id.is_none() => Progress::Rejected(unknown_key()),
            KeySource::Fetched(verifier) => match find.step(verifier, id, now) {
                Finding::Found(found) => Progress::Ready(Ready::Found { key: found.key, epoch: found.epoch }),
                Finding::Unknown => Progress::Rejected(unknown_key()),
                Finding::Unavailable(error) => Progress::Unavailable(error),
                Finding::Next(step) => Progress::Next(step),
            },
        }
    }

    pub(super) fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration) {
        if let Some(find) = &mut self.find {
            find.on_response(response, now);
        }
    }

    pub(super) fn on_failure(&mut self, error: TransportError, now: Duration) {
        if let Some(find) = &mut self.find {
            find.on_failure(error, now);
        }
    }

    /// Verifies it as a session token.
    pub(super) fn verify(&self, ready: &Ready, checks: &Checks, unix_time: Duration) -> Result<Verified, Rejected> {
        match ready {
            Ready::Cached(claims) => Ok(Verified::new(claims.clone())),
            Ready::Found { key, epoch } => {
                checks.signed(&self.token.text, self.token.unsigned()?, key, *epoch, unix_time)
            }
        }
    }

    /// Checks only the signature, and returns the claims.
    pub(super) fn check_signature(&self, ready: &Ready) -> Result<Claims, Rejected> {
        match ready {
            Ready::Cached(claims) => Ok(claims.clone()),
            Ready::Found { key, .. } => {
                let unsigned = self.token.unsigned()?;
                unsigned.check_signature(&self.token.text, key)?;
                Ok(unsigned.claims().clone())
            }
        }
    }
}
