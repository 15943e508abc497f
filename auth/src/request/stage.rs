//! [`AuthenticateRequest`] and its stages.

use std::sync::Arc;
use std::time::Duration;

use clerk_sessions_core::call::Call;
use clerk_sessions_core::operation::Operation;
use clerk_sessions_core::{Error, RetryPolicy, SetCookie};

use super::context::Context;
use super::operations::{GetHandshakePayload, RefreshExpired};
use super::outcome::Outcome;
use super::session_token::SessionToken;
use super::settings::{Authentication, Settings};
use super::token_check::TokenCheck;
use super::view::RequestView;
use crate::error::Rejected;

/// Authenticates one request. [`Authentication::browser`] and [`Authentication::api_request`] create it.
///
/// Its error is an outage: the keys can't be fetched, and nobody knows who is asking. Respond with 503.
pub struct AuthenticateRequest {
    pub(super) authentication: Authentication,
    pub(super) context: Arc<Context>,
    pub(super) entry: Entry,
    /// The time of day at the start of the flow.
    pub(super) unix_start: Duration,
    /// The transport's time at the start of the flow.
    pub(super) started: Option<Duration>,
    pub(super) stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Api,
    Browser,
}

/// Where a session token was.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Header,
    Cookie,
}

impl Carrier {
    fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }
}

pub(super) enum Stage {
    Start,
    /// Row B1: the nonce is redeemed.
    Redeem(Box<Call<GetHandshakePayload>>),
    /// Row B2: the handshake token is checked.
    HandshakeToken(TokenCheck),
    /// Rows B6 to B8: the session token of a handshake is checked.
    HandshakeSession(TokenCheck, Vec<String>),
    /// Rows A2 and G4.
    Session(TokenCheck, Carrier),
    Refresh(Box<Call<RefreshExpired>>, Failure),
    /// The session token out of a refresh is checked.
    Refreshed(TokenCheck, Vec<String>, Failure),
    Done(Result<Outcome, Error>),
}

/// The token that failed, for the outcome after a refresh that fails, too.
pub(super) struct Failure(pub(super) Rejected, pub(super) Carrier);

impl AuthenticateRequest {
    pub(super) fn new(
        authentication: &Authentication,
        entry: Entry,
        request: &RequestView<'_>,
        unix_time: Duration,
    ) -> Self {
        Self {
            context: Arc::new(Context::of(authentication.settings(), request, unix_time)),
            authentication: authentication.clone(),
            entry,
            unix_start: unix_time,
            started: None,
            stage: Stage::Start,
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        self.authentication.settings()
    }

    pub(super) fn is_production(&self) -> bool {
        self.settings().key.is_production()
    }

    /// A check of this token.
    pub(super) fn check(&self, token: impl Into<String>) -> TokenCheck {
        TokenCheck::new(SessionToken::new(token, self.settings().keys.checks()))
    }

    /// A call that makes one attempt. `None` if there is no API, if too many have failed, or if a parameter is invalid.
    pub(super) fn call_once<O: Operation>(&self, operation: O, now: Duration) -> Option<Box<Call<O>>> {
        let settings = self.settings();
        let api = settings.api.as_ref().filter(|_| settings.budget.allows(now))?;
        let once = api.options().retry(RetryPolicy::none());
        api.clone().with_options(once).call(operation).ok().map(Box::new)
    }

    pub(super) fn unix_time(&self, now: Duration) -> Duration {
        self.unix_start.saturating_add(now.saturating_sub(self.started.unwrap_or(now)))
    }
}

impl std::fmt::Debug for AuthenticateRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthenticateRequest").finish_non_exhaustive()
    }
}

pub(super) fn signed_out(reason: &'static str) -> Stage {
    Stage::Done(Ok(Outcome::signed_out(reason, None)))
}

pub(super) fn message(rejected: &Rejected, carrier: Carrier) -> String {
    format!("{} (reason={}, token-carrier={})", rejected.message(), rejected.reason(), carrier.as_str())
}

/// The values of these cookies.
pub(super) fn exposed(cookies: &[SetCookie]) -> Vec<String> {
    cookies.iter().map(|cookie| cookie.expose().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use clerk_sessions_core::call::{CallContext, Flow, Step};
    use clerk_sessions_core::{Api, CallOptions};

    use super::*;
    use crate::testing::{NOW, TestCrypto, rules, signer};

    #[test]
    fn a_nonce_is_redeemed_within_the_time_limits_of_the_client() {
        let limit = Duration::from_millis(700);
        let api = CallContext::new(Api::new("sk_test_1").unwrap());
        let builder = Authentication::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", rules()).pem(signer().pem());
        let builder = builder.api(api.with_options(CallOptions::new().attempt_timeout(limit)));
        let request = RequestView::new("GET", "https", "/p?__clerk_handshake_nonce=n")
            .header("host", "app.example.com")
            .header("sec-fetch-dest", "document");
        let mut flow = builder.build(TestCrypto).unwrap().browser(&request, NOW).unwrap();
        assert!(matches!(flow.step(Duration::ZERO), Step::Send { timeout, .. } if timeout == limit));
    }
}
