//! Base64url without padding, as tokens and keys have it. Bits that are left over have to be zero.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// Decodes `text`; `None` if it has any other character or is not complete.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}
