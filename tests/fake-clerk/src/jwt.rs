//! Signed tokens in their compact form.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Map, Value, json};

use super::keys;
use super::seed::Signature;

/// What stands for a signature under [`Signature::None`].
const NO_SIGNATURE: &str = "fake-signature";

/// The token with these claims.
pub(super) fn sign(claims: &Value, signature: Signature) -> String {
    let claims = BASE64URL.encode(claims.to_string());
    let signed = format!("{}.{claims}", header());
    let signature = match signature {
        Signature::Rsa => BASE64URL.encode(keys::sign(signed.as_bytes())),
        Signature::None => NO_SIGNATURE.to_owned(),
    };
    format!("{signed}.{signature}")
}

/// The claims of a token that [`sign`] made, whether or not it has expired.
pub(super) fn verify(token: &str, signature: Signature) -> Option<Map<String, Value>> {
    let (signed, signature_text) = token.rsplit_once('.')?;
    let (header_text, claims) = signed.split_once('.')?;
    let genuine = match signature {
        Signature::Rsa => {
            let signature = BASE64URL.decode(signature_text).ok()?;
            keys::verify(signed.as_bytes(), &signature)
        }
        Signature::None => signature_text == NO_SIGNATURE,
    };
    // All tokens have the same header, so there is no algorithm to be confused about.
    if !genuine || header_text != header() {
        return None;
    }
    serde_json::from_slice(&BASE64URL.decode(claims).ok()?).ok()
}

fn header() -> String {
    let header = json!({ "alg": "RS256", "kid": keys::KEY_ID, "typ": "JWT" });
    BASE64URL.encode(header.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_verifies_unless_a_part_was_changed() {
        for signature in [Signature::Rsa, Signature::None] {
            let token = sign(&json!({ "sid": "sess_1" }), signature);
            let claims = verify(&token, signature).unwrap();
            assert_eq!(claims["sid"], "sess_1");

            let other = sign(&json!({ "sid": "sess_2" }), signature);
            let parts: Vec<_> = token.split('.').collect();
            let others: Vec<_> = other.split('.').collect();
            let forged = match signature {
                Signature::Rsa => [parts[0], others[1], parts[2]].join("."),
                Signature::None => [parts[0], others[1], "forged"].join("."),
            };
            assert_eq!(verify(&forged, signature), None);
            for garbage in ["", ".", "..", "a.b.c", "é.é.é", parts[1]] {
                assert_eq!(verify(garbage, signature), None, "{garbage}");
            }
        }
    }
}
