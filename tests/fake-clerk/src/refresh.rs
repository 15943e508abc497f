//! Refreshing a session, and the tokens that a browser sends for it.

use http::Uri;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::claims::session_claims;
use super::errors::{self, Problem};
use super::frontend::{self, CookieNames, Cookies, Style};
use super::jwt::Category;
use super::request::{Fields, Query};
use super::state::{Redeemed, State};
use super::tokens::{self, seconds};
use super::{publishable_key, session};

/// The parameters of a refresh.
const FIELDS: [&str; 6] =
    ["expired_token", "refresh_token", "request_origin", "request_headers", "format", "request_originating_ip"];

/// The tokens that a browser sends to refresh a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Handshake {
    /// A correctly signed session token that expired a minute ago.
    pub expired_token: String,
    /// A new refresh token, which can be used once.
    pub refresh_token: String,
}

/// Creates the tokens of a browser at `origin`, if the session exists.
pub(super) fn handshake(state: &mut State, session_id: &str, origin: &str, now: i64) -> Option<Handshake> {
    let issued_at = seconds(now).saturating_sub(2 * tokens::LIFE);
    Some(Handshake {
        expired_token: token_for_browser(state, session_id, origin, now, issued_at, tokens::LIFE)?,
        refresh_token: state.issue_refresh_token(session_id),
    })
}

/// `POST /sessions/{id}/refresh`.
pub(super) fn refresh(state: &mut State, id: &str, fields: &Fields, query: &Query, now: i64) -> Result<Value, Problem> {
    fields.only(&FIELDS)?;
    let expired_token = fields.required_text("expired_token")?;
    let refresh_token = fields.required_text("refresh_token")?;
    let origin = fields.required_text("request_origin")?;
    fields.text("request_originating_ip")?;
    check_headers(fields)?;
    let wants_cookies = match fields.text("format")? {
        None | Some("token") => false,
        Some("cookie") => true,
        Some(_) => {
            return Err(errors::PARAM_VALUE_INVALID.about("format", "must be token or cookie"));
        }
    };
    let suffixed = query.flag("suffixed_cookies")?;

    check_token(state, id, expired_token, origin, now)?;
    match state.redeem(refresh_token, id) {
        Redeemed::Now => {}
        Redeemed::Never => {
            return Err(errors::REFRESH_NOT_FOUND.because("No such refresh token was issued for this session."));
        }
        Redeemed::Before => {
            return Err(errors::CONSUMED.because("The refresh token has already been used."));
        }
    }
    let session = state.session(id)?;
    if !state.has_user(&session.user_id) {
        return Err(errors::USER_NOT_FOUND.because("The user of this session does not exist."));
    }

    let client_uat = state.client_uat(&session.client_id).unwrap_or(seconds(session.created_at));
    let life = state.seed.frontend.token_life_s.into();
    let jwt = token_for_browser(state, id, origin, now, seconds(now), life).unwrap_or_default();
    if !wants_cookies {
        return Ok(json!({ "object": "token", "jwt": jwt }));
    }
    let refresh = state.seed.frontend.refresh_cookie.then(|| state.issue_refresh_token(id));
    let cookies = Cookies { session: Some(jwt), client_uat, refresh, dev_browser: None, ends_handshake: false };
    let host = origin.split_once("://").map_or("", |(_, rest)| rest.split(':').next().unwrap_or_default());
    let domain = &state.seed.frontend.domain;
    let style = Style {
        names: if suffixed { CookieNames::Suffixed } else { CookieNames::Plain },
        suffix: &publishable_key::cookie_suffix(&state.seed),
        domain: Some(domain.as_str()).filter(|domain| frontend::covers(domain, host)),
        same_site_none: state.seed.frontend.same_site_none,
    };
    Ok(json!({ "object": "cookies", "cookies": cookies.directives(style) }))
}

/// Refuses an expired token that belongs to another session or origin, or is too old.
fn check_token(state: &State, id: &str, token: &str, origin: &str, now: i64) -> Result<(), Problem> {
    if !is_origin(origin) {
        return Err(errors::ORIGIN_INVALID.because("The request_origin must be an http or https origin."));
    }
    let (category, claims) = state
        .signer()
        .verify(token)
        .ok_or_else(|| errors::TOKEN_INVALID.because("The expired_token was not issued by this instance."))?;
    if category != Category::Session {
        return Err(errors::INELIGIBLE.because("The token was created from a template."));
    }

    let azp = text(&claims, "azp").ok_or_else(|| errors::MISSING_AZP.because("The token has no azp claim."))?;
    if azp != origin {
        return Err(errors::AZP_MISMATCH.because("The token was issued for another origin."));
    }
    let sid = text(&claims, "sid").ok_or_else(|| errors::MISSING_SID.because("The token has no sid claim."))?;
    if sid != id {
        return Err(errors::SID_MISMATCH.because("The token belongs to another session."));
    }

    let session =
        state.sessions.get(id).ok_or_else(|| errors::SESSION_NOT_FOUND.because("There is no such session."))?;
    if session.status(now) != "active" {
        return Err(errors::INACTIVE_SESSION.because("The session is not active."));
    }

    let issued_at = match claims.get("iat") {
        None | Some(Value::Null) => {
            return Err(errors::MISSING_IAT.because("The token has no iat claim."));
        }
        Some(value) => value.as_i64(),
    };
    let age = issued_at
        .map(|issued_at| seconds(now).saturating_sub(issued_at))
        .filter(|&age| age >= 0)
        .ok_or_else(|| errors::AGE_UNKNOWN.because("The iat claim is not a time in the past."))?;
    if age > session::LIFE / 1000 {
        return Err(errors::TOO_OLD.because("The token is older than the lifetime of a session."));
    }
    Ok(())
}

