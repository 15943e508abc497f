//! Keys that sign tokens, for the suites that verify them.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clerk_sessions_auth::{AuthorizedParties, Rules};
use serde_json::{Value, json};

/// The authorized party of the tokens.
pub(crate) const ORIGIN: &str = "https://app.example.com";

/// A private key of 2048 bits, and its id.
pub(crate) struct Signer {
    pub(crate) id: String,
    key: KeyPair,
}

impl Signer {
    pub(crate) fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), key: KeyPair::generate(KeySize::Rsa2048).unwrap() }
    }

    /// The header of its tokens.
    pub(crate) fn header(&self) -> Value {
        json!({ "alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": self.id, "typ": "JWT" })
    }

    /// A token of this header and payload. The signature is of the algorithm that the header names, or of RS256.
    pub(crate) fn sign(&self, header: &str, payload: impl AsRef<[u8]>) -> String {
        let algorithm = if header.contains("RS384") { &RSA_PKCS1_SHA384 } else { &RSA_PKCS1_SHA256 };
        let signed = format!("{}.{}", encoded(header), encoded(payload));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(algorithm, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", encoded(signature))
    }

    /// Modulus and exponent in base64url.
    pub(crate) fn components(&self) -> (String, String) {
        let numbers = PublicKeyComponents::<Vec<u8>>::from(self.key.public_key());
        (encoded(numbers.n), encoded(numbers.e))
    }

    /// The public key, under this id.
    pub(crate) fn jwk(&self, id: &str) -> Value {
        let (modulus, exponent) = self.components();
        json!({ "alg": "RS256", "e": exponent, "kid": id, "kty": "RSA", "n": modulus, "use": "sig" })
    }
}

/// Base64url without padding.
pub(crate) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The claims of a session token of usual size that is valid from `now` to `expiry`, both in seconds.
pub(crate) fn claims(now: u64, expiry: u64) -> Value {
    json!({
        "azp": ORIGIN, "exp": expiry, "fva": [3, -1], "iat": now, "iss": "https://clerk.example.com", "nbf": now - 10,
        "fea": "o:invoices,u:beta", "pla": "u:pro", "sid": "sess_2aaaaaaaaaaaaaaaaaaaaaaaaaa", "sts": "active",
        "sub": "user_2aaaaaaaaaaaaaaaaaaaaaaaaaa", "v": 2,
        "o": { "id": "org_2aaaaaaaaaaaaaaaaaaaaaaaaaa", "slg": "acme", "rol": "admin", "per": "read,write", "fpm": "3" },
    })
}

/// Tokens of [`ORIGIN`] only.
pub(crate) fn rules() -> Rules {
    Rules::new(AuthorizedParties::list([ORIGIN]).unwrap())
}
