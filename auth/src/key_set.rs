//! [`KeySet`]: the keys of an instance, parsed by an implementation of RSA.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::crypto::{Crypto, PublicKey};
use crate::error::Rejected;
use crate::keys::{Jwk, RsaKey, Unusable};
use crate::reason::Reason;
use crate::token::Algorithm;

/// A key that verifies tokens, parsed for each algorithm that it may be used with.
pub(crate) struct Key(Result<ByAlgorithm, Unusable>);

type ByAlgorithm = [Option<Arc<dyn PublicKey>>; Algorithm::ALL.len()];

impl Key {
    /// A key for this algorithm, or for all if there is none.
    pub(crate) fn new(key: &RsaKey, algorithm: Option<Algorithm>, crypto: &(impl Crypto + ?Sized)) -> Self {
        let is_for = |candidate| algorithm.is_none_or(|only| only == candidate);
        let parse = |candidate| if is_for(candidate) { crypto.public_key(key, candidate) } else { None };
        Self(Ok(Algorithm::ALL.map(parse)))
    }

    /// A JSON Web Key. One that can't be used is kept: tokens that name it are rejected because of it, and not looked up again.
    pub(crate) fn of_jwk(jwk: &Map<String, Value>, crypto: &(impl Crypto + ?Sized)) -> Self {
        match Jwk::read(jwk) {
            Ok(jwk) => Self::new(&jwk.key, jwk.algorithm, crypto),
            Err(fault) => Self(Err(fault)),
        }
    }

    pub(crate) fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Result<(), Rejected> {
        let unusable = |message| Rejected::new(Reason::TokenVerificationFailed, message);
        let keys =
            self.0.as_ref().map_err(|fault| unusable(format!("the key that it names can't be used: {fault}")))?;
        let Some(key) = keys.get(algorithm as usize).and_then(Option::as_ref) else {
            return Err(unusable(format!("the key that it names is not for its algorithm, {}", algorithm.as_str())));
        };
        if key.verify(message, signature) {
            return Ok(());
        }
        Err(Rejected::new(Reason::TokenInvalidSignature, "its signature is not by the key that it names"))
    }
}

/// A document with keys, as Clerk serves it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct KeyDocument {
    #[serde(default)]
    keys: Vec<Map<String, Value>>,
}

impl KeyDocument {
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// The keys of an instance by their id. If an id is there twice, the last key counts.
pub(crate) struct KeySet(BTreeMap<String, Arc<Key>>);

impl KeySet {
    pub(crate) fn new(document: &KeyDocument, crypto: &(impl Crypto + ?Sized)) -> Self {
        let keys = document.keys.iter().filter_map(|jwk| {
            let id = jwk.get("kid").and_then(Value::as_str)?;
            Some((id.to_owned(), Arc::new(Key::of_jwk(jwk, crypto))))
        });
        Self(keys.collect())
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Key>> {
        self.0.get(id)
    }
}
