//! Attempts that brought no complete response: [`TransportError`] for one, [`CallFailed`] for a call.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use super::text::after_attempts;
use crate::attempt::{Delivery, TransportErrorKind};
use crate::metadata::Metadata;
use crate::redact::Secrets;

/// Why an attempt brought no complete response: the error of a [`Transport`](crate::transport::Transport).
///
/// The source should print neither headers nor a body nor a query: whoever makes the error has to see to that. A source that
/// prints a secret of the call is replaced by its text without the secret.
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
        self.with_source(Message { text: message.to_owned(), secrets: Secrets::default() })
    }

    /// Takes out of the cause what the call sent as a secret. A cause that prints none is left as it is.
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

/// A cause that is a text from outside. It is redacted when it is shown, as who makes it does not know what the call sent.
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

    /// Shows one text by `Display` and another by `Debug`.
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
    fn the_kind_the_delivery_and_the_cause_are_told() {
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
    fn a_message_of_another_program_is_made_fit_to_be_shown() {
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
    fn a_cause_that_prints_no_secret_stays_what_it_is_and_another_becomes_its_text() {
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
        static GET: Metadata =
            Metadata::new("GetSession", "get", http::Method::GET, "/sessions", crate::metadata::Idempotency::Safe);
        let call = CallFailed::new(&GET, failure().with_source("reset"), 2, Delivery::MaybeSent, None);
        assert_eq!(
            (call.error().kind(), call.source().unwrap().to_string()),
            (TransportErrorKind::Closed, "reset".to_owned())
        );
        let text = "GetSession: the connection was closed before the response was complete \
                    (the server may have processed the request), after 2 attempts";
        assert_eq!(call.to_string(), text);
        let debug = format!("{call:?}");
        assert!(debug.contains("GetSession") && debug.contains("Closed") && debug.contains("reset"), "{debug}");
    }
}
