//! What one attempt of a call came to, and whether it may be repeated. Pure: all that is known is passed in.

use http::StatusCode;

use crate::metadata::Idempotency;

/// Whether the server may have processed a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // There is no third case: what is not certainly unsent may have been sent.
pub enum Delivery {
    /// No byte of the request was sent, as when the connection was refused.
    NotSent,
    /// The request may have been sent: the connection broke, or the time ran out, after it was made.
    MaybeSent,
}

impl Delivery {
    /// A clause for error messages.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::NotSent => "nothing was sent",
            Self::MaybeSent => "the server may have processed the request",
        }
    }
}

/// What went wrong in the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection could be made: the name was not found, the other side refused, or a proxy made no tunnel.
    Connect,
    /// A connection was made, but no trusted TLS session on it, or TLS failed later, as when the server wants a certificate.
    Tls,
    /// A time limit ran out.
    Timeout,
    /// The connection was closed or reset before the response was complete.
    Closed,
    /// The response is not HTTP, has a head that is too large, or a body not encoded as announced.
    Protocol,
    /// The body of the response is larger than the limit.
    TooLarge,
    /// The transport refused to send the request as it is.
    Rejected,
    /// Nothing was sent: the server's rate limit holds the call back for longer than the call may wait.
    Paused,
    /// Anything else.
    Other,
}

impl TransportErrorKind {
    const ALL: [Self; 9] = [
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

    /// The kind of an I/O error. `connected` is whether it came after the connection, with TLS, was made.
    #[must_use]
    pub fn of_io(error: std::io::ErrorKind, connected: bool) -> Self {
        use std::io::ErrorKind as Io;
        match error {
            Io::TimedOut | Io::WouldBlock => Self::Timeout,
            // A TCP connect fails with neither, so the TLS handshake did.
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

    /// A stable word for logs and other languages, such as `connect` or `too_large`.
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

    /// The kind of a word of [`as_str`](Self::as_str); `None` for any other word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// A clause for error messages.
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

/// What one attempt came to, as far as repeating it is concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AttemptOutcome {
    /// The server responded with this status.
    Response(StatusCode),
    /// No complete response came.
    Failure(TransportErrorKind, Delivery),
}

impl AttemptOutcome {
    /// Whether the request may be sent again: the table in the docs of [`RetryPolicy`](crate::RetryPolicy).
    pub(crate) fn may_be_repeated(self, idempotency: Idempotency) -> bool {
        let repeatable = idempotency != Idempotency::NotIdempotent;
        match self {
            Self::Response(status) => match status.as_u16() {
                429 => true,
                408 | 500 | 502..=504 => repeatable,
                _ => false,
            },
            // A second response would be as large, and a second request as unacceptable.
            Self::Failure(TransportErrorKind::Rejected | TransportErrorKind::TooLarge, _) => false,
            Self::Failure(_, Delivery::NotSent) => true,
            Self::Failure(_, Delivery::MaybeSent) => repeatable,
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
    fn the_table() {
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
                assert_eq!(outcome.may_be_repeated(idempotency), idempotent, "{idempotency:?} {outcome:?}");
            }
            assert_eq!(outcome.may_be_repeated(Idempotency::NotIdempotent), not_idempotent, "{outcome:?}");
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
    fn an_io_error_is_of_the_kind_that_its_moment_tells() {
        use TransportErrorKind as Kind;
        use std::io::ErrorKind as Io;
        for (error, while_connecting, later) in [
            (Io::TimedOut, Kind::Timeout, Kind::Timeout),
            (Io::WouldBlock, Kind::Timeout, Kind::Timeout),
            (Io::InvalidData, Kind::Tls, Kind::Protocol),
            (Io::InvalidInput, Kind::Connect, Kind::Protocol),
            (Io::UnexpectedEof, Kind::Tls, Kind::Closed),
            (Io::ConnectionRefused, Kind::Connect, Kind::Other),
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
