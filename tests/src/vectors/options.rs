//! The options of a vector as this library's settings.

use std::time::Duration;

use clerk_sessions_auth::{AuthorizedParties, JwksVerifier, Rules};
use clerk_sessions_core::call::CallContext;
use clerk_sessions_core::{Api, CallOptions, Error, RetryPolicy};
use serde_json::Value;

use super::network;

/// An option that is a text, if it is not empty.
pub(super) fn text<'a>(options: &'a Value, name: &str) -> Option<&'a str> {
    options[name].as_str().filter(|text| !text.is_empty())
}

/// An option that is a text or a list of texts. What is not a text in a list is empty.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// The texts of an option, if one is not empty. The library that the vectors are about reads an empty option as one that is not set;
/// ours refuses it.
fn some_texts(value: &Value) -> Option<Vec<String>> {
    Some(texts(value)).filter(|texts| texts.iter().any(|text| !text.is_empty()))
}

/// The rules. Vectors without authorized parties waive that check, and those without `require_sid` that of the session id.
pub(super) fn rules(options: &Value) -> Result<Rules, Error> {
    let parties = texts(&options["authorized_parties"]);
    let parties = if parties.is_empty() && options["require_parties"] != true {
        AuthorizedParties::any()
    } else {
        AuthorizedParties::list(parties)?
    };
    let mut rules = Rules::new(parties);
    if let Some(audience) = some_texts(&options["audience"]) {
        rules = rules.audience(audience)?;
    }
    if let Some(issuers) = some_texts(&options["issuer"]) {
        rules = rules.issuer(issuers)?;
    }
    if let Some(types) = some_texts(&options["header_type"]) {
        rules = rules.token_types(types)?;
    }
    if let Some(skew) = options["clock_skew_ms"].as_i64() {
        let size = Duration::from_millis(skew.unsigned_abs());
        rules = if skew < 0 { rules.margin(size) } else { rules.clock_skew(size) };
    }
    Ok(if options["require_sid"] == true { rules } else { rules.allow_missing_session_id() })
}

/// The base URL of the Backend API.
pub(super) fn base_url(options: &Value) -> String {
    let server = text(options, "api_url").unwrap_or("https://api.clerk.com").trim_end_matches('/');
    format!("{server}/{}", text(options, "api_version").unwrap_or("v1"))
}

/// A verifier that fetches its keys with the secret key.
pub(super) fn jwks_verifier(options: &Value, secret_key: &str) -> Result<JwksVerifier, Error> {
    let api = Api::builder(secret_key).base_url(base_url(options)).build()?;
    // As many attempts as Clerk's library makes.
    let attempts = CallOptions::new().retry(RetryPolicy::new().max_attempts(5));
    let context = CallContext::new(api).with_options(attempts);
    JwksVerifier::new(context, network::crypto(), rules(options)?)
}
