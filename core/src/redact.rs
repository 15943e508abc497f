//! Text from outside, made fit for a message.

use std::fmt;

/// Shows a text on one line, cut at a bounded length, and without what looks like a key or a token.
pub(crate) struct Redacted<'a>(pub(crate) &'a str);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 200;
        let end = self.0.char_indices().nth(MOST).map_or(self.0.len(), |(at, _)| at);
        let mut rest = &self.0[..end];
        while let Some(c) = rest.chars().next() {
            let word = rest.find(|c| !is_of_token(c)).unwrap_or(rest.len());
            if word > 0 {
                match secret_in(&rest[..word]) {
                    Some(at) => write!(f, "{}[redacted]", &rest[..at])?,
                    None => f.write_str(&rest[..word])?,
                }
                rest = &rest[word..];
            } else {
                fmt::Write::write_char(f, if c.is_control() { ' ' } else { c })?;
                rest = &rest[c.len_utf8()..];
            }
        }
        if end < self.0.len() { f.write_str("…") } else { Ok(()) }
    }
}

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Whether a key or a JWT may go on with this character.
fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Where in a word a key or a token begins: at its start or, as in `__session%3DeyJ…`, later.
fn secret_in(word: &str) -> Option<usize> {
    ["eyJ", "sk_"].iter().filter_map(|mark| word.find(mark)).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_left_out() {
        for (text, shown) in [
            ("not sk_test_1-2.3, but", "not [redacted], but"),
            ("__session%3DeyJa.b.c; Path", "__session%3D[redacted]; Path"),
            ("a\nb\u{1b}[1m", "a b [1m"),
            ("all is well", "all is well"),
        ] {
            assert_eq!(Redacted(text).to_string(), shown);
        }
        assert_eq!(format!("{:?}", Redacted("eyJa")), "\"[redacted]\"");
        assert_eq!(Redacted(&"é".repeat(300)).to_string().chars().count(), 201);
    }
}
