//! One JSON Web Key.

use serde_json::{Map, Value};

use super::rsa::{RsaKey, Unusable};
use crate::base64url;
use crate::token::Algorithm;

/// A key and the algorithm that it is limited to, if it is.
pub(crate) struct Jwk {
    pub(crate) key: RsaKey,
    pub(crate) algorithm: Option<Algorithm>,
}

impl Jwk {
    pub(crate) fn read(jwk: &Map<String, Value>) -> Result<Self, Unusable> {
        let text = |name| jwk.get(name).and_then(Value::as_str);
        if text("kty") != Some("RSA") {
            return Err("its type (kty) is not RSA");
        }
        if jwk.get("use").is_some_and(|usage| usage != "sig") {
            return Err("it is not for signatures (use)");
        }
        let verifies = |operations: &Value| {
            operations.as_array().is_some_and(|operations| operations.iter().any(|operation| operation == "verify"))
        };
        if jwk.get("key_ops").is_some_and(|operations| !verifies(operations)) {
            return Err("it is not for verifying (key_ops)");
        }
        let algorithm = match jwk.get("alg") {
            None => None,
            Some(name) => Some(name.as_str().and_then(Algorithm::named).ok_or("its algorithm (alg) is not supported")?),
        };
        let number =
            |name| text(name).and_then(base64url::decode).ok_or("its modulus (n) or exponent (e) is not base64url");
        Ok(Self { key: RsaKey::new(number("n")?, number("e")?)?, algorithm })
    }
}
