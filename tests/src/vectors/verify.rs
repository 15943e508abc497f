//! `verify.json`: verifying a token, verifying it with a given key, and taking it apart.

use std::time::Duration;

use clerk_sessions_auth::{Rejected, UnverifiedToken, Verified, Verifier};
use clerk_sessions_core::Error;
use serde_json::{Value, json};

use super::network::{crypto, drive};
use super::options::{self, jwks_verifier, text};
use super::{Outcome, same};

/// The result of a vector, in the form of `expect`.
pub(super) enum Verdict {
    Ok(Value),
    Rejected(String),
    Infrastructure(String),
    Configuration(String),
}

impl Verdict {
    pub(super) fn of(result: Result<Verified, Rejected>) -> Self {
        match result {
            Ok(verified) => Self::Ok(parsed(verified.claims_even_if_pending().json())),
            Err(rejected) => Self::Rejected(rejected.reason().to_string()),
        }
    }

    /// The code, or `ok`.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Ok(_) => "ok",
            Self::Rejected(code) | Self::Infrastructure(code) => code,
            Self::Configuration(_) => "configuration error",
        }
    }

    /// Compares it with the value of this member of a vector.
    pub(super) fn compare(&self, member: &str, expected: &Value) -> Outcome {
        if let Some(code) = expected["infrastructure error"].as_str() {
            return match self {
                Self::Infrastructure(own) if own == code => Ok(()),
                _ => Err(format!("expected an infrastructure error {code}, got {}", self.described())),
            };
        }
        let code = match member {
            "expect" => match (&expected["ok"], self) {
                (Value::Null, _) => expected["error"]["reason"].as_str(),
                (claims, Self::Ok(own)) => return same(own, claims),
                _ => Some("ok"),
            },
            _ => expected.as_str(),
        };
        let code = code.ok_or_else(|| format!("the runner can't read what is expected: {expected}"))?;
        if self.code() == code.replace("configuration-error", "configuration error") {
            return Ok(());
        }
        Err(format!("expected {code}, got {}", self.described()))
    }

    fn described(&self) -> String {
        match self {
            Self::Configuration(error) => format!("configuration error ({error})"),
            Self::Infrastructure(code) => format!("infrastructure error {code}"),
            _ => self.code().to_owned(),
        }
    }
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or(Value::Null)
}

/// The time of a vector or a step.
pub(super) fn now(vector: &Value) -> Duration {
    Duration::from_millis(vector["now_ms"].as_u64().unwrap_or_default())
}

pub(super) fn run(vector: &Value, member: &'static str, expected: &Value) -> Outcome {
    let token = vector["token"].as_str().unwrap_or_default();
    let none = Vec::new();
    let exchanges = vector["exchanges"].as_array().unwrap_or(&none);
    let (verdict, requests) = match vector["fn"].as_str() {
        Some("verifyToken") => verify_token(vector, token, exchanges)?,
        Some("verifyJwt") => (verify_jwt(vector, token), 0),
        Some("decodeJwt") => (decode_jwt(token), 0),
        other => return Err(format!("the runner does not know the function {other:?}")),
    };
    verdict.compare(member, expected)?;
    // A token that no key could make valid needs no keys.
    let is_at_most = vector["requests"] == "at-most" || matches!(verdict, Verdict::Rejected(_));
    match (requests, exchanges.len()) {
        (0, 0) | (1.., 1..) => Ok(()),
        (0, _) if is_at_most => Ok(()),
        (made, given) => Err(format!("made {made} requests, and the vector has {given}")),
    }
}

fn verify_token(vector: &Value, token: &str, exchanges: &[Value]) -> Result<(Verdict, usize), String> {
    let options = &vector["options"];
    let static_verifier = match (text(options, "jwt_key"), text(options, "secret_key")) {
        (Some(pem), _) => options::rules(options).and_then(|rules| Verifier::pem(pem, crypto(), rules)),
        (None, Some(secret_key)) => return verify_with_jwks(vector, token, exchanges, secret_key),
        (None, None) => options::rules(options).map(Verifier::without_key),
    };
    Ok((verified(static_verifier, token, now(vector)), 0))
}

fn verified(verifier: Result<Verifier, Error>, token: &str, now: Duration) -> Verdict {
    match verifier {
        Ok(verifier) => Verdict::of(verifier.verify(token, now)),
        Err(error) => Verdict::Configuration(error.to_string()),
    }
}

fn verify_with_jwks(
    vector: &Value,
    token: &str,
    exchanges: &[Value],
    secret_key: &str,
) -> Result<(Verdict, usize), String> {
    let verifier = match jwks_verifier(&vector["options"], secret_key) {
        Ok(verifier) => verifier,
        Err(error) => return Ok((Verdict::Configuration(error.to_string()), 0)),
    };
    let (result, traffic) = drive(verifier.verify(token, now(vector)), exchanges, Duration::ZERO);
    match traffic.difference {
        Some(difference) => Err(difference),
        None => Ok((verdict_of(result), traffic.requests)),
    }
}

/// The verdict of a flow that fetches keys.
pub(super) fn verdict_of(result: Result<Result<Verified, Rejected>, Error>) -> Verdict {
    match result {
        Ok(result) => Verdict::of(result),
        Err(error) => Verdict::Infrastructure(clerk_sessions_auth::Unavailable::from(error).code().to_owned()),
    }
}

fn verify_jwt(vector: &Value, token: &str) -> Verdict {
    let options = &vector["options"];
    // It does not check the category.
    let rules = options::rules(options).map(clerk_sessions_auth::Rules::allow_machine_tokens);
    let verifier = rules.and_then(|rules| match &options["key"] {
        Value::String(pem) => Verifier::pem(pem, crypto(), rules),
        jwk => Verifier::jwk(&jwk.to_string(), crypto(), rules),
    });
    verified(verifier, token, now(vector))
}

fn decode_jwt(token: &str) -> Verdict {
    match UnverifiedToken::decode(token) {
        Ok(token) => {
            Verdict::Ok(json!({ "header": parsed(token.header_json()), "payload": parsed(token.claims().json()) }))
        }
        Err(rejected) => Verdict::Rejected(rejected.reason().to_string()),
    }
}
