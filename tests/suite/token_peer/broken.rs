//! Tokens that are broken: most are good tokens that were changed without the key.

use std::collections::VecDeque;

use serde_json::json;

use super::Verdict::{Other, Signature};
use super::{Case, Expected, Peers};
use crate::signing::encoded;
use crate::simulation::random::Random;

/// A broken token, made of good ones.
pub(super) fn case(peers: &Peers, good: &VecDeque<String>, random: &mut Random) -> Case {
    let first = &good[random.below(good.len() as u64 / 2) as usize];
    // All tokens differ, so this one differs from the first.
    let second = &good[(good.len() as u64 / 2 + random.below(good.len() as u64 / 2)) as usize];
    let parts = |token: &'_ str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (parts(first), parts(second));
    let (header, payload, signature) = (&a[0], &a[1], &a[2]);
    let (name, token, expected) = match random.below(16) {
        0..=3 => ("a byte of the text is another", changed(first, random), Expected::Rejected),
        4 | 5 => {
            // The last character of a signature has bits that must be zero.
            let end = signature.len() - 1;
            let changed = format!("{header}.{payload}.{}{}", replaced(&signature[..end], random), &signature[end..]);
            ("a character of the signature is another", changed, Expected::Both(Signature))
        }
        6 => ("the signature of another token", format!("{header}.{payload}.{}", b[2]), Expected::Both(Signature)),
        7 => ("the payload of another token", format!("{header}.{}.{signature}", b[1]), Expected::Both(Signature)),
        8 => {
            let payload = encoded(json!({ "sub": random.next(), "exp": 4e9 }).to_string());
            ("a forged payload", format!("{header}.{payload}.{signature}"), Expected::Both(Signature))
        }
        9 => {
            let length = random.pick(&[0, 1, 255, 257, 512]);
            let signature = encoded((0..length).map(|_| random.next() as u8).collect::<Vec<_>>());
            ("a random signature", format!("{header}.{payload}.{signature}"), Expected::Both(Signature))
        }
        10 => {
            let end = random.below(first.len() as u64) as usize;
            ("cut off", first[..end].to_owned(), Expected::Rejected)
        }
        11 => {
            let token = match random.below(8) {
                0 => format!("{first}="),
                1 => format!(" {first}"),
                2 => format!("{first}\n"),
                3 => format!("{first}."),
                4 => format!(".{first}"),
                5 => format!("{header}..{signature}"),
                6 => format!("{header}=.{payload}.{signature}"),
                _ => format!("{header}.{payload}.{signature}.{signature}"),
            };
            ("another form", token, Expected::Rejected)
        }
        12 => {
            let algorithm = random.pick(&["none", "HS256", "HS512", "ES256", "PS256", "RS384", "rs256", ""]);
            let header = encoded(json!({ "alg": algorithm, "kid": "ins_1", "typ": "JWT" }).to_string());
            let signature = random.pick(&["", signature]);
            ("another algorithm", format!("{header}.{payload}.{signature}"), Expected::Rejected)
        }
        13 => return signed_by_another(peers, payload, random),
        14 => return signed_with_a_fault(peers, random),
        _ => {
            let bytes: Vec<u8> = (0..random.below(80)).map(|_| random.next() as u8).collect();
            ("no token", String::from_utf8_lossy(&bytes).into_owned(), Expected::Both(Other))
        }
    };
    Case { name, token, expected }
}

/// The token with another printable character at any place.
fn changed(token: &str, random: &mut Random) -> String {
    let mut bytes = token.as_bytes().to_vec();
    let at = random.below(bytes.len() as u64) as usize;
    let other = b'!' + random.below(u64::from(b'~' - b'!')) as u8;
    bytes[at] = if bytes[at] == other { b'~' } else { other };
    String::from_utf8(bytes).unwrap()
}

/// The text with another character of base64url at any place.
fn replaced(text: &str, random: &mut Random) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let at = random.below(bytes.len() as u64) as usize;
    let other = random.pick(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");
    bytes[at] = if bytes[at] == other { b'_' } else { other };
    String::from_utf8(bytes).unwrap()
}

/// A good payload that another key signed, under the id of the right one.
fn signed_by_another(peers: &Peers, payload: &str, random: &mut Random) -> Case {
    use base64::Engine as _;
    let payload = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap();
    let mut header = peers.signer.header();
    if random.below(2) == 0 {
        header["jwk"] = peers.other.jwk("ins_1");
    }
    let token = peers.other.sign(&header.to_string(), payload);
    Case { name: "signed by another key", token, expected: Expected::Both(Signature) }
}

/// A text that is signed with the right key and is no token of it.
fn signed_with_a_fault(peers: &Peers, random: &mut Random) -> Case {
    let header = peers.signer.header().to_string();
    let good =
        format!(r#""sub":"user_1","sid":"sess_{:x}","azp":"https://app.example.com","exp":4000000000"#, random.next());
    let (header, payload) = match random.below(8) {
        0 => (header, format!("[{{{good}}}]").into_bytes()),
        1 => (header, format!("{{{good}").into_bytes()),
        2 => (header, format!("{{{good}}},").into_bytes()),
        3 => (header, b"null".to_vec()),
        4 => (header, [format!("{{{good},\"x\":\"").as_bytes(), b"\xff\"}"].concat()),
        5 => (header, format!("{{{good},\"x\":{}{}}}", "[".repeat(200), "]".repeat(200)).into_bytes()),
        6 => (header.replace("RS256", "RS384"), format!("{{{good}}}").into_bytes()),
        _ => (header, format!("\u{feff}{{{good}}}").into_bytes()),
    };
    let token = peers.signer.sign(&header, payload);
    Case { name: "signed, and not acceptable", token, expected: Expected::Both(Other) }
}
