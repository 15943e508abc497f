//! Session tokens whose signature is a hash. RSA would take most of the time of a million requests; other suites test it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clerk_sessions_auth::{Algorithm, AwsLcRs, Crypto, PublicKey, RsaKey};
use serde_json::{Value, json};

/// The id of the key that the instance has.
pub(crate) const KEY: &str = "ins_1";
/// The header member `cat` of session tokens.
pub(crate) const SESSION: &str = "cl_B7d4PD111AAA";

/// The modulus of the only key. It is no product of primes, as nobody computes with it.
const MODULUS: [u8; 256] = [0xc1; 256];

/// Takes a hash for the signature of [`MODULUS`]. Other keys, such as that of the check at configuration, are real.
pub(crate) struct HashCrypto(AwsLcRs);

impl HashCrypto {
    pub(crate) fn new() -> Self {
        Self(AwsLcRs::new())
    }
}

impl Crypto for HashCrypto {
    fn public_key(&self, key: &RsaKey, algorithm: Algorithm) -> Option<Arc<dyn PublicKey>> {
        if key.modulus() == MODULUS { Some(Arc::new(HashKey)) } else { self.0.public_key(key, algorithm) }
    }
}

struct HashKey;

impl PublicKey for HashKey {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        signature == hash(message)
    }
}

fn hash(message: &[u8]) -> [u8; 8] {
    let mut hasher = DefaultHasher::new();
    message.hash(&mut hasher);
    hasher.finish().to_be_bytes()
}

/// The key set of the instance.
pub(crate) fn key_set() -> String {
    let key = json!({
        "alg": "RS256", "e": "AQAB", "kid": KEY, "kty": "RSA", "n": encoded(MODULUS), "use": "sig",
    });
    json!({ "keys": [key] }).to_string()
}

/// The header of a session token.
pub(crate) fn header() -> Value {
    json!({ "alg": "RS256", "cat": SESSION, "kid": KEY, "typ": "JWT" })
}

/// A signed token.
pub(crate) fn signed(header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
    let signature = encoded(hash(message.as_bytes()));
    format!("{message}.{signature}")
}

/// A token with a wrong signature.
pub(crate) fn forged(header: &Value, claims: &Value) -> String {
    let token = signed(header, claims);
    let end = token.rfind('.').unwrap_or_default();
    format!("{}.{}", &token[..end], encoded([0; 8]))
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
