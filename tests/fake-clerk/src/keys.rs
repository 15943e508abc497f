//! The RSA keys that sign tokens. An instance of Clerk has keys of its own, and a fake is the instance of its issuer: fakes with the
//! same issuer share their keys, because generating one is slow, and fakes with different issuers never do.

#![allow(clippy::expect_used, reason = "without a key there is nothing to test, and no request can bring this about")]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// The host of the default issuer, and the id of its first key in tokens and in the key set. Ids depend only on the issuer, so that the
/// tokens of two runs differ only in their signature.
const DEFAULT: (&str, &str) = ("fake.clerk.accounts.dev", "ins_fake_clerk");
/// The number of characters in a line of a PEM file.
const PEM_LINE: usize = 64;

/// The instances that the process has had.
static INSTANCES: Mutex<Vec<Instance>> = Mutex::new(Vec::new());

struct Instance {
    /// The host of its issuer.
    host: String,
    /// In the order in which fakes use them.
    keys: Vec<Arc<KeyPair>>,
}

/// The keys of one fake: a range of the keys of its instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyRing {
    /// The number of the instance.
    instance: usize,
    /// The key that signs. The keys before it have signed earlier.
    current: usize,
    /// The first key that is in the key set. All later ones up to the current key are in it, too.
    oldest_served: usize,
}

impl KeyRing {
    /// The first key of the instance with this host.
    pub(super) fn of(host: &str) -> KeyRing {
        let mut instances = instances();
        let instance = instances.iter().position(|instance| instance.host == host).unwrap_or_else(|| {
            instances.push(Instance { host: host.to_owned(), keys: Vec::new() });
            instances.len() - 1
        });
        KeyRing { instance, current: 0, oldest_served: 0 }
    }

    /// Makes the next key the current one. Without `keep_old`, the key set then contains only this key.
    pub(super) fn rotate(&mut self, keep_old: bool) {
        self.current += 1;
        if !keep_old {
            self.oldest_served = self.current;
        }
    }

    /// Generates the current key if it does not exist yet.
    pub(super) fn prepare(self) {
        self.key(self.current);
    }

    /// The id of the current key.
    pub(super) fn current_id(self) -> String {
        self.id(self.current)
    }

    /// The number of the key with that id, if the fake has ever signed with it.
    pub(super) fn find(self, wanted: &str) -> Option<usize> {
        (0..=self.current).rev().find(|&number| self.id(number) == wanted)
    }

    /// The signature of `message` by the current key. `alg` is `RS384` or `RS512`; anything else stands for `RS256`.
    pub(super) fn sign(self, message: &[u8], alg: &str) -> Vec<u8> {
        let encoding: &dyn RsaEncoding = match alg {
            "RS384" => &RSA_PKCS1_SHA384,
            "RS512" => &RSA_PKCS1_SHA512,
            _ => &RSA_PKCS1_SHA256,
        };
        let key = self.key(self.current);
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(encoding, &SystemRandom::new(), message, &mut signature)
            .expect("the buffer has the length of the modulus");
        signature
    }

    /// The JSON Web Key Set: the current key, then older ones.
    pub(super) fn key_set(self) -> Value {
        let keys: Vec<_> = (self.oldest_served..=self.current).rev().map(|number| self.public_jwk(number)).collect();
        json!({ "keys": keys })
    }

    /// The current public key as a PEM file, in the format SPKI.
    pub(super) fn pem(self) -> String {
        let der = self.key(self.current).public_key().as_der().expect("a generated key can be encoded");
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

    /// Whether `signature` is the RS256 signature of `message` by the key with that number.
    pub(super) fn verify(self, number: usize, message: &[u8], signature: &[u8]) -> bool {
        let key = self.key(number);
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key()).verify(message, signature).is_ok()
    }

    /// The public half of the key with that number, as a JSON Web Key.
    fn public_jwk(self, number: usize) -> Value {
        let key = self.key(number);
        let modulus = key.public_key().modulus().big_endian_without_leading_zero();
        let exponent = key.public_key().exponent().big_endian_without_leading_zero();
        json!({
            "use": "sig",
            "kty": "RSA",
            "kid": self.id(number),
            "alg": "RS256",
            "n": BASE64URL.encode(modulus),
            "e": BASE64URL.encode(exponent),
        })
    }

    /// The id of the key with that number. It is known before the key is generated.
    fn id(self, number: usize) -> String {
        let first = match &*instances()[self.instance].host {
            host if host == DEFAULT.0 => DEFAULT.1.to_owned(),
            host => format!("ins_of_{}", host.replace(|c: char| !c.is_ascii_alphanumeric(), "_")),
        };
        if number == 0 { first } else { format!("{first}_{}", number + 1) }
    }

    /// The key with that number. It and those before it are generated if they do not exist yet.
    fn key(self, number: usize) -> Arc<KeyPair> {
        let keys = &mut instances()[self.instance].keys;
        while keys.len() <= number {
            keys.push(Arc::new(KeyPair::generate(KeySize::Rsa2048).expect("an RSA key can be generated")));
        }
        Arc::clone(&keys[number])
    }
}

fn instances() -> MutexGuard<'static, Vec<Instance>> {
    INSTANCES.lock().unwrap_or_else(PoisonError::into_inner)
}