fn check_headers(fields: &Fields) -> Result<(), Problem> {
    let is_list = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
    let good = fields
        .get("request_headers")
        .is_none_or(|headers| headers.as_object().is_some_and(|map| map.values().all(is_list)));
    if good {
        Ok(())
    } else {
        Err(errors::PARAM_FORMAT_INVALID
            .about("request_headers", "must be an object of header names and lists of strings"))
    }
}

/// A session token for a page at `origin`, with a lifetime in seconds.
pub(super) fn token_for_browser(
    state: &mut State,
    session_id: &str,
    origin: &str,
    now: i64,
    issued_at: i64,
    life: i64,
) -> Option<String> {
    let jti = state.new_token_id();
    let session = state.sessions.get(session_id)?;
    let mut claims = session_claims(&state.seed, session, jti, now, issued_at, life);
    claims["azp"] = origin.into();
    Some(state.signer().sign(&claims, Category::Session))
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name)?.as_str()
}

/// Whether the text is an origin as browsers send it: a scheme and a host, without a path or a trailing slash.
fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        ["http", "https"].contains(&scheme) && !rest.contains(['/', '\\', '?', '#', '@']) && text.parse::<Uri>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::super::Seed;
    use super::super::testing::{Client, NOW, claims_of};
    use super::*;

    const ORIGIN: &str = "https://app.example.com";
    const PATH: &str = "/v1/sessions/sess_demo_active/refresh";

    fn body(handshake: &Handshake, more: &str) -> String {
        format!(
            r#"{{"expired_token":"{}","refresh_token":"{}","request_origin":"{ORIGIN}"{more}}}"#,
            handshake.expired_token, handshake.refresh_token
        )
    }

    #[test]
    fn a_refresh_token_can_be_used_once() {
        let mut client = Client::demo();
        let handshake = client.handshake("sess_demo_active", ORIGIN);
        let first = client.post(PATH, &body(&handshake, ""));
        assert_eq!((first.status, &first.json["object"]), (200, &json!("token")));
        let claims = claims_of(first.json["jwt"].as_str().unwrap());
        assert_eq!(claims["azp"], ORIGIN);
        assert_eq!(claims["iat"], NOW / 1000);

        let second = client.post(PATH, &body(&handshake, ""));
        assert_eq!(second.status, 401);
        assert_eq!(second.code(), "session_refresh_expired_session_token_consumed");
    }

    #[test]
    fn the_cookies_carry_the_next_refresh_token() {
        let mut client = Client::demo();
        let mut handshake = client.handshake("sess_demo_active", ORIGIN);
        let suffix = publishable_key::cookie_suffix(&Seed::demo());
        let suffixed = format!("__session_{suffix}=");
        for (query, session) in
            [("", "__session="), ("?suffixed_cookies=true", &*suffixed), ("?suffixed_cookies=false", "__session=")]
        {
            let more = r#","format":"cookie","request_headers":{"a":["b"]}"#;
            let response = client.post(&format!("{PATH}{query}"), &body(&handshake, more));
            assert_eq!(response.status, 200);
            assert_eq!(response.json["object"], "cookies");
            let cookie = |index: usize| response.json["cookies"][index].as_str().unwrap();
            assert!(cookie(0).starts_with(session));
            assert!(cookie(1).starts_with("__client_uat"));
            let next = cookie(2).strip_prefix(&format!("__refresh_{suffix}=")).unwrap();
            handshake.refresh_token = next.split(';').next().unwrap().to_owned();
        }
    }

    #[test]
    fn a_refresh_token_of_another_session_is_not_found() {
        let mut client = Client::demo();
        let mut handshake = client.handshake("sess_demo_active", ORIGIN);
        let other = client.handshake("sess_demo_impersonated", ORIGIN);
        handshake.refresh_token = other.refresh_token;
        let response = client.post(PATH, &body(&handshake, ""));
        assert_eq!(response.code(), "refresh_token_not_found");
    }

    #[test]
    fn an_origin_has_a_scheme_and_a_host_only() {
        for good in ["http://localhost:3000", "https://example.com", "http://[::1]:80"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in ["", "null", "example.com", "ftp://a", "https://", "https://a/", "https://a?b", "https://u@a"] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
