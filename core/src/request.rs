//! [`RequestWriter`]: makes a request of a path, a query, headers and a JSON body.

use std::fmt::{Display, Write as _};

use http::Request;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::base_url::BaseUrl;
use crate::error::{BuildError, Error};
use crate::metadata::Metadata;

/// All characters but the unreserved ones of RFC 3986. They are percent-encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whether a byte is an unreserved character of RFC 3986.
static UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut index = 0;
    while index < table.len() {
        let byte = index as u8;
        table[index] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        index += 1;
    }
    table
};

/// The reason of a [`BuildError`] for a segment that URL parsers resolve.
const DOT_SEGMENT: &str =
    "is a dot segment (\".\" or \"..\"), which would change the path of the request: use a valid id or name";

/// The reason of a [`BuildError`] for a text that a header can't have.
pub(crate) const NOT_IN_HEADERS: &str = "has a character that is not allowed in a header: use printable ASCII";

/// Writes the path, query, headers and JSON body of one request.
///
/// [`Operation::write`](crate::operation::Operation::write) gets it. Call [`segments`](Self::segments) first, if the
/// path of the operation has variable segments, then the other methods in any order. It percent-encodes all values.
///
/// ```
/// use clerk_sessions_core::operation::{Idempotency, Metadata, Operation, RequestWriter};
/// use clerk_sessions_core::{Api, BuildError, http::Method};
///
/// struct ListMembers { organization_id: String, limit: u32 }
///
/// impl Operation for ListMembers {
///     type Output = serde_json::Value;
///     const METADATA: &'static Metadata = &Metadata::new(
///         "ListOrganizationMemberships",
///         "list_members",
///         Method::GET,
///         "/organizations/{organization_id}/memberships",
///         Idempotency::Safe,
///     );
///
///     fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
///         request.segments(&[("organization_id", &self.organization_id)])?;
///         request.query("limit", self.limit)
///     }
/// }
///
/// let list = ListMembers { organization_id: "org_123".into(), limit: 100 };
/// let request = Api::new("sk_test_123")?.request(&list)?;
/// assert_eq!(request.uri(), "https://api.clerk.com/v1/organizations/org_123/memberships?limit=100");
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
pub struct RequestWriter<'a> {
    base_url: &'a BaseUrl,
    metadata: &'static Metadata,
    /// The path and query so far. Empty until the path is written.
    target: String,
    has_query: bool,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
}

impl<'a> RequestWriter<'a> {
    fn new(base_url: &'a BaseUrl, metadata: &'static Metadata) -> Self {
        Self { base_url, metadata, target: String::new(), has_query: false, headers: HeaderMap::new(), body: None }
    }

    /// Returns the request that `write` writes, without the headers that all requests have.
    #[inline]
    pub(crate) fn run(
        base_url: &'a BaseUrl,
        metadata: &'static Metadata,
        write: impl FnOnce(&mut Self) -> Result<(), BuildError>,
    ) -> Result<Request<Vec<u8>>, Error> {
        let mut request = Self::new(base_url, metadata);
        let written = write(&mut request).and_then(|()| request.finish());
        written.map_err(|error| Error::Build(error.of(metadata)))
    }

