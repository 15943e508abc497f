//! What an operation is, and the one place that writes paths, queries and bodies.

use std::fmt::{Display, Write as _};

use http::header::{HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Uri, uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::Api;
use crate::error::BuildError;
pub use crate::meta::{Meta, Repeat};

/// One operation of the API: what it sends and what it reads.
///
/// The seven session operations are in [`operations`](crate::operations). Implement it for another endpoint of Clerk's
/// Backend API to send that through the same clients:
///
/// ```
/// use clerk_sessions_core::error::BuildError;
/// use clerk_sessions_core::{Api, Encoder, Meta, Operation, Repeat, http::Method};
///
/// struct GetUser { user_id: String }
///
/// #[derive(serde::Deserialize)]
/// struct User { id: String }
///
/// impl Operation for GetUser {
///     type Output = User;
///     const META: &'static Meta = &Meta::new("GetUser", "get_user", Method::GET, "/users/{user_id}", Repeat::Safe);
///
///     fn encode(&self, to: &mut Encoder<'_>) -> Result<(), BuildError> {
///         to.segments(&[("user_id", &self.user_id)])
///     }
/// }
///
/// let request = Api::new("sk_test_123")?.request(&GetUser { user_id: "user_1".into() })?;
/// assert_eq!(request.uri().path(), "/v1/users/user_1");
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
pub trait Operation {
    /// What a successful answer is read as.
    type Output: DeserializeOwned;

    /// What is known of the operation without an instance of it.
    const META: &'static Meta;

    /// Writes the parameters into the request.
    ///
    /// # Errors
    /// A parameter that the server would refuse or misread.
    fn encode(&self, to: &mut Encoder<'_>) -> Result<(), BuildError>;
}

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whether a byte is an unreserved character of RFC 3986.
static UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    table
};

/// Writes one request. Handed to [`Operation::encode`].
pub struct Encoder<'a> {
    api: &'a Api,
    meta: &'static Meta,
    /// The path and query so far; empty until either is written.
    target: String,
    has_query: bool,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<Vec<u8>>,
}

impl<'a> Encoder<'a> {
    pub(crate) fn new(api: &'a Api, meta: &'static Meta) -> Self {
        Self { api, meta, target: String::new(), has_query: false, headers: Vec::new(), body: None }
    }

