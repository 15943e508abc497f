//! Signed tokens in their compact form.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Map, Value, json};

use super::keys;
use super::seed::Signature;

/// The constant that replaces the signature under [`Signature::None`].
const NO_SIGNATURE: &str = "fake-signature";

/// The purpose of a token. Clerk writes it to the `cat` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    /// A session token.
    Session,
    /// A token from a JWT template.
    Template,
}

impl Category {
    const ALL: [Category; 2] = [Category::Session, Category::Template];

    fn header(self) -> String {
        let cat = match self {
            Category::Session => "cl_B7d4PD111AAA",
            Category::Template => "cl_B7d4PD222AAA",
        };
        let header = json!({ "alg": "RS256", "cat": cat, "kid": keys::KEY_ID, "typ": "JWT" });
        BASE64URL.encode(header.to_string())
    }
}

/// Signs a token of that category with these claims.
pub(super) fn sign(claims: &Value, category: Category, signature: Signature) -> String {
    let claims = BASE64URL.encode(claims.to_string());
    let signed = format!("{}.{claims}", category.header());
    let signature = match signature {
        Signature::Rsa => BASE64URL.encode(keys::sign(signed.as_bytes())),
        Signature::None => NO_SIGNATURE.to_owned(),
    };
    format!("{signed}.{signature}")
}

/// The category and the claims of a token that [`sign`] made, whether or not it has expired.
pub(super) fn verify(token: &str, signature: Signature) -> Option<(Category, Map<String, Value>)> {
    let (signed, signature_text) = token.rsplit_once('.')?;
    let (header_text, claims) = signed.split_once('.')?;
    let genuine = match signature {
        Signature::Rsa => {
            let signature = BASE64URL.decode(signature_text).ok()?;
            keys::verify(signed.as_bytes(), &signature)
        }
        Signature::None => signature_text == NO_SIGNATURE,
    };
    if !genuine {
        return None;
    }
    // There are no other headers, so there is no algorithm to be confused about.
    let category = Category::ALL.into_iter().find(|category| category.header() == header_text)?;
    Some((category, serde_json::from_slice(&BASE64URL.decode(claims).ok()?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_verifies_only_if_no_part_was_changed() {
        for signature in [Signature::Rsa, Signature::None] {
            let token = sign(&json!({ "sid": "sess_1" }), Category::Session, signature);
            let (category, claims) = verify(&token, signature).unwrap();
            assert_eq!((category, &claims["sid"]), (Category::Session, &json!("sess_1")));

            let other = sign(&json!({ "sid": "sess_2" }), Category::Template, signature);
            assert_eq!(verify(&other, signature).unwrap().0, Category::Template);
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
