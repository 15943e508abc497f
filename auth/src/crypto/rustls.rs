//! [`Rustls`]: the signature algorithms of a rustls crypto provider.

use std::sync::Arc;

use rustls_pki_types::{SignatureVerificationAlgorithm, alg_id};

use super::{Crypto, PublicKey};
use crate::keys::RsaKey;
use crate::token::Algorithm;

/// The signature algorithms of a rustls crypto provider. It adds no crate to a program that uses rustls.
///
/// Adapters have a function `auth::crypto()` that returns it for their rustls. With a provider of your own, pass
/// `provider.signature_verification_algorithms.all`.
#[derive(Clone, Copy, Debug)]
pub struct Rustls(&'static [&'static dyn SignatureVerificationAlgorithm]);

impl Rustls {
    /// Uses these algorithms. Those that are not RSA are ignored.
    #[must_use]
    pub fn new(algorithms: &'static [&'static dyn SignatureVerificationAlgorithm]) -> Self {
        Self(algorithms)
    }
}

impl Crypto for Rustls {
    fn public_key(&self, key: &RsaKey, algorithm: Algorithm) -> Option<Arc<dyn PublicKey>> {
        let id = match algorithm {
            Algorithm::Rs256 => alg_id::RSA_PKCS1_SHA256,
            Algorithm::Rs384 => alg_id::RSA_PKCS1_SHA384,
            Algorithm::Rs512 => alg_id::RSA_PKCS1_SHA512,
        };
        let is_it = |algorithm: &&&'static dyn SignatureVerificationAlgorithm| {
            algorithm.signature_alg_id() == id && algorithm.public_key_alg_id() == alg_id::RSA_ENCRYPTION
        };
        // Rustls has several for the same id, which differ in the lengths of keys: the first accepts 2048 bits and more.
        let algorithm = *self.0.iter().find(is_it)?;
        Some(Arc::new(Key { algorithm, der: key.to_der() }))
    }
}

struct Key {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    der: Vec<u8>,
}

impl PublicKey for Key {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.algorithm.verify_signature(&self.der, message, signature).is_ok()
    }
}
