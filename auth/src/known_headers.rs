//! [`KnownHeaders`]: the headers of tokens that were accepted, so that they are read once. All session tokens that a key signs have
//! the same header.

use std::sync::OnceLock;

use crate::token::Header;

/// How many headers are kept: for some keys, and for session tokens and others. More are read each time.
const MOST: usize = 8;

/// The longest header that is kept, in bytes. Those of Clerk have about 120.
const MAX_BYTES: usize = 512;

/// Headers by their text in the token. Reading them takes no lock, and they stay as long as the verifier.
#[derive(Default)]
pub(crate) struct KnownHeaders([OnceLock<(Box<str>, Header)>; MOST]);

impl KnownHeaders {
    /// The header with this text.
    pub(crate) fn get(&self, text: &str) -> Option<&Header> {
        let (_, header) = self.0.iter().map_while(OnceLock::get).find(|(known, _)| **known == *text)?;
        Some(header)
    }

    /// Keeps the header of a token whose signature was verified.
    pub(crate) fn keep(&self, text: &str, header: &Header) {
        if text.len() > MAX_BYTES || self.get(text).is_some() {
            return;
        }
        let mut new = (text.into(), header.clone());
        for place in &self.0 {
            match place.set(new) {
                Ok(()) => return,
                Err(back) => new = back,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(id: &str) -> Header {
        Header::parse(&format!(r#"{{"alg":"RS256","kid":"{id}"}}"#)).unwrap()
    }

    #[test]
    fn the_first_headers_are_kept() {
        let known = KnownHeaders::default();
        for number in 0..MOST + 1 {
            let id = number.to_string();
            assert!(known.get(&id).is_none());
            known.keep(&id, &header(&id));
            known.keep(&id, &header("other"));
            let kept = known.get(&id).and_then(|header| header.key_id.clone());
            assert_eq!(kept, (number < MOST).then_some(id));
        }
        known.keep(&"a".repeat(MAX_BYTES + 1), &header("long"));
        assert!(known.get(&"a".repeat(MAX_BYTES + 1)).is_none());
    }
}
