//! The outcome of an attempt, and whether the request may be sent again.

use http::StatusCode;

use crate::metadata::Idempotency;

/// Whether the server may have processed a request.
///
/// A transport sets it in a [`TransportError`](crate::TransportError). Callers read it by
/// [`Error::delivery`](crate::Error::delivery): after `MaybeSent`, check the effect before you repeat a `create` or
/// `refresh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // There is no third case: a request is certainly unsent, or it may be sent.
pub enum Delivery {
    /// The server did not process the request: no byte of it was sent, as when the connection was refused, or the
    /// server refused it with 429.
    NotSent,
    /// The server may have processed the request: the connection was made, and then broke or took too long.
    MaybeSent,
}

impl Delivery {
    /// Returns a clause for error messages.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::NotSent => "nothing was sent",
            Self::MaybeSent => "the server may have processed the request",
        }
    }
}

/// The kind of a failure of a transport. See [`TransportError::kind`](crate::TransportError::kind).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// There is no connection: the host name was not found, the host refused, or a proxy made no tunnel.
    Connect,
    /// TLS failed: the certificate is not trusted, or the server requires a certificate of the client.
    Tls,
    /// A time limit ran out.
    Timeout,
    /// The connection was closed or reset before the response was complete.
    Closed,
    /// The response is not valid HTTP, its head is too large, or its body is not encoded as its headers say.
    Protocol,
    /// The body of the response is larger than the limit of the transport.
    TooLarge,
    /// The transport refused to send the request. Nothing was sent.
    Rejected,
    /// The server's rate limit holds the call back for longer than the call may wait. Nothing was sent.
    Paused,
    /// Any other failure.
    Other,
}

impl TransportErrorKind {
    /// All kinds.
    pub(crate) const ALL: [Self; 9] = [
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::Closed,
        Self::Protocol,
        Self::TooLarge,
        Self::Rejected,
        Self::Paused,
        Self::Other,
    ];

    /// Returns the kind of an I/O error. `connected` is whether the connection, including TLS, was complete before the
    /// error.
    #[must_use]
    pub fn of_io(error: std::io::ErrorKind, connected: bool) -> Self {
        use std::io::ErrorKind as Io;
        match error {
            Io::TimedOut | Io::WouldBlock => Self::Timeout,
            // A connection that exists is never refused, whatever the HTTP client says.
            Io::ConnectionRefused => Self::Connect,
            // A TCP connect never fails with these two, so the TLS handshake failed.
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

    /// Returns a stable word, for logs and other languages: the name in snake case, such as `connect` or `too_large`.
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

    /// Returns the kind of a word of [`as_str`](Self::as_str); `None` for any other word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Returns a clause for error messages.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Connect => "could not connect to the server",
            Self::Tls => "could not make a secure connection to the server",
            Self::Timeout => "a time limit ran out",
            Self::Closed => "the connection was closed before the response was complete",
            Self::Protocol => "the response is not valid HTTP",
            Self::TooLarge => "the body of the response is larger than the limit",
            Self::Rejected => "the transport refused to send the request",
            Self::Paused => "the server's rate limit holds this call back for longer than it may wait",
            Self::Other => "the transport failed",
        }
    }
}

/// The outcome of an attempt, as far as it matters for a retry.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AttemptOutcome {
    /// The server responded with this status.
    Response(StatusCode),
    /// There is no complete response.
    Failure(TransportErrorKind, Delivery),
}

