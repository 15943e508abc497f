//! Verification with keys that are fetched over any transport.

mod flow;
mod key_cache;
mod operation;
mod settings;
mod verifier;

pub(crate) use self::flow::{FindKey, Finding};
pub use self::flow::{VerifyToken, WarmUp};
pub use self::settings::KeySettings;
pub use self::verifier::JwksVerifier;

#[cfg(test)]
mod tests;
