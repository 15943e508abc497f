//! Runs the conformance table `tests/conformance.json`, which defines the common behaviour of all transports.
//!
//! The table itself describes its format. Bindings in other languages run the same table.

use std::collections::BTreeMap;
use std::sync::MutexGuard;

use clerk_sessions_core::call::{CallContext, RawCall};
use clerk_sessions_core::{Api, Error, registry};
use clerk_sessions_fake::{FakeClerk, Recorded, ScriptedResponse, Seed};
use http::{HeaderMap, Response};
use serde::Deserialize;
use serde_json::{Map, Value};

const TABLE: &str = include_str!("../conformance.json");

/// A transport under test: the fake that it reaches, and a way to make a call.
pub trait Subject {
    /// The base URL of the fake.
    fn base_url(&self) -> String;

    /// The fake.
    fn fake(&self) -> MutexGuard<'_, FakeClerk>;

    /// Calls this operation with this key. Returns the result, or the error as a JSON object.
    ///
    /// # Errors
    /// The error of the call.
    fn call(&self, secret_key: &str, operation: &str, params: &Value) -> Result<Value, Value>;
}

/// Implements [`Subject::call`] in Rust, through the registry and with `send`.
///
/// # Errors
/// The error of the call.
///
/// # Panics
/// If the base URL is invalid.
pub fn call_over(
    base_url: &str,
    secret_key: &str,
    operation: &str,
    params: &Value,
    send: impl FnOnce(RawCall) -> Result<Response<Vec<u8>>, Error>,
) -> Result<Value, Value> {
    let api = Api::builder(secret_key).base_url(base_url).build().expect("the subject has a base URL");
    let outcome = registry::call(&CallContext::new(api), operation, params.to_string().as_bytes()).and_then(send);
    match outcome {
        Ok(response) => Ok(serde_json::from_slice(response.body()).unwrap_or(Value::Null)),
        Err(error) => Err(serde_json::to_value(error).expect("an error is JSON")),
    }
}

