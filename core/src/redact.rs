//! Text from outside, made fit for a message.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use http::HeaderMap;
use serde_json::Value;

/// The most characters of a text that are shown.
const LONGEST: usize = 200;

/// What stands where a secret was.
const REDACTED: &str = "[redacted]";

/// Shows a text on one line, cut at 200 characters, without what looks like a key or a token, and without what a call sent as
/// a secret. From [`Secrets::redact`].
pub(crate) struct Redacted<'a> {
    text: &'a str,
    secrets: &'a [String],
}

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_redacted(f, self.text, self.secrets)
    }
}

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// What a call sent as secrets: its key, tokens and cookies. A server may echo them, in a form that only who sent them can tell.
///
/// They are collected when an error is made, never for a call that succeeds.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Option<Arc<[String]>>);

impl Secrets {
    /// The secrets of a request: the values of those of its headers, and of those fields of its JSON body, whose name says so.
    pub(crate) fn of(headers: &HeaderMap, body: &[u8]) -> Self {
        let mut found = Vec::new();
        for (name, value) in headers.iter().filter(|(name, _)| is_secret(name.as_str())) {
            add(&mut found, name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        }
        if let Ok(body) = serde_json::from_slice(body) {
            add_fields(&mut found, "", &body);
        }
        Self(if found.is_empty() { None } else { Some(found.into()) })
    }

    /// The text, without these secrets when it is shown.
    pub(crate) fn redact<'a>(&'a self, text: &'a str) -> Redacted<'a> {
        Redacted { text, secrets: self.values() }
    }

    /// The text as it is shown.
    pub(crate) fn redacted(&self, text: &str) -> String {
        // One allocation: a character has four bytes at most, and what stands for a secret may go over the limit.
        let mut shown = String::with_capacity(text.len().min(4 * LONGEST) + REDACTED.len());
        // Writing into a String does not fail.
        let _ = write!(shown, "{}", self.redact(text));
        shown
    }

    /// Whether one of these secrets is in a text.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        text.char_indices().any(|(at, _)| secret_at(&text[at..], self.values()) > 0)
    }

    fn values(&self) -> &[String] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// Whether the values of a header or field of this name are secrets.
fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 8] =
        ["authorization", "cookie", "token", "secret", "password", "key", "credential", "signature"];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

fn add_fields(found: &mut Vec<String>, name: &str, value: &Value) {
    match value {
        Value::String(text) if is_secret(name) => add(found, name, text),
        Value::Array(values) => values.iter().for_each(|value| add_fields(found, name, value)),
        // All that is below a secret name is secret.
        Value::Object(fields) => fields.iter().for_each(|(own, value)| {
            add_fields(found, if is_secret(name) { name } else { own }, value);
        }),
        _ => {}
    }
}

/// Adds the secrets in a value: of cookies each one's own value, of credentials what follows their scheme.
fn add(found: &mut Vec<String>, name: &str, value: &str) {
    // A shorter one may be in a text by chance, and tells next to nothing.
    const SHORTEST: usize = 6;
    let name = name.to_ascii_lowercase();
    let value = value.trim();
    let value = match value.split_once(' ') {
        Some((_, credentials)) if name.contains("authorization") => credentials.trim(),
        _ => value,
    };
    let cookies = value.split(';').filter(|_| name.contains("cookie"));
    let cookies = cookies.filter_map(|cookie| Some(cookie.split_once('=')?.1.trim().trim_matches('"')));
    found.extend(cookies.chain([value]).filter(|secret| secret.len() >= SHORTEST).map(str::to_owned));
}

/// Writes a text on one line. What is redacted is so before the text is cut, so that no part of a secret is left at the end.
fn write_redacted(f: &mut fmt::Formatter<'_>, text: &str, secrets: &[String]) -> fmt::Result {
    let (mut rest, mut written) = (text, 0);
    while let Some(c) = rest.chars().next() {
        if written >= LONGEST {
            return f.write_str("…");
        }
        let hidden = secret_at(rest, secrets).max(look_alike_at(rest));
        if hidden > 0 {
            f.write_str(REDACTED)?;
            written += REDACTED.len();
            rest = &rest[hidden..];
        } else {
            f.write_char(if c.is_control() { ' ' } else { c })?;
            written += 1;
            rest = &rest[c.len_utf8()..];
        }
    }
    Ok(())
}

