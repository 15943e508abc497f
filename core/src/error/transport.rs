//! Failures without a complete response: [`TransportError`] for an attempt, [`CallFailed`] for a call.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use super::text::{CHECK_EFFECT, after_attempts, whole_seconds};
use crate::attempt::{Delivery, TransportErrorKind};
use crate::metadata::{Idempotency, Metadata};
use crate::redact::Secrets;

/// Why an attempt got no complete response: the error of a [`Transport`](crate::transport::Transport).
///
/// Make one in a transport of your own. Callers get it inside of [`Error::Transport`](crate::Error::Transport), see
/// [`CallFailed::error`].
///
/// The source should print no header, no body and no query. If it prints a secret of the call, it is replaced by its
/// text with the secret redacted.
///
/// ```
/// use std::error::Error as _;
///
/// use clerk_sessions_core::{Delivery, TransportError, TransportErrorKind};
///
/// let cause = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "connection refused");
/// let error = TransportError::new(TransportErrorKind::Connect, Delivery::NotSent).with_source(cause);
/// assert_eq!(error.to_string(), "could not connect to the server (nothing was sent)");
/// assert_eq!(error.source().unwrap().to_string(), "connection refused");
/// ```
#[derive(Clone)]
pub struct TransportError {
    kind: TransportErrorKind,
    delivery: Delivery,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// Creates the error, without a cause. If it is not certain that nothing was sent, pass [`Delivery::MaybeSent`]:
    /// then the client does not retry operations that are not idempotent.
    #[must_use]
    pub fn new(kind: TransportErrorKind, delivery: Delivery) -> Self {
        Self { kind, delivery, source: None }
    }

    /// Sets the cause, the error of the HTTP library.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// Sets a text as the cause, such as the message of another program. It is shown on one line of at most 200
    /// characters. Keys and tokens in it are redacted.
    #[must_use]
    pub fn with_message(self, message: &str) -> Self {
        self.with_source(Message { text: message.to_owned(), secrets: Secrets::default() })
    }

    /// Redacts the secrets of the call in the cause. A cause that prints none stays as it is.
    pub(crate) fn redacted(mut self, secrets: &Secrets) -> Self {
        let Some(source) = &self.source else { return self };
        let text = match source.downcast_ref::<Message>() {
            Some(message) => message.text.clone(),
            None => {
                let causes = std::iter::successors(Some(&**source as &dyn std::error::Error), |cause| cause.source());
                let (mut text, mut debug) = (String::new(), String::new());
                for cause in causes {
                    let separator = if text.is_empty() { "" } else { ": " };
                    // Writing into a String does not fail.
                    let _ = write!(text, "{separator}{cause}");
                    let _ = write!(debug, "{cause:?} ");
                }
                if !secrets.are_in(&text) && !secrets.are_in(&debug) {
                    return self;
                }
                text
            }
        };
        self.source = Some(Arc::new(Message { text, secrets: secrets.clone() }));
        self
    }

    /// Returns the kind of the failure.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Returns whether the server may have processed the attempt.
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

/// A cause that is a text of another program. It is redacted when it is printed: the transport that makes it does not
/// know the secrets of the call.
struct Message {
    text: String,
    secrets: Secrets,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.secrets.redact(&self.text).fmt(f)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.secrets.redact(&self.text), f)
    }
}

impl std::error::Error for Message {}

/// A call whose last attempt got no complete response, or that was not sent because of the rate limit.
///
/// You meet it as [`Error::Transport`](crate::Error::Transport). Read it by the methods of [`Error`](crate::Error),
/// such as [`delivery`](crate::Error::delivery) and [`is_timeout`](crate::Error::is_timeout). The source is the error
/// of the HTTP library.
#[derive(Clone)]
pub struct CallFailed {
    pub(super) metadata: &'static Metadata,
    pub(super) attempts: u32,
    pub(super) error: TransportError,
    /// Of the whole call: the server may have processed an earlier attempt, even if the last was not sent.
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

    /// Returns the error of the last attempt.
    #[must_use]
    pub fn error(&self) -> &TransportError {
        &self.error
    }

    /// What the reader can do. It comes before the cause in a message, so it may point to the cause.
    fn advice(&self) -> Option<Cow<'static, str>> {
        if self.delivery == Delivery::MaybeSent && self.metadata.idempotency == Idempotency::NotIdempotent {
            return Some(CHECK_EFFECT.into());
        }
        let advice = match (self.error.kind, self.retry_after) {
            (TransportErrorKind::Paused, Some(wait)) => {
                return Some(format!("retry after {} s", whole_seconds(wait)).into());
            }
            (TransportErrorKind::Connect, _) => "check the base URL, the network and any proxy",
            (TransportErrorKind::Tls, _) => "check the certificates and any proxy",
            (TransportErrorKind::Protocol, _) => "check the base URL and any proxy",
            (TransportErrorKind::TooLarge, _) => "raise the limit of the transport or request fewer sessions",
            (TransportErrorKind::Rejected, _) => return self.error.source.is_some().then(|| "see the cause".into()),
            _ => "retry later",
        };
        Some(advice.into())
    }
}

