//! The RSA key that signs tokens. The process has only one, because generating it is slow.

#![allow(clippy::expect_used, reason = "without a key there is nothing to test, and no request can bring this about")]

use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Value, json};

/// The key's id in tokens and in the key set. It is fixed, so that the tokens of two runs differ only in their signature.
pub(super) const KEY_ID: &str = "ins_fake_clerk";

static KEY: OnceLock<KeyPair> = OnceLock::new();

/// Generates the key if it does not exist yet.
pub(super) fn prepare() {
    key();
}

/// The RS256 signature of `message`.
pub(super) fn sign(message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; key().public_modulus_len()];
    key()
        .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
        .expect("the buffer has the length of the modulus");
    signature
}

/// Whether `signature` is the RS256 signature of `message`.
pub(super) fn verify(message: &[u8], signature: &[u8]) -> bool {
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key().public_key());
    key.verify(message, signature).is_ok()
}

/// The JSON Web Key Set with the one public key.
pub(super) fn key_set() -> Value {
    let key = key().public_key();
    let modulus = key.modulus().big_endian_without_leading_zero();
    let exponent = key.exponent().big_endian_without_leading_zero();
    json!({
        "keys": [{
            "use": "sig",
            "kty": "RSA",
            "kid": KEY_ID,
            "alg": "RS256",
            "n": BASE64URL.encode(modulus),
            "e": BASE64URL.encode(exponent),
        }],
    })
}

fn key() -> &'static KeyPair {
    KEY.get_or_init(|| KeyPair::generate(KeySize::Rsa2048).expect("an RSA key can be generated"))
}
