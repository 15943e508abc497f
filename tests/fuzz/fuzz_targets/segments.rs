//! Sends two texts as parameters in a path and in a query. The first line of the input is one text, and the rest is the other.
//!
//! - A text is refused only if it is empty, is a dot segment in a path, or makes the target too long for HTTP.
//! - A URL parser sees the intended path and query, and returns both texts unchanged.

#![no_main]

use clerk_sessions_core::http::Uri;
use clerk_sessions_core::operation::Operation;
use clerk_sessions_core::{Api, CreateSessionTokenFromTemplate, Error, ListSessions, SessionStatus};
use clerk_sessions_fuzz::lines;
use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;
use url::Url;
use url::form_urlencoded;

fuzz_target!(|input: &[u8]| {
    let ([one], other) = lines(input);
    let (one, other) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other));
    path(&one, &other);
    path(&other, &one);
    query(&one, &other);
});

fn path(session: &str, template: &str) {
    let refused = [session, template].iter().any(|segment| matches!(*segment, "" | "." | ".."));
    let least = "/v1/sessions//tokens/".len() + written(session) + written(template);
    let Some(url) = url_of(&CreateSessionTokenFromTemplate::new(session, template), refused, least) else { return };
    assert_eq!(url.query(), None);
    let segments: Vec<_> = url.path_segments().unwrap().map(decoded).collect();
    assert_eq!(segments, ["v1", "sessions", session, "tokens", template]);
}

fn query(user: &str, status: &str) {
    let refused = [user, status].contains(&"");
    let least = "/v1/sessions?user_id=&status=&offset=7".len() + written(user) + written(status);
    let list = ListSessions::new().user_id(user).status(SessionStatus::from(status)).offset(7);
    let Some(url) = url_of(&list, refused, least) else { return };
    assert_eq!(url.path(), "/v1/sessions");
    let pairs: Vec<_> = form_urlencoded::parse(url.query().unwrap().as_bytes()).collect();
    let given =
        [("user_id", user), ("status", status), ("offset", "7")].map(|(name, value)| (name.into(), value.into()));
    assert_eq!(pairs, given);
}

/// The URL of the operation according to a URL parser, or `None` if the operation is refused as expected.
fn url_of<O: Operation>(operation: &O, refused: bool, len: usize) -> Option<Url> {
    /// The maximum length of a path and query in the `http` crate.
    const LONGEST: usize = 65_534;
    match Api::new("sk_test_fuzz").unwrap().request(operation) {
        Ok(request) => {
            assert!(!refused && len <= LONGEST, "{}", request.uri());
            let sent = Uri::to_string(request.uri());
            let url = Url::parse(&sent).unwrap();
            assert_eq!(url.as_str(), sent);
            assert_eq!(sent.len(), "https://api.clerk.com".len() + len);
            Some(url)
        }
        Err(Error::Build(error)) if error.field() == "request" => {
            assert!(!refused && len > LONGEST, "{error}");
            None
        }
        Err(error) => {
            assert!(refused, "{error}");
            None
        }
    }
}

/// The length of a text in a URL: one byte for an unreserved character, and three for each byte of other characters.
fn written(text: &str) -> usize {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if unreserved(byte) { 1 } else { 3 }).sum()
}

fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8().unwrap().into_owned()
}
