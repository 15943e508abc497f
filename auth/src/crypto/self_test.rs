//! Checks an implementation of [`Crypto`] with a known signature, so that a wrong one fails when it is configured.

use clerk_sessions_core::{BuildError, Error};

use super::Crypto;
use crate::base64url;
use crate::keys::RsaKey;
use crate::token::Algorithm;

const MESSAGE: &[u8] = b"clerk-sessions-auth";
/// A public key of 2048 bits, made for this test. Nobody has its private key.
const MODULUS: &str = "rGDKkfZhR0xWiAqMdAxJvAWsrOq30zHoA7TasBbcbxBVZgTIf20Tl_hJc3Bhi_cl1r1LDod3U6aKOwnEvmM6uUuWbpFTNRzkBqkk\
     3ur0ar87Y0tUPp8Q13BEyjbzlRtfFqMcawGXPJJjvgAZGDhQaP2yU8bHyG-2zNbgqnSPZGfd-\
     pVN5_kn9FeyPwnwHGUYZd3t9n4kFLpgykFbrVM9xOZkeBJ9Be-wtn_umvfnzhZZnZBc08qGQAX-\
     Rc8xV6ABkm9t3Plo1iz3Pj2OuIcVFZe52NUVBE4EC4prTwGMnF-l_gQP6SR5cglfgMDIQhXOQOMRCZ8eccQVLd6TojMBJQ";
/// The RS256 signature of [`MESSAGE`].
const SIGNATURE: &str = "H60TwGktPjOEhTMe_Te54QBmJSZKrIY6pajoN6J1mwF7cxv7l8EGrDdQmb5bFnqYqYxF7-\
     NYJugrLMsk05bZrknLrPi809gHG7tPLnnB0GYs2lTT9Y1uoPdpks2BlGoWrSpb8UXRFFZqCf6XEOtsz4mR-\
     KTxYCJdX4sysdIxl2G7AsPRhmYzjjA93W3sz1wZALdoj1gwMiAYRfGl0OImNktMxHFknR1BLDsjOOIl--m8qF5LQ2fGCflnhu5zr\
     pCyFAJTYFGUq5APoOJuMU7Jwj1JI3S6nJdq3G2UtYy9vhO7ABFgtRudgKWwQjH2UlcyUsEAMSNX-0XwyMDm3zu6_A";

/// Checks that `crypto` accepts a good signature and refuses a bad one.
///
/// # Errors
/// [`Error::Build`]: it does not.
pub(crate) fn check(crypto: &(impl Crypto + ?Sized)) -> Result<(), Error> {
    let wrong = |reason| Err(Error::Build(BuildError::new("crypto", reason)));
    let (Some(modulus), Some(mut signature)) = (base64url::decode(MODULUS), base64url::decode(SIGNATURE)) else {
        return wrong("has a broken test");
    };
    let key = RsaKey::new(modulus, vec![1, 0, 1]).ok().and_then(|key| crypto.public_key(&key, Algorithm::Rs256));
    let Some(key) = key else {
        return wrong("does not support RS256: pass the algorithms of a rustls provider, or another implementation");
    };
    if !key.verify(MESSAGE, &signature) {
        return wrong("refuses a valid RS256 signature: pass another implementation");
    }
    if let Some(first) = signature.first_mut() {
        *first ^= 1;
    }
    if key.verify(MESSAGE, &signature) || key.verify(b"", &signature) {
        return wrong("accepts an invalid signature: pass another implementation");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::PublicKey;
    use super::*;

    struct Always(bool);

    impl Crypto for Always {
        fn public_key(&self, _: &RsaKey, _: Algorithm) -> Option<Arc<dyn PublicKey>> {
            Some(Arc::new(Self(self.0)))
        }
    }

    impl PublicKey for Always {
        fn verify(&self, _: &[u8], _: &[u8]) -> bool {
            self.0
        }
    }

    #[test]
    fn an_implementation_that_is_always_or_never_right_is_refused() {
        assert!(check(&Always(true)).unwrap_err().to_string().contains("accepts an invalid signature"));
        assert!(check(&Always(false)).unwrap_err().to_string().contains("refuses a valid RS256 signature"));
        let none = crate::Rustls::new(&[]);
        assert!(check(&none).unwrap_err().to_string().starts_with("crypto does not support RS256"));
    }
}
