//! Decodes JSON, with faults that name the field and never quote a value.

mod path;

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::error::{Category, Error};

use crate::redact::Secrets;

/// Stands for bytes that are not UTF-8. It is the escape of half a character, so `serde_json` treats it as it treats these bytes: it
/// refuses it in a string that it decodes, and skips it in an unknown field. The `u` completes no escape that began before.
const NOT_UTF_8: &str = r"u\udc00";

/// Why a JSON text can't be decoded. It holds no value of the text, so it may be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The field, such as `[3].client_id`; `.` is the root.
    pub(crate) path: String,
    /// What is wrong with it.
    pub(crate) reason: String,
}

/// Decodes `text` as a `T`.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Fault> {
    // From bytes, serde_json checks each string for UTF-8. One check of the whole text takes a quarter less time.
    let readable = readable(text);
    serde_json::from_str(&readable).map_err(|error| Fault::of(&error, &readable, text))
}

/// Returns the text as UTF-8. With a decoder for bytes, the code of each type would be compiled twice.
fn readable(text: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(text) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut readable = String::with_capacity(text.len() + NOT_UTF_8.len());
            for chunk in text.utf8_chunks() {
                readable += chunk.valid();
                readable += if chunk.invalid().is_empty() { "" } else { NOT_UTF_8 };
            }
            Cow::Owned(readable)
        }
    }
}

impl Fault {
    /// Both fields are redacted, as they may hold keys of the text, and a key may look like a token. The secrets of the call are
    /// not known here.
    fn of(error: &Error, readable: &str, text: &[u8]) -> Self {
        let read = read_before(error, readable.as_bytes());
        let (mut reason, mut at) = reason(error);
        let path = path(error, read, &reason);
        if readable.len() != text.len() {
            at = position(original(text, read.len()));
            if read.ends_with(NOT_UTF_8.as_bytes()) {
                reason = "invalid unicode code point".to_owned();
            }
        }
        let secrets = Secrets::default();
        Self { path: secrets.redacted(&path), reason: secrets.redacted(&(reason + &at)) }
    }
}

/// Returns the part of `text` that `serde_json` had read when it found the error.
fn read_before<'a>(error: &Error, text: &'a [u8]) -> &'a [u8] {
    let lines = text.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    let end = lines.map(<[u8]>::len).sum::<usize>() + error.column();
    text.get(..end).unwrap_or(text)
}

/// Returns the part of `text` that is the first `length` bytes of the readable text.
fn original(text: &[u8], length: usize) -> &[u8] {
    let (mut end, mut readable) = (0, 0);
    for chunk in text.utf8_chunks() {
        let valid = chunk.valid().len().min(length - readable);
        (end, readable) = (end + valid, readable + valid);
        if readable == length {
            break;
        }
        (end, readable) = (end + chunk.invalid().len(), length.min(readable + NOT_UTF_8.len()));
    }
    &text[..end]
}

/// Returns the end of this part of a text, as `serde_json` writes it.
fn position(read: &[u8]) -> String {
    let line = 1 + read.iter().filter(|byte| **byte == b'\n').count();
    let column = read.iter().rev().take_while(|byte| **byte != b'\n').count();
    format!(" at line {line} column {column}")
}

/// Returns the path of the value that an error is about.
fn path(error: &Error, read: &[u8], reason: &str) -> String {
    // A syntax error is found by the byte that should not be there. It is not a part of the value.
    let read = match (error.classify(), read) {
        (Category::Syntax, [before @ .., _]) => before,
        _ => read,
    };
    let mut path = path::path_at_end(read);
    // Behind an object that lacks a field, the path is that of the object.
    if let Some(field) = reason.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        path::join(&mut path, field);
    }
    path
}

