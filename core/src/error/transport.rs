//! Attempts that brought no whole answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::meta::Meta;

/// Whether a failed attempt may have been processed by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // There is no third: what is not certainly unsent may have been sent.
pub enum Delivery {
    /// Certainly not: no byte of the request left, as when the connection was refused.
    NotSent,
    /// Perhaps: the connection broke, or the time ran out, after bytes of the request may have left.
    MaybeSent,
}

impl Delivery {
    fn sentence(self) -> &'static str {
        match self {
            Self::NotSent => "nothing was sent",
            Self::MaybeSent => "the server may have processed the request",
        }
    }
}

/// What went wrong on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection could be made: the name was not found, or the other side refused.
    Connect,
    /// A connection was made, but no trusted TLS session on it.
    Tls,
    /// A time limit ran out.
    Timeout,
    /// The connection was closed or broke before the answer was whole.
    Closed,
    /// What came is not HTTP, has a head beyond all measure, or a body not encoded as announced.
    Protocol,
    /// The body of the answer is larger than the limit.
    TooLarge,
    /// The transport refused to send the request as it is.
    Rejected,
    /// Nothing was sent, as the server's rate limit holds the call back for longer than it may wait: the pause it asked for is
    /// not over, or other calls go first.
    Paused,
    /// Anything else.
    Other,
}

impl TransportErrorKind {
    /// The kind of an I/O error, told by when it came: while the connection was being made, TLS included, or on it.
    #[must_use]
    pub fn of_io(error: std::io::ErrorKind, connected: bool) -> Self {
        use std::io::ErrorKind as Io;
        match error {
            Io::TimedOut | Io::WouldBlock => Self::Timeout,
            // A TCP connect knows neither: it was the TLS handshake.
            Io::InvalidData | Io::UnexpectedEof if !connected => Self::Tls,
            _ if !connected => Self::Connect,
            Io::UnexpectedEof
            | Io::ConnectionReset
            | Io::ConnectionAborted
            | Io::BrokenPipe
            | Io::NotConnected
            | Io::HostUnreachable
            | Io::NetworkUnreachable
            | Io::NetworkDown => Self::Closed,
            Io::InvalidData | Io::InvalidInput => Self::Protocol,
            _ => Self::Other,
        }
    }

    /// A stable word for logs and other languages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::Protocol => "protocol",
            Self::TooLarge => "too_large",
            Self::Rejected => "rejected",
            Self::Paused => "paused",
            Self::Other => "other",
        }
    }

    /// The kind of this word, one of [`as_str`](Self::as_str).
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        use TransportErrorKind as Kind;
        let kinds = [
            Kind::Connect,
            Kind::Tls,
            Kind::Timeout,
            Kind::Closed,
            Kind::Protocol,
            Kind::TooLarge,
            Kind::Rejected,
            Kind::Paused,
            Kind::Other,
        ];
        kinds.into_iter().find(|kind| kind.as_str() == word)
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Connect => "could not connect to the server",
            Self::Tls => "could not make a secure connection to the server",
            Self::Timeout => "a time limit ran out",
            Self::Closed => "the connection was closed before the answer was whole",
            Self::Protocol => "the answer is not valid HTTP",
            Self::TooLarge => "the body of the answer is larger than the limit",
            Self::Rejected => "the transport refused to send the request",
            Self::Paused => "the server's rate limit holds this call back for longer than it may wait",
            Self::Other => "the transport failed",
        }
    }
}

/// Why an attempt brought no whole answer: what a [`Transport`](crate::Transport) fails with.
///
/// Whoever makes one sees to it that its source prints neither headers nor a body nor a query.
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

/// A call whose last attempt brought no whole answer. Read it through [`Error`](crate::Error).
#[derive(Clone)]
pub struct CallFailed {
    pub(super) meta: &'static Meta,
    pub(super) attempts: u32,
    pub(super) error: TransportError,
    /// Of the call: an earlier attempt may have been processed though the last was not sent.
    pub(super) delivery: Delivery,
    pub(super) retry_after: Option<Duration>,
}

impl CallFailed {
    pub(crate) fn new(
        meta: &'static Meta,
        error: TransportError,
        attempts: u32,
        delivery: Delivery,
        retry_after: Option<Duration>,
    ) -> Self {
        Self { meta, attempts, error, delivery, retry_after }
    }

    /// What the last attempt failed with.
    #[must_use]
    pub fn error(&self) -> &TransportError {
        &self.error
    }
}

impl fmt::Display for CallFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.meta.id, self.error.kind.sentence(), self.delivery.sentence())?;
        if self.attempts > 1 { write!(f, ", after {} attempts", self.attempts) } else { Ok(()) }
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
            .field("operation", &self.meta.id)
            .field("error", &self.error)
            .field("attempts", &self.attempts)
            .finish()
    }
}
