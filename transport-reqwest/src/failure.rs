//! Converts an error of reqwest: its kind, and whether the server may have processed the request.

use std::error::Error as StdError;
use std::io;

use clerk_sessions_core::transport::head_too_large;
use clerk_sessions_core::{Delivery, TransportError, TransportErrorKind};

use crate::proxy::Environment;

/// Converts the error of an attempt. With an environment, a failure to connect names its proxy.
pub(crate) fn of_attempt(error: reqwest::Error, environment: Option<&Environment>) -> TransportError {
    let (kind, delivery) = meaning(&error);
    let url = error.url().cloned();
    // The URL contains ids, and reqwest would print it.
    let cause = error.without_url();
    if has_head_too_large(&cause) {
        return head_too_large();
    }
    let failed = TransportError::new(kind, delivery);
    match environment.filter(|_| cause.is_connect()) {
        None => failed.with_source(cause),
        Some(environment) => match environment.name_proxy(url.as_ref(), cause) {
            Ok(named) => failed.with_source(named),
            Err(cause) => failed.with_source(cause),
        },
    }
}

/// Whether the head of the response is too large for hyper. Recognized by its text: hyper's method for it is for servers only.
fn has_head_too_large(error: &reqwest::Error) -> bool {
    let mut errors = causes(error).filter_map(|cause| cause.downcast_ref::<hyper::Error>());
    errors.any(|error| error.is_parse() && error.to_string().ends_with("head is too large"))
}

fn meaning(error: &reqwest::Error) -> (TransportErrorKind, Delivery) {
    if error.is_timeout() {
        return (TransportErrorKind::Timeout, delivery(error));
    }
    if error.is_builder() {
        return (TransportErrorKind::Rejected, Delivery::NotSent);
    }
    #[cfg(feature = "http2")]
    if let Some(meaning) = causes(error).find_map(|cause| cause.downcast_ref()).and_then(crate::http2::failure) {
        return meaning;
    }
    (kind(error), delivery(error))
}

fn delivery(error: &reqwest::Error) -> Delivery {
    if error.is_connect() { Delivery::NotSent } else { Delivery::MaybeSent }
}

fn kind(error: &reqwest::Error) -> TransportErrorKind {
    let connected = !error.is_connect();
    let mut kinds = causes(error).filter_map(|cause| of_cause(cause, connected));
    kinds.next().unwrap_or(match connected {
        // DNS errors and refusals by proxies have types that are not public.
        false => TransportErrorKind::Connect,
        // Errors of the connection are hyper's, so this one is of a decoder.
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
            // Its source is an I/O error.
            None
        };
    }
    #[cfg(feature = "native-tls")]
    if cause.is::<native_tls::Error>() {
        return Some(TransportErrorKind::Tls);
    }
    let error = innermost(cause.downcast_ref()?);
    #[cfg(any(feature = "rustls", feature = "rustls-no-provider"))]
    if matches!(error.get_ref(), Some(inner) if inner.is::<rustls::Error>()) {
        return Some(TransportErrorKind::Tls);
    }
    // Decoders use `Other`, so it says nothing about the connection.
    Some(TransportErrorKind::of_io(error.kind(), connected)).filter(|kind| *kind != TransportErrorKind::Other)
}

/// The I/O error inside another one, as for a failed handshake. `source` skips it.
fn innermost(error: &io::Error) -> &io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(inner) => innermost(inner),
        None => error,
    }
}
