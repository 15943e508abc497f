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

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use clerk_sessions_core::call::{Call, Flow, Step};
use clerk_sessions_core::http::Response;
use clerk_sessions_core::{
    BuildError, CallOptions, Error, RefreshSession, Refreshed, RetryPolicy, TokenFormat, TransportError,
};
use serde::Deserialize;

use super::context::Context;
use super::operations::{GetHandshakePayload, RefreshExpired};
use super::organization::OrganizationTarget as Target;
use super::outcome::Outcome;
use super::public_url::{Origin, with_parameters};
use super::settings::{Authentication, Settings};
use super::token_check::{Progress, Ready, TokenCheck};
use super::view::RequestView;
use crate::claims::Claims;
use crate::error::Rejected;
use crate::reason::Reason;
use crate::token::UnverifiedToken;
use crate::verifier::Verified;

/// The handshake after this many redirects in a row is not made.
const MOST_REDIRECTS: i64 = 3;

/// Authenticates one request. [`Authentication::browser`] and [`Authentication::api_request`] create it.
///
/// Its error is an outage: no keys can be had, and nobody knows who is asking. Respond with 503.
pub struct AuthenticateRequest {
    authentication: Authentication,
    context: Arc<Context>,
    entry: Entry,
    /// The time of day at the start of the flow.
    unix_start: Duration,
    /// The transport's time at the start of the flow.
    started: Option<Duration>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Api,
    Browser,
}

/// Where a session token was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carrier {
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

enum Stage {
    Start,
    /// Row B1: the nonce is exchanged.
    Exchange(Box<Call<GetHandshakePayload>>),
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
struct Failure(Rejected, Carrier);

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
            let reason = "is missing: pages for browsers need it, to exchange handshakes and refresh sessions";
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
    fn new(authentication: &Authentication, entry: Entry, request: &RequestView<'_>, unix_time: Duration) -> Self {
        Self {
            context: Arc::new(Context::of(authentication.settings(), request, unix_time)),
            authentication: authentication.clone(),
            entry,
            unix_start: unix_time,
            started: None,
            stage: Stage::Start,
        }
    }

    fn settings(&self) -> &Settings {
        self.authentication.settings()
    }

    fn is_production(&self) -> bool {
        self.settings().key.is_production()
    }

