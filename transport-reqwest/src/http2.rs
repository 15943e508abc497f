//! HTTP/2: whether it is used, how its connections are watched, and what its errors mean.

#[cfg(feature = "http2")]
use clerk_sessions_core::{Delivery, TransportErrorKind};
use reqwest::ClientBuilder;

/// Without the feature, HTTP/1.1 alone: reqwest's feature may be on for another crate's sake, and this one can't set up pings
/// then, as their methods are there only if it is known to be on.
#[cfg(not(feature = "http2"))]
pub(crate) fn defaults(client: ClientBuilder) -> ClientBuilder {
    client.http1_only()
}

#[cfg(feature = "http2")]
pub(crate) fn defaults(client: ClientBuilder) -> ClientBuilder {
    use std::time::Duration;

    // Together shorter than the usual limit of an attempt, so that the next one finds the dead connection gone. Only during
    // requests: while a runtime stands still, a response to a ping goes unread, and its connection would be given up for dead.
    let (silence, patience) = (Duration::from_secs(3), Duration::from_secs(3));
    // Beyond this, h2 resets the stream without a reason that could be told. A smaller head that is too large is read, and told.
    let head = 256 * 1024;
    client.http2_keep_alive_interval(silence).http2_keep_alive_timeout(patience).http2_max_header_list_size(head)
}

/// What an error of HTTP/2 means, if an I/O error is not its cause.
#[cfg(feature = "http2")]
pub(crate) fn failure(error: &h2::Error) -> Option<(TransportErrorKind, Delivery)> {
    if error.is_io() {
        return None;
    }
    if !error.is_remote() {
        return Some((TransportErrorKind::Protocol, Delivery::MaybeSent));
    }
    // A stream fails by GOAWAY only if it is beyond the last one that the server processed.
    let is_refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    let delivery = if is_refused || error.is_go_away() { Delivery::NotSent } else { Delivery::MaybeSent };
    Some((TransportErrorKind::Closed, delivery))
}
