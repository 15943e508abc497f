//! HTTP/2: its settings and its errors.

#[cfg(feature = "http2")]
use clerk_sessions_core::{Delivery, TransportErrorKind};
use reqwest::ClientBuilder;

/// Without the feature, only HTTP/1.1. Another crate may have turned on the feature of reqwest, but this crate can call the
/// methods for pings only if its own feature is on.
#[cfg(not(feature = "http2"))]
pub(crate) fn defaults(client: ClientBuilder) -> ClientBuilder {
    client.http1_only()
}

#[cfg(feature = "http2")]
pub(crate) fn defaults(client: ClientBuilder) -> ClientBuilder {
    use std::time::Duration;

    // Together shorter than the default limit of an attempt, so that the next attempt does not get the dead connection. Pings are
    // sent only during requests: while a runtime is idle, it would not read the responses, and would close a good connection.
    let (silence, patience) = (Duration::from_secs(3), Duration::from_secs(3));
    // Above this size, h2 resets the stream with no specific error. Smaller heads are read, and the error names the limit.
    let head = 256 * 1024;
    client.http2_keep_alive_interval(silence).http2_keep_alive_timeout(patience).http2_max_header_list_size(head)
}

/// The kind and delivery of an HTTP/2 error, unless its cause is an I/O error.
#[cfg(feature = "http2")]
pub(crate) fn failure(error: &h2::Error) -> Option<(TransportErrorKind, Delivery)> {
    if error.is_io() {
        return None;
    }
    if !error.is_remote() {
        return Some((TransportErrorKind::Protocol, Delivery::MaybeSent));
    }
    // GOAWAY fails only the streams after the last one that the server processed.
    let is_refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    let delivery = if is_refused || error.is_go_away() { Delivery::NotSent } else { Delivery::MaybeSent };
    Some((TransportErrorKind::Closed, delivery))
}