    fn unix_time(&self, now: Duration) -> Duration {
        self.unix_start + now.saturating_sub(self.started.unwrap_or(now))
    }

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
                return self.exchange(nonce, now);
            }
            if let Some(token) = &context.handshake_token {
                return Stage::HandshakeToken(TokenCheck::new(token.clone()));
            }
        }
        self.rows_c_to_g()
    }

    /// Rows A1 and G2, then the verification.
    fn check_session(&self, token: &str, carrier: Carrier) -> Stage {
        match UnverifiedToken::decode(token) {
            Ok(unverified) if !unverified.is_of_session() => signed_out("token-type-mismatch"),
            _ => Stage::Session(TokenCheck::new(token.to_owned()), carrier),
        }
    }

    /// Row B1.
    fn exchange(&self, nonce: &str, now: Duration) -> Stage {
        let settings = self.settings();
        let call = settings.api.as_ref().filter(|_| settings.budget.allows(now)).and_then(|api| {
            let once = CallOptions::new().retry(RetryPolicy::none());
            api.clone().with_options(once).call(GetHandshakePayload { nonce: nonce.to_owned() }).ok()
        });
        match call {
            Some(call) => Stage::Exchange(Box::new(call)),
            None => self.rows_b4_to_b5(Vec::new()),
        }
    }

    /// Rows B4 and B5, and the check for B6.
    fn rows_b4_to_b5(&self, directives: Vec<String>) -> Stage {
        match session_of(&directives) {
            Some(token) => Stage::HandshakeSession(TokenCheck::new(token), directives),
            None => {
                Stage::Done(Ok(self.with_handshake(Outcome::signed_out("session-token-missing", None), directives)))
            }
        }
    }

    /// Row B4: the headers and cookies of a handshake.
    fn with_handshake(&self, outcome: Outcome, directives: Vec<String>) -> Outcome {
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
    fn rows_b6_to_b8(&self, token: &str, ready: Ready, unix_time: Duration) -> Option<Verified> {
        let settings = self.settings();
        let key = match &ready {
            Ready::Found { key, .. } => Some(Arc::clone(key)),
            Ready::Cached(_) => None,
        };
        let verified = match ready.verify(token, settings.keys.checks(), unix_time) {
            Ok(verified) => verified,
            // Row B7: in development, the clock of the machine may be wrong.
            Err(rejected) if !self.is_production() && is_about_time(&rejected) => {
                let unsigned = settings.lenient.unsigned(token).ok()?;
                settings.lenient.signed(token, unsigned, &*key?, 0, unix_time).ok()?
            }
            Err(_) => return None,
        };
        is_session(token).then_some(verified)
    }

    fn rows_c_to_g(&self) -> Stage {
        let context = &self.context;
        let settings = self.settings();
        let (session, uat) = (context.session(), context.cookies.client_uat);
        let is_production = self.is_production();
        // Row C.
        if let Some(satellite) = settings.satellite.as_ref().filter(|_| context.is_get && context.is_document) {
            let synced = context.url.parameter("__clerk_synced");
            let synced = synced.as_deref();
            let is_empty = session.is_none() && uat == 0;
            if synced != Some("true") {
                // Row C1.
                if !satellite.syncs_always && is_empty && synced != Some("false") {
                    return signed_out("session-token-and-uat-missing");
                }
                // Row C2.
                if is_empty || synced == Some("false") {
                    let location = satellite.sign_in_url.as_ref().filter(|_| !is_production);
                    let location =
                        location.map(|url| with_parameters(url, &[("__clerk_redirect_url", &context.url.to_string())]));
                    return self.handshake("satellite-needs-syncing", None, location);
                }
            }
        }
        if !is_production {
            // Row D.
            let back = context.url.parameter("__clerk_redirect_url").filter(|url| !url.is_empty());
            if let Some(back) = back.filter(|_| settings.satellite.is_none()) {
                let mut parameters = vec![("__clerk_synced", "true")];
                parameters.splice(0..0, context.dev_browser.as_deref().map(|token| ("__clerk_db_jwt", token)));
                return match Origin::of_url(&back) {
                    Some(_) => {
                        let location = with_parameters(&back, &parameters);
                        self.handshake("primary-responds-to-syncing", None, Some(location))
                    }
                    None => Stage::Done(Err(Error::Build(BuildError::new(
                        "__clerk_redirect_url",
                        "is not an absolute URL of http or https",
                    )))),
                };
            }
            // Row E1.
            if context.url.parameter("__clerk_db_jwt").is_some() {
                return self.handshake("dev-browser-sync", None, None);
            }
            // Row E2.
            if context.dev_browser.is_none() {
                return self.handshake("dev-browser-missing", None, None);
            }
        }
        let token = match (session, uat) {
            // Row F1.
            (None, 0) => return signed_out("session-token-and-uat-missing"),
            // Row F2.
            (Some(_), 0) => return self.handshake("session-token-but-no-client-uat", None, None),
            // Row F3.
            (None, _) => return self.handshake("client-uat-but-no-session-token", None, None),
            (Some(token), _) => token,
        };
        match UnverifiedToken::decode(token) {
            // Row G1.
            Err(rejected) => {
                let message = message(&rejected, Carrier::Cookie);
                Stage::Done(Ok(Outcome::signed_out(rejected.reason().as_str(), Some(message))))
            }
            // Row G2.
            Ok(unverified) if !unverified.is_of_session() => signed_out("token-type-mismatch"),
            // Row G3.
            Ok(unverified) if is_older(unverified.claims(), uat) => {
                self.handshake("session-token-iat-before-client-uat", None, None)
            }
            // Row G4.
            Ok(_) => Stage::Session(TokenCheck::new(token.to_owned()), Carrier::Cookie),
        }
    }

    /// Rows H to J, for a session token of a cookie that was verified.
    fn rows_h_to_j(&self, verified: Verified, token: String) -> Stage {
        let context = &self.context;
        let is_primary = self.settings().satellite.is_none();
        // Row H.
        let is_visit = is_primary && context.is_get && context.is_document && context.redirects == 0;
        if is_visit && context.is_from_foreign_site {
            return self.handshake("primary-domain-cross-origin-sync", None, None);
        }
        // Row I.
        if let (Verified::SignedIn(claims), Some(target)) = (&verified, &context.target) {
            let may_redirect = context.is_eligible && context.redirects < MOST_REDIRECTS;
            if may_redirect && !is_active(claims, target) {
                return self.handshake("active-organization-mismatch", None, None);
            }
        }
        // Row J.
        Stage::Done(Ok(Outcome::verified(verified, token)))
    }

    /// The outcome for a session token that was rejected.
    fn rejected(&self, rejected: Rejected, carrier: Carrier, now: Duration) -> Stage {
        let told = Some(message(&rejected, carrier));
        if self.entry == Entry::Api {
            return Stage::Done(Ok(Outcome::signed_out(rejected.reason().as_str(), told)));
        }
        match rejected.reason() {
            Reason::TokenExpired => self.refresh(Failure(rejected, carrier), now),
            Reason::TokenNotActiveYet => self.handshake("session-token-nbf", told, None),
            Reason::TokenIatInTheFuture => self.handshake("session-token-iat-in-the-future", told, None),
            reason => Stage::Done(Ok(Outcome::signed_out(reason.as_str(), told))),
        }
    }

    /// Begins to refresh an expired session, if the browser has what it takes.
    fn refresh(&self, failure: Failure, now: Duration) -> Stage {
        let context = &self.context;
        if !context.is_get {
            return self.not_refreshed("non-eligible-non-get", &failure);
        }
        let Some(refresh_token) = &context.refresh_token else {
            return self.not_refreshed("non-eligible-no-refresh-cookie", &failure);
        };
        let expired = self.expired_token().unwrap_or_default();
        let session_id = match UnverifiedToken::decode(expired) {
            Err(_) => return self.not_refreshed("expired-session-token-decode-failed", &failure),
            Ok(token) => token.claims().session_id().map(str::to_owned),
        };
        let Some(session_id) = session_id else {
            return self.not_refreshed("expired-session-token-missing-sid-claim", &failure);
        };
        let origin = context.url.origin.as_str();
        let mut refresh =
            RefreshSession::new(session_id, expired, refresh_token.as_str(), origin).format(TokenFormat::Cookie);
        for (name, value) in &context.headers {
            refresh = refresh.request_header(name, value);
        }
        if context.cookies.uses_suffix {
            refresh = refresh.suffixed_cookies(true);
        }
        let settings = self.settings();
        let call = settings.api.as_ref().filter(|_| settings.budget.allows(now)).and_then(|api| {
            let once = CallOptions::new().retry(RetryPolicy::none());
            api.clone().with_options(once).call(RefreshExpired(refresh)).ok()
        });
        match call {
            Some(call) => Stage::Refresh(Box::new(call), failure),
            None => self.not_refreshed("fetch-error", &failure),
        }
    }

    /// The outcome after a refresh that was not made or failed.
    fn not_refreshed(&self, error: &str, Failure(rejected, carrier): &Failure) -> Stage {
        let reason = format!("session-token-expired-refresh-{error}");
        self.handshake(reason, Some(message(rejected, *carrier)), None)
    }

    /// The session token out of the response of a refresh.
    fn refreshed(&self, response: Result<Refreshed, Error>, failure: Failure) -> Stage {
        if response.is_err() {
            self.settings().budget.spend();
        }
        match response {
            Err(error) => self.not_refreshed(&refresh_error(&error), &failure),
            Ok(refreshed) => {
                let cookies: Vec<String> =
                    refreshed.cookies().iter().map(|cookie| cookie.expose().to_owned()).collect();
                match session_of(&cookies) {
                    _ if cookies.is_empty() => self.not_refreshed("unexpected-sdk-error", &failure),
                    Some(token) => Stage::Refreshed(TokenCheck::new(token), cookies, failure),
                    None => self.not_refreshed("invalid-session-token", &failure),
                }
            }
        }
    }

    /// Whether a token out of a refresh is of the user whose session was refreshed. Another one would be a mixed-up response.
    fn is_of_same_user(&self, verified: &Verified) -> bool {
        let expired = self.expired_token().and_then(|token| UnverifiedToken::decode(token).ok());
        expired.is_some_and(|expired| expired.claims().user_id() == verified.claims_even_if_pending().user_id())
    }

    /// The token that a refresh is for.
    fn expired_token(&self) -> Option<&str> {
        self.context.session().or(self.context.bearer.as_deref())
    }

    /// A redirect to Clerk, if this request may be redirected. `location` is the place, if it is not the handshake endpoint.
    fn handshake(&self, reason: impl Into<Cow<'static, str>>, told: Option<String>, location: Option<String>) -> Stage {
        let (context, reason) = (&self.context, reason.into());
        if !context.is_eligible || context.redirects >= MOST_REDIRECTS {
            return Stage::Done(Ok(Outcome::signed_out(reason, told)));
        }
        let location = location.unwrap_or_else(|| self.handshake_url(&reason));
        let count =
            format!("__clerk_redirect_count={}; SameSite=Lax; HttpOnly; Max-Age=2", context.redirects.max(0) + 1);
        Stage::Done(Ok(Outcome::handshake(reason, told, location).with_cookies([count])))
    }

    /// The handshake endpoint with everything that Clerk needs to know.
    fn handshake_url(&self, reason: &str) -> String {
        let context = &self.context;
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("redirect_url", &context.url.without(&["__clerk_db_jwt", "__dev_session"]));
        query.append_pair("__clerk_api_version", clerk_sessions_core::Api::DEFAULT_VERSION);
        query.append_pair("suffixed_cookies", if context.cookies.uses_suffix { "true" } else { "false" });
        query.append_pair("__clerk_hs_reason", reason);
        query.append_pair("format", "nonce");
        if let Some(token) = self.expired_token() {
            query.append_pair("__session", token);
        }
        if let Some(token) = context.dev_browser.as_deref().filter(|_| !self.is_production()) {
            query.append_pair("__clerk_db_jwt", token);
        }
        match &context.target {
            Some(Target::Id(organization) | Target::Slug(organization)) => {
                query.append_pair("organization_id", organization);
            }
            Some(Target::Personal) => {
                query.append_pair("organization_id", "");
            }
            None => {}
        }
        format!("{}/v1/client/handshake?{}", context.frontend.base, query.finish())
    }

    /// Runs a stage. Returns the next stage, and what it needs first, if it needs anything.
    fn run(&self, stage: Stage, now: Duration) -> (Stage, Option<Step>) {
        let keys = &self.settings().keys;
        let unix_time = self.unix_time(now);
        let next = match stage {
            Stage::Start => self.begin(now),
            Stage::Done(result) => return (Stage::Done(result), Some(Step::Done)),
            Stage::Exchange(mut call) => match call.step(now) {
                Step::Done => match call.finish() {
                    Ok(payload) => {
                        self.rows_b4_to_b5(payload.directives.iter().map(|cookie| cookie.expose().to_owned()).collect())
                    }
                    Err(_) => {
                        self.settings().budget.spend();
                        self.rows_b4_to_b5(Vec::new())
                    }
                },
                step => return (Stage::Exchange(call), Some(step)),
            },
            Stage::Refresh(mut call, failure) => match call.step(now) {
                Step::Done => self.refreshed(call.finish(), failure),
                step => return (Stage::Refresh(call, failure), Some(step)),
            },
            Stage::HandshakeToken(mut check) => match check.step(keys, now, unix_time) {
                Progress::Next(step) => return (Stage::HandshakeToken(check), Some(step)),
                Progress::Unavailable(error) => Stage::Done(Err(error)),
                Progress::Rejected(rejected) => self.row_b2(&rejected),
                Progress::Ready(ready) => match ready.check_signature(&check.token) {
                    Err(rejected) => self.row_b2(&rejected),
                    // Its category is checked, too: other tokens are signed by the same key.
                    Ok(_) if !is_session(&check.token) => self.rows_c_to_g(),
                    Ok(claims) => self.rows_b4_to_b5(directives_of(&claims)),
                },
            },
            Stage::HandshakeSession(mut check, directives) => match check.step(keys, now, unix_time) {
                Progress::Next(step) => return (Stage::HandshakeSession(check, directives), Some(step)),
                Progress::Unavailable(error) => Stage::Done(Err(error)),
                Progress::Rejected(_) => self.rows_c_to_g(),
                Progress::Ready(ready) => match self.rows_b6_to_b8(&check.token, ready, unix_time) {
                    Some(verified) => {
                        let outcome = Outcome::verified(verified, check.token);
                        Stage::Done(Ok(self.with_handshake(outcome, directives)))
                    }
                    None => self.rows_c_to_g(),
                },
            },
            Stage::Session(mut check, carrier) => match check.step(keys, now, unix_time) {
                Progress::Next(step) => return (Stage::Session(check, carrier), Some(step)),
                Progress::Unavailable(error) => Stage::Done(Err(error)),
                Progress::Rejected(rejected) => self.rejected(rejected, carrier, now),
                Progress::Ready(ready) => match ready.verify(&check.token, keys.checks(), unix_time) {
                    Err(rejected) => self.rejected(rejected, carrier, now),
                    Ok(verified) if carrier == Carrier::Cookie && self.entry == Entry::Browser => {
                        self.rows_h_to_j(verified, check.token)
                    }
                    Ok(verified) => Stage::Done(Ok(Outcome::verified(verified, check.token))),
                },
            },
            Stage::Refreshed(mut check, cookies, failure) => match check.step(keys, now, unix_time) {
                Progress::Next(step) => return (Stage::Refreshed(check, cookies, failure), Some(step)),
                Progress::Unavailable(error) => Stage::Done(Err(error)),
                Progress::Rejected(_) => self.not_refreshed("invalid-session-token", &failure),
                Progress::Ready(ready) => match ready.verify(&check.token, keys.checks(), unix_time) {
                    Ok(verified) if is_session(&check.token) && self.is_of_same_user(&verified) => {
                        Stage::Done(Ok(Outcome::verified(verified, check.token).with_cookies(cookies)))
                    }
                    _ => self.not_refreshed("invalid-session-token", &failure),
                },
            },
        };
        (next, None)
    }

    /// Row B2 with a handshake token that is not Clerk's: an error in development, as it stops a loop; row B3 in production.
    fn row_b2(&self, rejected: &Rejected) -> Stage {
        if self.is_production() {
            return self.rows_c_to_g();
        }
        let reason = format!("can't be verified: {rejected}; were the keys of the instance changed?");
        Stage::Done(Err(Error::Build(BuildError::new("__clerk_handshake", reason))))
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
            Stage::Exchange(call) => call.on_response(response, now),
            Stage::Refresh(call, _) => call.on_response(response, now),
            Stage::HandshakeToken(check)
            | Stage::HandshakeSession(check, _)
            | Stage::Session(check, _)
            | Stage::Refreshed(check, ..) => check.find().on_response(response, now),
            Stage::Start | Stage::Done(_) => {}
        }
    }

    fn on_failure(&mut self, error: TransportError, now: Duration) {
        match &mut self.stage {
            Stage::Exchange(call) => call.on_failure(error, now),
            Stage::Refresh(call, _) => call.on_failure(error, now),
            Stage::HandshakeToken(check)
            | Stage::HandshakeSession(check, _)
            | Stage::Session(check, _)
            | Stage::Refreshed(check, ..) => check.find().on_failure(error, now),
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

impl std::fmt::Debug for AuthenticateRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthenticateRequest").finish_non_exhaustive()
    }
}

