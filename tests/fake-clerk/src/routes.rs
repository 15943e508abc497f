//! The checks of every request, and the routing to its operation.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::errors::{self, Problem};
use super::operation::Operation;
use super::request::{Fields, Query};
use super::state::State;
use super::{JwksContent, refresh, sessions, tokens};

/// The supported API versions.
const API_VERSIONS: [&str; 6] = ["2021-02-05", "2024-10-01", "2025-03-12", "2025-04-10", "2025-11-10", "2026-05-12"];

/// An operation, and the parameters in its path. A parameter that the path does not have is empty.
struct Route<'a> {
    operation: Operation,
    session_id: &'a str,
    template: &'a str,
}

/// The public key set of the Frontend API, which needs no secret key.
const PUBLIC_KEY_SET: [&str; 2] = [".well-known", "jwks.json"];

/// Whether the request is for the key set, with or without a valid secret key.
pub(super) fn asks_for_keys(request: &Request<Vec<u8>>) -> bool {
    let path = || segments(request);
    request.method() == Method::GET && (path().eq(["v1", "jwks"]) || path().eq(PUBLIC_KEY_SET))
}

/// The decoded segments of the path. It is split before it is decoded, because an encoded slash belongs to its segment.
fn segments(request: &Request<Vec<u8>>) -> impl Iterator<Item = Cow<'_, str>> {
    request.uri().path().split('/').skip(1).map(|segment| percent_decode_str(segment).decode_utf8_lossy())
}

/// The response to an API request.
pub(super) fn respond(state: &mut State, request: &Request<Vec<u8>>, now: i64) -> Response<Vec<u8>> {
    let trace_id = state.new_trace_id();
    if let JwksContent::Response(response) = &state.seed.jwks_response.content {
        if asks_for_keys(request) {
            return response.clone().into_response();
        }
    }
    let segments: Vec<_> = segments(request).collect();
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let route = find(request.method(), &segments);
    let operation = route.as_ref().ok().map(|route| route.operation);
    let admitted = if segments == PUBLIC_KEY_SET { Ok(()) } else { admit(state, request, operation, now) };
    let mut response = match admitted.and(route).and_then(|route| operate(state, request, &route, now)) {
        Ok(response) => response,
        Err(problem) => problem.into_response(&trace_id),
    };
    if let Ok(trace_id) = HeaderValue::try_from(trace_id) {
        response.headers_mut().insert("clerk-trace-id", trace_id);
    }
    response
}

/// Finds the operation of a request.
fn find<'a>(method: &Method, segments: &[&'a str]) -> Result<Route<'a>, Problem> {
    let (allowed, operation, session_id, template) = match *segments {
        ["v1", "jwks"] => ("GET", Operation::KeySet, "", ""),
        _ if segments == PUBLIC_KEY_SET => ("GET", Operation::KeySet, "", ""),
        ["v1", "clients", "handshake_payload"] => ("GET", Operation::HandshakePayload, "", ""),
        ["v1", "sessions"] if method == Method::POST => ("POST", Operation::Create, "", ""),
        ["v1", "sessions"] if method == Method::GET => ("GET", Operation::List, "", ""),
        ["v1", "sessions"] => return Err(method_not_allowed("GET, POST")),
        ["v1", "sessions", id] => ("GET", Operation::Get, id, ""),
        ["v1", "sessions", id, "revoke"] => ("POST", Operation::Revoke, id, ""),
        ["v1", "sessions", id, "refresh"] => ("POST", Operation::Refresh, id, ""),
        ["v1", "sessions", id, "tokens"] => ("POST", Operation::CreateToken, id, ""),
        ["v1", "sessions", id, "tokens", name] => ("POST", Operation::CreateTokenFromTemplate, id, name),
        _ => return Err(errors::RESOURCE_NOT_FOUND.because("There is no such route.")),
    };
    if method == allowed { Ok(Route { operation, session_id, template }) } else { Err(method_not_allowed(allowed)) }
}

/// The checks before the operation: the key, the rate limit of that key, the version.
fn admit(state: &mut State, request: &Request<Vec<u8>>, operation: Option<Operation>, now: i64) -> Result<(), Problem> {
    let key = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .filter(|key| !key.is_empty())
        .ok_or_else(|| {
            errors::AUTHORIZATION_INVALID.because("The Authorization header must be `Bearer <secret key>`.")
        })?;
    let key = state
        .seed
        .secret_keys
        .iter()
        .position(|known| known == key)
        .ok_or_else(|| errors::KEY_INVALID.because("No instance has this secret key."))?;

    if let Some(limit) = state.seed.rate_limit.filter(|_| operation != Some(Operation::KeySet)) {
        let scope = state.seed.rate_limit_scope;
        state.windows.admit(limit, scope, key, operation, now).map_err(|seconds| {
            errors::TOO_MANY_REQUESTS.because("Too many requests. Retry later.").retry_after(seconds)
        })?;
    }

    match request.headers().get("clerk-api-version") {
        Some(version) if !API_VERSIONS.iter().any(|known| version == known) => {
            Err(errors::API_VERSION_INVALID.because("There is no such API version."))
        }
        _ => Ok(()),
    }
}

/// Performs the operation.
fn operate(
    state: &mut State,
    request: &Request<Vec<u8>>,
    route: &Route<'_>,
    now: i64,
) -> Result<Response<Vec<u8>>, Problem> {
    let fields = || Fields::of(request);
    let query = || Query::of(request);
    let id = route.session_id;
    let body = match route.operation {
        Operation::KeySet => return Ok(state.seed.jwks_response.content.respond(state.keys)),
        Operation::List => sessions::list(state, &query(), now),
        Operation::Create => sessions::create(state, &fields()?, now),
        Operation::Get => sessions::get(state, id, now),
        Operation::Revoke => {
            fields()?;
            sessions::revoke(state, id, now)
        }
        Operation::Refresh => refresh::refresh(state, id, &fields()?, &query(), now),
        Operation::HandshakePayload => {
            let query = query();
            let nonce = query.text("nonce").ok_or_else(|| errors::PARAM_MISSING.about("nonce", "must be included"))?;
            state.redeem_nonce(nonce).map(|directives| json!({ "directives": directives }))
        }
        Operation::CreateToken => tokens::create(state, id, &fields()?, tokens::origin(request), now),
        Operation::CreateTokenFromTemplate => {
            tokens::create_from_template(state, id, route.template, &fields()?, tokens::origin(request), now)
        }
    };
    body.map(|body| errors::json_response(StatusCode::OK, &body))
}

fn method_not_allowed(allowed: &'static str) -> Problem {
    errors::METHOD_NOT_ALLOWED.because(format!("The method of this route is {allowed}.")).allow(allowed)
}
