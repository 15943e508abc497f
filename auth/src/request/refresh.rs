//! What follows a session token that was rejected: a refresh, if it has expired.

use std::time::Duration;

use clerk_sessions_core::{Error, RefreshSession, Refreshed, TokenFormat};

use super::operations::RefreshExpired;
use super::outcome::Outcome;
use super::rows_b::session_of;
use super::session_token::SessionToken;
use super::stage::{AuthenticateRequest, Carrier, Entry, Failure, Stage, exposed, message};
use crate::error::Rejected;
use crate::reason::Reason;
use crate::verifier::Verified;

impl AuthenticateRequest {
    /// The outcome for a session token that was rejected.
    pub(super) fn rejected(&self, rejected: Rejected, carrier: Carrier, now: Duration) -> Stage {
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
    pub(super) fn refresh(&self, failure: Failure, now: Duration) -> Stage {
        let context = &self.context;
        if !context.is_get {
            return self.not_refreshed("non-eligible-non-get", &failure);
        }
        let Some(refresh_token) = &context.refresh_token else {
            return self.not_refreshed("non-eligible-no-refresh-cookie", &failure);
        };
        let Some((expired, claims)) = self.expired_token().and_then(|token| Some((token, token.claims()?))) else {
            return self.not_refreshed("expired-session-token-decode-failed", &failure);
        };
        let Some(session_id) = claims.session_id() else {
            return self.not_refreshed("expired-session-token-missing-sid-claim", &failure);
        };
        let origin = context.url.origin.as_str();
        let mut refresh =
            RefreshSession::new(session_id, &*expired.text, refresh_token.as_str(), origin).format(TokenFormat::Cookie);
        for (name, value) in &context.headers {
            refresh = refresh.request_header(name, value);
        }
        if context.cookies.uses_suffix {
            refresh = refresh.suffixed_cookies(true);
        }
        match self.call_once(RefreshExpired(refresh), now) {
            Some(call) => Stage::Refresh(call, failure),
            None => self.not_refreshed("fetch-error", &failure),
        }
    }

    /// The outcome after a refresh that was not made or failed.
    pub(super) fn not_refreshed(&self, error: &str, Failure(rejected, carrier): &Failure) -> Stage {
        let reason = format!("session-token-expired-refresh-{error}");
        self.handshake(reason, Some(message(rejected, *carrier)), None)
    }

    /// The session token out of the response of a refresh.
    pub(super) fn refreshed(&self, response: Result<Refreshed, Error>, failure: Failure) -> Stage {
        if response.is_err() {
            self.settings().budget.spend();
        }
        match response {
            Err(error) => self.not_refreshed(&refresh_error(&error), &failure),
            Ok(refreshed) => {
                let cookies = exposed(refreshed.cookies());
                match session_of(&cookies) {
                    _ if cookies.is_empty() => self.not_refreshed("unexpected-sdk-error", &failure),
                    Some(token) => Stage::Refreshed(self.check(token), cookies, failure),
                    None => self.not_refreshed("invalid-session-token", &failure),
                }
            }
        }
    }

    /// Whether a token out of a refresh is of the user whose session was refreshed. Another one would be a mixed-up response.
    pub(super) fn is_of_same_user(&self, verified: &Verified) -> bool {
        let expired = self.expired_token().and_then(SessionToken::claims);
        expired.is_some_and(|expired| expired.user_id() == verified.claims_even_if_pending().user_id())
    }

    /// The token that a refresh is for.
    pub(super) fn expired_token(&self) -> Option<&SessionToken> {
        self.context.session().or(self.context.bearer.as_ref())
    }
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
