//! [`TokenCheck`]: finds the key of a token, and checks the token with it.

use std::sync::Arc;
use std::time::Duration;

use clerk_sessions_core::Error;
use clerk_sessions_core::call::Step;

use super::settings::KeySource;
use crate::claims::Claims;
use crate::error::Rejected;
use crate::jwks::{FindKey, Finding};
use crate::key_set::Key;
use crate::verifier::{Checks, Unsigned, Verified, unknown_key};

/// A token whose key is looked for.
pub(super) struct TokenCheck {
    pub(super) token: String,
    unsigned: Option<Box<Unsigned<'static>>>,
    find: FindKey,
}

/// What a check needs next, or its result.
#[allow(clippy::large_enum_variant)] // It is short-lived, on the stack.
pub(super) enum Progress {
    Next(Step),
    Ready(Ready),
    Rejected(Rejected),
    Unavailable(Error),
}

/// A token with its key.
pub(super) enum Ready {
    /// It was verified before.
    Cached(Claims),
    Found {
        unsigned: Box<Unsigned<'static>>,
        key: Arc<Key>,
        epoch: u64,
    },
}

impl TokenCheck {
    pub(super) fn new(token: String) -> Self {
        Self { token, unsigned: None, find: FindKey::new() }
    }

    /// `now` is the transport's time, `unix_time` the time of day.
    pub(super) fn step(&mut self, keys: &KeySource, now: Duration, unix_time: Duration) -> Progress {
        let checks = keys.checks();
        let unsigned = match self.unsigned.take() {
            Some(unsigned) => unsigned,
            None => {
                let epoch = match keys {
                    KeySource::Known(_) => Some(0),
                    KeySource::Fetched(verifier) => checks.cache.as_ref().and_then(|_| verifier.epoch(now)),
                };
                if let Some(claims) = epoch.and_then(|epoch| checks.cached(&self.token, epoch, unix_time)) {
                    return Progress::Ready(Ready::Cached(claims));
                }
                let checked = checks.unsigned(&self.token);
                match checked.and_then(|token| checks.rules.check_header(&token.header).map(|()| token)) {
                    Ok(unsigned) => Box::new(unsigned.into_owned()),
                    Err(rejected) => return Progress::Rejected(rejected),
                }
            }
        };
        let id = unsigned.header.key_id.as_deref();
        match keys {
            KeySource::Known(verifier) => match verifier.key(id) {
                Ok(key) => Progress::Ready(Ready::Found { key: Arc::clone(key), unsigned, epoch: 0 }),
                Err(rejected) => Progress::Rejected(rejected),
            },
            KeySource::Fetched(_) if id.is_none() => Progress::Rejected(unknown_key()),
            KeySource::Fetched(verifier) => match self.find.step(verifier, id, now) {
                Finding::Found(found) => Progress::Ready(Ready::Found { key: found.key, epoch: found.epoch, unsigned }),
                Finding::Unknown => Progress::Rejected(unknown_key()),
                Finding::Unavailable(error) => Progress::Unavailable(error),
                Finding::Next(step) => {
                    self.unsigned = Some(unsigned);
                    Progress::Next(step)
                }
            },
        }
    }

    pub(super) fn find(&mut self) -> &mut FindKey {
        &mut self.find
    }
}

impl Ready {
    /// Verifies it as a session token.
    pub(super) fn verify(self, token: &str, checks: &Checks, unix_time: Duration) -> Result<Verified, Rejected> {
        match self {
            Self::Cached(claims) => Ok(Verified::new(claims)),
            Self::Found { unsigned, key, epoch } => checks.signed(token, *unsigned, &key, epoch, unix_time),
        }
    }

    /// Checks only the signature, and returns the claims.
    pub(super) fn check_signature(self, token: &str) -> Result<Claims, Rejected> {
        match self {
            Self::Cached(claims) => Ok(claims),
            Self::Found { unsigned, key, .. } => unsigned.check_signature(token, &key).map(|()| unsigned.into_claims()),
        }
    }
}