/// Returns serde's message without the value that it quotes, as the value may be a token; and the position in it.
fn reason(error: &Error) -> (String, String) {
    let text = error.to_string();
    let (what, at) = match text.rfind(" at line ") {
        Some(at) => text.split_at(at),
        None => (text.as_str(), ""),
    };
    let quoted =
        ["invalid type: ", "invalid value: ", "unknown variant "].iter().any(|prefix| what.starts_with(prefix));
    if !quoted {
        return (what.to_owned(), at.to_owned());
    }
    let kind = what.split(['"', '`']).next().unwrap_or_default().trim_end();
    let kind = kind.split(", expected").next().unwrap_or_default();
    // Searched from the right, as the value may hold this text.
    let expected = what.rsplit(", expected ").next().unwrap_or_default();
    (format!("{kind}, expected {expected}"), at.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Session, SessionList, Token};

    #[test]
    fn the_path_of_a_missing_field_ends_with_its_name() {
        let session = serde_json::json!({
            "object": "session", "id": "sess_1", "user_id": "user_1", "client_id": "client_1", "status": "active",
            "last_active_at": 1, "expire_at": 2, "abandon_at": 3, "updated_at": 4, "created_at": 5,
        });
        let mut broken = session.clone();
        broken.as_object_mut().unwrap().remove("client_id");
        let list = serde_json::json!([session, session, session, broken]);
        assert_eq!(read::<SessionList>(list.to_string().as_bytes()).unwrap_err().path, "[3].client_id");
        let page = serde_json::json!({"data": list, "total_count": 4});
        assert_eq!(read::<SessionList>(page.to_string().as_bytes()).unwrap_err().path, "data[3].client_id");
        let fault = read::<Session>(broken.to_string().as_bytes()).unwrap_err();
        assert_eq!(fault.path, "client_id");
        assert!(fault.reason.starts_with("missing field `client_id`"), "{}", fault.reason);
    }

    #[test]
    fn a_fault_quotes_no_value() {
        for json in [
            r#""eyJhidden""#,
            r#""eyJhidden, expected a string""#,
            r#""a \"eyJhidden\" b at line 7""#,
            r#"{"jwt": 4242424242}"#,
            r#"{"jwt": {"eyJhidden": 1}}"#,
            r#"{"jwt": ["eyJhidden"]}"#,
            r#"{"jwt": "a", "object": true}"#,
            r#"{"jwt": "a", "object": {"eyJhidden": 1}}"#,
            r#"{"jwt": "eyJhidden"#,
            r#"{"jwt": "eyJhidden"} eyJhidden"#,
        ] {
            let fault = read::<Token>(json.as_bytes()).unwrap_err();
            let shown = format!("{fault:?}");
            assert!(!shown.contains("hidden") && !shown.contains("4242"), "{json}: {shown}");
        }
        assert_eq!(
            read::<Token>(br#""eyJhidden, expected a string""#).unwrap_err().reason,
            "invalid type: string, expected struct Token at line 1 column 30"
        );
    }

    #[test]
    fn text_that_is_not_utf_8_is_a_fault_at_its_field() {
        let fault = read::<Token>(b"{\"jwt\":\"a\xff\"}").unwrap_err();
        assert_eq!(
            (fault.path.as_str(), fault.reason.as_str()),
            ("jwt", "invalid unicode code point at line 1 column 10")
        );
        assert_eq!(read::<Token>(b"{\"jwt\":\"a\"}\xff").unwrap_err().path, ".");
        // serde_json skips an unknown field without looking at its bytes.
        assert!(read::<Token>(b"{\"jwt\":\"a\",\"other\":\"\xff\"}").is_ok());
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_refused_wherever_they_are_decoded() {
        for (text, path, position) in [
            (&b"{\"object\":\"x\",\n \"jwt\":\"a\xff\xfeb\"}"[..], "jwt", "line 2 column 10"),
            (b"{\"x\":\"\xff\",\"jwt\":\"\xff\"}", "jwt", "line 1 column 17"),
            // What follows is the second half of a character, as an escape.
            (b"{\"jwt\":\"\xff\\udc00\"}", "jwt", "line 1 column 9"),
            (b"{\"jwt\":\"\\ud800\xff\"}", "jwt", "line 1"),
            (b"{\"jwt\":\"\\\xff\"}", "jwt", "line 1"),
            (b"{\"jwt\":\"\\u00\xff\"}", "jwt", "line 1"),
            (b"{\"jwt\":\xff\"a\"}", "jwt", "line 1"),
            (b"{\"jw\xff\":\"a\"}", ".", "line 1 column 5"),
            (b"\xff{\"jwt\":\"a\"}", ".", "line 1 column 1"),
        ] {
            let fault = read::<Token>(text).unwrap_err();
            assert!(fault.path == path && fault.reason.contains(position), "{}: {fault:?}", text.escape_ascii());
        }
        let fault = read::<Token>(b"{\"x\":\"\xff\xff\",\n\"jwt\":7}").unwrap_err();
        let reason = "invalid type: integer, expected a string at line 2 column 7";
        assert_eq!((fault.path.as_str(), fault.reason.as_str()), ("jwt", reason));
    }

    #[test]
    fn a_field_that_is_there_twice_is_named() {
        let fault = read::<Token>(br#"{"jwt":"a","jwt":"b"}"#).unwrap_err();
        assert_eq!((fault.path.as_str(), fault.reason.split(" at ").next()), ("jwt", Some("duplicate field `jwt`")));
    }

    #[test]
    fn text_after_the_json_is_a_fault() {
        let fault = read::<Token>(br#"{"jwt":"a"} x"#).unwrap_err();
        assert_eq!(fault, Fault { path: ".".into(), reason: "trailing characters at line 1 column 13".into() });
    }
}
