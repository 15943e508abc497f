//! Redacts and truncates untrusted text for error messages.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use http::HeaderMap;
use serde_json::Value;

/// Maximum number of characters of a text that are shown.
const LONGEST: usize = 200;

/// The replacement for a secret.
const REDACTED: &str = "[redacted]";

/// Prints a text on one line of at most 200 characters. Secrets of the call, and texts that look like a key or a token,
/// are printed as `[redacted]`. [`Secrets::redact`] makes it.
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

/// The secrets of a call: its key, tokens and cookies. They are redacted in messages, as a server may echo them.
///
/// They are collected only when an error is made, so a call that succeeds does not pay for it.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Option<Arc<[String]>>);

impl Secrets {
    /// Collects the secrets of a request: the values of headers, and of fields of the JSON body, that have a secret
    /// name.
    pub(crate) fn of(headers: &HeaderMap, body: &[u8]) -> Self {
        let mut found = Vec::new();
        for (name, value) in headers.iter().filter(|(name, _)| is_secret(name.as_str())) {
            add(&mut found, name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        }
        // `parse` is compiled in serde_json already. `serde_json::from_slice` would be compiled here.
        let body = std::str::from_utf8(body).ok().and_then(|body| body.parse().ok());
        if let Some(body) = body {
            add_fields(&mut found, "", &body);
        }
        Self(if found.is_empty() { None } else { Some(found.into()) })
    }

    /// Wraps a text so that it prints without these secrets.
    pub(crate) fn redact<'a>(&'a self, text: &'a str) -> Redacted<'a> {
        Redacted { text, secrets: self.values() }
    }

    /// Returns the text as [`redact`](Self::redact) prints it.
    pub(crate) fn redacted(&self, text: &str) -> String {
        // This allocates once: a character has at most four bytes, and the last `[redacted]` may exceed the limit.
        let mut shown = String::with_capacity(text.len().min(4 * LONGEST) + REDACTED.len());
        // Writing into a String does not fail.
        let _ = write!(shown, "{}", self.redact(text));
        shown
    }

    /// Whether a text contains one of these secrets.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        text.char_indices().any(|(at, _)| secret_at(&text[at..], self.values()) > 0)
    }

    fn values(&self) -> &[String] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// Whether the values of a header or field with this name are secrets.
fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 8] =
        ["authorization", "cookie", "token", "secret", "password", "key", "credential", "signature"];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// Adds the secrets in a JSON value that has this name.
fn add_fields(found: &mut Vec<String>, name: &str, value: &Value) {
    match value {
        Value::String(text) if is_secret(name) => add(found, name, text),
        Value::Array(values) => values.iter().for_each(|value| add_fields(found, name, value)),
        // Everything below a secret name is secret.
        Value::Object(fields) => fields.iter().for_each(|(own, value)| {
            add_fields(found, if is_secret(name) { name } else { own }, value);
        }),
        _ => {}
    }
}

