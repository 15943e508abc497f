//! The checks that every request passes, then which operation it is.

use http::header::{AUTHORIZATION, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::errors::{self, Problem};
use super::request::{Fields, Query};
use super::state::State;
use super::{keys, refresh, sessions, tokens};

/// The API versions there are.
const API_VERSIONS: [&str; 6] = ["2021-02-05", "2024-10-01", "2025-03-12", "2025-04-10", "2025-11-10", "2026-05-12"];

/// The answer to an API request.
pub(super) fn answer(state: &mut State, request: &Request<Vec<u8>>, now: i64) -> Response<Vec<u8>> {
    let trace_id = state.new_trace_id();
    let outcome = admit(state, request, now).and_then(|()| operate(state, request, now));
    let mut response = match outcome {
        Ok(body) => errors::json_response(StatusCode::OK, &body),
        Err(problem) => problem.into_response(&trace_id),
    };
    if let Ok(trace_id) = HeaderValue::try_from(trace_id) {
        response.headers_mut().insert("clerk-trace-id", trace_id);
    }
    response
}

/// The checks before the operation, in the server's order.
fn admit(state: &mut State, request: &Request<Vec<u8>>, now: i64) -> Result<(), Problem> {
    if let Some(limit) = state.seed.rate_limit {
        state.window.admit(limit, now).map_err(|seconds| {
            errors::TOO_MANY_REQUESTS.because("Too many requests, retry later.").retry_after(seconds)
        })?;
    }

    let key = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .filter(|key| !key.is_empty())
        .ok_or_else(|| {
            errors::AUTHORIZATION_INVALID.because("The Authorization header must read `Bearer <secret key>`.")
        })?;
    if !state.seed.secret_keys.iter().any(|known| known == key) {
        return Err(errors::KEY_INVALID.because("No instance has this secret key."));
    }

    match request.headers().get("clerk-api-version") {
        Some(version) if !API_VERSIONS.iter().any(|known| version == known) => {
            Err(errors::API_VERSION_INVALID.because("There is no such API version."))
        }
        _ => Ok(()),
    }
}

/// Finds the operation and performs it.
fn operate(state: &mut State, request: &Request<Vec<u8>>, now: i64) -> Result<Value, Problem> {
    // Split first: an encoded slash belongs to its segment.
    let segments: Vec<_> = request
        .uri()
        .path()
        .split('/')
        .skip(1)
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
        .collect();
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let get = || only(request, "GET");
    let post = || only(request, "POST").and_then(|()| Fields::of(request));

    match *segments.as_slice() {
        ["v1", "jwks"] => {
            get()?;
            Ok(keys::key_set())
        }
        ["v1", "sessions"] => match *request.method() {
            Method::GET => sessions::list(state, &Query::of(request), now),
            Method::POST => sessions::create(state, &Fields::of(request)?, now),
            _ => Err(method_not_allowed("GET, POST")),
        },
        ["v1", "sessions", id] => {
            get()?;
            sessions::get(state, id, now)
        }
        ["v1", "sessions", id, "revoke"] => {
            post()?;
            sessions::revoke(state, id, now)
        }
        ["v1", "sessions", id, "refresh"] => {
            let fields = post()?;
            refresh::refresh(state, id, &fields, &Query::of(request), now)
        }
        ["v1", "sessions", id, "tokens", ref template @ ..] if template.len() < 2 => {
            let fields = post()?;
            let template = template.first().copied();
            tokens::create(state, id, template, &fields, tokens::origin(request), now)
        }
        _ => Err(errors::RESOURCE_NOT_FOUND.because("There is no such route.")),
    }
}

fn only(request: &Request<Vec<u8>>, method: &'static str) -> Result<(), Problem> {
    if request.method() == method { Ok(()) } else { Err(method_not_allowed(method)) }
}

fn method_not_allowed(allowed: &'static str) -> Problem {
    errors::METHOD_NOT_ALLOWED.because(format!("This route answers to {allowed}.")).allow(allowed)
}
