//! Runs the vectors of token verification: JSON files with inputs and expected results, which any implementation can read.
//!
//! A vector with `ours` expects that, as this library is stricter there than Clerk's. Otherwise a vector with `must` expects `expect`,
//! and one without expects `recommended`. A vector with none of these is open: it is counted apart.

mod assertions;
mod authenticate;
mod claims;
mod jwks;
mod keys;
mod network;
mod options;
mod requests;
mod verify;

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// The result of all vectors of a kind.
#[derive(Debug, Default)]
pub struct Tally {
    /// The kind, such as `verify`.
    pub name: &'static str,
    /// How many gave the expected result.
    pub passed: usize,
    /// How many expect a result.
    pub total: usize,
    /// How many expect no result.
    pub open: usize,
    /// A line for each that failed, with its id.
    pub failures: Vec<String>,
}

/// What a vector expects.
enum Expected<'a> {
    /// The value of `ours`, `expect` or `recommended`, with the name of that member.
    Value(&'static str, &'a Value),
    Open,
}

impl<'a> Expected<'a> {
    fn of(vector: &'a Value) -> Self {
        // Vectors without `must` bind.
        let expects = if vector["must"] == false { "recommended" } else { "expect" };
        let member = ["ours", expects].into_iter().find(|name| vector.get(name).is_some());
        member.map_or(Self::Open, |name| Self::Value(name, &vector[name]))
    }
}

/// A vector's actual result, or why it can't be run. `Err` describes a difference.
type Outcome = Result<(), String>;

/// Runs one vector with what it expects.
type Run = fn(&Value, &'static str, &Value) -> Outcome;

/// Runs the vectors in this folder.
///
/// # Errors
/// A file is missing or is not in the form of a vector file.
pub fn run(folder: &Path) -> Result<Vec<Tally>, Box<dyn Error>> {
    let kinds: [(&'static str, &str, &str, Run); 10] = [
        ("verify", "verify.json", "vectors", verify::run),
        ("claims", "claims.json", "claims", claims::run_claims),
        ("has", "claims.json", "has", claims::run_has),
        ("jwks", "jwks_cache.json", "scenarios", jwks::run),
        ("assertions", "assertions.json", "vectors", assertions::run),
        ("keys", "publishable_key.json", "vectors", keys::run),
        ("authenticate", "authenticate.json", "vectors", authenticate::run),
        ("request_url", "request_url.json", "vectors", requests::run_url),
        ("cookie_context", "cookie_context.json", "vectors", requests::run_cookies),
        ("organization_match", "organization_match.json", "vectors", requests::run_organization),
    ];
    kinds.into_iter().map(|(name, file, list, run)| tally(name, &folder.join(file), list, run)).collect()
}

fn tally(name: &'static str, file: &Path, list: &str, run: Run) -> Result<Tally, Box<dyn Error>> {
    let bad = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = fs::read_to_string(file).map_err(|error| bad(&error))?;
    let document: Value = serde_json::from_str(&text).map_err(|error| bad(&error))?;
    if !document[list].is_array() {
        return Err(bad(&format!("there is no list {list:?}")).into());
    }
    let mut tally = Tally { name, ..Tally::default() };
    // Tokens are given once, by name.
    let vectors = authenticate::with_keys(authenticate::with_tokens(&document[list], &document["tokens"]));
    for vector in vectors.as_array().unwrap_or(&Vec::new()) {
        // A scenario with several steps says for each step what it expects.
        let expected = if name == "jwks" { Expected::Value("steps", &vector["steps"]) } else { Expected::of(vector) };
        let Expected::Value(member, expected) = expected else {
            tally.open += 1;
            continue;
        };
        tally.total += 1;
        match run(vector, member, expected) {
            Ok(()) => tally.passed += 1,
            Err(difference) => {
                tally.failures.push(format!("{name} {}: {difference}", vector["id"].as_str().unwrap_or("?")))
            }
        }
    }
    Ok(tally)
}

/// The report: a line for each failure, then one for each kind, then the open ones.
#[must_use]
pub fn report(tallies: &[Tally]) -> String {
    let mut text: String = tallies.iter().flat_map(|tally| &tally.failures).map(|line| format!("{line}\n")).collect();
    for Tally { name, passed, total, .. } in tallies {
        let _ = writeln!(text, "{name} {passed}/{total}");
    }
    let open: Vec<_> =
        tallies.iter().filter(|tally| tally.open > 0).map(|tally| format!("{} {}", tally.name, tally.open)).collect();
    let _ = writeln!(text, "open: {}", if open.is_empty() { "none".to_owned() } else { open.join(", ") });
    text
}

/// Compares a result with the expected one.
fn same(actual: &Value, expected: &Value) -> Outcome {
    if with_floats(actual) == with_floats(expected) {
        Ok(())
    } else {
        Err(format!("expected {expected}, got {actual}"))
    }
}

/// The value with all numbers as floats, as JavaScript has only these.
fn with_floats(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or(Value::Null, Value::from),
        Value::Array(list) => list.iter().map(with_floats).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), with_floats(value))).collect(),
        _ => value.clone(),
    }
}