/// How a secret key and a JWT begin.
const MARKS: [&str; 2] = ["eyJ", "sk_"];

/// The length of what looks like a key or a JWT at the start of a text; 0 if nothing does.
fn look_alike_at(text: &str) -> usize {
    // So that what was redacted before comes out as it is, and is not cut within.
    if text.starts_with(REDACTED) {
        return REDACTED.len();
    }
    if !MARKS.iter().any(|mark| text.starts_with(mark)) {
        return 0;
    }
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.find(|c| !is_of_token(c)).unwrap_or(text.len())
}

/// The length of the longest of these secrets that a text starts with; 0 if it starts with none.
fn secret_at(text: &str, secrets: &[String]) -> usize {
    let longest = secrets.iter().map(|secret| common_part(text, secret)).max().unwrap_or(0);
    // A secret that was cut or decoded within a character ends there.
    (longest..=text.len()).find(|&end| text.is_char_boundary(end)).unwrap_or(text.len())
}

/// Of a secret that was cut, so many bytes have to be there: that many are not in a text by chance.
const CUT: usize = 12;

/// How much of the start of a text is this secret or a part of it; 0 if it is another text.
fn common_part(text: &str, secret: &str) -> usize {
    let later = (1..secret.len().saturating_sub(CUT - 1)).filter_map(|start| secret.get(start..));
    // What costs more is asked last: most starts differ in their first byte.
    let later = later.map(|part| match common_start(text, part) {
        length if length > 0 && is_telling(part) => length,
        _ => 0,
    });
    std::iter::once(common_start(text, secret)).chain(later).find(|length| *length > 0).unwrap_or(0)
}

/// Whether the start of a part of a secret tells anything: many zeros may be in any text.
fn is_telling(part: &str) -> bool {
    let bytes = &part.as_bytes()[..CUT];
    bytes.iter().enumerate().filter(|(at, byte)| !bytes[..*at].contains(byte)).count() >= CUT / 2
}

/// How much of the start of a text is this secret, which may be percent-encoded, cut short and in other case; 0 if it is another
/// text.
fn common_start(text: &str, secret: &str) -> usize {
    let (mut text_bytes, mut secret_bytes) = (Decoded::new(text), Decoded::new(secret));
    let (mut count, mut end) = (0, 0);
    loop {
        match (secret_bytes.next(), text_bytes.next()) {
            (None, _) => return end,
            (Some(secret), Some(text)) if secret.eq_ignore_ascii_case(&text) => {
                (count, end) = (count + 1, text_bytes.at);
            }
            _ => return if count >= CUT { end } else { 0 },
        }
    }
}

/// The bytes of a text, percent-decoded as often as it takes: both the text and the secret are, so that it does not matter how
/// often either was encoded.
struct Decoded<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Decoded<'a> {
    fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0 }
    }
}

