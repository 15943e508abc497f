//! [`Context`]: what a request says, before any token is verified.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::cookie_choice::CookieChoice;
use super::cookies::{Cookies, leading_integer};
use super::organization::OrganizationTarget as Target;
use super::public_url::{Origin, PublicUrl};
use super::referrer;
use super::session_token::SessionToken;
use super::settings::{FrontendApi, Settings};
use super::view::RequestView;

/// What a request says, before any token is verified.
pub(super) struct Context {
    pub(super) url: PublicUrl,
    pub(super) frontend: Arc<FrontendApi>,
    pub(super) cookies: CookieChoice,
    pub(super) is_get: bool,
    /// Whether a browser opens a page: `sec-fetch-dest` is `document`.
    pub(super) is_document: bool,
    /// Whether the response may be a redirect to Clerk.
    pub(super) is_eligible: bool,
    pub(super) bearer: Option<SessionToken>,
    pub(super) handshake_nonce: Option<String>,
    pub(super) handshake_token: Option<String>,
    pub(super) dev_browser: Option<String>,
    pub(super) refresh_token: Option<String>,
    pub(super) redirects: i64,
    pub(super) is_from_foreign_site: bool,
    /// The header `Origin`.
    pub(super) origin: Option<Origin>,
    pub(super) target: Option<Target>,
    /// All headers, if there is a refresh token: a refresh sends them to Clerk.
    pub(super) headers: Vec<(String, String)>,
}

impl Context {
    pub(super) fn of(settings: &Settings, request: &RequestView<'_>, now: Duration) -> Self {
        let known_url = PublicUrl::of(request, settings.trusts_forwarded);
        let has_url = known_url.is_some();
        // Without a valid host, there is nothing to redirect back to: such a request is not eligible.
        let url = known_url.unwrap_or_else(PublicUrl::unknown);
        let frontend = FrontendApi::of(settings, &url.origin);
        let all = Cookies::of(request);
        let cookies = CookieChoice::of(&all, settings, now);
        let parameter = |name: &str| url.parameter(name).filter(|value| !value.is_empty());
        let first = |name: &str| parameter(name).or_else(|| all.get(name).map(Cow::into_owned));
        let dest = request.get("sec-fetch-dest");
        let accepts_html = || request.get("accept").is_some_and(|accept| accept.starts_with("text/html"));
        let is_page = dest.map_or_else(accepts_html, |dest| matches!(dest, "document" | "iframe"));
        let refresh_token = all.get_with_end("__refresh", &settings.cookie_end).map(Cow::into_owned);
        let copied_headers = || request.headers().map(|(name, value)| (name, value.to_owned())).collect();
        Self {
            is_get: request.is_get(),
            is_document: dest == Some("document"),
            is_eligible: request.is_get() && is_page && has_url,
            bearer: bearer(request).map(|token| SessionToken::new(token, settings.keys.checks())),
            handshake_nonce: first("__clerk_handshake_nonce"),
            handshake_token: first("__clerk_handshake"),
            dev_browser: parameter("__clerk_db_jwt").or_else(|| cookies.dev_browser.clone()),
            headers: refresh_token.as_ref().map_or_else(Vec::new, |_| copied_headers()),
            refresh_token,
            redirects: all.get("__clerk_redirect_count").map_or(0, |count| leading_integer(&count)),
            is_from_foreign_site: has_url
                && request
                    .get("referer")
                    .is_some_and(|referrer| referrer::is_foreign(referrer, &url.origin, &frontend)),
            origin: request.get("origin").and_then(Origin::of_url),
            target: settings.patterns.target(&url.path),
            url,
            frontend,
            cookies,
        }
    }

    /// The session token of the cookies that count.
    pub(super) fn session(&self) -> Option<&SessionToken> {
        self.cookies.session.as_ref()
    }
}

/// The token in the header `Authorization`, which may be empty. A value without a scheme is one, too; other schemes are ignored.
fn bearer<'r>(request: &'r RequestView<'_>) -> Option<&'r str> {
    let value = request.get("authorization")?;
    match value.split_once(' ') {
        None => Some(value),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.split(' ').next(),
        Some(_) => None,
    }
}
