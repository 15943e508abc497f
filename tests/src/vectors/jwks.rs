//! `jwks_cache.json`: several tokens one after the other, with the keys that were fetched before.

use std::collections::BTreeMap;

use clerk_sessions_auth::JwksVerifier;
use clerk_sessions_core::{CallOptions, RetryPolicy};
use serde_json::Value;

use super::Outcome;
use super::network::{crypto, drive};
use super::options::{base_url, jwks_verifier, rules, text};
use super::verify::{Verdict, now, verdict_of};

/// A server with its secret key, as the scenario has met it so far.
struct Server {
    verifier: JwksVerifier,
    /// The last exchanges that a step gave. Steps that give none get them again.
    exchanges: Vec<Value>,
}

pub(super) fn run(scenario: &Value, _: &'static str, steps: &Value) -> Outcome {
    // Each server and key has its own keys.
    let mut servers: BTreeMap<(String, String), Server> = BTreeMap::new();
    let none = Vec::new();
    for (number, step) in steps.as_array().unwrap_or(&none).iter().enumerate() {
        let label = step["label"].as_str().unwrap_or_default();
        run_step(scenario, step, &scenario["ours"][number], &mut servers)
            .map_err(|difference| format!("step {} ({label}): {difference}", number + 1))?;
    }
    Ok(())
}

fn run_step(scenario: &Value, step: &Value, ours: &Value, servers: &mut BTreeMap<(String, String), Server>) -> Outcome {
    let mut options = scenario["options"].clone();
    for (name, value) in step["options"].as_object().into_iter().flatten() {
        options[name] = value.clone();
    }
    let none = Vec::new();
    let exchanges = ours["exchanges"].as_array().or(step["exchanges"].as_array()).unwrap_or(&none);
    let token = step["token"].as_str().unwrap_or_default();
    let (verdict, fetches) = match (text(&options, "jwt_key"), text(&options, "secret_key")) {
        (Some(pem), _) => {
            let verifier = rules(&options).and_then(|rules| clerk_sessions_auth::Verifier::pem(pem, crypto(), rules));
            (Verdict::of(verifier.map_err(|error| error.to_string())?.verify(token, now(step))), 0)
        }
        (None, secret_key) => {
            let secret_key = secret_key.ok_or("there is no key source")?;
            let place = (base_url(&options), secret_key.to_owned());
            if !servers.contains_key(&place) {
                // The vector counts the attempts of a fetch once, and gives the time after it.
                let once = CallOptions::new().retry(RetryPolicy::none());
                let verifier =
                    jwks_verifier(&options, secret_key).map_err(|error| error.to_string())?.with_options(once);
                servers.insert(place.clone(), Server { verifier, exchanges: Vec::new() });
            }
            let server = servers.get_mut(&place).ok_or("there is no server")?;
            if !exchanges.is_empty() {
                server.exchanges.clone_from(exchanges);
            }
            let Server { verifier, exchanges } = server;
            if options["skip_jwks_cache"] == true {
                verifier.forget_keys();
            }
            let (result, traffic) = drive(verifier.verify(token, now(step)), exchanges, now(step));
            if let Some(difference) = traffic.difference {
                return Err(difference);
            }
            (verdict_of(result), traffic.requests)
        }
    };
    let expected_fetches = ours["requests"].as_u64().map_or(usize::from(!exchanges.is_empty()), |count| count as usize);
    match &ours["answer"] {
        Value::Null => verdict.compare("expect", &step["expect"])?,
        code => verdict.compare("ours", code)?,
    }
    if fetches == expected_fetches {
        Ok(())
    } else {
        Err(format!("expected {expected_fetches} fetches, got {fetches}"))
    }
}
