//! The Frontend API, which browsers call, and its page to sign in.

mod browser;
mod clients;
mod directives;
mod handshake;
mod pages;
mod return_url;
mod settings;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use http::header::HOST;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::json;

pub(super) use self::clients::Clients;
pub(super) use self::directives::{CookieNames, Cookies, Style};
pub(super) use self::return_url::covers;
pub use self::settings::{HandshakeFormat, SeedFrontend};
use super::errors::{self, Problem};
use super::request::Query;
use super::state::State;

/// What the host of the Frontend API has in front of the app's domain.
const SUBDOMAIN: &str = "clerk.";

/// The domain of the app, if the request is for the Frontend API: its host is `clerk.` and the domain.
pub(super) fn domain(request: &Request<Vec<u8>>) -> Option<String> {
    let header = request.headers().get(HOST).and_then(|value| value.to_str().ok());
    let host = request.uri().host().or(header)?;
    let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let domain = host.strip_prefix(SUBDOMAIN)?;
    Some(domain.to_owned()).filter(|domain| !domain.is_empty())
}

/// Whether the route `/_fake/NAME` belongs to the Frontend API, as it sets cookies of its host.
pub(super) fn is_control(name: &str) -> bool {
    matches!(name, "sign-in" | "sign-out")
}

/// The response to a request for the Frontend API of the app at `domain`.
pub(super) fn respond(state: &mut State, request: &Request<Vec<u8>>, domain: &str, now: i64) -> Response<Vec<u8>> {
    let trace_id = state.new_trace_id();
    let mut response = operate(state, request, domain, now).unwrap_or_else(|problem| problem.into_response(&trace_id));
    if let Ok(trace_id) = HeaderValue::try_from(trace_id) {
        response.headers_mut().insert("clerk-trace-id", trace_id);
    }
    response
}

fn operate(
    state: &mut State,
    request: &Request<Vec<u8>>,
    domain: &str,
    now: i64,
) -> Result<Response<Vec<u8>>, Problem> {
    let path = Cow::from(request.uri().path());
    let allowed = match &*path {
        "/v1/client/handshake" | "/sign-in" | "/sign-out" | "/_fake/sign-in" | "/_fake/sign-out" => Method::GET,
        "/v1/dev_browser" => Method::POST,
        _ => return Err(errors::RESOURCE_NOT_FOUND.because("The Frontend API of FakeClerk has no such route.")),
    };
    if request.method() != allowed {
        let name = if allowed == Method::GET { "GET" } else { "POST" };
        let reason = format!("The method of this route is {name}.");
        return Err(errors::METHOD_NOT_ALLOWED.because(reason).allow(name));
    }
    let query = Query::of(request);
    match &*path {
        "/v1/client/handshake" => handshake::respond(state, request, &query, domain, now),
        "/v1/dev_browser" => dev_browser(state),
        "/sign-in" | "/_fake/sign-in" => pages::sign_in(state, request, &query, domain, now),
        _ => pages::sign_out(state, request, &query, domain, now),
    }
}

/// `POST /v1/dev_browser`: makes a browser known to a development instance.
fn dev_browser(state: &mut State) -> Result<Response<Vec<u8>>, Problem> {
    if state.seed.production {
        return Err(errors::ENVIRONMENT_INVALID.because("A production instance has no development browsers."));
    }
    let client = state.new_client();
    let id = state.dev_browser_of(&client);
    Ok(errors::json_response(StatusCode::OK, &json!({ "id": id })))
}

/// Adds a `Set-Cookie` header.
fn add_cookie(response: &mut Response<Vec<u8>>, cookie: &str) {
    if let Ok(value) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(http::header::SET_COOKIE, value);
    }
}

/// A redirect that no cache keeps.
fn redirect(status: StatusCode, location: &str) -> Result<Response<Vec<u8>>, Problem> {
    let location = HeaderValue::try_from(location)
        .map_err(|_| errors::PARAM_FORMAT_INVALID.about("redirect_url", "must be a URL"))?;
    let mut response = Response::default();
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::LOCATION, location);
    response.headers_mut().insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
