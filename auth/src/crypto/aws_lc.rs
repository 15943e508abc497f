//! [`AwsLcRs`]: aws-lc-rs, with keys that are parsed once.

use std::sync::Arc;

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
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
        let (digest, parameters): (_, &'static RsaParameters) = match algorithm {
            Algorithm::Rs256 => (&SHA256, &RSA_PKCS1_2048_8192_SHA256),
            Algorithm::Rs384 => (&SHA384, &RSA_PKCS1_2048_8192_SHA384),
            Algorithm::Rs512 => (&SHA512, &RSA_PKCS1_2048_8192_SHA512),
        };
        Some(Arc::new(Key { digest, key: ParsedPublicKey::new(parameters, key.to_der()).ok()? }))
    }
}

struct Key {
    digest: &'static digest::Algorithm,
    key: ParsedPublicKey,
}

impl PublicKey for Key {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        // In two steps, aws-lc-rs allocates less than in one.
        self.key.verify_digest_sig(&digest::digest(self.digest, message), signature).is_ok()
    }
}