/// Adds the secrets in a value: of cookies also the value of each cookie, of `authorization` the part after the scheme.
fn add(found: &mut Vec<String>, name: &str, value: &str) {
    // A shorter value may be in a text by chance.
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

/// Writes a text on one line. It redacts before it truncates, so that no part of a secret is left at the end.
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

/// The first characters of a JWT and of a secret key.
const MARKS: [&str; 2] = ["eyJ", "sk_"];

/// Returns the length in bytes of a text that looks like a key or a JWT at the start of `text`; 0 if there is none.
fn look_alike_at(text: &str) -> usize {
    // A text that is redacted already stays as it is, and is not truncated within `[redacted]`.
    if text.starts_with(REDACTED) {
        return REDACTED.len();
    }
    if !MARKS.iter().any(|mark| text.starts_with(mark)) {
        return 0;
    }
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.find(|c| !is_of_token(c)).unwrap_or(text.len())
}

/// Returns the length in bytes of the longest of these secrets at the start of a text; 0 if there is none.
fn secret_at(text: &str, secrets: &[String]) -> usize {
    let longest = secrets.iter().map(|secret| common_part(text, secret)).max().unwrap_or(0);
    // A truncated or decoded secret may end within a character.
    (longest..=text.len()).find(|&end| text.is_char_boundary(end)).unwrap_or(text.len())
}

/// Minimum length in bytes of a part of a secret that is redacted. A shorter part may be in a text by chance.
const CUT: usize = 12;

/// Returns how many bytes at the start of a text are this secret or a part of it; 0 if none are.
fn common_part(text: &str, secret: &str) -> usize {
    let later = (1..secret.len().saturating_sub(CUT - 1)).filter_map(|start| secret.get(start..));
    // The cheaper check comes first: most texts differ in their first byte.
    let later = later.map(|part| match common_start(text, part) {
        length if length > 0 && is_telling(part) => length,
        _ => 0,
    });
    std::iter::once(common_start(text, secret)).chain(later).find(|length| *length > 0).unwrap_or(0)
}

/// Whether the start of a part of a secret has enough different bytes. A row of zeros may be in any text.
fn is_telling(part: &str) -> bool {
    let bytes = &part.as_bytes()[..CUT];
    bytes.iter().enumerate().filter(|(at, byte)| !bytes[..*at].contains(byte)).count() >= CUT / 2
}

/// Returns how many bytes at the start of a text are this secret, which may be percent-encoded, truncated or in another
/// case; 0 if none are.
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

/// Percent-decodes a text until nothing is left to decode. Both the text and the secret are decoded, so that it does
/// not matter how often either was encoded.
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
    fn texts_that_look_like_secrets_are_redacted() {
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
    fn secrets_of_the_call_are_redacted() {
        let secrets = secrets(&["opaque/ä=1", "opaque/ä=1-longer", "100%25"]);
        for (text, shown) in [
            ("a opaque/ä=1b", "a [redacted]b"),
            ("a opaque/ä=1-longer b", "a [redacted] b"),
            ("opaque%2Fä%3d1", "[redacted]"),
            ("opaque%2f%C3%A4%3D1 %6fpaque%252f%25C3%25a4=1", "[redacted] [redacted]"),
            // The longer secret, truncated.
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
    fn a_part_of_a_secret_is_redacted_in_any_letter_case() {
        let secrets = secrets(&["Rt-9f8e7d6c5b4a3f2e1d0c"]);
        for echo in ["9f8e7d6c5b4a3f2e1d0c", "7d6c5b4a3f2e", "RT-9F8E7D6C5B4A3F2E1D0C", "rt-9f8e7d6c5b4a3f2e1d0c"] {
            assert_eq!(secrets.redacted(&format!("bad {echo} here")), "bad [redacted] here", "{echo}");
        }
        assert_eq!(secrets.redacted("bad 5b4a3f2e1d0c"), "bad [redacted]", "the last twelve characters");
        assert_eq!(secrets.redacted("bad 9f8e7d6c5b4 here"), "bad 9f8e7d6c5b4 here", "eleven characters are too few");
    }

    #[test]
    fn a_part_of_a_secret_with_few_different_characters_is_shown() {
        let secrets = secrets(&["Rt-000000000000000000"]);
        assert_eq!(secrets.redacted("took 0.000000000000 s"), "took 0.000000000000 s");
    }

    #[test]
    fn a_text_is_redacted_before_it_is_truncated() {
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
    fn secrets_are_found_by_the_name_of_header_or_field() {
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
        fn redacting_does_not_panic_for_any_text(text in ".*", secret in ".{1,20}", parts in "[%0-9a-fä]{0,20}") {
            let secrets = secrets(&[&secret, &parts]);
            for text in [&text, &parts, &format!("{text}{secret}{text}")] {
                let shown = secrets.redacted(text);
                prop_assert!(shown.chars().count() <= LONGEST + REDACTED.len() + 1);
                prop_assert_eq!(Secrets::default().redacted(&shown), shown);
            }
        }
    }
}
