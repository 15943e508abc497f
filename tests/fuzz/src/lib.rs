//! Shared by the fuzz targets: splitting of inputs, checks of errors, and keys.

#![forbid(unsafe_code)]

pub mod keys;

use clerk_sessions_core::call::{CallContext, RawCall};
use clerk_sessions_core::registry::Entry;
use clerk_sessions_core::{Api, Error};
use serde_json::Value;

/// A secret that looks like any text. It is planted in text that is never printed.
pub const OPAQUE: &str = "secretmarker";

/// Secrets that look like a token and like a key. They are planted in text that may be printed.
pub const SECRETS: [&str; 2] = ["eyJsecretmarker", "sk_test_secretmarker"];

/// The maximum length of a printed error, in bytes. It contains at most four untrusted texts of up to 200 characters, and text of the
/// core.
const LONGEST: usize = 4096;

/// The documented fields of an error as JSON.
const FIELDS: [&str; 7] = ["attempts", "code", "kind", "message", "retry_after_ms", "status", "trace_id"];

/// The first `N` lines of an input without their line ends, and the rest of the input.
///
/// Inputs consist of lines, so that seeds and findings can be read and written by hand.
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

/// The number of a line: its decimal value, or an arbitrary number for any other text.
#[must_use]
pub fn number(line: &[u8]) -> u64 {
    let digit = |byte: &u8| u64::from(byte.wrapping_sub(b'0'));
    line.iter().fold(0, |number, byte| number.wrapping_mul(10).wrapping_add(digit(byte)))
}

/// Inserts `secret` into `text` at this position, or at an earlier one if `text` is shorter.
#[must_use]
pub fn planted(text: &[u8], secret: &str, at: u64) -> Vec<u8> {
    let at = (at % (text.len() as u64 + 1)) as usize;
    // Inserts before an escape and not in it. Otherwise, the secret's first letter would be a digit of the escape.
    let escape = text[..at].iter().rposition(|byte| *byte == b'\\').filter(|escape| at - escape < "\\u0000".len());
    let (before, after) = text.split_at(escape.unwrap_or(at));
    [before, secret.as_bytes(), after].concat()
}

/// Replaces every string value in `value`, but not the keys.
pub fn map_strings(value: &mut Value, with: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = with(text),
        Value::Array(items) => items.iter_mut().for_each(|item| map_strings(item, with)),
        Value::Object(fields) => fields.values_mut().for_each(|field| map_strings(field, with)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The context of the calls. It is new for each input, because it keeps rate limits and the retry budget.
#[must_use]
pub fn caller() -> CallContext {
    CallContext::new(Api::new("sk_test_fuzz").unwrap())
}

/// A call of this operation with only its required parameters.
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

/// The error printed with `Display`, with `Debug` and as JSON. The JSON is without `code` and `trace_id`, which are
/// passed on unchanged from the server.
///
/// Checks that each form is one line of bounded length without a planted secret.
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
    // The `Debug` output of an API error contains all errors of the response, which may be many.
    assert!(debug.len() <= LONGEST || matches!(error, Error::Api(_)), "{} bytes: {debug}", debug.len());
    printed
}
