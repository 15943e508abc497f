//! Makes a call through the registry. The lines of the input are the operationId, a number, and the parameters.
//!
//! - A refusal is an `Error::Build`, which names the operation if it exists.
//! - An accepted call is one of that operation, and prints no parameter.
//! - No error prints a string of the parameters, or a token or key that is planted at the position given by the number, inside or
//!   outside of a string or a parameter name.

#![no_main]

use std::time::Duration;

use clerk_sessions_core::call::{Flow, Step};
use clerk_sessions_core::{Error, registry};
use clerk_sessions_fuzz::{OPAQUE, SECRETS, caller, lines, map_strings, number, planted, printed};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let ([operation_id, at], parameters) = lines(input);
    let operation_id = String::from_utf8_lossy(operation_id);
    call(&operation_id, parameters);
    for secret in SECRETS {
        call(&operation_id, &planted(parameters, secret, number(at)));
    }
    if let Ok(mut parameters) = serde_json::from_slice::<Value>(parameters) {
        map_strings(&mut parameters, &|text| format!("{text}{OPAQUE}"));
        call(&operation_id, parameters.to_string().as_bytes());
    }
});

fn call(operation_id: &str, parameters: &[u8]) {
    let entry = registry::find(operation_id);
    match registry::call(&caller(), operation_id, parameters) {
        Ok(mut call) => {
            assert_eq!(call.metadata(), entry.unwrap().metadata());
            assert_eq!(call.metadata().id, operation_id);
            let Step::Send { request, .. } = call.step(Duration::ZERO) else { panic!("{call:?}") };
            assert_eq!(request.method(), call.metadata().method);
            let debug = format!("{call:?}");
            assert_eq!(
                debug,
                format!("RawCall {{ operation: {operation_id:?}, state: \"in flight\", attempts: 1, .. }}")
            );
        }
        Err(error) => {
            let Error::Build(refused) = &error else { panic!("{error}") };
            match entry {
                Some(_) => assert_eq!(error.operation(), Some(operation_id)),
                None => assert_eq!((error.operation(), refused.field()), (None, "operation_id")),
            }
            assert_eq!(error.attempts(), 0);
            let _ = printed(&error);
        }
    }
}
