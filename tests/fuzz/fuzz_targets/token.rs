//! Decodes and verifies a token. The input is the token; or its first line is the header and the rest the payload, and the signature
//! is that of another token.
//!
//! - No token verifies that the key has not signed.
//! - Decoding twice gives the same, and header and payload are JSON objects for another parser, too.
//! - A token that can't be decoded is rejected with the same error by verification.
//! - The error is one short line.

#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clerk_sessions_auth::{Reason, Rejected, UnverifiedToken, Verifier};
use clerk_sessions_fuzz::keys::{NOW, TOKENS, verifiers};
use clerk_sessions_fuzz::lines;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static VERIFIERS: LazyLock<[Verifier; 2]> = LazyLock::new(verifiers);

fuzz_target!(|input: &[u8]| {
    check(&String::from_utf8_lossy(input));
    let ([header], payload) = lines(input);
    let [header, payload] = [header, payload].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    for token in TOKENS {
        let (_, signature) = token.rsplit_once('.').unwrap();
        check(&format!("{header}.{payload}.{signature}"));
    }
});

fn check(token: &str) {
    if TOKENS.contains(&token) {
        return;
    }
    let decoded = UnverifiedToken::decode(token);
    match (&decoded, UnverifiedToken::decode(token)) {
        (Ok(first), Ok(second)) => {
            assert_eq!((first.header_json(), first.claims()), (second.header_json(), second.claims()));
            for json in [first.header_json(), first.claims().json()] {
                assert!(serde_json::from_str::<Value>(json).unwrap().is_object(), "{json}");
            }
            let header: Value = serde_json::from_str(first.header_json()).unwrap();
            assert_eq!(first.key_id(), header["kid"].as_str());
        }
        (Err(first), Err(second)) => assert_eq!(*first, second),
        _ => panic!("decoding twice differs"),
    }
    for verifier in &*VERIFIERS {
        let rejected = verifier.verify(token, NOW).expect_err("it is not signed");
        is_one_short_line(&rejected);
        if let Err(error) = &decoded {
            assert_eq!(error.reason(), Reason::TokenInvalid);
            assert_eq!(*error, rejected);
        }
    }
}

fn is_one_short_line(rejected: &Rejected) {
    let text = rejected.to_string();
    assert!(text.len() < 200 && !text.contains(char::is_control), "{text:?}");
}
