//! The few forms of DER that an RSA public key has.

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// The algorithm `rsaEncryption`, with its parameter NULL.
const RSA_ENCRYPTION: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// Reads modulus and exponent of a `SubjectPublicKeyInfo`; `None` if it is anything else.
pub(super) fn rsa_of_spki(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let info = whole(der, SEQUENCE)?;
    let (algorithm, rest) = take(info, SEQUENCE)?;
    let (0, key) = whole(rest, BIT_STRING)?.split_first().map(|(unused, key)| (*unused, key))? else { return None };
    if algorithm != RSA_ENCRYPTION {
        return None;
    }
    let (modulus, exponent) = take(whole(key, SEQUENCE)?, INTEGER)?;
    Some((modulus.to_vec(), whole(exponent, INTEGER)?.to_vec()))
}

/// Returns the content of the value that `der` consists of.
fn whole(der: &[u8], tag: u8) -> Option<&[u8]> {
    take(der, tag).filter(|(_, rest)| rest.is_empty()).map(|(content, _)| content)
}

/// Returns the content of the first value, and the rest.
fn take(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first().filter(|(first, _)| **first == tag).map(|(_, rest)| rest)?.split_first()?;
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), rest.get(2..)?),
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// Writes a sequence of these values.
pub(super) fn sequence(values: &[Vec<u8>]) -> Vec<u8> {
    value(SEQUENCE, values.concat())
}

/// Writes a number that is not negative, given as big-endian bytes.
pub(super) fn unsigned(number: &[u8]) -> Vec<u8> {
    // A first bit of 1 would make it negative.
    let is_high = number.first().is_none_or(|first| *first >= 0x80);
    let mut content = if is_high { vec![0] } else { Vec::new() };
    content.extend_from_slice(number);
    value(INTEGER, content)
}

fn value(tag: u8, content: Vec<u8>) -> Vec<u8> {
    let mut der = vec![tag];
    // A key of 4096 bits is shorter than the 65535 bytes that two bytes can count.
    #[allow(clippy::cast_possible_truncation)]
    match content.len() {
        length @ 0..=0x7f => der.push(length as u8),
        length @ 0x80..=0xff => der.extend([0x81, length as u8]),
        length => der.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    der.extend(content);
    der
}