    /// Fills the variable segments of [`Metadata::path`]: the name and value of each, in the order of the path.
    ///
    /// All characters of a value but `A-Za-z0-9-_.~` are percent-encoded. Call it once, before [`query`](Self::query).
    ///
    /// # Errors
    /// - A value is empty, `.` or `..`. URL parsers resolve dot segments, even if they are percent-encoded, and the
    ///   request would call another operation.
    /// - The names are not those of the path in their order, one is left out, or the path is already written.
    pub fn segments(&mut self, segments: &[(&'static str, &str)]) -> Result<(), BuildError> {
        self.write_path(segments, 0)
    }

    /// Writes the path. `room` is the number of bytes to reserve for a query.
    fn write_path(&mut self, segments: &[(&'static str, &str)], room: usize) -> Result<(), BuildError> {
        if !self.target.is_empty() {
            return Err(BuildError::new("path", "is already written: call segments once, before query"));
        }
        let (base, template) = (self.base_url.path(), self.metadata.path);
        // Exact if nothing has to be encoded, so that the text is allocated once and not moved.
        let values: usize = segments.iter().map(|(_, value)| value.len()).sum();
        let names: usize = segments.iter().map(|(name, _)| name.len() + "{}".len()).sum();
        let mut target = String::with_capacity((base.len() + template.len() + values + room).saturating_sub(names));
        target.push_str(base);
        let mut rest = template;
        for &(name, value) in segments {
            if value.is_empty() {
                return Err(BuildError::new(name, "is empty"));
            }
            if matches!(value, "." | "..") {
                return Err(BuildError::new(name, DOT_SEGMENT));
            }
            let Some((before, after)) = split_at_placeholder(rest, name) else {
                return Err(BuildError::new(
                    name,
                    "is not the next variable segment of the path: pass the segments in the order of the path",
                ));
            };
            target.push_str(before);
            push_encoded(&mut target, value);
            rest = after;
        }
        if rest.as_bytes().contains(&b'{') {
            return Err(BuildError::new(
                "path",
                "has a variable segment without a value: call segments with all of them, before query",
            ));
        }
        target.push_str(rest);
        self.target = target;
        Ok(())
    }

    /// Adds `name=value` to the query. The value is percent-encoded, the name is not.
    ///
    /// # Errors
    /// The path has variable segments, and [`segments`](Self::segments) was not called.
    pub fn query(&mut self, name: &'static str, value: impl Display) -> Result<(), BuildError> {
        if self.target.is_empty() {
            // Most queries fit into this.
            self.write_path(&[], 96)?;
        }
        self.target.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.target.push_str(name);
        self.target.push('=');
        // Writing into a String does not fail.
        let _ = write!(EncodeInto(&mut self.target), "{value}");
        Ok(())
    }

    /// Sets a header. It replaces a header of the same name that all requests have. `field` is the parameter that
    /// errors name.
    ///
    /// # Errors
    /// `value` has a character that is not printable ASCII, such as a line break.
    pub fn header(&mut self, field: &'static str, name: HeaderName, value: &str) -> Result<(), BuildError> {
        let value = HeaderValue::from_str(value).map_err(|_| BuildError::new(field, NOT_IN_HEADERS))?;
        self.headers.insert(name, value);
        Ok(())
    }

    /// Sets the JSON body of the request. Default: no body.
    ///
    /// # Errors
    /// `body` can't be written as JSON, as when the key of a map is not a string.
    pub fn json(&mut self, body: &impl Serialize) -> Result<(), BuildError> {
        // This writes the JSON twice, first only to count its bytes. That is cheaper than a buffer that grows.
        let mut length = Length(0);
        let counted = serde_json::to_writer(&mut length, body);
        let mut json = Vec::with_capacity(length.0);
        counted
            .and_then(|()| serde_json::to_writer(&mut json, body))
            .map_err(|_| BuildError::new("body", "can't be written as JSON: check its Serialize implementation"))?;
        self.body = Some(json);
        Ok(())
    }

    fn finish(mut self) -> Result<Request<Vec<u8>>, BuildError> {
        if self.target.is_empty() {
            self.write_path(&[], 0)?;
        }
        let mut request = Request::new(self.body.unwrap_or_default());
        *request.method_mut() = self.metadata.method.clone();
        *request.uri_mut() = self.base_url.with(self.target)?;
        *request.headers_mut() = self.headers;
        Ok(request)
    }
}

impl std::fmt::Debug for RequestWriter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The body may hold a refresh token, so it is left out.
        f.debug_struct("RequestWriter").field("operation", &self.metadata.id).finish_non_exhaustive()
    }
}

/// Appends a value, percent-encoded.
fn push_encoded(target: &mut String, value: &str) {
    // Most ids need no encoding, and this check is faster than the encoder.
    if value.bytes().all(|byte| UNRESERVED[usize::from(byte)]) {
        target.push_str(value);
    } else {
        target.extend(utf8_percent_encode(value, RESERVED));
    }
}

/// Returns the parts of a path template before and after its first placeholder; `None` if the placeholder has another
/// name.
fn split_at_placeholder(template: &'static str, name: &str) -> Option<(&'static str, &'static str)> {
    // In a text as short as a template, a search over bytes is faster than `str::find`.
    let open = template.bytes().position(|byte| byte == b'{')?;
    let (before, rest) = template.split_at(open);
    Some((before, rest[1..].strip_prefix(name)?.strip_prefix('}')?))
}

/// Percent-encodes the text that is formatted into it.
struct EncodeInto<'a>(&'a mut String);

impl std::fmt::Write for EncodeInto<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        push_encoded(self.0, text);
        Ok(())
    }
}

/// Counts the bytes that are written into it.
struct Length(usize);

