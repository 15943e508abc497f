//! The path and query of a request while they are written.

/// Text that is on the stack until it outgrows it, so that the request's own copy is the only allocation a usual one costs.
pub(crate) struct Target {
    inline: [u8; Self::INLINE],
    len: usize,
    /// All of the text, once it is longer than `inline`.
    long: Vec<u8>,
}

impl Target {
    const INLINE: usize = 128;

    pub(crate) fn new() -> Self {
        Self { inline: [0; Self::INLINE], len: 0, long: Vec::new() }
    }

    pub(crate) fn push_str(&mut self, text: &str) {
        let end = self.len + text.len();
        if self.long.is_empty() && end <= Self::INLINE {
            self.inline[self.len..end].copy_from_slice(text.as_bytes());
        } else {
            if self.long.is_empty() {
                self.long.extend_from_slice(&self.inline[..self.len]);
            }
            self.long.extend_from_slice(text.as_bytes());
        }
        self.len = end;
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        if self.long.is_empty() { &self.inline[..self.len] } else { &self.long }
    }
}

impl<'a> Extend<&'a str> for Target {
    fn extend<I: IntoIterator<Item = &'a str>>(&mut self, pieces: I) {
        pieces.into_iter().for_each(|piece| self.push_str(piece));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_what_was_pushed(pieces in proptest::collection::vec("[a-zé]{0,200}", 0..6)) {
            let mut target = Target::new();
            target.extend(pieces.iter().map(String::as_str));
            let whole = pieces.concat();
            prop_assert_eq!(target.as_bytes(), whole.as_bytes());
        }
    }

    #[test]
    fn it_may_be_filled_to_the_brim() {
        let mut target = Target::new();
        let text = "x".repeat(Target::INLINE);
        target.push_str(&text);
        target.push_str("");
        assert_eq!(target.as_bytes(), text.as_bytes());
        target.push_str("y");
        assert_eq!(target.as_bytes(), (text + "y").as_bytes());
    }
}
