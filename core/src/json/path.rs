//! The path of the value at a place in a JSON text.

use std::fmt::Write as _;

use serde_json::Value;

/// Where a text ends, in one of the containers that are open there.
enum Place<'a> {
    /// In an array: at the item with this index.
    Item(usize),
    /// In an object: before a name, or behind it.
    Name(Option<&'a [u8]>),
    /// In an object: behind the colon that follows this name.
    Value(&'a [u8]),
}

/// Returns the path of the value at the end of `read`, which is the beginning of a JSON text: `data[3].client_id` if it ends in
/// or behind that value. `.` is the root.
///
/// The text may be malformed. Then the path is that of the values which began before.
pub(super) fn path_at_end(read: &[u8]) -> String {
    let mut path = String::new();
    for place in places(read) {
        match place {
            // Writing into a String does not fail.
            Place::Item(index) => _ = write!(path, "[{index}]"),
            Place::Name(Some(name)) | Place::Value(name) => join(&mut path, &unescaped(name)),
            Place::Name(None) => {}
        }
    }
    if path.is_empty() { ".".to_owned() } else { path }
}

/// Appends the name of a field to a path.
pub(super) fn join(path: &mut String, name: &str) {
    if path == "." {
        path.clear();
    }
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

fn places(read: &[u8]) -> Vec<Place<'_>> {
    let (mut places, mut rest) = (Vec::new(), read);
    while let [byte, behind @ ..] = rest {
        rest = behind;
        match (byte, places.last_mut()) {
            (b'{', _) => places.push(Place::Name(None)),
            (b'[', _) => places.push(Place::Item(0)),
            (b'}' | b']', _) => _ = places.pop(),
            (b',', Some(Place::Item(index))) => *index += 1,
            (b',', Some(place)) => *place = Place::Name(None),
            (b':', Some(place)) => {
                if let Place::Name(Some(name)) = *place {
                    *place = Place::Value(name);
                }
            }
            (b'"', place) => {
                let Some((text, behind)) = split_string(rest) else { break };
                rest = behind;
                if let Some(Place::Name(name)) = place {
                    *name = Some(text);
                }
            }
            _ => {}
        }
    }
    places
}

/// Splits what follows a quote: the text up to the quote that ends it, and what follows that. `None` if nothing ends it.
fn split_string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut escaped = false;
    let end = text.iter().position(|byte| {
        let is_end = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        is_end
    })?;
    Some((&text[..end], &text[end + 1..]))
}

fn unescaped(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    // Parsing a `Value` is compiled in serde_json already.
    match name.contains('\\').then(|| format!("\"{name}\"").parse()) {
        Some(Ok(Value::String(name))) => name,
        _ => name.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_the_value_that_the_text_ends_in_or_behind() {
        for (read, path) in [
            ("", "."),
            ("7", "."),
            (r#""a"#, "."),
            ("{", "."),
            ("{ ", "."),
            (r#"{"a"#, "."),
            (r#"{"a""#, "a"),
            (r#"{"a":"#, "a"),
            (r#"{"a": 1"#, "a"),
            (r#"{"a": 1,"#, "."),
            (r#"{"a": 1, "b": "x"#, "b"),
            (r#"{"a": 1, "b": "x" "#, "b"),
            (r#"{"a": 1}"#, "."),
            ("[", "[0]"),
            ("[1, 2", "[1]"),
            ("[1, 2]", "."),
            ("[[1], [2, 3], [4, [5", "[2][1][0]"),
            (r#"{"data": [{"id": 1}, {"id": 2, "user": {"name": nul"#, "data[1].user.name"),
            (r#"{"data": [{"id": 1}, {"id": 2, "user": {"name": null}}"#, "data[1]"),
        ] {
            assert_eq!(path_at_end(read.as_bytes()), path, "{read}");
        }
    }

    #[test]
    fn punctuation_in_a_string_and_escapes_count_as_text() {
        for (read, path) in [
            (r#"{"a,:[]{}": 1"#, "a,:[]{}"),
            (r#"{"a": "x\"y,{[", "b": 1"#, "b"),
            (r#"{"a": "x\\", "b": 1"#, "b"),
            (r#"{"a\"\u0062": 1"#, "a\"b"),
            (r#"{"a\x": 1"#, r"a\x"),
        ] {
            assert_eq!(path_at_end(read.as_bytes()), path, "{read}");
        }
    }

    #[test]
    fn a_malformed_text_has_a_path() {
        for (read, path) in [("]}", "."), ("}1", "."), (":,", "."), (r#"{"a"::"#, "a"), ("{:", "."), ("[}", ".")] {
            assert_eq!(path_at_end(read.as_bytes()), path, "{read}");
        }
        assert_eq!(path_at_end(b"{\"a\xff\": 1"), "a\u{fffd}");
    }
}
