//! Converts an error of ureq: its kind, and whether the server may have processed the request.

use clerk_sessions_core::transport::head_too_large;
use clerk_sessions_core::{Delivery, TransportError, TransportErrorKind};
use ureq::{Error, Timeout};

use crate::connect::NotConnected;
use crate::connection::TlsFailed;

/// Converts the error of an attempt.
pub(crate) fn of_attempt(error: Error) -> TransportError {
    match error {
        Error::Other(other) => match other.downcast::<NotConnected>() {
            Ok(marked) => not_connected(*marked),
            Err(other) => of_connection(other),
        },
        Error::LargeResponseHeader(..) => head_too_large(),
        Error::Protocol(error) if has_too_many_headers(&error) => head_too_large(),
        error => {
            let connected = !is_before_connected(&error);
            let kind = kind(&error, connected);
            let not_sent = !connected || kind == TransportErrorKind::Rejected;
            let delivery = if not_sent { Delivery::NotSent } else { Delivery::MaybeSent };
            TransportError::new(kind, delivery).with_source(error)
        }
    }
}

/// Recognizes the error by its text, because ureq does not re-export its type.
fn has_too_many_headers(error: &impl std::fmt::Display) -> bool {
    error.to_string().ends_with("too many headers")
}

fn not_connected(marked: NotConnected) -> TransportError {
    let error = TransportError::new(kind(&marked.error, false), Delivery::NotSent);
    match marked.proxy {
        Some(_) => error.with_source(marked),
        None => error.with_source(marked.error),
    }
}

fn of_connection(error: Box<dyn std::error::Error + Send + Sync>) -> TransportError {
    let kind = if error.is::<TlsFailed>() { TransportErrorKind::Tls } else { TransportErrorKind::Other };
    TransportError::new(kind, Delivery::MaybeSent).with_source(error)
}

/// Whether an error is certainly from before the connection was made. For agents made elsewhere, whose errors are not marked.
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
        // The error of a decoder has another variant, even if it is an I/O error.
        Error::Io(error) => TransportErrorKind::of_io(error.kind(), connected),
        // Before the connection is made, only a proxy can have responded.
        Error::Protocol(_) if !connected => TransportErrorKind::Connect,
        Error::Protocol(_) => TransportErrorKind::Protocol,
        Error::BodyExceedsLimit(_) => TransportErrorKind::TooLarge,
        Error::Http(_) | Error::BadUri(_) | Error::RequireHttpsOnly(_) => TransportErrorKind::Rejected,
        // The other variants depend on ureq's features: TLS errors while connecting, decoder errors afterwards.
        _ if !connected => TransportErrorKind::Tls,
        // An error of the decoder or of the connection below it.
        #[cfg(feature = "gzip")]
        Error::Decompress(_, error) => TransportErrorKind::of_io(error.kind(), true),
        _ => TransportErrorKind::Other,
    }
}
