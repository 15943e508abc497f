//! [`CookieChoice`]: which of two sets of cookies counts, those with the suffix of the instance or those without.

use std::time::Duration;

use clerk_sessions_core::UnixMillis;
use serde::Deserialize;
use serde_json::Value;

use super::cookies::{Cookies, leading_integer};
use crate::claims::Claims;
use crate::token::UnverifiedToken;

/// The cookies that count.
#[derive(Debug)]
pub(crate) struct CookieChoice {
    pub(crate) uses_suffix: bool,
    pub(crate) session: Option<String>,
    pub(crate) client_uat: i64,
    pub(crate) dev_browser: Option<String>,
}

impl CookieChoice {
    /// Chooses. The tokens are not verified: they decide only which cookie is read.
    pub(crate) fn of(cookies: &Cookies, suffix: &str, frontend_api: &str, is_production: bool, now: Duration) -> Self {
        let suffixed = |name: &str| cookies.get(&format!("{name}_{suffix}"));
        let uses_suffix = uses_suffix(
            (cookies.get("__session"), cookies.get("__client_uat")),
            (suffixed("__session"), suffixed("__client_uat")),
            frontend_api,
            is_production,
            now,
        );
        let get = |name: &str| if uses_suffix { suffixed(name) } else { cookies.get(name) };
        Self {
            uses_suffix,
            session: get("__session").map(str::to_owned),
            client_uat: get("__client_uat").map_or(0, leading_integer),
            dev_browser: get("__clerk_db_jwt").map(str::to_owned),
        }
    }
}

/// Whether the cookies with the suffix count. Each set is the session token and the time of the last change of the client.
fn uses_suffix(
    (session, uat): (Option<&str>, Option<&str>),
    (suffixed_session, suffixed_uat): (Option<&str>, Option<&str>),
    frontend_api: &str,
    is_production: bool,
    now: Duration,
) -> bool {
    let claims = |token: Option<&str>| {
        token.and_then(|token| UnverifiedToken::decode(token).ok()).map(|token| token.claims().clone())
    };
    let plain = claims(session);
    if session.is_some() {
        match plain.as_ref().map(Issuer::of) {
            None | Some(Issuer::None) => return false,
            Some(Issuer::Named(issuer)) if issuer == frontend_api => {}
            Some(_) => return true,
        }
    }
    if suffixed_uat.is_none() && suffixed_session.is_none() {
        return false;
    }
    let suffixed = claims(suffixed_session);
    let issued_at =
        |claims: &Option<Claims>| claims.as_ref().and_then(Claims::issued_at).map_or(0, UnixMillis::as_millis);
    let (is_out, suffixed_is_out) = (uat == Some("0"), suffixed_uat == Some("0"));
    if !suffixed_is_out && !is_out && issued_at(&plain) > issued_at(&suffixed) {
        return false;
    }
    if suffixed_is_out && !is_out {
        return false;
    }
    let is_expired = |claims: &Claims| {
        let expires_at = claims.expires_at().map(|time| i128::from(time.as_millis()));
        expires_at.is_some_and(|expires_at| expires_at <= i128::from(now.as_secs()) * 1000)
    };
    if !is_production && !suffixed_is_out && is_out && suffixed.as_ref().is_some_and(is_expired) {
        return false;
    }
    suffixed_uat.is_some() || suffixed_session.is_none()
}

/// The issuer of a token, without its scheme.
enum Issuer {
    None,
    Named(String),
    NotText,
}

impl Issuer {
    fn of(claims: &Claims) -> Self {
        #[derive(Deserialize)]
        struct Raw {
            #[serde(default)]
            iss: Value,
        }
        if let Some(issuer) = claims.issuer() {
            let host = issuer.strip_prefix("https://").or_else(|| issuer.strip_prefix("http://")).unwrap_or(issuer);
            return if issuer.is_empty() { Self::None } else { Self::Named(host.to_owned()) };
        }
        match claims.custom::<Raw>().map(|raw| raw.iss) {
            Err(_) | Ok(Value::Null | Value::Bool(false)) => Self::None,
            Ok(Value::Number(number)) if number.as_f64() == Some(0.0) => Self::None,
            Ok(_) => Self::NotText,
        }
    }
}
