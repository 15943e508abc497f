//! A public key, and tokens that it verifies. Nobody has the private key any more.

use std::time::Duration;

use clerk_sessions_auth::{AuthorizedParties, AwsLcRs, Rules, Verifier};

/// Two tokens that [`verifiers`] accept at [`NOW`].
pub const TOKENS: [&str; 2] = [include_str!("../keys/small.jwt"), include_str!("../keys/usual.jwt")];

/// A time at which [`TOKENS`] are valid.
pub const NOW: Duration = Duration::from_secs(1_700_000_000);

/// Verifiers that accept as much as they can: one with a key for every token, and one with a key set and a cache.
#[must_use]
pub fn verifiers() -> [Verifier; 2] {
    let jwk = include_str!("../keys/jwk.json");
    // The tokens name two key ids.
    let set = format!("{{\"keys\":[{jwk},{}]}}", jwk.replace("ins_1", "k"));
    let rules = || Rules::new(AuthorizedParties::any()).allow_missing_session_id().allow_machine_tokens();
    [
        Verifier::jwk(jwk, AwsLcRs::new(), rules()).unwrap(),
        Verifier::jwks(&set, AwsLcRs::new(), rules()).unwrap().with_cache(4),
    ]
}