fn signed_out(reason: &'static str) -> Stage {
    Stage::Done(Ok(Outcome::signed_out(reason, None)))
}

fn message(rejected: &Rejected, carrier: Carrier) -> String {
    format!("{} (reason={}, token-carrier={})", rejected.message(), rejected.reason(), carrier.as_str())
}

fn is_about_time(rejected: &Rejected) -> bool {
    matches!(rejected.reason(), Reason::TokenExpired | Reason::TokenNotActiveYet | Reason::TokenIatInTheFuture)
}

fn is_session(token: &str) -> bool {
    UnverifiedToken::decode(token).is_ok_and(|token| token.is_of_session())
}

/// Whether the token was made before the last change of the client, in seconds.
fn is_older(claims: &Claims, uat: i64) -> bool {
    claims.issued_at().is_some_and(|time| i128::from(time.as_millis()) < i128::from(uat) * 1000)
}

/// Whether the organization that a path asks for is the active one.
fn is_active(claims: &Claims, target: &Target) -> bool {
    let organization = claims.organization();
    match (target, &organization) {
        (Target::Personal, organization) => organization.is_none(),
        (_, None) => false,
        (Target::Id(id), Some(organization)) => organization.id == *id,
        (Target::Slug(slug), Some(organization)) => organization.slug.as_deref() == Some(slug),
    }
}

