//! [`SessionToken`]: a session token of a request, taken apart once.

use crate::claims::Claims;
use crate::error::Rejected;
use crate::verifier::{Checks, Unsigned};

/// A session token, taken apart once. It is not verified.
#[derive(Clone)]
pub(super) struct SessionToken {
    pub(super) text: String,
    decoded: Result<Unsigned<'static>, Rejected>,
}

impl SessionToken {
    pub(super) fn new(text: impl Into<String>, checks: &Checks) -> Self {
        let text = text.into();
        Self { decoded: checks.decode(&text).map(Unsigned::into_owned), text }
    }

    /// The parts of the token, or why it has none.
    pub(super) fn unsigned(&self) -> Result<&Unsigned<'static>, Rejected> {
        self.decoded.as_ref().map_err(Clone::clone)
    }

    /// What the token says, if it can be read. Nothing of it is verified.
    pub(super) fn claims(&self) -> Option<&Claims> {
        self.decoded.as_ref().ok().map(Unsigned::claims)
    }

    /// Whether it can be read, and is a token of something else than a session.
    pub(super) fn is_of_another_type(&self) -> bool {
        self.decoded.as_ref().is_ok_and(|token| !token.is_of_session())
    }

    pub(super) fn key_id(&self) -> Option<&str> {
        self.decoded.as_ref().ok()?.header.key_id.as_deref()
    }

    /// Makes the checks before that of the key.
    pub(super) fn check_before_key(&self, checks: &Checks) -> Result<(), Rejected> {
        let unsigned = self.unsigned()?;
        checks.check_category(unsigned)?;
        checks.rules.check_header(&unsigned.header)
    }
}
