//! Decodes JSON, with faults that name the field and never quote a value.

use serde::de::DeserializeOwned;

use crate::redact::Secrets;

/// Why a JSON text can't be decoded. It holds no value of the text, so it may be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The field, such as `[3].client_id`; `.` is the root.
    pub(crate) path: String,
    /// What is wrong with it.
    pub(crate) reason: String,
}

/// Decodes `text` as a `T`.
///
/// Tracking the path takes time, so only a text that can't be decoded is read a second time, with its path.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Fault> {
    // From bytes, serde_json checks each string for UTF-8. One check of the whole text takes a quarter less time.
    let Ok(checked) = std::str::from_utf8(text) else { return read_tracked(text) };
    serde_json::from_str(checked)
        .map_err(|error| read_tracked::<T>(text).err().unwrap_or_else(|| Fault::at_root(&error)))
}

/// Decodes `text` as a `T`, tracking the path. Use it for short texts: it is slower than [`read`], but compiles faster.
pub(crate) fn read_tracked<T: DeserializeOwned>(text: &[u8]) -> Result<T, Fault> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let mut track = serde_path_to_error::Track::new();
    let value = T::deserialize(serde_path_to_error::Deserializer::new(&mut deserializer, &mut track))
        .map_err(|error| Fault::new(&place(&track.path().to_string(), &error), &reason(&error)))?;
    deserializer.end().map_err(|error| Fault::at_root(&error))?;
    Ok(value)
}

impl Fault {
    fn at_root(error: &serde_json::Error) -> Self {
        Self::new(".", &reason(error))
    }

    /// Redacts both, as they may hold keys of the text, and a key may look like a token. The secrets of the call are
    /// not known here.
    fn new(path: &str, reason: &str) -> Self {
        let secrets = Secrets::default();
        Self { path: secrets.redacted(path), reason: secrets.redacted(reason) }
    }
}

/// Returns the path of a fault. For a missing field it is the path of the field, where serde has the path of the
/// object.
fn place(path: &str, error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        Some(field) if path == "." => field.to_owned(),
        Some(field) => format!("{path}.{field}"),
        None => path.to_owned(),
    }
}

/// Returns serde's message without the value that it quotes, as the value may be a token.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let (what, at) = match text.rfind(" at line ") {
        Some(at) => text.split_at(at),
        None => (text.as_str(), ""),
    };
    let quoted =
        ["invalid type: ", "invalid value: ", "unknown variant "].iter().any(|prefix| what.starts_with(prefix));
    if !quoted {
        return text;
    }
    let kind = what.split(['"', '`']).next().unwrap_or_default().trim_end();
    let kind = kind.split(", expected").next().unwrap_or_default();
    // Searched from the right, as the value may hold this text.
    let expected = what.rsplit(", expected ").next().unwrap_or_default();
    format!("{kind}, expected {expected}{at}")
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
    fn text_after_the_json_is_a_fault() {
        let fault = read::<Token>(br#"{"jwt":"a"} x"#).unwrap_err();
        assert_eq!(fault, Fault { path: ".".into(), reason: "trailing characters at line 1 column 13".into() });
    }
}