    /// Fills the variable segments of the path template, given in their order by name and value. The values are
    /// percent-encoded but for `A-Za-z0-9-_.~`. Call it before [`query`](Self::query).
    ///
    /// # Errors
    /// A value is empty, `.` or `..`: no encoding keeps a dot segment from being resolved away by a URL parser, and then
    /// another operation would be called. Or the names are not those of the template.
    pub fn segments(&mut self, segments: &[(&'static str, &str)]) -> Result<(), BuildError> {
        self.write_path(segments, 0)
    }

    /// Writes the path, with room for so much of a query.
    fn write_path(&mut self, segments: &[(&'static str, &str)], room: usize) -> Result<(), BuildError> {
        if !self.target.is_empty() {
            return Err(BuildError::new("path", "was written before"));
        }
        let (base, template) = (self.api.base_path(), self.meta.path);
        // Exact where nothing has to be encoded, so that the text is allocated once and never moved.
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
                return Err(BuildError::new(name, "is a dot segment (\".\" or \"..\"), which would call another path"));
            }
            let Some((before, after)) = split_at_placeholder(rest, name) else {
                return Err(BuildError::new(name, "is not the next variable segment of the operation's path"));
            };
            target.push_str(before);
            push_encoded(&mut target, value);
            rest = after;
        }
        if rest.as_bytes().contains(&b'{') {
            return Err(BuildError::new("path", "has a variable segment that the operation did not fill"));
        }
        target.push_str(rest);
        self.target = target;
        Ok(())
    }

    /// Adds `name=value` to the query, the value percent-encoded.
    ///
    /// # Errors
    /// The path has variable segments that were not filled.
    pub fn query(&mut self, name: &'static str, value: impl Display) -> Result<(), BuildError> {
        if self.target.is_empty() {
            // Room for a usual query.
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

    /// Sets a header, in place of one of that name that the [`Api`] has.
    ///
    /// # Errors
    /// `value` can't stand in a header; `field` is the parameter it came from.
    pub fn header(&mut self, field: &'static str, name: HeaderName, value: &str) -> Result<(), BuildError> {
        let value = HeaderValue::from_str(value)
            .map_err(|_| BuildError::new(field, "holds a character that can't stand in a header"))?;
        self.headers.push((name, value));
        Ok(())
    }

    /// Makes `body` the request's JSON body.
    ///
    /// # Errors
    /// `body` can't be written as JSON.
    pub fn json(&mut self, body: &impl Serialize) -> Result<(), BuildError> {
        // Written twice, the first time only to be counted: that is cheaper than a buffer that grows.
        let mut length = Length(0);
        let counted = serde_json::to_writer(&mut length, body);
        let mut json = Vec::with_capacity(length.0);
        counted
            .and_then(|()| serde_json::to_writer(&mut json, body))
            .map_err(|_| BuildError::new("body", "can't be written as JSON"))?;
        self.body = Some(json);
        Ok(())
    }

    #[inline]
    pub(crate) fn finish(&mut self) -> Result<Encoded, BuildError> {
        if self.target.is_empty() {
            self.write_path(&[], 0)?;
        }
        let target = PathAndQuery::try_from(std::mem::take(&mut self.target))
            .map_err(|_| BuildError::new("request", "has a path and query that is too long for HTTP"))?;
        let mut parts = uri::Parts::default();
        parts.scheme = Some(self.api.scheme().clone());
        parts.authority = Some(self.api.authority().clone());
        parts.path_and_query = Some(target);
        let uri = Uri::from_parts(parts).map_err(|_| BuildError::new("request", "has no valid URL"))?;
        let headers = std::mem::take(&mut self.headers);
        Ok(Encoded { meta: self.meta, uri, headers, body: self.body.take() })
    }
}

/// What an operation wrote: all of a request but what the [`Api`] adds to every one, so that keeping it for a retry is cheap.
pub(crate) struct Encoded {
    pub(crate) meta: &'static Meta,
    uri: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<Vec<u8>>,
}

impl Encoded {
    /// The request, of which another can be made later.
    pub(crate) fn repeatable(&self, api: &Api) -> Request<Vec<u8>> {
        self.request(api, self.uri.clone(), self.body.clone())
    }

    /// The request, for the last time.
    #[inline]
    pub(crate) fn take(&mut self, api: &Api) -> Request<Vec<u8>> {
        let (uri, body) = (std::mem::take(&mut self.uri), self.body.take());
        self.request(api, uri, body)
    }

    #[inline]
    fn request(&self, api: &Api, uri: Uri, body: Option<Vec<u8>>) -> Request<Vec<u8>> {
        let mut headers = api.headers(&self.meta.method, body.is_some()).clone();
        if !self.headers.is_empty() {
            for (name, value) in &self.headers {
                // The operation's own takes the place of one that the user set for all.
                headers.insert(name.clone(), value.clone());
            }
        }
        let mut request = Request::new(body.unwrap_or_default());
        *request.method_mut() = self.meta.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        request
    }
}

impl std::fmt::Debug for Encoder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the body: it may hold a refresh token.
        f.debug_struct("Encoder").field("operation", &self.meta.id).finish_non_exhaustive()
    }
}

fn push_encoded(target: &mut String, value: &str) {
    // An id needs no encoding as a rule, and to see that is cheaper than to go through the encoder's iterator.
    if value.bytes().all(|byte| UNRESERVED[usize::from(byte)]) {
        target.push_str(value);
    } else {
        target.extend(utf8_percent_encode(value, RESERVED));
    }
}

/// What of a path template is before and after its first placeholder, if that has this name.
fn split_at_placeholder(template: &'static str, name: &str) -> Option<(&'static str, &'static str)> {
    // Over bytes: a template is short, and a search for a character in a string is made for long ones.
    let open = template.bytes().position(|byte| byte == b'{')?;
    let (before, rest) = template.split_at(open);
    Some((before, rest[1..].strip_prefix(name)?.strip_prefix('}')?))
}

/// Percent-encodes what is formatted into it.
struct EncodeInto<'a>(&'a mut String);

impl std::fmt::Write for EncodeInto<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        push_encoded(self.0, text);
        Ok(())
    }
}

