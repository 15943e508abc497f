//! Parses a response without a 2xx status for every operation. The lines of the input are the status, the values of five headers, and
//! the body.
//!
//! - The result is an `Error::Api` with that status, which keeps the body.
//! - It prints as one line of bounded length, and as JSON with the seven documented fields.
//! - It prints no keys and tokens that the server echoes in its error messages.

#![no_main]

use std::time::Duration;

use clerk_sessions_core::call::{Flow, Step};
use clerk_sessions_core::http::{HeaderValue, Response, StatusCode};
use clerk_sessions_core::{CallOptions, Error, RetryPolicy, registry};
use clerk_sessions_fuzz::{SECRETS, caller, lines, map_strings, number, printed, raw_call};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const HEADERS: [&str; 5] = ["retry-after", "date", "clerk-trace-id", "cf-ray", "content-type"];

fuzz_target!(|input: &[u8]| {
    let ([status, headers @ ..], body) = lines::<6>(input);
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status_of(number(status));
    for (name, value) in HEADERS.into_iter().zip(headers) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            response.headers_mut().insert(name, value);
        }
    }
    check(&response, body);
    if let Ok(body) = serde_json::from_slice::<Value>(body) {
        for secret in SECRETS {
            let mut body = body.clone();
            map_strings(&mut body, &|text| in_the_middle(text, secret));
            check(&response, body.to_string().as_bytes());
        }
    }
});

/// Any status from 100 to 999 except a 2xx.
fn status_of(number: u64) -> StatusCode {
    let status = 100 + number.wrapping_sub(100) % 900;
    let status = if (200..300).contains(&status) { status + 100 } else { status };
    StatusCode::from_u16(status as u16).unwrap()
}

/// The fuzzer chooses the text around the secret, so the middle is an arbitrary position.
fn in_the_middle(text: &str, secret: &str) -> String {
    let (before, after) = text.split_at(text.floor_char_boundary(text.len() / 2));
    format!("{before}{secret}{after}")
}

fn check(response: &Response<Vec<u8>>, body: &[u8]) {
    let mut response = response.clone();
    *response.body_mut() = body.to_vec();
    let once = CallOptions::new().retry(RetryPolicy::none());
    for entry in registry::OPERATIONS {
        // Each call has its own caller, because a 429 would pause the other calls.
        let mut call = raw_call(&caller().with_options(once), entry);
        assert!(matches!(call.step(Duration::ZERO), Step::Send { .. }));
        call.on_response(response.clone(), Duration::ZERO);
        let error = call.finish().unwrap_err();
        assert!(matches!(error, Error::Api(_)), "{error}");
        assert_eq!(error.status(), Some(response.status()));
        assert_eq!(error.body(), Some(body));
        let [display, _, json] = printed(&error);
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["kind"], "api");
        assert_eq!(json["status"], response.status().as_u16());
        assert_eq!(json["message"], display);
    }
}
