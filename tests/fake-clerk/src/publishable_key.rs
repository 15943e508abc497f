//! The publishable key of the instance, and the suffix of its cookies.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD as BASE64, BASE64_URL_SAFE_NO_PAD as BASE64URL};

use super::Seed;

/// The number of characters of a suffix.
const SUFFIX_LENGTH: usize = 8;

/// The publishable key: `pk_live_` or `pk_test_`, then the host of the issuer and a dollar sign in base64.
pub(super) fn of(seed: &Seed) -> String {
    let kind = if seed.production { "live" } else { "test" };
    format!("pk_{kind}_{}", BASE64.encode(format!("{}$", host(seed))))
}

/// The host of the issuer.
pub(super) fn host(seed: &Seed) -> &str {
    let host = seed.issuer.split_once("://").map_or(&*seed.issuer, |(_, rest)| rest);
    host.split('/').next().unwrap_or_default()
}

/// The suffix of the cookies, which keeps instances on one domain apart: the beginning of the SHA-1 hash of the key.
pub(super) fn cookie_suffix(seed: &Seed) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, of(seed).as_bytes());
    let mut suffix = BASE64URL.encode(hash);
    suffix.truncate(SUFFIX_LENGTH);
    suffix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_and_suffix_follow_the_issuer() {
        let seed = |production, issuer: &str| Seed { production, issuer: issuer.to_owned(), ..Seed::default() };
        let live = seed(true, "https://clerk.example.com");
        assert_eq!(of(&live), "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k");
        assert_eq!(of(&seed(false, "https://clerk.example.com/path")), "pk_test_Y2xlcmsuZXhhbXBsZS5jb20k");
        // printf %s pk_live_Y2xlcmsuZXhhbXBsZS5jb20k | openssl sha1 -binary | basenc --base64url | cut -c 1-8
        assert_eq!(cookie_suffix(&live), "naoXFJnI");
        assert_ne!(cookie_suffix(&live), cookie_suffix(&seed(false, "https://clerk.example.com")));
    }
}
