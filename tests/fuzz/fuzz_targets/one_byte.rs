//! Changes one byte of a valid token. The first line of the input is its position, the second line the new byte.
//!
//! The token does not verify with the byte in the place of the old one, before it, or without the old one. Nor does it after the
//! unchanged token was verified, with a cache.

#![no_main]

use std::sync::LazyLock;

use clerk_sessions_auth::Verifier;
use clerk_sessions_fuzz::keys::{NOW, TOKENS, verifiers};
use clerk_sessions_fuzz::{lines, number};
use libfuzzer_sys::fuzz_target;

static VERIFIERS: LazyLock<[Verifier; 2]> = LazyLock::new(verifiers);

fuzz_target!(|input: &[u8]| {
    let ([position, byte], _) = lines(input);
    let byte = byte.first().map_or('\n', |byte| char::from(*byte));
    for token in TOKENS {
        let at = (number(position) % token.len() as u64) as usize;
        let (before, rest) = token.split_at(at);
        let after = &rest[1..];
        let changed = [format!("{before}{byte}{after}"), format!("{before}{byte}{rest}"), format!("{before}{after}")];
        for verifier in &*VERIFIERS {
            assert!(verifier.verify(token, NOW).is_ok());
            for changed in changed.iter().filter(|changed| *changed != token) {
                assert!(verifier.verify(changed, NOW).is_err(), "{changed}");
            }
        }
    }
});
