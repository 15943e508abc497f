//! `authenticate.json`: authenticating a request.

use std::time::Duration;

use clerk_sessions_auth::{Authentication, Identity, OrganizationPatterns, RequestView, Satellite, Unavailable};
use clerk_sessions_core::call::CallContext;
use clerk_sessions_core::{Api, CallOptions, Error, RetryPolicy};
use serde_json::{Map, Value, json};

use super::claims::auth_object;
use super::network::{crypto, drive};
use super::options::{base_url, rules, text, texts};
use super::verify::now;
use super::{Outcome, same, with_floats};

/// The settings of a vector. `Err` is a configuration error.
pub(super) fn authentication(options: &Value) -> Result<Authentication, String> {
    build(options).map_err(|error| error.to_string())
}

fn build(options: &Value) -> Result<Authentication, Error> {
    let mut builder = Authentication::builder(text(options, "publishable_key").unwrap_or_default(), rules(options)?);
    if let Some(secret_key) = text(options, "secret_key") {
        let api = Api::builder(secret_key).base_url(base_url(options)).build()?;
        // As many attempts as Clerk's library makes.
        let attempts = CallOptions::new().retry(RetryPolicy::new().max_attempts(5));
        builder = builder.api(CallContext::new(api).with_options(attempts));
    }
    if let Some(pem) = text(options, "jwt_key") {
        builder = builder.pem(pem);
    }
    if let Some(proxy) = text(options, "proxy_url") {
        builder = builder.proxy_url(proxy);
    }
    if options["is_satellite"] == true {
        let mut satellite = Satellite::at(text(options, "domain").unwrap_or_default());
        satellite = satellite.sign_in_url(text(options, "sign_in_url").unwrap_or_default());
        builder =
            builder.satellite(if options["satellite_auto_sync"] == true { satellite.sync_always() } else { satellite });
    }
    let patterns =
        ["organization_patterns", "personal_account_patterns"].map(|name| texts(&options["organization_sync"][name]));
    let [organization, personal] = patterns.each_ref().map(|list| list.iter().map(String::as_str));
    builder = builder.organization_patterns(OrganizationPatterns::new(organization, personal)?);
    if options["trust_forwarded"] != false {
        builder = builder.trust_forwarded_headers();
    }
    builder.build(crypto())
}

/// The request of a vector.
pub(super) fn view(request: &Value) -> RequestView<'_> {
    let url = request["url"].as_str().unwrap_or_default();
    let scheme = url.split("://").next().unwrap_or_default();
    let mut view = RequestView::new(request["method"].as_str().unwrap_or_default(), scheme, url);
    for pair in request["headers"].as_array().into_iter().flatten() {
        view.add_header(pair[0].as_str().unwrap_or_default(), pair[1].as_str().unwrap_or_default());
    }
    view
}

/// Replaces the names of tokens by the tokens.
pub(super) fn with_tokens(vector: &Value, tokens: &Value) -> Value {
    match vector {
        Value::String(text) if text.contains("{{") => {
            let mut parts = text.split("{{");
            let mut full = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                let (name, after) = part.split_once("}}").unwrap_or((part, ""));
                full += tokens[name].as_str().unwrap_or("?");
                full += after;
            }
            full.into()
        }
        Value::Array(list) => list.iter().map(|item| with_tokens(item, tokens)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), with_tokens(value, tokens))).collect()
        }
        other => other.clone(),
    }
}