impl fmt::Display for CallFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({}", self.metadata.id, self.error.kind.sentence(), self.delivery.sentence())?;
        if let Some(advice) = self.advice() {
            write!(f, "; {advice}")?;
        }
        f.write_str(")")?;
        after_attempts(f, self.attempts)
    }
}

impl std::error::Error for CallFailed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The message has the kind of the transport error already, so the source is the cause of that error.
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

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;

    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn failure() -> TransportError {
        TransportError::new(TransportErrorKind::Closed, Delivery::MaybeSent)
    }

    fn secrets() -> Secrets {
        let mut headers = HeaderMap::new();
        headers.insert("x-token", HeaderValue::from_static("opaque"));
        Secrets::of(&headers, b"")
    }

    /// Prints one text by `Display` and another by `Debug`.
    struct Cause(&'static str, &'static str, Option<io::Error>);

    impl fmt::Display for Cause {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl fmt::Debug for Cause {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.1)
        }
    }

    impl std::error::Error for Cause {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            self.2.as_ref().map(|cause| cause as _)
        }
    }

    #[test]
    fn the_message_has_kind_and_delivery_and_the_source_is_the_cause() {
        let error = failure().with_source("reset by peer");
        assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Closed, Delivery::MaybeSent));
        let text =
            "the connection was closed before the response was complete (the server may have processed the request)";
        assert_eq!(error.to_string(), text);
        assert_eq!(error.source().unwrap().to_string(), "reset by peer");
        assert!(failure().source().is_none());
        let debug = format!("{error:?}");
        assert!(debug.contains("Closed") && debug.contains("MaybeSent") && debug.contains("reset by peer"), "{debug}");
    }

    #[test]
    fn a_message_of_another_program_is_redacted() {
        let error = failure().with_message("at\neyJhbGciOiJub25lIn0.e30. and opaque");
        let shown = |error: &TransportError| {
            let cause = error.source().unwrap();
            (cause.to_string(), format!("{cause:?}"))
        };
        let text = "at [redacted] and opaque".to_owned();
        assert_eq!(shown(&error), (text.clone(), format!("{text:?}")));
        let text = "at [redacted] and [redacted]".to_owned();
        assert_eq!(shown(&error.redacted(&secrets())), (text.clone(), format!("{text:?}")));
    }

    #[test]
    fn only_a_cause_that_prints_a_secret_is_replaced_by_its_redacted_text() {
        let inner = |text: &'static str| Some(io::Error::other(text));
        let redacted = |cause: Cause| failure().with_source(cause).redacted(&secrets());
        let kept = redacted(Cause("clean", "clean too", inner("clean as well")));
        assert!(kept.source().unwrap().downcast_ref::<Cause>().is_some());
        for cause in [
            Cause("has opaque", "clean", inner("inner")),
            Cause("has clean", "opaque", inner("inner")),
            Cause("has clean", "clean", inner("opaque")),
        ] {
            let error = redacted(cause);
            let source = error.source().unwrap();
            assert!(source.downcast_ref::<Cause>().is_none());
            let shown = format!("{source} {source:?} {error:?}");
            assert!(shown.starts_with("has ") && !shown.contains("opaque"), "{shown}");
        }
        assert_eq!(
            redacted(Cause("has opaque", "", inner("inner"))).source().unwrap().to_string(),
            "has [redacted]: inner"
        );
        assert!(failure().redacted(&secrets()).source().is_none());
    }

    #[test]
    fn a_failed_call_has_the_error_of_its_last_attempt() {
        static GET: Metadata = Metadata::new("GetSession", "get", http::Method::GET, "/sessions", Idempotency::Safe);
        let call = CallFailed::new(&GET, failure().with_source("reset"), 2, Delivery::MaybeSent, None);
        assert_eq!(
            (call.error().kind(), call.source().unwrap().to_string()),
            (TransportErrorKind::Closed, "reset".to_owned())
        );
        let text = "GetSession: the connection was closed before the response was complete \
                    (the server may have processed the request; retry later), after 2 attempts";
        assert_eq!(call.to_string(), text);
        let debug = format!("{call:?}");
        assert!(debug.contains("GetSession") && debug.contains("Closed") && debug.contains("reset"), "{debug}");
    }
}
