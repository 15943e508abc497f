//! Decodes a body as the 2xx response to every operation. The first line of the input is a number, and the rest is the body.
//!
//! - A call of the registry and `Api::parse` agree: both succeed, or both fail with the same error.
//! - Every error is an `Error::Decode` that keeps the body.
//! - A decoded value is equal to itself after it is serialized and decoded again.
//! - No error prints a secret that is planted in the body, at the position given by the number.
//! - No error depends on the content of the strings in the body: other strings of the same length give the same error.

#![no_main]

use std::fmt::Debug;
use std::time::Duration;

use clerk_sessions_core::call::{CallContext, Flow, Step};
use clerk_sessions_core::http::Response;
use clerk_sessions_core::operation::Operation;
use clerk_sessions_core::{
    CreateSession, CreateSessionToken, CreateSessionTokenFromTemplate, Error, GetSession, ListSessions, RefreshSession,
    RevokeSession, registry,
};
use clerk_sessions_fuzz::{SECRETS, caller, lines, map_strings, number, planted, printed, raw_call};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let ([at], body) = lines(input);
    let verdicts = |body: &[u8]| verdicts(&caller(), body);
    verdicts(body);
    for secret in SECRETS {
        verdicts(&planted(body, secret, number(at)));
    }
    if let Ok(mut body) = serde_json::from_slice::<Value>(body) {
        let told = verdicts(body.to_string().as_bytes());
        // The same length as in the JSON text, with escapes but without quotes.
        map_strings(&mut body, &|text| "x".repeat(Value::from(text).to_string().len() - 2));
        assert_eq!(told, verdicts(body.to_string().as_bytes()));
    }
});

/// The verdict of each operation on a body.
fn verdicts(caller: &CallContext, body: &[u8]) -> [Verdict; 7] {
    [
        verdict::<ListSessions>(caller, body),
        verdict::<CreateSession>(caller, body),
        verdict::<GetSession>(caller, body),
        verdict::<RefreshSession>(caller, body),
        verdict::<RevokeSession>(caller, body),
        verdict::<CreateSessionToken>(caller, body),
        verdict::<CreateSessionTokenFromTemplate>(caller, body),
    ]
}

/// The printed error, or nothing if decoding succeeds.
type Verdict = Option<[String; 3]>;

fn verdict<O: Operation<Output: Serialize + PartialEq + Debug>>(caller: &CallContext, body: &[u8]) -> Verdict {
    let mut call = raw_call(caller, registry::find(O::METADATA.id).unwrap());
    assert!(matches!(call.step(Duration::ZERO), Step::Send { .. }));
    call.on_response(response(body), Duration::ZERO);
    let raw = call.finish();
    match caller.api().parse::<O>(response(body)) {
        Ok(output) => {
            match raw {
                Ok(raw) => assert_eq!(raw.body(), body),
                // Only the call detects a response for another session than the requested one.
                Err(error) => assert!(printed(&error)[0].contains("than the one asked for"), "{error}"),
            }
            let written = serde_json::to_vec(&output).unwrap();
            assert_eq!(output, caller.api().parse::<O>(response(&written)).unwrap());
            None
        }
        Err(error) => {
            assert!(matches!(error, Error::Decode(_)), "{error}");
            assert_eq!(error.body(), Some(body));
            assert_eq!(format!("{error:?}"), format!("{:?}", raw.unwrap_err()));
            Some(printed(&error))
        }
    }
}

fn response(body: &[u8]) -> Response<Vec<u8>> {
    Response::new(body.to_vec())
}
