//! A response that is not a 2xx, to every operation. The input is lines: the status, the values of five headers, the body.
//!
//! - It is an `Error::Api` with that status, which keeps the body.
//! - It prints as one line of bounded length, and as JSON with the seven documented fields.
//! - Keys and tokens that the server echoes in what it says of its errors are not printed.

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

/// Any status from 100 to 999 but a 2xx.
fn status_of(number: u64) -> StatusCode {
    let status = 100 + number.wrapping_sub(100) % 900;
    let status = if (200..300).contains(&status) { status + 100 } else { status };
    StatusCode::from_u16(status as u16).unwrap()
}

/// The text around the secret is the fuzzer's to choose, so the middle is any place.
fn in_the_middle(text: &str, secret: &str) -> String {
    let (before, after) = text.split_at(text.floor_char_boundary(text.len() / 2));
    format!("{before}{secret}{after}")
}

fn check(response: &Response<Vec<u8>>, body: &[u8]) {
    let mut response = response.clone();
    *response.body_mut() = body.to_vec();
    let once = CallOptions::new().retry(RetryPolicy::none());
    for entry in registry::OPERATIONS {
        // A caller each, as a 429 to one call holds the others back.
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