impl AttemptOutcome {
    /// Whether the request may be sent again, by the table in the docs of [`RetryPolicy`](crate::RetryPolicy).
    pub(crate) fn may_be_retried(self, idempotency: Idempotency) -> bool {
        let is_idempotent = idempotency != Idempotency::NotIdempotent;
        match self {
            Self::Response(status) => match status.as_u16() {
                429 => true,
                408 | 500 | 502..=504 => is_idempotent,
                _ => false,
            },
            // A retry fails in the same way: the response is as large, or the request is refused again.
            Self::Failure(TransportErrorKind::Rejected | TransportErrorKind::TooLarge, _) => false,
            Self::Failure(_, Delivery::NotSent) => true,
            Self::Failure(_, Delivery::MaybeSent) => is_idempotent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RetryPolicy;

    fn status(status: u16) -> AttemptOutcome {
        AttemptOutcome::Response(StatusCode::from_u16(status).unwrap())
    }

    #[test]
    fn retries_follow_the_documented_table() {
        use AttemptOutcome::Failure;
        use Delivery::{MaybeSent, NotSent};
        use TransportErrorKind as Kind;
        for (outcome, idempotent, not_idempotent) in [
            (status(200), false, false),
            (status(307), false, false),
            (status(400), false, false),
            (status(401), false, false),
            (status(404), false, false),
            (status(408), true, false),
            (status(409), false, false),
            (status(422), false, false),
            (status(429), true, true),
            (status(500), true, false),
            (status(501), false, false),
            (status(502), true, false),
            (status(503), true, false),
            (status(504), true, false),
            (status(505), false, false),
            (Failure(Kind::Connect, NotSent), true, true),
            (Failure(Kind::Tls, NotSent), true, true),
            (Failure(Kind::Timeout, NotSent), true, true),
            (Failure(Kind::Timeout, MaybeSent), true, false),
            (Failure(Kind::Closed, MaybeSent), true, false),
            (Failure(Kind::Protocol, MaybeSent), true, false),
            (Failure(Kind::Other, MaybeSent), true, false),
            (Failure(Kind::TooLarge, MaybeSent), false, false),
            (Failure(Kind::Rejected, NotSent), false, false),
        ] {
            for idempotency in [Idempotency::Safe, Idempotency::Idempotent] {
                assert_eq!(outcome.may_be_retried(idempotency), idempotent, "{idempotency:?} {outcome:?}");
            }
            assert_eq!(outcome.may_be_retried(Idempotency::NotIdempotent), not_idempotent, "{outcome:?}");
            let forced = RetryPolicy::new().retry_non_idempotent(true);
            assert_eq!(forced.allows_another(1, Idempotency::NotIdempotent, outcome), idempotent, "forced {outcome:?}");
        }
    }

    #[test]
    fn each_kind_has_a_word_of_its_own() {
        for kind in TransportErrorKind::ALL {
            assert_eq!(TransportErrorKind::from_word(kind.as_str()), Some(kind));
        }
        assert_eq!(TransportErrorKind::from_word("none"), None);
    }

    #[test]
    fn the_kind_of_an_io_error_depends_on_whether_it_was_connected() {
        use TransportErrorKind as Kind;
        use std::io::ErrorKind as Io;
        for (error, while_connecting, later) in [
            (Io::TimedOut, Kind::Timeout, Kind::Timeout),
            (Io::WouldBlock, Kind::Timeout, Kind::Timeout),
            (Io::InvalidData, Kind::Tls, Kind::Protocol),
            (Io::InvalidInput, Kind::Connect, Kind::Protocol),
            (Io::UnexpectedEof, Kind::Tls, Kind::Closed),
            (Io::ConnectionRefused, Kind::Connect, Kind::Connect),
            (Io::NotFound, Kind::Connect, Kind::Other),
            (Io::ConnectionReset, Kind::Connect, Kind::Closed),
            (Io::ConnectionAborted, Kind::Connect, Kind::Closed),
            (Io::BrokenPipe, Kind::Connect, Kind::Closed),
            (Io::NotConnected, Kind::Connect, Kind::Closed),
            (Io::HostUnreachable, Kind::Connect, Kind::Closed),
            (Io::NetworkUnreachable, Kind::Connect, Kind::Closed),
            (Io::NetworkDown, Kind::Connect, Kind::Closed),
        ] {
            assert_eq!(Kind::of_io(error, false), while_connecting, "{error}");
            assert_eq!(Kind::of_io(error, true), later, "{error}");
        }
    }
}