/// Runs the whole table, and returns a line for each difference.
///
/// # Panics
/// If the table itself can't be read.
pub fn run(subject: &dyn Subject) -> Vec<String> {
    let table: Table = serde_json::from_str(TABLE).expect("tests/conformance.json can be read");
    assert!(!table.cases.is_empty());
    table
        .cases
        .iter()
        .flat_map(|case| {
            let differences = table.check(case, subject);
            differences.into_iter().map(|difference| format!("{}: {difference}", case.name))
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "about")]
    _about: Vec<String>,
    headers: BTreeMap<String, String>,
    seed: Map<String, Value>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    seed: Map<String, Value>,
    #[serde(default)]
    script: Vec<ScriptedResponse>,
    handshake: Option<Handshake>,
    secret_key: Option<String>,
    operation: String,
    params: Value,
    requests: Vec<Expected>,
    result: Option<Value>,
    error: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Handshake {
    session_id: String,
    origin: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    method: String,
    target: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
}

impl Table {
    fn check(&self, case: &Case, subject: &dyn Subject) -> Vec<String> {
        let (secret_key, tokens) = self.prepare(case, subject);
        let outcome = subject.call(&secret_key, &case.operation, &filled_in(&case.params, &tokens));

        let mut differences = Vec::new();
        let arrived = subject.fake().take_requests();
        if arrived.len() != case.requests.len() {
            differences.push(format!("{} requests arrived instead of {}", arrived.len(), case.requests.len()));
        }
        for (arrived, expected) in arrived.iter().zip(&case.requests) {
            differences.extend(self.compare_requests(arrived, expected, &secret_key, &tokens));
        }
        let (came, expected) = match &outcome {
            Ok(result) => (result, &case.result),
            Err(error) => (error, &case.error),
        };
        match expected {
            Some(expected) => differences.extend(mismatch(came, expected, "it")),
            None => differences.push(format!("the result is {came}")),
        }
        differences
    }

    /// Prepares the fake, and returns the secret key and the tokens to use.
    fn prepare(&self, case: &Case, subject: &dyn Subject) -> (String, BTreeMap<&'static str, String>) {
        let mut seed = self.seed.clone();
        seed.extend(case.seed.clone());
        let seed: Seed = serde_json::from_value(Value::Object(seed)).expect("the seed can be read");
        let secret_key = case.secret_key.clone().unwrap_or_else(|| seed.secret_keys[0].clone());
        let mut fake = subject.fake();
        fake.reset_to(seed);
        fake.script(case.script.clone());
        let tokens = case.handshake.as_ref().map(|Handshake { session_id, origin }| {
            let tokens = fake.handshake(session_id, origin, 0).expect("the session of the handshake exists");
            BTreeMap::from([("$expired_token", tokens.expired_token), ("$refresh_token", tokens.refresh_token)])
        });
        (secret_key, tokens.unwrap_or_default())
    }

    fn compare_requests(
        &self,
        arrived: &Recorded,
        expected: &Expected,
        secret_key: &str,
        tokens: &BTreeMap<&'static str, String>,
    ) -> Vec<String> {
        let mut differences = Vec::new();
        let line = format!("{} {}", arrived.method, arrived.target);
        let expected_line = format!("{} {}", expected.method, expected.target);
        if line != expected_line {
            differences.push(format!("the request is {line} instead of {expected_line}"));
        }
        let mut headers = self.headers.clone();
        headers.extend(expected.headers.clone());
        headers.insert("authorization".to_owned(), format!("Bearer {secret_key}"));
        headers.insert("x-clerk-sdk".to_owned(), concat!("rust/", env!("CARGO_PKG_VERSION")).to_owned());
        let own = own_headers(&arrived.headers, arrived.body.is_empty());
        if own != headers {
            differences.push(format!("the request has the headers {own:?} instead of {headers:?}"));
        }
        let agent = arrived.headers.get("user-agent").and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        if !agent.starts_with("clerk-sessions-rust/") {
            differences.push(format!("the request has the user agent {agent:?}"));
        }
        let body = match &*arrived.body {
            b"" => None,
            body => Some(serde_json::from_slice(body).unwrap_or(Value::Null)),
        };
        let expected_body = expected.body.as_ref().map(|body| filled_in(body, tokens));
        if body != expected_body {
            differences.push(format!("the request has the body {body:?} instead of {expected_body:?}"));
        }
        differences
    }
}

/// The headers that the client sets, without those of the HTTP library.
fn own_headers(headers: &HeaderMap, no_body: bool) -> BTreeMap<String, String> {
    let of_library = |name: &str| match name {
        "host" | "connection" | "user-agent" | "accept-encoding" => true,
        "content-length" => !no_body,
        _ => false,
    };
    let own = headers.iter().filter(|(name, _)| !of_library(name.as_str()));
    let mut own_headers = BTreeMap::new();
    for (name, value) in own {
        let value = String::from_utf8_lossy(value.as_bytes());
        // A header that is sent twice is also a difference.
        own_headers.entry(name.to_string()).and_modify(|all: &mut String| *all += &value).or_insert(value.into_owned());
    }
    own_headers
}

fn filled_in(value: &Value, tokens: &BTreeMap<&'static str, String>) -> Value {
    match value {
        Value::String(text) => tokens.get(&**text).map_or_else(|| value.clone(), |token| Value::from(&**token)),
        Value::Array(items) => items.iter().map(|item| filled_in(item, tokens)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), filled_in(field, tokens))).collect::<Map<_, _>>().into()
        }
        _ => value.clone(),
    }
}

/// The first place at which `came` differs from `expected`.
fn mismatch(came: &Value, expected: &Value, at: &str) -> Option<String> {
    match (came, expected) {
        (Value::String(_), Value::String(pattern)) if pattern == "$string" => None,
        (Value::Object(came), Value::Object(expected)) => {
            expected.iter().find_map(|(name, expected)| match came.get(name) {
                Some(came) => mismatch(came, expected, &format!("{at}.{name}")),
                None => Some(format!("{at}.{name} is missing")),
            })
        }
        (Value::Array(came), Value::Array(expected)) if came.len() == expected.len() => {
            let pairs = came.iter().zip(expected).enumerate();
            pairs.into_iter().find_map(|(index, (came, expected))| mismatch(came, expected, &format!("{at}[{index}]")))
        }
        _ if came == expected => None,
        _ => Some(format!("{at} is {came} instead of {expected}")),
    }
}