/// The session token in the last directive that sets one.
fn session_of(directives: &[String]) -> Option<String> {
    let session = directives.iter().rev().find(|directive| directive.starts_with("__session"))?;
    let (_, value) = session.split(';').next()?.split_once('=')?;
    Some(value.to_owned()).filter(|value| !value.is_empty())
}

/// The directives in a handshake token.
fn directives_of(claims: &Claims) -> Vec<String> {
    #[derive(Deserialize)]
    struct Handshake {
        handshake: Vec<String>,
    }
    claims.custom::<Handshake>().map_or_else(|_| Vec::new(), |payload| payload.handshake)
}

/// Why a refresh failed, in the words of Clerk's own libraries.
fn refresh_error(error: &Error) -> String {
    match error {
        Error::Api(_) | Error::Decode(_) => {
            let is_json =
                error.body().is_some_and(|body| serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok());
            let is_json_type = error.response().is_some_and(|response| {
                let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
                content_type.is_some_and(|value| value.starts_with("application/json"))
            });
            match error.code() {
                Some("unexpected_error") => "fetch-error",
                Some(code) => code,
                None if is_json_type && !is_json => "fetch-error",
                None if matches!(error, Error::Decode(_)) => "unexpected-sdk-error",
                None => "unexpected-bapi-error",
            }
            .to_owned()
        }
        _ => "fetch-error".to_owned(),
    }
}
