//! The handshake: it gives a browser's cookies to the app that has sent the browser here.

use http::{Request, Response, StatusCode};
use serde_json::json;

use super::super::errors::{self, Problem};
use super::super::request::Query;
use super::super::seed::Seed;
use super::super::state::State;
use super::super::tokens::seconds;
use super::super::{publishable_key, refresh};
use super::browser::Browser;
use super::return_url::ReturnUrl;
use super::settings::HandshakeFormat;
use super::{CookieNames, Cookies, Style, add_cookie, pages, redirect};

/// The lifetime of the cookie that passes the result of a handshake in production, in seconds.
const RESULT_LIFE: u32 = 60;

/// `GET /v1/client/handshake`.
pub(super) fn respond(
    state: &mut State,
    request: &Request<Vec<u8>>,
    query: &Query,
    domain: &str,
    now: i64,
) -> Result<Response<Vec<u8>>, Problem> {
    let back = ReturnUrl::of(query)?.ok_or_else(|| errors::PARAM_MISSING.about("redirect_url", "must be included"))?;
    let suffix = publishable_key::cookie_suffix(&state.seed);
    let browser = Browser::of(request, query, &suffix);
    let is_production = state.seed.production;
    let known = state.client_of(&browser);
    // A production instance makes a client when a user signs in.
    let client = if is_production { known } else { Some(known.unwrap_or_else(|| state.new_client())) };
    if let (Some(client), Some(organization)) = (&client, query.given("organization_id")) {
        activate(state, client, organization, now);
    }

    let mut cookies = signed_in_as(state, client.as_deref(), &back.origin, now);
    cookies.ends_handshake = is_production;
    if let Some(client) = client.as_ref().filter(|_| !is_production) {
        cookies.dev_browser = Some(state.dev_browser_of(client));
    }
    let directives = cookies.directives(Style {
        names: CookieNames::Both,
        suffix: &suffix,
        domain: Some(domain).filter(|domain| back.is_under(domain)),
        same_site_none: state.seed.frontend.same_site_none,
    });
    let (name, result) = match state.seed.frontend.handshake {
        HandshakeFormat::Nonce => ("__clerk_handshake_nonce", state.keep_directives(directives)),
        HandshakeFormat::Token => {
            let claims = json!({ "handshake": directives });
            ("__clerk_handshake", state.signer().sign_with_header(&json!({ "cat": null }), &claims))
        }
    };

    if is_production {
        let mut response = redirect(StatusCode::TEMPORARY_REDIRECT, back.text())?;
        let attributes = "Secure; HttpOnly; SameSite=Lax";
        let cookie = format!("{name}={result}; Path=/; Domain={domain}; Max-Age={RESULT_LIFE}; {attributes}");
        add_cookie(&mut response, &cookie);
        return Ok(response);
    }
    let mut response = redirect(StatusCode::TEMPORARY_REDIRECT, &back.with(name, &result))?;
    if let Some(client) = client {
        add_cookie(&mut response, &pages::client_cookie(&client));
    }
    Ok(response)
}

/// The cookies of the app at `origin`: those of the session in which the client is signed in.
fn signed_in_as(state: &mut State, client: Option<&str>, origin: &str, now: i64) -> Cookies {
    let signed_out = Cookies { session: None, client_uat: 0, refresh: None, dev_browser: None, ends_handshake: false };
    let Some((id, client_uat)) = client.and_then(|client| state.current_session(client, now)) else {
        return signed_out;
    };
    let life = state.seed.frontend.token_life_s.into();
    let Some(token) = refresh::token_for_browser(state, &id, origin, now, seconds(now), life) else {
        return signed_out;
    };
    let refresh = state.seed.frontend.refresh_cookie.then(|| state.issue_refresh_token(&id));
    Cookies { session: Some(token), client_uat, refresh, ..signed_out }
}

/// Makes an organization active in the client's session: by id or slug, or the personal account if it is empty. An unknown one changes
/// nothing.
fn activate(state: &mut State, client: &str, organization: &str, now: i64) {
    let found = find_organization(&state.seed, organization);
    if !organization.is_empty() && found.is_none() {
        return;
    }
    if let Some((id, _)) = state.current_session(client, now) {
        if let Some(session) = state.sessions.get_mut(&id) {
            session.last_active_organization_id = found;
        }
    }
}

/// The id of the organization with that id or slug.
pub(super) fn find_organization(seed: &Seed, name: &str) -> Option<String> {
    let is_it = |organization: &&super::super::SeedOrganization| {
        organization.id == name || organization.slug.as_deref() == Some(name)
    };
    seed.organizations.iter().find(is_it).map(|organization| organization.id.clone())
}
