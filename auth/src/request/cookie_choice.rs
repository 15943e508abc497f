//! [`CookieChoice`]: which of two sets of cookies counts, those with the suffix of the instance or those without.

use std::borrow::Cow;
use std::time::Duration;

use clerk_sessions_core::UnixMillis;
use serde::Deserialize;
use serde_json::Value;

use super::cookies::{Cookies, leading_integer};
use super::session_token::SessionToken;
use super::settings::Settings;
use crate::claims::Claims;
use crate::verifier::Checks;

/// The cookies that count.
pub(super) struct CookieChoice {
    pub(super) uses_suffix: bool,
    pub(super) session: Option<SessionToken>,
    pub(super) client_uat: i64,
    pub(super) dev_browser: Option<String>,
}

/// The cookies of one set.
struct Set {
    session: Option<SessionToken>,
    /// The time of the last change of the client.
    uat: Option<String>,
    dev_browser: Option<String>,
}

impl Set {
    /// The cookies whose names end so. Nearly always, both sets have the same token: a `known` one is not taken apart again.
    fn of(cookies: &Cookies<'_>, end: &str, known: Option<&SessionToken>, checks: &Checks) -> Self {
        let get = |name: &str| cookies.get_with_end(name, end).map(Cow::into_owned);
        let session = |text: String| match known.filter(|known| known.text == text) {
            Some(known) => known.clone(),
            None => SessionToken::new(text, checks),
        };
        Self { session: get("__session").map(session), uat: get("__client_uat"), dev_browser: get("__clerk_db_jwt") }
    }

    /// Whether the cookies say that nobody is signed in.
    fn is_out(&self) -> bool {
        self.uat.as_deref() == Some("0")
    }

    fn claims(&self) -> Option<&Claims> {
        self.session.as_ref()?.claims()
    }

    fn issued_at(&self) -> i64 {
        self.claims().and_then(Claims::issued_at).map_or(0, UnixMillis::as_millis)
    }
}

impl CookieChoice {
    /// Chooses. The tokens are not verified: they decide only which cookie is read.
    pub(super) fn of(cookies: &Cookies<'_>, settings: &Settings, now: Duration) -> Self {
        let checks = settings.keys.checks();
        let plain = Set::of(cookies, "", None, checks);
        let suffixed = Set::of(cookies, &settings.cookie_end, plain.session.as_ref(), checks);
        let uses_suffix = uses_suffix(&plain, &suffixed, settings, now);
        let Set { session, uat, dev_browser } = if uses_suffix { suffixed } else { plain };
        Self { uses_suffix, session, client_uat: uat.as_deref().map_or(0, leading_integer), dev_browser }
    }
}

/// Whether the cookies with the suffix count.
fn uses_suffix(plain: &Set, suffixed: &Set, settings: &Settings, now: Duration) -> bool {
    if plain.session.is_some() {
        match plain.claims().map(Issuer::of) {
            None | Some(Issuer::None) => return false,
            Some(Issuer::Named(issuer)) if issuer == settings.key.frontend_api() => {}
            Some(_) => return true,
        }
    }
    if suffixed.uat.is_none() && suffixed.session.is_none() {
        return false;
    }
    if !suffixed.is_out() && !plain.is_out() && plain.issued_at() > suffixed.issued_at() {
        return false;
    }
    if suffixed.is_out() && !plain.is_out() {
        return false;
    }
    let is_expired = |claims: &Claims| {
        let expires_at = claims.expires_at().map(|time| i128::from(time.as_millis()));
        expires_at.is_some_and(|expires_at| expires_at <= i128::from(now.as_secs()) * 1000)
    };
    let is_development = !settings.key.is_production();
    if is_development && !suffixed.is_out() && plain.is_out() && suffixed.claims().is_some_and(is_expired) {
        return false;
    }
    suffixed.uat.is_some() || suffixed.session.is_none()
}

/// The issuer of a token, without its scheme.
enum Issuer<'c> {
    None,
    Named(&'c str),
    NotText,
}

impl<'c> Issuer<'c> {
    fn of(claims: &'c Claims) -> Self {
        #[derive(Deserialize)]
        struct Raw {
            #[serde(default)]
            iss: Value,
        }
        if let Some(issuer) = claims.issuer() {
            let host = issuer.strip_prefix("https://").or_else(|| issuer.strip_prefix("http://")).unwrap_or(issuer);
            return if issuer.is_empty() { Self::None } else { Self::Named(host) };
        }
        match claims.custom::<Raw>().map(|raw| raw.iss) {
            Err(_) | Ok(Value::Null | Value::Bool(false)) => Self::None,
            Ok(Value::Number(number)) if number.as_f64() == Some(0.0) => Self::None,
            Ok(_) => Self::NotText,
        }
    }
}
