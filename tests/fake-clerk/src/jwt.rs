//! Signed tokens in their compact form.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Map, Value, json};

use super::keys::KeyRing;
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

    /// The header of a token of this category, signed by the key with that id.
    fn header(self, key_id: &str) -> Value {
        let cat = match self {
            Category::Session => "cl_B7d4PD111AAA",
            Category::Template => "cl_B7d4PD222AAA",
        };
        json!({ "alg": "RS256", "cat": cat, "kid": key_id, "typ": "JWT" })
    }
}

/// Signs tokens, and verifies those that it has signed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signer {
    pub(super) keys: KeyRing,
    pub(super) signature: Signature,
}

impl Signer {
    /// Signs a token of that category with these claims.
    pub(super) fn sign(self, claims: &Value, category: Category) -> String {
        let header = category.header(&self.keys.current_id());
        self.sign_bytes(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    /// Signs a session token whose header has these members in place of the usual ones. A member that is null is left out. If `members`
    /// is not an object, it is the header.
    pub(super) fn sign_with_header(self, members: &Value, claims: &Value) -> String {
        let mut header = Category::Session.header(&self.keys.current_id());
        match (header.as_object_mut(), members.as_object()) {
            (Some(header), Some(members)) => {
                header.extend(members.clone());
                header.retain(|_, value| !value.is_null());
            }
            _ => header = members.clone(),
        }
        self.sign_bytes(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    /// Signs a token with these bytes as its header and its payload. The `alg` of the header selects the algorithm.
    pub(super) fn sign_bytes(self, header: &[u8], payload: &[u8]) -> String {
        let signed = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(payload));
        let signature = match self.signature {
            Signature::Rsa => {
                let header: Value = serde_json::from_slice(header).unwrap_or_default();
                let alg = header["alg"].as_str().unwrap_or_default();
                BASE64URL.encode(self.keys.sign(signed.as_bytes(), alg))
            }
            Signature::None => NO_SIGNATURE.to_owned(),
        };
        format!("{signed}.{signature}")
    }

    /// The category and the claims of a token that [`sign`](Signer::sign) made with any of the keys so far, whether or not it has
    /// expired.
    pub(super) fn verify(self, token: &str) -> Option<(Category, Map<String, Value>)> {
        let (signed, signature_text) = token.rsplit_once('.')?;
        let (header_text, claims) = signed.split_once('.')?;
        let header: Value = serde_json::from_slice(&BASE64URL.decode(header_text).ok()?).ok()?;
        let key_id = header["kid"].as_str()?;
        let key = self.keys.find(key_id)?;
        // The whole header has to be the usual one, so there is no algorithm to be confused about.
        let category = Category::ALL.into_iter().find(|category| category.header(key_id) == header)?;
        let genuine = match self.signature {
            Signature::Rsa => self.keys.verify(key, signed.as_bytes(), &BASE64URL.decode(signature_text).ok()?),
            Signature::None => signature_text == NO_SIGNATURE,
        };
        if !genuine {
            return None;
        }
        Some((category, serde_json::from_slice(&BASE64URL.decode(claims).ok()?).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_verifies_only_if_no_part_was_changed() {
        for signature in [Signature::Rsa, Signature::None] {
            let signer = Signer { keys: KeyRing::of("fake.clerk.accounts.dev"), signature };
            let token = signer.sign(&json!({ "sid": "sess_1" }), Category::Session);
            let (category, claims) = signer.verify(&token).unwrap();
            assert_eq!((category, &claims["sid"]), (Category::Session, &json!("sess_1")));

            let other = signer.sign(&json!({ "sid": "sess_2" }), Category::Template);
            assert_eq!(signer.verify(&other).unwrap().0, Category::Template);
            let parts: Vec<_> = token.split('.').collect();
            let others: Vec<_> = other.split('.').collect();
            let forged = match signature {
                Signature::Rsa => [parts[0], others[1], parts[2]].join("."),
                Signature::None => [parts[0], others[1], "forged"].join("."),
            };
            assert_eq!(signer.verify(&forged), None);
            for garbage in ["", ".", "..", "a.b.c", "é.é.é", parts[1]] {
                assert_eq!(signer.verify(garbage), None, "{garbage}");
            }
        }
    }

    #[test]
    fn a_token_of_an_earlier_key_verifies_but_not_one_of_a_later_key_or_with_another_header() {
        for signature in [Signature::Rsa, Signature::None] {
            let mut signer = Signer { keys: KeyRing::of("fake.clerk.accounts.dev"), signature };
            let (first, claims) = (signer, json!({}));
            let token = signer.sign(&claims, Category::Session);
            signer.keys.rotate(false);
            assert!(signer.verify(&token).is_some());
            let rotated = signer.sign(&claims, Category::Session);
            assert!(signer.verify(&rotated).is_some());
            assert_eq!(first.verify(&rotated), None);
            for (name, value) in [("kid", json!("ins_fake_clerk_3")), ("kid", Value::Null), ("more", json!(1))] {
                let other = signer.sign_with_header(&json!({ name: value }), &claims);
                assert_eq!(signer.verify(&other), None, "{name}");
            }
        }
    }
}
