//! Attempts that brought no complete response: [`TransportError`] for one, [`CallFailed`] for a call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::text::after_attempts;
use crate::attempt::{Delivery, TransportErrorKind};
use crate::metadata::Metadata;
use crate::redact::Redacted;

/// Why an attempt brought no complete response: the error of a [`Transport`](crate::transport::Transport).
///
/// The source must print neither headers nor a body nor a query: whoever makes the error has to see to that.
#[derive(Clone)]
pub struct TransportError {
    kind: TransportErrorKind,
    delivery: Delivery,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// A failure of this kind. When in doubt about the delivery, it is [`Delivery::MaybeSent`].
    #[must_use]
    pub fn new(kind: TransportErrorKind, delivery: Delivery) -> Self {
        Self { kind, delivery, source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// Adds a cause that is a text of another program. What looks like a key or a token in it is redacted, and it is cut to
    /// one line of 200 characters.
    #[must_use]
    pub fn with_message(self, message: &str) -> Self {
        self.with_source(Redacted(message).to_string())
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the server may have processed the attempt.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind.sentence(), self.delivery.sentence())
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.kind)
            .field("delivery", &self.delivery)
            .field("source", &self.source)
            .finish()
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A call whose last attempt brought no complete response. Read it through [`Error`](crate::Error).
#[derive(Clone)]
pub struct CallFailed {
    pub(super) metadata: &'static Metadata,
    pub(super) attempts: u32,
    pub(super) error: TransportError,
    /// Of the call: an earlier attempt may have been processed though the last was not sent.
    pub(super) delivery: Delivery,
    pub(super) retry_after: Option<Duration>,
}

impl CallFailed {
    pub(crate) fn new(
        metadata: &'static Metadata,
        error: TransportError,
        attempts: u32,
        delivery: Delivery,
        retry_after: Option<Duration>,
    ) -> Self {
        Self { metadata, attempts, error, delivery, retry_after }
    }

    /// What the last attempt failed with.
    #[must_use]
    pub fn error(&self) -> &TransportError {
        &self.error
    }
}

impl fmt::Display for CallFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.metadata.id, self.error.kind.sentence(), self.delivery.sentence())?;
        after_attempts(f, self.attempts)
    }
}

impl std::error::Error for CallFailed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The transport error's own words are in this message already: the source is what lies beneath it.
        self.error.source()
    }
}

impl fmt::Debug for CallFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("operation", &self.metadata.id)
            .field("error", &self.error)
            .field("attempts", &self.attempts)
            .finish()
    }
}
