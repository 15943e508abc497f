//! Base64url without padding, as tokens and keys have it. Bits that are left over have to be zero.
//!
//! Written here for speed: next to the signature check, it is the largest part of a verification.

/// The characters in the order of their values.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// In a value, says that there is no such character. The values of four characters are shorter.
const NONE: u32 = 1 << 31;

/// The value of each byte as the first, second, third and fourth character of three bytes.
static VALUES: [[u32; 256]; 4] = [values(18), values(12), values(6), values(0)];

const fn values(shift: u32) -> [u32; 256] {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = (value as u32) << shift;
        value += 1;
    }
    values
}

/// The three bytes of four characters; with [`NONE`] if one of them is none.
fn three_bytes(group: [u8; 4]) -> u32 {
    let [first, second, third, fourth] = &VALUES;
    let [a, b, c, d] = group.map(usize::from);
    first[a] | second[b] | third[c] | fourth[d]
}

/// Decodes `text`; `None` if it has any other character or is not complete.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    // Two groups at a time. With room for the rest.
    let pairs = text.as_bytes().chunks_exact(8);
    let mut rest = pairs.remainder();
    let mut bytes = Vec::with_capacity(text.len() / 8 * 6 + 5);
    bytes.resize(text.len() / 8 * 6, 0);
    let mut all = 0;
    for (pair, six) in pairs.zip(bytes.chunks_exact_mut(6)) {
        let &[a, b, c, d, e, f, g, h] = pair else { return None };
        let (high, low) = (three_bytes([a, b, c, d]), three_bytes([e, f, g, h]));
        all |= high | low;
        let [_, _, decoded @ ..] = ((u64::from(high) << 24) | u64::from(low)).to_be_bytes();
        six.copy_from_slice(&decoded);
    }
    if let Some((&group, after)) = rest.split_first_chunk() {
        let value = three_bytes(group);
        all |= value;
        bytes.extend_from_slice(&value.to_be_bytes()[1..]);
        rest = after;
    }
    // `A` is zero. What is left over of the last byte has to be zero, too.
    let (value, decoded, left_over) = match *rest {
        [] => (0, 0, 0),
        [a, b] => (three_bytes([a, b, b'A', b'A']), 1, 0xffff),
        [a, b, c] => (three_bytes([a, b, c, b'A']), 2, 0xff),
        _ => return None,
    };
    let is_valid = (all | value) & NONE == 0 && value & left_over == 0;
    bytes.extend(value.to_be_bytes().into_iter().skip(1).take(decoded));
    is_valid.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_text_of_up_to_three_bytes_is_read_as_base64_reads_it() {
        let bytes = || 0..=255_u8;
        for a in bytes() {
            for b in bytes() {
                for text in [vec![a], vec![a, b], vec![a, b, b'A'], vec![b'z', a, b], vec![b'A', b'_', a, b]] {
                    if let Ok(text) = std::str::from_utf8(&text) {
                        assert_eq!(decode(text), BASE64_URL_SAFE_NO_PAD.decode(text).ok(), "{text:?}");
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn all_bytes_are_decoded(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&BASE64_URL_SAFE_NO_PAD.encode(&bytes)), Some(bytes));
        }

        #[test]
        fn any_text_is_read_as_base64_reads_it(text in "[A-Za-z0-9_+/=. \u{e9}-]{0,20}") {
            prop_assert_eq!(decode(&text), BASE64_URL_SAFE_NO_PAD.decode(&text).ok());
        }
    }
}
