//! Row B: a request that comes back from a handshake.

use std::time::Duration;

use clerk_sessions_core::{BuildError, Error};
use serde::Deserialize;

use super::operations::GetHandshakePayload;
use super::outcome::Outcome;
use super::stage::{AuthenticateRequest, Stage};
use super::token_check::{Ready, TokenCheck};
use crate::claims::Claims;
use crate::error::Rejected;
use crate::reason::Reason;
use crate::verifier::Verified;

impl AuthenticateRequest {
    /// Row B1.
    pub(super) fn redeem(&self, nonce: &str, now: Duration) -> Stage {
        match self.call_once(GetHandshakePayload { nonce: nonce.to_owned() }, now) {
            Some(call) => Stage::Redeem(call),
            None => self.rows_b4_to_b5(Vec::new()),
        }
    }

    /// Row B2, with a handshake token. Its category is checked first: other tokens are signed by the same key.
    pub(super) fn check_handshake(&self, token: &str) -> Stage {
        let check = self.check(token);
        if check.token.is_of_another_type() {
            return self.row_b2(&Rejected::new(Reason::TokenInvalid, "its category is that of another token"));
        }
        Stage::HandshakeToken(check)
    }

    /// Rows B4 and B5, and the check for B6.
    pub(super) fn rows_b4_to_b5(&self, directives: Vec<String>) -> Stage {
        match session_of(&directives) {
            Some(token) => Stage::HandshakeSession(self.check(token), directives),
            None => {
                Stage::Done(Ok(self.with_handshake(Outcome::signed_out("session-token-missing", None), directives)))
            }
        }
    }

    /// Row B4: the headers and cookies of a handshake.
    pub(super) fn with_handshake(&self, outcome: Outcome, directives: Vec<String>) -> Outcome {
        let outcome = outcome
            .with_header("access-control-allow-origin", "null")
            .with_header("access-control-allow-credentials", "true")
            .with_cookies(directives);
        if self.is_production() {
            return outcome;
        }
        let names = ["__clerk_handshake", "__clerk_help", "__clerk_db_jwt", "__clerk_handshake_nonce"];
        outcome.with_header("cache-control", "no-store").with_location(self.context.url.without(&names))
    }

    /// Rows B6 to B8. `None` is row B8: on with row C.
    pub(super) fn rows_b6_to_b8(&self, check: &TokenCheck, ready: &Ready, unix_time: Duration) -> Option<Verified> {
        let settings = self.settings();
        let verified = match check.verify(ready, settings.keys.checks(), unix_time) {
            Ok(verified) => verified,
            // Row B7: in development, the clock of the machine may be wrong.
            Err(rejected) if !self.is_production() && is_about_time(&rejected) => {
                check.verify(ready, &settings.lenient, unix_time).ok()?
            }
            Err(_) => return None,
        };
        (!check.token.is_of_another_type()).then_some(verified)
    }

    /// Row B2 with a handshake token that is not Clerk's: an error in development, as it stops a loop; row B3 in production.
    pub(super) fn row_b2(&self, rejected: &Rejected) -> Stage {
        if self.is_production() {
            return self.rows_c_to_g();
        }
        let reason = format!("can't be verified: {rejected}; were the keys of the instance changed?");
        Stage::Done(Err(Error::Build(BuildError::new("__clerk_handshake", reason))))
    }
}

fn is_about_time(rejected: &Rejected) -> bool {
    matches!(rejected.reason(), Reason::TokenExpired | Reason::TokenNotActiveYet | Reason::TokenIatInTheFuture)
}

/// The session token in the last directive that sets one.
pub(super) fn session_of(directives: &[String]) -> Option<String> {
    let session = directives.iter().rev().find(|directive| directive.starts_with("__session"))?;
    let (_, value) = session.split(';').next()?.split_once('=')?;
    Some(value.to_owned()).filter(|value| !value.is_empty())
}

/// The directives in a handshake token.
pub(super) fn directives_of(claims: &Claims) -> Vec<String> {
    #[derive(Deserialize)]
    struct Handshake {
        handshake: Vec<String>,
    }
    claims.custom::<Handshake>().map_or_else(|_| Vec::new(), |payload| payload.handshake)
}
