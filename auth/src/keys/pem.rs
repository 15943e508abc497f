//! A public key in PEM, as the Clerk Dashboard shows it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clerk_sessions_core::{BuildError, Error};

use super::der;
use super::rsa::RsaKey;

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// Reads a public key. The two lines around the base64 may be missing, and any white space is ignored. A line break may also be the
/// characters `\n`: a variable of the environment has one line, and many tools write a PEM into it in this way. Base64 has no
/// backslash, so they can mean nothing else.
pub(crate) fn read(pem: &str) -> Result<RsaKey, Error> {
    let bad = |reason: &str| Error::Build(BuildError::new("pem", reason.to_owned()));
    let lines = pem.replace(r"\r", "").replace(r"\n", "\n");
    let text = lines.trim();
    let text = match text.strip_prefix(BEGIN) {
        Some(text) => {
            text.strip_suffix(END).ok_or_else(|| bad("has no line -----END PUBLIC KEY-----: copy the whole key"))?
        }
        None => text,
    };
    let base64: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let not_a_key = "is not a PEM public key: use the one that the Clerk Dashboard shows under API keys";
    let der = BASE64_STANDARD.decode(base64).map_err(|_| bad(not_a_key))?;
    let (modulus, exponent) = der::rsa_of_spki(&der).ok_or_else(|| bad(not_a_key))?;
    RsaKey::new(modulus, exponent).map_err(|fault| bad(&format!("can't be used: {fault}")))
}
