//! [`AuthenticateRequest`]: who is asking, as a flow without I/O.
//!
//! The rows are those of a table; the first that fits decides:
//!
//! | row | request | outcome |
//! |---|---|---|
//! | A | has a bearer token | that token decides, cookies are ignored |
//! | B | comes back from a handshake | its cookies, and the session token in them |
//! | C, D | satellite, and the primary app that responds to it | handshake |
//! | E | development instance: browser unknown | handshake |
//! | F | session token or time of the last change is missing | signed out, or handshake |
//! | G | session token: not readable, not a session's, older than the last change, not verified | signed out, or handshake |
//! | H | came from another site | handshake |
//! | I | path of another organization | handshake |
//! | J | everything else | signed in |

use std::sync::Arc;
use std::time::Duration;

use clerk_sessions_core::call::{Flow, Step};
use clerk_sessions_core::http::Response;
use clerk_sessions_core::{BuildError, Error, TransportError};

use super::outcome::Outcome;
use super::public_url::Origin;
use super::rows_b::directives_of;
use super::session_token::SessionToken;
use super::settings::Authentication;
use super::stage::{AuthenticateRequest, Carrier, Entry, Stage, exposed, signed_out};
use super::token_check::{Progress, TokenCheck};
use super::view::RequestView;

impl Authentication {
    /// Begins to authenticate a request for a page, which a browser makes. The outcome may be a redirect.
    ///
    /// `unix_time` is the time since 1970-01-01 00:00:00 UTC. Drive it as a [`Flow`].
    ///
    /// # Errors
    /// [`Error::Build`]: there is no [API](super::AuthenticationBuilder::api), or the request comes from the sign-in page of a
    /// satellite.
    pub fn browser(&self, request: &RequestView<'_>, unix_time: Duration) -> Result<AuthenticateRequest, Error> {
        let settings = self.settings();
        if settings.api.is_none() {
            let reason = "is missing: pages for browsers need it, to complete handshakes and refresh sessions";
            return Err(Error::Build(BuildError::new("api", reason)));
        }
        let flow = AuthenticateRequest::new(self, Entry::Browser, request, unix_time);
        let sign_in = settings.satellite.as_ref().and_then(|satellite| satellite.sign_in_url.as_deref());
        if let (Some(url), Some(origin)) = (sign_in, &flow.context.origin) {
            if Origin::of_url(url).is_none_or(|sign_in| sign_in == *origin) {
                let reason = "is not an absolute URL of another origin: use the sign-in page of the primary app";
                return Err(Error::Build(BuildError::new("sign_in_url", reason)));
            }
        }
        Ok(flow)
    }

    /// Begins to authenticate a request for data, such as one of a mobile app or of a script in a page. The outcome is never a
    /// redirect, and only keys are fetched.
    ///
    /// `unix_time` is the time since 1970-01-01 00:00:00 UTC. Drive it as a [`Flow`].
    #[must_use]
    pub fn api_request(&self, request: &RequestView<'_>, unix_time: Duration) -> AuthenticateRequest {
        AuthenticateRequest::new(self, Entry::Api, request, unix_time)
    }
}

impl AuthenticateRequest {
    /// The first stage.
    fn begin(&self, now: Duration) -> Stage {
        let context = Arc::clone(&self.context);
        // Row A.
        if let Some(token) = &context.bearer {
            return self.check_session(token, Carrier::Header);
        }
        if self.entry == Entry::Api {
            return match context.session() {
                Some(token) => self.check_session(token, Carrier::Cookie),
                None => signed_out("session-token-missing"),
            };
        }
        // Row B, which only an eligible request has.
        if context.is_eligible {
            if let Some(nonce) = &context.handshake_nonce {
                return self.redeem(nonce, now);
            }
            if let Some(token) = &context.handshake_token {
                return self.check_handshake(token);
            }
        }
        self.rows_c_to_g()
    }

    /// Rows A1 and G2, then the verification.
    fn check_session(&self, token: &SessionToken, carrier: Carrier) -> Stage {
        if token.is_of_another_type() {
            return signed_out("token-type-mismatch");
        }
        Stage::Session(TokenCheck::new(token.clone()), carrier)
    }

