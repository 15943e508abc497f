//! The page to sign in, and signing in and out.

use http::{HeaderValue, Request, Response, StatusCode, header};

use super::super::errors::{self, Problem};
use super::super::publishable_key;
use super::super::request::Query;
use super::super::state::State;
use super::super::tokens::seconds;
use super::browser::{Browser, CLIENT, DEV_BROWSER};
use super::handshake::find_organization;
use super::return_url::ReturnUrl;
use super::{add_cookie, redirect};

/// The page after signing in or out, if the request names none.
const PAGE: &str = "/sign-in";

/// `GET /sign-in` and `GET /_fake/sign-in`: signs the `user` in, or with the `session`; without either, shows the page.
pub(super) fn sign_in(
    state: &mut State,
    request: &Request<Vec<u8>>,
    query: &Query,
    domain: &str,
    now: i64,
) -> Result<Response<Vec<u8>>, Problem> {
    let back = ReturnUrl::of(query)?;
    let suffix = publishable_key::cookie_suffix(&state.seed);
    let known = state.client_of(&Browser::of(request, query, &suffix));
    let client = match (query.text("session"), query.text("user")) {
        (Some(session), _) => state.sign_in_to(session, now)?,
        (None, Some(user)) => {
            if !state.has_user(user) {
                return Err(errors::RESOURCE_NOT_FOUND.because("The seed has no such user."));
            }
            let organization = match query.text("organization") {
                None => None,
                Some(name) => Some(
                    find_organization(&state.seed, name)
                        .ok_or_else(|| errors::RESOURCE_NOT_FOUND.because("The seed has no such organization."))?,
                ),
            };
            let client = known.unwrap_or_else(|| state.new_client());
            state.sign_in(&client, user, organization.as_deref(), now);
            client
        }
        (None, None) => return Ok(page(state, known.as_deref(), back.as_ref(), now)),
    };
    changed(state, Some(&client), seconds(now), back.as_ref(), &suffix, domain)
}

/// `GET /sign-out` and `GET /_fake/sign-out`.
pub(super) fn sign_out(
    state: &mut State,
    request: &Request<Vec<u8>>,
    query: &Query,
    domain: &str,
    now: i64,
) -> Result<Response<Vec<u8>>, Problem> {
    let back = ReturnUrl::of(query)?;
    let suffix = publishable_key::cookie_suffix(&state.seed);
    let client = state.client_of(&Browser::of(request, query, &suffix));
    if let Some(client) = &client {
        state.sign_out(client, now);
    }
    changed(state, client.as_deref(), 0, back.as_ref(), &suffix, domain)
}

/// The redirect after a client has signed in or out. The app learns it from the time of the last sign-in, which it shares with the
/// Frontend API, and in development also from the parameter.
fn changed(
    state: &mut State,
    client: Option<&str>,
    uat: i64,
    back: Option<&ReturnUrl>,
    suffix: &str,
    domain: &str,
) -> Result<Response<Vec<u8>>, Problem> {
    let dev_browser = client.filter(|_| !state.seed.production).map(|client| state.dev_browser_of(client));
    let location = match (back, dev_browser) {
        (None, _) => PAGE.to_owned(),
        (Some(back), Some(id)) => back.with(DEV_BROWSER, &id),
        (Some(back), None) => back.text().to_owned(),
    };
    let mut response = redirect(StatusCode::SEE_OTHER, &location)?;
    if let Some(client) = client {
        add_cookie(&mut response, &client_cookie(client));
    }
    for name in ["__client_uat".to_owned(), format!("__client_uat_{suffix}")] {
        let attributes = "Path=/; Max-Age=315360000; Secure; SameSite=Lax";
        add_cookie(&mut response, &format!("{name}={uat}; Domain={domain}; {attributes}"));
    }
    Ok(response)
}

/// The cookie by which the Frontend API recognizes a browser. Scripts can't read it.
pub(super) fn client_cookie(client: &str) -> String {
    format!("{CLIENT}={client}; Path=/; Max-Age=315360000; Secure; HttpOnly; SameSite=Lax")
}

/// The page that shows who is signed in, and the users who can sign in.
fn page(state: &State, client: Option<&str>, back: Option<&ReturnUrl>, now: i64) -> Response<Vec<u8>> {
    let session = client.and_then(|client| state.current_session(client, now));
    let user = session.and_then(|(id, _)| state.sessions.get(&id).map(|session| session.user_id.as_str()));
    let back = back.map(|back| escaped(back.text()));
    let hidden = back
        .as_ref()
        .map_or(String::new(), |url| format!("<input type=\"hidden\" name=\"redirect_url\" value=\"{url}\">"));
    let mut html = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Sign in</title>\n\
        <link rel=\"icon\" href=\"data:,\">\n\
        <style>body { font: 1.1rem sans-serif; max-width: 30rem; margin: 3rem auto } button, select { font: inherit; margin: .2rem 0 }</style>\n\
        <h1>FakeClerk</h1>\n"
        .to_owned();
    html += &user.map_or("<p id=\"user\">Nobody is signed in.</p>\n".to_owned(), |user| {
        let user = escaped(user);
        format!(
            "<p id=\"user\">Signed in as {user}.</p>\n\
             <form action=\"/sign-out\">{hidden}<button>Sign out</button></form>\n"
        )
    });
    html += &format!("<form action=\"/sign-in\">{hidden}\n");
    if !state.seed.organizations.is_empty() {
        html += "<p><label>Account: <select name=\"organization\"><option value=\"\">personal</option>";
        for organization in &state.seed.organizations {
            html += &format!("<option>{}</option>", escaped(&organization.id));
        }
        html += "</select></label></p>\n";
    }
    for user in &state.seed.users {
        let user = escaped(user);
        html += &format!("<p><button name=\"user\" value=\"{user}\">Sign in as {user}</button></p>\n");
    }
    if state.seed.users.is_empty() {
        html += "<p>The seed has no users.</p>\n";
    }
    html += "</form>\n";
    if let Some(url) = back {
        html += &format!("<p><a href=\"{url}\">Back to {url}</a></p>\n");
    }
    html += "</html>\n";
    let mut response = Response::new(html.into_bytes());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The text with the characters replaced that have a meaning in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
