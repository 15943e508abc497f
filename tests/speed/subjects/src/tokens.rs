//! Session tokens, signed with a key that was made for this measurement and is used for nothing else.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;

const KEY: &[u8] = include_bytes!("tokens.pem");

/// The id of the key.
pub const KEY_ID: &str = "ins_2aaaaaaaaaaaaaaaaaaaaaaaaaa";

/// The origin in the tokens.
pub const PARTY: &str = "https://app.example.com";

/// The private key.
pub struct Signer(KeyPair);

/// The public key, in base64url.
pub struct PublicKey {
    pub modulus: String,
    pub exponent: String,
}

impl Signer {
    /// Reads the private key.
    #[must_use]
    pub fn new() -> Self {
        let der = PrivatePkcs8KeyDer::from_pem_slice(KEY).expect("a key in PEM");
        Self(KeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("an RSA key"))
    }

    /// A token of version 2, as of a member of an organization. Its session has this number. It expires in 2038, with the last second
    /// that clerk-rs can read.
    #[must_use]
    pub fn token(&self, session: usize) -> String {
        let header = format!(r#"{{"alg":"RS256","cat":"cl_B7d4PD111AAA","kid":"{KEY_ID}","typ":"JWT"}}"#);
        let claims = format!(
            concat!(
                r#"{{"azp":"{party}","exp":2147483647,"fea":"o:invoices,o:reports,u:beta","fva":[4,-1],"iat":1763880000,"#,
                r#""iss":"https://clerk.example.com","jti":"8f2c0a41d3b5e6f79a10","nbf":1763879990,"#,
                r#""o":{{"fpm":"3,1","id":"org_2aaaaaaaaaaaaaaaaaaaaaaaaaa","per":"manage,read","rol":"admin","slg":"acme"}},"#,
                r#""pla":"o:team","sid":"sess_{session:0>27}","sts":"active","sub":"user_2aaaaaaaaaaaaaaaaaaaaaaaaaa","v":2}}"#
            ),
            party = PARTY,
            session = session,
        );
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let mut signature = vec![0; self.0.public_modulus_len()];
        let random = SystemRandom::new();
        self.0.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).expect("a signature");
        format!("{signed}.{}", encoded(signature))
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        let numbers = PublicKeyComponents::<Vec<u8>>::from(self.0.public_key());
        PublicKey { modulus: encoded(numbers.n), exponent: encoded(numbers.e) }
    }

    /// The public key, as the `RSAPublicKey` of PKCS #1 in DER.
    #[must_use]
    pub fn public_key_der(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }
}

impl Default for Signer {
    fn default() -> Self {
        Self::new()
    }
}

impl PublicKey {
    /// The key set of the instance.
    #[must_use]
    pub fn jwks(&self) -> String {
        format!(r#"{{"keys":[{}]}}"#, self.jwk())
    }

    /// The JSON Web Key.
    #[must_use]
    pub fn jwk(&self) -> String {
        let Self { modulus, exponent } = self;
        format!(r#"{{"alg":"RS256","e":"{exponent}","kid":"{KEY_ID}","kty":"RSA","n":"{modulus}","use":"sig"}}"#)
    }
}

/// What is signed of a token, and its signature.
#[must_use]
pub fn parts(token: &str) -> (&str, Vec<u8>) {
    let (signed, signature) = token.rsplit_once('.').expect("a token");
    (signed, BASE64_URL_SAFE_NO_PAD.decode(signature).expect("base64url"))
}

/// The time since 1970.
#[must_use]
pub fn unix_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_1032_bytes_however_large_its_number() {
        let signer = Signer::new();
        assert_eq!((signer.token(0).len(), signer.token(999).len()), (1032, 1032));
    }
}