/// Counts what is written into it, in bytes.
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

    static TOKEN: Meta =
        Meta::new("T", "t", Method::POST, "/sessions/{session_id}/tokens/{template_name}", Repeat::Never);

    fn encode(session: &str, template: &str) -> Result<Request<Vec<u8>>, BuildError> {
        let api = Api::new("sk_test_1").unwrap();
        let mut encoder = Encoder::new(&api, &TOKEN);
        encoder.segments(&[("session_id", session), ("template_name", template)])?;
        Ok(encoder.finish()?.take(&api))
    }

    #[test]
    fn a_dot_or_empty_segment_is_refused() {
        for bad in ["", ".", ".."] {
            let error = encode("sess_1", bad).unwrap_err();
            assert_eq!(error.field(), "template_name");
        }
    }

    #[test]
    fn a_segment_out_of_place_or_left_out_is_refused() {
        let api = Api::new("sk_test_1").unwrap();
        let segments = |segments: &[(&'static str, &str)]| Encoder::new(&api, &TOKEN).segments(segments);
        assert!(segments(&[("template_name", "x"), ("session_id", "x")]).is_err());
        assert!(segments(&[("session_id", "x")]).is_err());
        assert!(segments(&[("session_id", "x"), ("template_name", "x"), ("more", "x")]).is_err());
        assert!(Encoder::new(&api, &TOKEN).finish().is_err());
        assert!(Encoder::new(&api, &TOKEN).query("a", 1).is_err());
        let mut twice = Encoder::new(&api, &TOKEN);
        twice.segments(&[("session_id", "x"), ("template_name", "x")]).unwrap();
        assert!(twice.segments(&[("session_id", "x"), ("template_name", "x")]).is_err());
    }

    #[test]
    fn a_query_value_is_encoded_whole() {
        static LIST: Meta = Meta::new("L", "l", Method::GET, "/sessions", Repeat::Safe);
        let api = Api::new("sk_test_1").unwrap();
        let mut encoder = Encoder::new(&api, &LIST);
        encoder.query("user_id", "a&b=c#d e+é%").unwrap();
        encoder.query("limit", 5).unwrap();
        let uri = encoder.finish().unwrap().take(&api).uri().to_string();
        assert_eq!(uri, "https://api.clerk.com/v1/sessions?user_id=a%26b%3Dc%23d%20e%2B%C3%A9%25&limit=5");
    }

    #[test]
    fn only_unreserved_characters_are_left_as_they_are() {
        for character in (0..=0x7f_u8).map(char::from) {
            let encoded = utf8_percent_encode(character.encode_utf8(&mut [0; 4]), RESERVED).to_string();
            assert_eq!(encoded == character.to_string(), UNRESERVED[character as usize], "{character:?}");
        }
        assert!(!UNRESERVED[0x80..].contains(&true));
    }

    #[test]
    fn debug_never_shows_the_body() {
        let api = Api::new("sk_test_1").unwrap();
        let mut encoder = Encoder::new(&api, &TOKEN);
        encoder.json(&"hidden").unwrap();
        assert_eq!(format!("{encoder:?}"), "Encoder { operation: \"T\", .. }");
    }

    #[test]
    fn a_target_too_long_for_http_is_an_error() {
        assert_eq!(encode("sess_1", &"x".repeat(70_000)).unwrap_err().field(), "request");
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
        fn no_segment_is_changed_by_a_url_parser(session in hostile(), template in hostile()) {
            let Ok(request) = encode(&session, &template) else {
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
