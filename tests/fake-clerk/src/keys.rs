//! The RSA keys that sign tokens. All fakes of a process share them, because generating one is slow.

#![allow(clippy::expect_used, reason = "without a key there is nothing to test, and no request can bring this about")]

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding,
    UnparsedPublicKey,
};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD as BASE64, BASE64_URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};

/// The id of the first key in tokens and in the key set. The ids are fixed, so that the tokens of two runs differ only in their
/// signature.
const FIRST_KEY_ID: &str = "ins_fake_clerk";
/// The number of characters in a line of a PEM file.
const PEM_LINE: usize = 64;

/// The keys of the process, in the order in which fakes use them.
static KEYS: Mutex<Vec<Arc<KeyPair>>> = Mutex::new(Vec::new());

/// The keys of one fake: a range of the keys of the process.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KeyRing {
    /// The key that signs. The keys before it have signed earlier.
    current: usize,
    /// The first key that is in the key set. All later ones up to the current key are in it, too.
    oldest_served: usize,
}

impl KeyRing {
    /// Makes the next key the current one. Without `keep_old`, the key set then contains only this key.
    pub(super) fn rotate(&mut self, keep_old: bool) {
        self.current += 1;
        if !keep_old {
            self.oldest_served = self.current;
        }
    }

    /// Generates the current key if it does not exist yet.
    pub(super) fn prepare(self) {
        key(self.current);
    }

    /// The id of the current key.
    pub(super) fn current_id(self) -> String {
        id(self.current)
    }

    /// The number of the key with that id, if the fake has ever signed with it.
    pub(super) fn find(self, wanted: &str) -> Option<usize> {
        (0..=self.current).rev().find(|&number| id(number) == wanted)
    }

    /// The signature of `message` by the current key. `alg` is `RS384` or `RS512`; anything else stands for `RS256`.
    pub(super) fn sign(self, message: &[u8], alg: &str) -> Vec<u8> {
        let encoding: &dyn RsaEncoding = match alg {
            "RS384" => &RSA_PKCS1_SHA384,
            "RS512" => &RSA_PKCS1_SHA512,
            _ => &RSA_PKCS1_SHA256,
        };
        let key = key(self.current);
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(encoding, &SystemRandom::new(), message, &mut signature)
            .expect("the buffer has the length of the modulus");
        signature
    }

    /// The JSON Web Key Set: the current key, then older ones.
    pub(super) fn key_set(self) -> Value {
        let keys: Vec<_> = (self.oldest_served..=self.current).rev().map(public_jwk).collect();
        json!({ "keys": keys })
    }

    /// The current public key as a PEM file, in the format SPKI.
    pub(super) fn pem(self) -> String {
        let der = key(self.current).public_key().as_der().expect("a generated key can be encoded");
        let text = BASE64.encode(der.as_ref());
        let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
        for (index, digit) in text.chars().enumerate() {
            if index > 0 && index % PEM_LINE == 0 {
                pem.push('\n');
            }
            pem.push(digit);
        }
        pem + "\n-----END PUBLIC KEY-----\n"
    }
}

/// Whether `signature` is the RS256 signature of `message` by the key with that number.
pub(super) fn verify(number: usize, message: &[u8], signature: &[u8]) -> bool {
    let key = key(number);
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key()).verify(message, signature).is_ok()
}

/// The public half of the key with that number, as a JSON Web Key.
fn public_jwk(number: usize) -> Value {
    let key = key(number);
    let modulus = key.public_key().modulus().big_endian_without_leading_zero();
    let exponent = key.public_key().exponent().big_endian_without_leading_zero();
    json!({
        "use": "sig",
        "kty": "RSA",
        "kid": id(number),
        "alg": "RS256",
        "n": BASE64URL.encode(modulus),
        "e": BASE64URL.encode(exponent),
    })
}

/// The id of the key with that number. It is known before the key is generated.
fn id(number: usize) -> String {
    if number == 0 { FIRST_KEY_ID.to_owned() } else { format!("{FIRST_KEY_ID}_{}", number + 1) }
}

/// The key with that number. It and those before it are generated if they do not exist yet.
fn key(number: usize) -> Arc<KeyPair> {
    let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    while keys.len() <= number {
        keys.push(Arc::new(KeyPair::generate(KeySize::Rsa2048).expect("an RSA key can be generated")));
    }
    Arc::clone(&keys[number])
}
