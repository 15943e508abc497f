//! A body as the 2xx response to every operation. The input is a number and, from the second line on, the body.
//!
//! - A call of the registry and `Api::parse` come to the same: both succeed, or both fail with the same words.
//! - What fails is an `Error::Decode` that keeps the body.
//! - What was read is written and read again as itself.
//! - No error prints a secret that was planted into the body, at the place that the number says.
//! - More than that, no error depends on what any string of the body says: with other strings as long, it is the same.

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
        // As long as it is written, with its escapes but without its quotes.
        map_strings(&mut body, &|text| "x".repeat(Value::from(text).to_string().len() - 2));
        assert_eq!(told, verdicts(body.to_string().as_bytes()));
    }
});

/// What each operation makes of a body.
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

/// What is printed of the error; nothing where there is none.
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
                // It is a session of another than was asked for, which only the call knows.
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