    /// Runs a stage. Returns the next stage, and what it needs first, if it needs anything.
    fn run(&self, stage: Stage, now: Duration) -> (Stage, Option<Step>) {
        let keys = &self.settings().keys;
        let unix_time = self.unix_time(now);
        let next = match stage {
            Stage::Start => self.begin(now),
            Stage::Done(result) => return (Stage::Done(result), Some(Step::Done)),
            Stage::Redeem(mut call) => match call.step(now) {
                Step::Done => match call.finish() {
                    Ok(payload) => self.rows_b4_to_b5(exposed(&payload.directives)),
                    Err(_) => {
                        self.settings().budget.spend();
                        self.rows_b4_to_b5(Vec::new())
                    }
                },
                step => return (Stage::Redeem(call), Some(step)),
            },
            Stage::Refresh(mut call, failure) => match call.step(now) {
                Step::Done => self.refreshed(call.finish(), failure),
                step => return (Stage::Refresh(call, failure), Some(step)),
            },
            Stage::HandshakeToken(mut check) => match check.step(keys, now, unix_time) {
                Progress::Next(step) => return (Stage::HandshakeToken(check), Some(step)),
                Progress::Unavailable(error) => Stage::Done(Err(error)),
                Progress::Rejected(rejected) => self.row_b2(&rejected),
                Progress::Ready(ready) => match check.check_signature(&ready) {
                    Err(rejected) => self.row_b2(&rejected),
                    Ok(claims) => self.rows_b4_to_b5(directives_of(&claims)),
                },
            },
            Stage::HandshakeSession(mut check, directives) => match check.step(keys, now, unix_time) {
                Progress::Next(step) => return (Stage::HandshakeSession(check, directives), Some(step)),
                Progress::Unavailable(error) => Stage::Done(Err(error)),
                Progress::Rejected(_) => self.rows_c_to_g(),
                Progress::Ready(ready) => match self.rows_b6_to_b8(&check, &ready, unix_time) {
                    Some(verified) => {
                        let outcome = Outcome::verified(verified, check.token.text);
                        Stage::Done(Ok(self.with_handshake(outcome, directives)))
                    }
                    None => self.rows_c_to_g(),
                },
            },
            Stage::Session(mut check, carrier) => match check.step(keys, now, unix_time) {
                Progress::Next(step) => return (Stage::Session(check, carrier), Some(step)),
                Progress::Unavailable(error) => Stage::Done(Err(error)),
                Progress::Rejected(rejected) => self.rejected(rejected, carrier, now),
                Progress::Ready(ready) => match check.verify(&ready, keys.checks(), unix_time) {
                    Err(rejected) => self.rejected(rejected, carrier, now),
                    Ok(verified) if carrier == Carrier::Cookie && self.entry == Entry::Browser => {
                        self.rows_h_to_j(verified, check.token.text)
                    }
                    Ok(verified) => Stage::Done(Ok(Outcome::verified(verified, check.token.text))),
                },
            },
            Stage::Refreshed(mut check, cookies, failure) => match check.step(keys, now, unix_time) {
                Progress::Next(step) => return (Stage::Refreshed(check, cookies, failure), Some(step)),
                Progress::Unavailable(error) => Stage::Done(Err(error)),
                Progress::Rejected(_) => self.not_refreshed("invalid-session-token", &failure),
                Progress::Ready(ready) => match check.verify(&ready, keys.checks(), unix_time) {
                    Ok(verified) if !check.token.is_of_another_type() && self.is_of_same_user(&verified) => {
                        Stage::Done(Ok(Outcome::verified(verified, check.token.text).with_cookies(cookies)))
                    }
                    _ => self.not_refreshed("invalid-session-token", &failure),
                },
            },
        };
        (next, None)
    }
}

impl Flow for AuthenticateRequest {
    type Output = Outcome;

    fn step(&mut self, now: Duration) -> Step {
        self.started.get_or_insert(now);
        loop {
            let stage = std::mem::replace(&mut self.stage, Stage::Start);
            let (next, step) = self.run(stage, now);
            self.stage = next;
            if let Some(step) = step {
                return step;
            }
        }
    }

    fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration) {
        match &mut self.stage {
            Stage::Redeem(call) => call.on_response(response, now),
            Stage::Refresh(call, _) => call.on_response(response, now),
            Stage::HandshakeToken(check)
            | Stage::HandshakeSession(check, _)
            | Stage::Session(check, _)
            | Stage::Refreshed(check, ..) => check.on_response(response, now),
            Stage::Start | Stage::Done(_) => {}
        }
    }

    fn on_failure(&mut self, error: TransportError, now: Duration) {
        match &mut self.stage {
            Stage::Redeem(call) => call.on_failure(error, now),
            Stage::Refresh(call, _) => call.on_failure(error, now),
            Stage::HandshakeToken(check)
            | Stage::HandshakeSession(check, _)
            | Stage::Session(check, _)
            | Stage::Refreshed(check, ..) => check.on_failure(error, now),
            Stage::Start | Stage::Done(_) => {}
        }
    }

    fn finish(self) -> Result<Outcome, Error> {
        match self.stage {
            Stage::Done(result) => result,
            _ => Err(Error::Build(BuildError::new("finish", "was called before the flow was done"))),
        }
    }
}
