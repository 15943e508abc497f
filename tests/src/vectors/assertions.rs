//! `assertions.json`: single checks of header and claims.

use clerk_sessions_auth::{Claims, Rejected, Verifier};
use serde_json::{Map, Value, json};

use super::options::rules;
use super::verify::now;
use super::{Outcome, network};

/// A key that signed none of the tokens here: a token that gets as far as the signature has passed the checks of its header.
const KEY: &str = include_str!("another_key.pem");

pub(super) fn run(vector: &Value, member: &'static str, expected: &Value) -> Outcome {
    let check = vector["check"].as_str().unwrap_or_default();
    let result = match check {
        "typ" | "alg" => check_header(check, &vector["args"])?,
        "aud" | "azp" | "exp" | "nbf" | "iat" => check_claim(check, vector)?,
        other => return Err(format!("the runner does not know the check {other:?}")),
    };
    let reason = result.map_or_else(|rejected| rejected.reason().to_string(), |()| "ok".to_owned());
    let expected = match member {
        "expect" if expected["ok"] == true => Some("ok"),
        "expect" => expected["error"]["reason"].as_str(),
        _ => expected.as_str(),
    };
    if expected == Some(&reason) { Ok(()) } else { Err(format!("expected {expected:?}, got {reason}")) }
}

fn check_claim(name: &str, vector: &Value) -> Result<Result<(), Rejected>, String> {
    let args = &vector["args"];
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), "user_1".into());
    if name != "exp" {
        claims.insert("exp".to_owned(), json!(now(vector).as_secs() + 3600));
    }
    if let Some(value) = args.get(name) {
        claims.insert(name.to_owned(), value.clone());
    }
    let claims = Claims::from_trusted_json(Value::Object(claims).to_string()).map_err(|error| error.to_string())?;
    let rules = rules(args).map_err(|error| error.to_string())?;
    Ok(rules.check_claims(&claims, now(vector)))
}

fn check_header(name: &str, args: &Value) -> Result<Result<(), Rejected>, String> {
    let mut header = json!({ "alg": "RS256" });
    if name == "alg" {
        header = json!({});
    }
    if let Some(value) = args.get(name) {
        header[name] = value.clone();
    }
    let rules = rules(&json!({ "header_type": args["allowed_types"] })).map_err(|error| error.to_string())?;
    let verifier = Verifier::pem(KEY, network::crypto(), rules).map_err(|error| error.to_string())?;
    let encode = |json: &str| {
        use base64::Engine as _;
        base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json)
    };
    let token = format!("{}.{}.{}", encode(&header.to_string()), encode(r#"{"sub":"user_1"}"#), encode("x"));
    let is_of_header = |rejected: &Rejected| {
        use clerk_sessions_auth::Reason;
        matches!(rejected.reason(), Reason::TokenInvalid | Reason::TokenInvalidAlgorithm)
    };
    Ok(match verifier.verify(&token, std::time::Duration::ZERO) {
        Err(rejected) if is_of_header(&rejected) => Err(rejected),
        _ => Ok(()),
    })
}
