//! [`AwsLcRs`]: aws-lc-rs, with keys that are parsed once.

use std::sync::Arc;

use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters,
};

use super::{Crypto, PublicKey};
use crate::keys::RsaKey;
use crate::token::Algorithm;

/// The crate aws-lc-rs, with keys that are parsed once: the fastest implementation.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct AwsLcRs;

impl AwsLcRs {
    /// Creates it.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Crypto for AwsLcRs {
    fn public_key(&self, key: &RsaKey, algorithm: Algorithm) -> Option<Arc<dyn PublicKey>> {
        let parameters: &'static RsaParameters = match algorithm {
            Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
        };
        Some(Arc::new(Key(ParsedPublicKey::new(parameters, key.to_der()).ok()?)))
    }
}

struct Key(ParsedPublicKey);

impl PublicKey for Key {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}
