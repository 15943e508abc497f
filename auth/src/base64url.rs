//! Base64url without padding, as tokens and keys have it. Bits that are left over have to be zero.
//!
//! Decoding is the largest part of a verification besides the signature, so it uses the vector instructions of the processor where
//! the crate base64 supports them.

use base64::Engine;

#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon")))]
mod engine {
    use std::sync::LazyLock;

    use base64::engine::Simd;
    use base64::engine::general_purpose::NO_PAD;

    /// It finds out once what the processor has, and decodes without vectors if that is nothing.
    pub(super) static ENGINE: LazyLock<Simd> = LazyLock::new(|| Simd::url_safe(NO_PAD));
}

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
mod engine {
    pub(super) use base64::prelude::BASE64_URL_SAFE_NO_PAD as ENGINE;
}

/// Decodes `text`; `None` if it has any other character or is not complete.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    // `decode` would ask the allocator for zeroed memory, which takes glibc longer.
    let mut bytes = Vec::with_capacity(base64::decoded_len_estimate(text.len()));
    engine::ENGINE.decode_vec(text, &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;

    /// As many different characters as possible at each place.
    fn text(length: usize) -> String {
        let bytes: Vec<u8> = (0..length).map(|n| (n * 167 + n / 7) as u8).collect();
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    #[test]
    fn vectors_decode_as_single_characters_do() {
        for length in 0..300 {
            let text = text(length);
            assert_eq!(decode(&text), BASE64_URL_SAFE_NO_PAD.decode(&text).ok(), "{length}");
            assert_eq!(decode(&text).map(|bytes| bytes.len()), Some(length));
        }
    }

    #[test]
    fn another_character_is_refused_at_any_place() {
        let good = text(150);
        for place in 0..good.len() {
            for wrong in (0..=0x7f).map(char::from) {
                let mut text = good.clone();
                text.replace_range(place..=place, wrong.encode_utf8(&mut [0]));
                let is_right = wrong.is_ascii_alphanumeric() || matches!(wrong, '-' | '_');
                assert_eq!(decode(&text).is_some(), is_right, "{wrong:?} at {place}");
            }
            for wide in ["é", "\u{ffff}"] {
                let mut text = good.clone();
                text.replace_range(place..=place, wide);
                assert_eq!(decode(&text), None, "{wide} at {place}");
            }
        }
    }

    #[test]
    fn padding_and_bits_that_are_left_over_are_refused() {
        for (text, is_right) in
            [("QQ", true), ("QR", false), ("QQ==", false), ("QUE", true), ("QUF", false), ("Q", false)]
        {
            assert_eq!(decode(text).is_some(), is_right, "{text}");
        }
        let long = "A".repeat(128);
        for (end, is_right) in [("", true), ("QQ", true), ("QR", false), ("QQ==", false), ("Q", false), ("\n", false)] {
            assert_eq!(decode(&format!("{long}{end}")).is_some(), is_right, "{end:?}");
        }
    }
}
