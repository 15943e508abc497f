//! Public keys as documents have them: a PEM, or a JSON Web Key.

mod der;
mod jwk;
pub(crate) mod pem;
mod rsa;

pub(crate) use self::jwk::Jwk;
pub use self::rsa::RsaKey;
pub(crate) use self::rsa::Unusable;
