//! The checks of every request, and the routing to its operation.

use http::header::{AUTHORIZATION, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::errors::{self, Problem};
use super::operation::Operation;
use super::request::{Fields, Query};
use super::state::State;
use super::{keys, refresh, sessions, tokens};

/// The supported API versions.
const API_VERSIONS: [&str; 6] = ["2021-02-05", "2024-10-01", "2025-03-12", "2025-04-10", "2025-11-10", "2026-05-12"];

/// An operation, and the parameters in its path. A parameter that the path does not have is empty.
struct Route<'a> {
    operation: Operation,
    session_id: &'a str,
    template: &'a str,
}

/// The response to an API request.
pub(super) fn respond(state: &mut State, request: &Request<Vec<u8>>, now: i64) -> Response<Vec<u8>> {
    let trace_id = state.new_trace_id();
    // The path is split before it is decoded, because an encoded slash belongs to its segment.
    let segments: Vec<_> = request
        .uri()
        .path()
        .split('/')
        .skip(1)
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
        .collect();
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let route = find(request.method(), &segments);
    let operation = route.as_ref().ok().map(|route| route.operation);
    let outcome =
        admit(state, request, operation, now).and(route).and_then(|route| operate(state, request, &route, now));
    let mut response = match outcome {
        Ok(body) => errors::json_response(StatusCode::OK, &body),
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
fn operate(state: &mut State, request: &Request<Vec<u8>>, route: &Route<'_>, now: i64) -> Result<Value, Problem> {
    let fields = || Fields::of(request);
    let query = || Query::of(request);
    let id = route.session_id;
    match route.operation {
        Operation::KeySet => Ok(keys::key_set()),
        Operation::List => sessions::list(state, &query(), now),
        Operation::Create => sessions::create(state, &fields()?, now),
        Operation::Get => sessions::get(state, id, now),
        Operation::Revoke => {
            fields()?;
            sessions::revoke(state, id, now)
        }
        Operation::Refresh => refresh::refresh(state, id, &fields()?, &query(), now),
        Operation::CreateToken => tokens::create(state, id, &fields()?, tokens::origin(request), now),
        Operation::CreateTokenFromTemplate => {
            tokens::create_from_template(state, id, route.template, &fields()?, tokens::origin(request), now)
        }
    }
}

fn method_not_allowed(allowed: &'static str) -> Problem {
    errors::METHOD_NOT_ALLOWED.because(format!("The method of this route is {allowed}.")).allow(allowed)
}