/// Adds the usual keys to vectors of this library's own behaviour that lack them: those that another vector has for the same URL and
/// secret key.
pub(super) fn with_keys(mut vectors: Value) -> Value {
    let is_keys = |exchange: &&Value| exchange["request"]["url"].as_str().is_some_and(|url| url.ends_with("/jwks"));
    let none = Vec::new();
    let all: Vec<Value> = vectors
        .as_array()
        .unwrap_or(&none)
        .iter()
        .flat_map(|vector| vector["exchanges"].as_array().unwrap_or(&none))
        .filter(is_keys)
        .filter(|exchange| exchange["response"]["status"] == 200)
        .cloned()
        .collect();
    for vector in vectors.as_array_mut().into_iter().flatten() {
        let needed = vector["ours"]["requests"]
            .as_array()
            .unwrap_or(&none)
            .iter()
            .any(|line| line.as_str().is_some_and(|line| line.ends_with("/jwks")));
        let Some(exchanges) = vector["exchanges"]
            .as_array_mut()
            .filter(|exchanges| needed && !exchanges.iter().any(|exchange| is_keys(&exchange)))
        else {
            continue;
        };
        let key = exchanges.first().map(|exchange| exchange["request"]["headers"]["authorization"].clone());
        exchanges.extend(
            all.iter().find(|usual| Some(&usual["request"]["headers"]["authorization"]) == key.as_ref()).cloned(),
        );
    }
    vectors
}

pub(super) fn run(vector: &Value, member: &'static str, expected: &Value) -> Outcome {
    let none = Vec::new();
    let exchanges = expected["exchanges"].as_array().or(vector["exchanges"].as_array()).unwrap_or(&none);
    let (actual, sent) = outcome(vector, exchanges);
    let expected_status = match member {
        "recommended" => expected.as_str().or(expected["status"].as_str()),
        _ => expected["status"].as_str(),
    };
    let expected_status = expected_status.ok_or("the runner can't read what is expected")?;
    let is_error = actual["error"].is_string();
    if expected_status.starts_with("throws") {
        return if is_error { Ok(()) } else { Err(format!("expected an error, got {}", brief(&actual))) };
    }
    if is_error {
        // An outage is an error of its own here, whose code is the reason of Clerk's library.
        let codes = [&expected["reason"], &expected["code"]];
        let is_outage = codes.contains(&&actual["code"]);
        return if is_outage {
            requests(vector, expected, &sent)
        } else {
            Err(format!("expected {expected_status}, got {actual}"))
        };
    }
    if member == "recommended" && expected.is_string() {
        return same(&actual["status"], expected);
    }
    for name in ["status", "reason", "token", "headers", "set_cookies", "auth", "location"] {
        let Some(value) = expected.get(name) else { continue };
        let own = match name {
            // The vectors give its base and the query.
            "location" if value.is_object() => &actual["location_parts"],
            "headers" => &without_location(&actual["headers"]),
            _ => &actual[name],
        };
        let value = if name == "headers" { without_location(value) } else { value.clone() };
        let is_same = if name == "set_cookies" || name == "auth" {
            with_floats(own) == with_floats(&value)
        } else {
            *own == value
        };
        if !is_same {
            return Err(format!("{name}: expected {value}, got {own}"));
        }
    }
    requests(vector, expected, &sent)
}

/// The location is compared by its parts, as the order of its encoding does not matter.
fn without_location(headers: &Value) -> Value {
    let mut headers = headers.clone();
    if let Some(members) = headers.as_object_mut() {
        if members.get("location").and_then(Value::as_str).is_some_and(|url| url.contains("/v1/client/handshake")) {
            members.remove("location");
        }
    }
    headers
}

fn brief(actual: &Value) -> String {
    format!("{} {}", actual["status"], actual["reason"])
}

/// Compares the requests that were made.
fn requests(vector: &Value, expected: &Value, sent: &[String]) -> Outcome {
    // `+` and `%20` are the same in a query.
    let line = |exchange: &Value| {
        let text = |name: &str| exchange["request"][name].as_str().unwrap_or("?").replace("%20", "+");
        format!("{} {}", text("method"), text("url"))
    };
    let none = Vec::new();
    let listed: Vec<String> = match expected["requests"].as_array() {
        Some(lines) => lines.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => vector["exchanges"].as_array().unwrap_or(&none).iter().map(line).collect(),
    };
    let mut listed_once = listed.clone();
    listed_once.dedup();
    let mut sent_once: Vec<String> = sent.iter().map(|line| line.replace("%20", "+")).collect();
    sent_once.dedup();
    let is_prefix = listed_once.starts_with(&sent_once);
    // Keys that were fetched stay: a second look at them makes no request.
    let is_cached = {
        let mut seen = Vec::new();
        let first: Vec<&String> = listed_once
            .iter()
            .filter(|line| {
                !line.ends_with("/jwks") || {
                    let new = !seen.contains(line);
                    seen.push(*line);
                    new
                }
            })
            .collect();
        first == sent_once.iter().collect::<Vec<_>>()
    };
    if sent_once == listed_once || (vector["requests"] == "at-most" && is_prefix) || is_cached {
        return Ok(());
    }
    // A token that no key could make valid needs no keys.
    if is_prefix
        && sent_once.len() + 1 == listed_once.len()
        && listed_once.last().is_some_and(|line| line.ends_with("/jwks"))
    {
        return Ok(());
    }
    Err(format!("requests: expected {listed_once:?}, got {sent_once:?}"))
}

