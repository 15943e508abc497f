//! How large the head of a response may be.

use http::HeaderMap;

use crate::attempt::{Delivery, TransportErrorKind};
use crate::error::TransportError;

/// How many headers a response may have over the transports of this project.
pub const MAX_HEADERS: usize = 100;

/// How many bytes the head of a response may have over the transports of this project.
pub const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Refuses a head with more headers or bytes than [`MAX_HEADERS`] and [`MAX_HEAD_BYTES`].
///
/// Each HTTP library has other limits. Transports that call this fail for the same responses.
///
/// # Errors
/// [`head_too_large`].
pub fn check_head(headers: &HeaderMap) -> Result<(), TransportError> {
    // Each line has a colon, a space and its end.
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers.len() > MAX_HEADERS || bytes > MAX_HEAD_BYTES { Err(head_too_large()) } else { Ok(()) }
}

/// The failure of an attempt whose response has a head beyond the limits, which it names.
#[must_use]
pub fn head_too_large() -> TransportError {
    TransportError::new(TransportErrorKind::Protocol, Delivery::MaybeSent).with_source(format!(
        "the head of the response is larger than the limit of {MAX_HEADERS} headers and {MAX_HEAD_BYTES} bytes"
    ))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn headers_are_counted_with_their_repetitions() {
        let mut headers = HeaderMap::new();
        for _ in 0..MAX_HEADERS {
            headers.append("x", HeaderValue::from_static("y"));
        }
        check_head(&headers).unwrap();
        headers.append("x", HeaderValue::from_static("y"));
        check_head(&headers).unwrap_err();
    }

    #[test]
    fn the_failure_names_the_limits() {
        let cause = std::error::Error::source(&head_too_large()).map(ToString::to_string);
        let text = "the head of the response is larger than the limit of 100 headers and 65536 bytes";
        assert_eq!(cause.as_deref(), Some(text));
    }

    #[test]
    fn bytes_are_counted_as_they_are_sent() {
        let mut headers = HeaderMap::new();
        let longest = "y".repeat(MAX_HEAD_BYTES - "x: \r\n".len());
        headers.insert("x", longest.parse().unwrap());
        check_head(&headers).unwrap();
        headers.insert("x", format!("{longest}y").parse().unwrap());
        check_head(&headers).unwrap_err();
    }
}