impl std::io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use proptest::prelude::*;

    use super::*;
    use crate::base_url::Use;
    use crate::metadata::Idempotency;

    static TOKEN: Metadata = Metadata::new(
        "T",
        "t",
        Method::POST,
        "/sessions/{session_id}/tokens/{template_name}",
        Idempotency::NotIdempotent,
    );

    fn base_url() -> BaseUrl {
        BaseUrl::parse("https://api.clerk.com/v1", Use { has_key: true, allows_insecure_http: false }).unwrap()
    }

    fn token_request(session: &str, template: &str) -> Result<Request<Vec<u8>>, BuildError> {
        let base_url = base_url();
        let mut request = RequestWriter::new(&base_url, &TOKEN);
        request.segments(&[("session_id", session), ("template_name", template)])?;
        request.finish()
    }

    #[test]
    fn a_dot_or_empty_segment_is_refused() {
        for bad in ["", ".", ".."] {
            let error = token_request("sess_1", bad).unwrap_err();
            assert_eq!(error.field(), "template_name");
        }
    }

    #[test]
    fn segments_in_another_order_or_number_are_refused() {
        let base_url = base_url();
        let segments = |segments: &[(&'static str, &str)]| RequestWriter::new(&base_url, &TOKEN).segments(segments);
        assert!(segments(&[("template_name", "x"), ("session_id", "x")]).is_err());
        assert!(segments(&[("session_id", "x")]).is_err());
        assert!(segments(&[("session_id", "x"), ("template_name", "x"), ("more", "x")]).is_err());
        assert!(RequestWriter::new(&base_url, &TOKEN).finish().is_err());
        assert!(RequestWriter::new(&base_url, &TOKEN).query("a", 1).is_err());
        let mut twice = RequestWriter::new(&base_url, &TOKEN);
        twice.segments(&[("session_id", "x"), ("template_name", "x")]).unwrap();
        assert!(twice.segments(&[("session_id", "x"), ("template_name", "x")]).is_err());
    }

    #[test]
    fn a_query_value_is_percent_encoded() {
        static LIST: Metadata = Metadata::new("L", "l", Method::GET, "/sessions", Idempotency::Safe);
        let base_url = base_url();
        let mut request = RequestWriter::new(&base_url, &LIST);
        request.query("user_id", "a&b=c#d e+é%").unwrap();
        request.query("limit", 5).unwrap();
        let uri = request.finish().unwrap().uri().to_string();
        assert_eq!(uri, "https://api.clerk.com/v1/sessions?user_id=a%26b%3Dc%23d%20e%2B%C3%A9%25&limit=5");
    }

    #[test]
    fn only_unreserved_characters_are_not_encoded() {
        for character in (0..=0x7f_u8).map(char::from) {
            let encoded = utf8_percent_encode(character.encode_utf8(&mut [0; 4]), RESERVED).to_string();
            assert_eq!(encoded == character.to_string(), UNRESERVED[character as usize], "{character:?}");
        }
        assert!(!UNRESERVED[0x80..].contains(&true));
    }

    #[test]
    fn path_and_body_are_allocated_once_in_their_exact_size() {
        let base_url = base_url();
        let mut request = RequestWriter::new(&base_url, &TOKEN);
        request.segments(&[("session_id", "sess_1"), ("template_name", "hasura")]).unwrap();
        assert_eq!(request.target, "/v1/sessions/sess_1/tokens/hasura");
        assert_eq!(request.target.capacity(), request.target.len());
        request.json(&["a", "b"]).unwrap();
        let body = request.body.unwrap();
        assert_eq!((&*body, body.capacity()), (&b"[\"a\",\"b\"]"[..], body.len()));
    }

    #[test]
    fn debug_does_not_show_the_body() {
        let base_url = base_url();
        let mut request = RequestWriter::new(&base_url, &TOKEN);
        request.json(&"hidden").unwrap();
        assert_eq!(format!("{request:?}"), "RequestWriter { operation: \"T\", .. }");
    }

    #[test]
    fn a_path_too_long_for_http_is_an_error() {
        assert_eq!(token_request("sess_1", &"x".repeat(70_000)).unwrap_err().field(), "request");
    }

    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("..".to_owned()),
            Just(".".to_owned()),
            Just("%2e".to_owned()),
            Just("%2E%2e".to_owned()),
            Just("/".to_owned()),
            Just("\\".to_owned()),
            Just("?".to_owned()),
            Just("#".to_owned()),
            Just("%2f".to_owned()),
            Just("\t".to_owned()),
            Just("\n".to_owned()),
            Just("\0".to_owned()),
            any::<String>(),
        ];
        proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn url_parsers_change_no_segment(session in hostile(), template in hostile()) {
            let Ok(request) = token_request(&session, &template) else {
                prop_assert!([&session, &template].iter().any(|text| matches!(&***text, "" | "." | "..")));
                return Ok(());
            };
            let sent = request.uri().to_string();
            let parsed = url::Url::parse(&sent).unwrap();
            prop_assert_eq!(parsed.as_str(), &sent);
            let decoded: Vec<_> = parsed
                .path_segments().unwrap()
                .map(|segment| percent_encoding::percent_decode_str(segment).decode_utf8().unwrap().into_owned())
                .collect();
            prop_assert_eq!(decoded, ["v1", "sessions", &session, "tokens", &template]);
        }
    }
}