/// The outcome in the form of `expect`, and the requests.
fn outcome(vector: &Value, exchanges: &[Value]) -> (Value, Vec<String>) {
    let options = &vector["options"];
    let configured = build(options).and_then(|authentication| {
        let request = view(&vector["request"]);
        let unix_time = now(vector);
        // A PEM without a secret key is for the API entry.
        let has_secret_key = text(options, "secret_key").is_some();
        let is_api =
            options["entry"] == "api" || (!has_secret_key && text(options, "jwt_key").is_some() && is_bearer(vector));
        if is_api {
            Ok(authentication.api_request(&request, unix_time))
        } else {
            authentication.browser(&request, unix_time)
        }
    });
    let flow = match configured {
        Ok(flow) => flow,
        Err(error) => return (json!({ "error": error.to_string(), "code": "configuration error" }), Vec::new()),
    };
    let (result, mut traffic) = drive(flow, exchanges, Duration::ZERO);
    // A vector of this library's own behaviour gives requests of Clerk's library, which may differ.
    if let Some(difference) = traffic.difference.take().filter(|_| vector.get("ours").is_none()) {
        return (json!({ "error": difference, "code": "difference" }), traffic.sent);
    }
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(error @ Error::Build(_)) => return (json!({ "error": error.to_string(), "code": "error" }), traffic.sent),
        Err(error) => {
            let unavailable = Unavailable::from(error);
            return (json!({ "error": unavailable.to_string(), "code": unavailable.code() }), traffic.sent);
        }
    };
    let status = match outcome.identity() {
        Identity::SignedIn(_) | Identity::Pending(_) => "signed-in",
        Identity::SignedOut => "signed-out",
        Identity::Handshake => "handshake",
    };
    let headers: Map<String, Value> = outcome
        .protocol_headers()
        .into_iter()
        .filter(|(name, _)| *name != "x-clerk-auth-message")
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let auth = match outcome.identity() {
        Identity::SignedIn(claims) => auth_object(claims),
        Identity::Pending(pending) => signed_out_object(pending.claims_of_pending_session().session_status()),
        _ => Value::Null,
    };
    let actual = json!({
        "status": status,
        "reason": outcome.reason(),
        "token": outcome.token(),
        "headers": headers,
        "set_cookies": outcome.cookies(),
        "location": Value::Null,
        "location_parts": outcome.redirect().map(parts),
        "auth": auth,
    });
    (actual, traffic.sent)
}

/// The auth object of a session that is not signed in.
fn signed_out_object(status: Option<&str>) -> Value {
    json!({
        "is_authenticated": false, "token_type": "session_token", "user_id": null, "session_id": null, "session_status": status,
        "actor": null, "org_id": null, "org_role": null, "org_slug": null, "org_permissions": null,
        "factor_verification_age": null,
    })
}

/// Whether the request has a bearer token, which cookies can't change.
fn is_bearer(vector: &Value) -> bool {
    let headers = vector["request"]["headers"].as_array();
    headers.is_some_and(|headers| headers.iter().any(|header| header[0] == "authorization"))
}

/// The base and the decoded query of a URL.
fn parts(url: &str) -> Value {
    let url = url.split('#').next().unwrap_or_default();
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).map(|(name, value)| json!([name, value])).collect();
    json!({ "base": base, "query": pairs })
}
