//! What the fuzz targets share: how an input is cut up, and what holds for every error.

#![forbid(unsafe_code)]

use clerk_sessions_core::call::{CallContext, RawCall};
use clerk_sessions_core::registry::Entry;
use clerk_sessions_core::{Api, Error};
use serde_json::Value;

/// A secret to plant where no text is ever printed: it looks like any text.
pub const OPAQUE: &str = "secretmarker";

/// Secrets to plant where text may be printed: they look like a token and like a key.
pub const SECRETS: [&str; 2] = ["eyJsecretmarker", "sk_test_secretmarker"];

/// The most that any error prints, in bytes: the texts of others in it, at most four, are cut after 200 characters, and the
/// rest is of this crate's own making.
const LONGEST: usize = 4096;

/// The documented fields of an error as JSON.
const FIELDS: [&str; 7] = ["attempts", "code", "kind", "message", "retry_after_ms", "status", "trace_id"];

/// The first `N` lines of an input, less their ends, and the rest of it.
///
/// Inputs are lines so that seeds and findings can be read and written by hand.
#[must_use]
pub fn lines<const N: usize>(input: &[u8]) -> ([&[u8]; N], &[u8]) {
    let mut rest = input;
    let lines = std::array::from_fn(|_| {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        line
    });
    (lines, rest)
}

/// The number that a line stands for: a decimal one for itself, any other line for some number.
#[must_use]
pub fn number(line: &[u8]) -> u64 {
    let digit = |byte: &u8| u64::from(byte.wrapping_sub(b'0'));
    line.iter().fold(0, |number, byte| number.wrapping_mul(10).wrapping_add(digit(byte)))
}

/// `text` with `secret` in it, at this place or, where it is not so long, at one before.
#[must_use]
pub fn planted(text: &[u8], secret: &str, at: u64) -> Vec<u8> {
    let at = (at % (text.len() as u64 + 1)) as usize;
    // Before an escape and not in it: there, the secret's first letter would be read as a digit of the escape's.
    let escape = text[..at].iter().rposition(|byte| *byte == b'\\').filter(|escape| at - escape < "\\u0000".len());
    let (before, after) = text.split_at(escape.unwrap_or(at));
    [before, secret.as_bytes(), after].concat()
}

/// Replaces every string value in `value`, but no key.
pub fn map_strings(value: &mut Value, with: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = with(text),
        Value::Array(items) => items.iter_mut().for_each(|item| map_strings(item, with)),
        Value::Object(fields) => fields.values_mut().for_each(|field| map_strings(field, with)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What makes the calls, new for each input: it remembers what the server responded.
#[must_use]
pub fn caller() -> CallContext {
    CallContext::new(Api::new("sk_test_fuzz").unwrap())
}

/// A call of this operation with the least parameters it takes.
#[must_use]
pub fn raw_call(caller: &CallContext, entry: &Entry) -> RawCall {
    let parameters = match entry.metadata().id {
        "GetSessionList" => "{}",
        "createSession" => r#"{"user_id":"u"}"#,
        "RefreshSession" => r#"{"session_id":"s","expired_token":"e","refresh_token":"r","request_origin":"o"}"#,
        "CreateSessionTokenFromTemplate" => r#"{"session_id":"s","template_name":"t"}"#,
        _ => r#"{"session_id":"s"}"#,
    };
    entry.call(caller, parameters.as_bytes()).unwrap()
}

/// The error as it is printed: by `Display`, by `Debug` and as JSON, the latter less the server's own `code` and `trace_id`,
/// which are for programs and handed on as they came.
///
/// Each of them is one line of bounded length without a planted secret.
#[must_use]
pub fn printed(error: &Error) -> [String; 3] {
    let mut json = serde_json::to_value(error).unwrap();
    assert!(json.as_object().unwrap().keys().eq(FIELDS), "{json}");
    json["code"].take();
    json["trace_id"].take();
    let printed = [error.to_string(), format!("{error:?}"), json.to_string()];
    for text in &printed {
        assert!(!text.contains(char::is_control), "{text:?} is not one line");
        assert!(!text.contains(OPAQUE), "{text} shows a secret");
    }
    let [display, debug, json] = &printed;
    assert!(display.len() <= LONGEST, "{} bytes: {display}", display.len());
    assert!(json.len() <= 2 * LONGEST, "{} bytes: {json}", json.len());
    // That of a response shows all the errors in it, and there may be many.
    assert!(debug.len() <= LONGEST || matches!(error, Error::Api(_)), "{} bytes: {debug}", debug.len());
    printed
}
