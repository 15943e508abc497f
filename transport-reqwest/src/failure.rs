//! What a failure of reqwest means: its kind, and whether the server may have processed the request.

use std::error::Error as StdError;
use std::io;

use clerk_sessions_core::{Delivery, TransportError, TransportErrorKind};

/// Reads a failure of an attempt.
pub(crate) fn of_attempt(error: reqwest::Error) -> TransportError {
    let delivery = if error.is_connect() || error.is_builder() { Delivery::NotSent } else { Delivery::MaybeSent };
    // The URL has the ids in it, and reqwest would print it.
    TransportError::new(kind(&error), delivery).with_source(error.without_url())
}

fn kind(error: &reqwest::Error) -> TransportErrorKind {
    if error.is_timeout() {
        return TransportErrorKind::Timeout;
    }
    if error.is_builder() {
        return TransportErrorKind::Rejected;
    }
    let connected = !error.is_connect();
    let mut kinds = causes(error).filter_map(|cause| of_cause(cause, connected));
    kinds.next().unwrap_or(match connected {
        false if error.is_dns() => TransportErrorKind::Connect,
        // A TCP connection fails with an I/O error, so this is a TLS library's own.
        false => TransportErrorKind::Tls,
        // Failures of the connection are hyper's, so this is a decoder's own.
        true if error.is_decode() && causes(error).all(|cause| cause.downcast_ref::<hyper::Error>().is_none()) => {
            TransportErrorKind::Protocol
        }
        true => TransportErrorKind::Other,
    })
}

fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |cause| (*cause).source())
}

fn of_cause(cause: &(dyn StdError + 'static), connected: bool) -> Option<TransportErrorKind> {
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        return if error.is_incomplete_message() || error.is_closed() || error.is_body_write_aborted() {
            Some(TransportErrorKind::Closed)
        } else if error.is_parse() {
            Some(TransportErrorKind::Protocol)
        } else {
            // An I/O error lies beneath it.
            None
        };
    }
    let error = innermost(cause.downcast_ref()?);
    // `Other` says nothing: decoders fail with it.
    Some(TransportErrorKind::of_io(error.kind(), connected)).filter(|kind| *kind != TransportErrorKind::Other)
}

/// The I/O error that was wrapped in another one, as a failed handshake is: `source` passes over it.
fn innermost(error: &io::Error) -> &io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(inner) => innermost(inner),
        None => error,
    }
}
