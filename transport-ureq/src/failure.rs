//! What a failure of ureq means: its kind, and whether the server may have processed the request.

use clerk_sessions_core::{Delivery, TransportError, TransportErrorKind};
use ureq::{Error, Timeout};

use crate::connect::NotConnected;

/// Reads a failure of an attempt.
pub(crate) fn of_attempt(error: Error) -> TransportError {
    match error {
        Error::Other(other) => match other.downcast::<NotConnected>() {
            Ok(marked) => TransportError::new(kind(&marked.0, false), Delivery::NotSent).with_source(marked.0),
            Err(other) => TransportError::new(TransportErrorKind::Other, Delivery::MaybeSent).with_source(other),
        },
        error => TransportError::new(kind(&error, !is_before_connected(&error)), delivery(&error)).with_source(error),
    }
}

fn delivery(error: &Error) -> Delivery {
    if is_before_connected(error) || kind(error, true) == TransportErrorKind::Rejected {
        Delivery::NotSent
    } else {
        Delivery::MaybeSent
    }
}

/// What an agent without the marks of [`crate::connect`] fails with before there is a connection, as far as that is certain.
fn is_before_connected(error: &Error) -> bool {
    match error {
        Error::Timeout(Timeout::Resolve | Timeout::Connect)
        | Error::HostNotFound
        | Error::ConnectionFailed
        | Error::ConnectProxyFailed(_)
        | Error::InvalidProxyUrl
        | Error::Tls(_)
        | Error::TlsRequired => true,
        Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}

fn kind(error: &Error, connected: bool) -> TransportErrorKind {
    match error {
        Error::Timeout(_) => TransportErrorKind::Timeout,
        Error::HostNotFound | Error::ConnectionFailed | Error::ConnectProxyFailed(_) | Error::InvalidProxyUrl => {
            TransportErrorKind::Connect
        }
        Error::Tls(_) | Error::TlsRequired => TransportErrorKind::Tls,
        // Not `Error::Io` alone: a decoder's error is wrapped in another variant, an I/O error in its own.
        Error::Io(error) => TransportErrorKind::of_io(error.kind(), connected),
        Error::Protocol(_) | Error::LargeResponseHeader(..) => TransportErrorKind::Protocol,
        Error::BodyExceedsLimit(_) => TransportErrorKind::TooLarge,
        Error::Http(_) | Error::BadUri(_) | Error::RequireHttpsOnly(_) => TransportErrorKind::Rejected,
        // The rest depends on ureq's features: errors of a TLS library while it connects, of a decoder after it.
        _ if !connected => TransportErrorKind::Tls,
        // The decoder's own failure or, beneath it, the connection's.
        #[cfg(feature = "gzip")]
        Error::Decompress(_, error) => TransportErrorKind::of_io(error.kind(), true),
        _ => TransportErrorKind::Other,
    }
}