impl Iterator for Decoded<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let mut byte = *self.text.get(self.at)?;
        self.at += 1;
        while byte == b'%' {
            let digit = |at: usize| char::from(*self.text.get(at)?).to_digit(16);
            let (Some(high), Some(low)) = (digit(self.at), digit(self.at + 1)) else { break };
            let Ok(decoded) = u8::try_from(16 * high + low) else { break };
            byte = decoded;
            self.at += 2;
        }
        Some(byte)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn secrets(values: &[&str]) -> Secrets {
        Secrets(Some(values.iter().map(|&value| value.to_owned()).collect()))
    }

    #[test]
    fn what_looks_like_a_secret_is_left_out() {
        for (text, shown) in [
            ("not sk_test_1-2.3, but", "not [redacted], but"),
            ("__session%3DeyJa.b.c; Path", "__session%3D[redacted]; Path"),
            ("a\nb\u{1b}[1m", "a b [1m"),
            ("all is well", "all is well"),
        ] {
            assert_eq!(Secrets::default().redacted(text), shown);
        }
        assert_eq!(format!("{:?}", Secrets::default().redact("eyJa")), "\"[redacted]\"");
        assert_eq!(Secrets::default().redacted(&"é".repeat(300)).chars().count(), 201);
    }

    #[test]
    fn what_was_sent_is_left_out() {
        let secrets = secrets(&["opaque/ä=1", "opaque/ä=1-longer", "100%25"]);
        for (text, shown) in [
            ("a opaque/ä=1b", "a [redacted]b"),
            ("a opaque/ä=1-longer b", "a [redacted] b"),
            ("opaque%2Fä%3d1", "[redacted]"),
            ("opaque%2f%C3%A4%3D1 %6fpaque%252f%25C3%25a4=1", "[redacted] [redacted]"),
            // The longer one, cut.
            ("opaque/ä=1-lon", "[redacted]"),
            ("opaque/ä=", "opaque/ä="),
            ("100%25 100%2525 100% %4", "[redacted] [redacted] [redacted] %4"),
            ("", ""),
        ] {
            assert_eq!(secrets.redact(text).to_string(), shown, "{text}");
            assert_eq!(secrets.are_in(text), text != shown, "{text}");
            assert_eq!(secrets.redacted(text), shown);
        }
    }

    #[test]
    fn any_part_of_a_secret_is_left_out_in_any_case() {
        let secrets = secrets(&["Rt-9f8e7d6c5b4a3f2e1d0c"]);
        for echo in ["9f8e7d6c5b4a3f2e1d0c", "7d6c5b4a3f2e", "RT-9F8E7D6C5B4A3F2E1D0C", "rt-9f8e7d6c5b4a3f2e1d0c"] {
            assert_eq!(secrets.redacted(&format!("bad {echo} here")), "bad [redacted] here", "{echo}");
        }
        assert_eq!(secrets.redacted("bad 5b4a3f2e1d0c"), "bad [redacted]", "the last twelve characters");
        assert_eq!(
            secrets.redacted("bad 9f8e7d6c5b4 here"),
            "bad 9f8e7d6c5b4 here",
            "eleven characters tell too little"
        );
    }

    #[test]
    fn a_part_of_a_secret_that_may_be_in_any_text_is_left() {
        let secrets = secrets(&["Rt-000000000000000000"]);
        assert_eq!(secrets.redacted("took 0.000000000000 s"), "took 0.000000000000 s");
    }

    #[test]
    fn it_is_redacted_before_it_is_cut() {
        let secret = "opaque".repeat(50);
        let secrets = secrets(&[&secret]);
        for before in [0, 150, 190, 195, 199] {
            let text = format!("{}{secret} end", "x".repeat(before));
            let shown = secrets.redact(&text).to_string();
            assert!(shown.starts_with(&format!("{}[redacted]", "x".repeat(before))), "{shown}");
            assert!(!shown.contains("opaque"), "{shown}");
        }
        assert_eq!(
            secrets.redact(&format!("{}{secret}", "x".repeat(200))).to_string(),
            format!("{}…", "x".repeat(200))
        );
    }

    #[test]
    fn secrets_are_told_by_their_name() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer of-header-1"),
            ("x-gateway-key", "of-header-2"),
            ("accept", "application/json"),
            ("x-token", "short"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        let body = serde_json::json!({
            "refresh_token": "of-body-1", "request_origin": "https://app.example.com", "n": 7,
            "request_headers": {
                "Cookie": ["a=of-cookie-1; b=\"of-cookie-2=\"; c", "d=of-cookie-3"],
                "authorization": ["of-header-3"], "user-agent": ["Firefox/126"],
            },
            "secrets": { "inner": ["of-body-2"] },
        });
        let secrets = Secrets::of(&headers, body.to_string().as_bytes());
        let mut found: Vec<_> = secrets.values().iter().filter(|value| !value.contains(';')).collect();
        found.sort();
        assert_eq!(
            found,
            [
                "d=of-cookie-3",
                "of-body-1",
                "of-body-2",
                "of-cookie-1",
                "of-cookie-2=",
                "of-cookie-3",
                "of-header-1",
                "of-header-2",
                "of-header-3",
            ]
        );
        assert!(Secrets::of(&HeaderMap::new(), b"no JSON").values().is_empty());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*", secret in ".{1,20}", parts in "[%0-9a-fä]{0,20}") {
            let secrets = secrets(&[&secret, &parts]);
            for text in [&text, &parts, &format!("{text}{secret}{text}")] {
                let shown = secrets.redacted(text);
                prop_assert!(shown.chars().count() <= LONGEST + REDACTED.len() + 1);
                prop_assert_eq!(Secrets::default().redacted(&shown), shown);
            }
        }
    }
}
