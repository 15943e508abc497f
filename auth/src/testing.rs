//! Keys and tokens for the unit tests.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    UnparsedPublicKey,
};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::crypto::{Crypto, PublicKey};
use crate::keys::RsaKey;
use crate::token::Algorithm;
use crate::{AuthorizedParties, Rules};

/// The time of the tests.
pub(crate) const NOW: Duration = Duration::from_secs(1_700_000_000);

/// RS256 and RS384 of aws-lc-rs, whichever features are on.
pub(crate) struct TestCrypto;

struct Key(RsaKey, Algorithm);

impl Crypto for TestCrypto {
    fn public_key(&self, key: &RsaKey, algorithm: Algorithm) -> Option<Arc<dyn PublicKey>> {
        Some(Arc::new(Key(key.clone(), algorithm)))
    }
}

impl PublicKey for Key {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let parameters = match self.1 {
            Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            _ => &RSA_PKCS1_2048_8192_SHA256,
        };
        UnparsedPublicKey::new(parameters, self.0.to_der()).verify(message, signature).is_ok()
    }
}

/// One of two private keys.
#[derive(Clone, Copy)]
pub(crate) struct Signer {
    pub(crate) id: &'static str,
    key: &'static KeyPair,
}

static KEYS: [OnceLock<KeyPair>; 2] = [OnceLock::new(), OnceLock::new()];

pub(crate) fn signer() -> Signer {
    Signer { id: "ins_1", key: KEYS[0].get_or_init(|| KeyPair::generate(KeySize::Rsa2048).unwrap()) }
}

pub(crate) fn other_signer() -> Signer {
    Signer { id: "ins_2", key: KEYS[1].get_or_init(|| KeyPair::generate(KeySize::Rsa2048).unwrap()) }
}

impl Signer {
    /// The claims of a session token that is valid at [`NOW`].
    pub(crate) fn claims() -> Value {
        let now = NOW.as_secs();
        json!({
            "azp": "https://app.example.com", "exp": now + 60, "iat": now, "iss": "https://clerk.example.com", "nbf": now - 10,
            "sid": "sess_1", "sts": "active", "sub": "user_1", "v": 2,
        })
    }

    /// A token with these claims in the place of those of [`claims`](Self::claims). `null` removes one.
    pub(crate) fn token(self, changes: Value) -> String {
        self.sign(&self.header(json!({})), &changed(Self::claims(), changes))
    }

    /// The header with changes, as for [`token`](Self::token).
    pub(crate) fn header(self, changes: Value) -> Value {
        changed(json!({ "alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": self.id, "typ": "JWT" }), changes)
    }

    pub(crate) fn sign(self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    pub(crate) fn sign_text(self, header: &str, claims: &str) -> String {
        let algorithm = if header.contains("RS384") { &RSA_PKCS1_SHA384 } else { &RSA_PKCS1_SHA256 };
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(algorithm, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", encoded(signature))
    }

    fn numbers(self) -> (Vec<u8>, Vec<u8>) {
        let key = self.key.public_key();
        let components = aws_lc_rs::rsa::PublicKeyComponents::<Vec<u8>>::from(key);
        (components.n, components.e)
    }

    pub(crate) fn jwk(self) -> Value {
        let (modulus, exponent) = self.numbers();
        json!({
            "alg": "RS256", "e": encoded(exponent), "kid": self.id, "kty": "RSA", "n": encoded(modulus), "use": "sig",
        })
    }

    pub(crate) fn pem(self) -> String {
        let (modulus, exponent) = self.numbers();
        // The head of every public key of 2048 bits.
        let mut spki = vec![0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09];
        spki.extend([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00]);
        spki.extend(RsaKey::new(modulus, exponent).unwrap().to_der());
        let base64 = BASE64_STANDARD.encode(spki);
        let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }
}

pub(crate) fn jwks(signers: &[Signer]) -> Value {
    json!({ "keys": signers.iter().map(|signer| signer.jwk()).collect::<Vec<_>>() })
}

pub(crate) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn changed(mut object: Value, changes: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    object
}

pub(crate) fn rules() -> Rules {
    Rules::new(AuthorizedParties::list(["https://app.example.com"]).unwrap())
}
