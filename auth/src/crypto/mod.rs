//! [`Crypto`]: the implementation of RSA signatures, which the caller passes.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod rustls;
mod self_test;

use std::sync::Arc;

#[cfg(feature = "aws-lc-rs")]
pub use self::aws_lc::AwsLcRs;
pub use self::rustls::Rustls;
pub(crate) use self::self_test::check;
use crate::keys::RsaKey;
use crate::token::Algorithm;

/// An implementation of RSA signatures. Pass one to a verifier; it is tested there with a known signature.
///
/// | you use | pass |
/// |---|---|
/// | an adapter with its feature `rustls` | `auth::crypto()` of the adapter |
/// | another rustls | [`Rustls`] with the algorithms of its provider |
/// | the fastest one | `AwsLcRs`, with the feature `aws-lc-rs` |
/// | anything else | your own implementation |
///
/// An implementation, here over aws-lc-rs:
///
/// ```
/// use std::sync::Arc;
///
/// use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
/// use clerk_sessions_auth::{Algorithm, AuthorizedParties, Crypto, PublicKey, RsaKey, Rules, Verifier};
///
/// struct MyCrypto;
/// struct MyKey(UnparsedPublicKey<Vec<u8>>);
///
/// impl Crypto for MyCrypto {
///     fn public_key(&self, key: &RsaKey, algorithm: Algorithm) -> Option<Arc<dyn PublicKey>> {
///         // Clerk signs with RS256 only.
///         (algorithm == Algorithm::Rs256)
///             .then(|| Arc::new(MyKey(UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.to_der()))) as _)
///     }
/// }
///
/// impl PublicKey for MyKey {
///     fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
///         self.0.verify(message, signature).is_ok()
///     }
/// }
///
/// // The error is about the key set: the test with a known signature has passed.
/// let error = Verifier::jwks("{}", MyCrypto, Rules::new(AuthorizedParties::any())).unwrap_err();
/// assert_eq!(error.to_string(), "jwks has no keys");
/// ```
pub trait Crypto: Send + Sync {
    /// Parses a public key for an algorithm; `None` if the implementation does not support it.
    fn public_key(&self, key: &RsaKey, algorithm: Algorithm) -> Option<Arc<dyn PublicKey>>;
}

/// A public key that verifies signatures.
pub trait PublicKey: Send + Sync {
    /// Whether the key's owner signed this message.
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool;
}

impl<C: Crypto + ?Sized> Crypto for Arc<C> {
    fn public_key(&self, key: &RsaKey, algorithm: Algorithm) -> Option<Arc<dyn PublicKey>> {
        (**self).public_key(key, algorithm)
    }
}
