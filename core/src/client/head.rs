//! Limits for the head of a response: its headers.

use http::HeaderMap;

use crate::attempt::{Delivery, TransportErrorKind};
use crate::error::TransportError;

/// The maximum number of headers of a response: 100. Repeated headers count each time. See [`check_head`].
pub const MAX_HEADERS: usize = 100;

/// The maximum size of the headers of a response: 64 KiB. See [`check_head`].
pub const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Checks the headers of a response against [`MAX_HEADERS`] and [`MAX_HEAD_BYTES`].
///
/// Call it in a transport, before you read the body. HTTP libraries have different limits; with this check, all transports
/// refuse the same responses.
///
/// ```
/// use clerk_sessions_core::http::{HeaderMap, HeaderValue};
/// use clerk_sessions_core::transport::{MAX_HEADERS, check_head};
///
/// let mut headers = HeaderMap::new();
/// headers.insert("x", HeaderValue::from_static("y"));
/// assert!(check_head(&headers).is_ok());
/// for _ in 0..MAX_HEADERS {
///     headers.append("x", HeaderValue::from_static("y"));
/// }
/// assert!(check_head(&headers).is_err());
/// ```
///
/// # Errors
/// The error of [`head_too_large`], if the headers exceed either limit.
pub fn check_head(headers: &HeaderMap) -> Result<(), TransportError> {
    // Each line has a colon, a space, CR and LF.
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers.len() > MAX_HEADERS || bytes > MAX_HEAD_BYTES { Err(head_too_large()) } else { Ok(()) }
}

/// The error for a response whose head exceeds the limits. Its source names them.
///
/// Return it if your HTTP library itself refuses such a response. The kind is
/// [`Protocol`](crate::TransportErrorKind::Protocol), the delivery [`MaybeSent`](crate::Delivery::MaybeSent).
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
