//! [`Cookies`]: the cookies of a request.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::view::RequestView;

/// The cookies of a request: names and values as they were sent. The first of a name counts.
pub(crate) struct Cookies<'r>(Vec<(&'r str, &'r str)>);

impl<'r> Cookies<'r> {
    pub(crate) fn of(request: &'r RequestView<'_>) -> Self {
        let pairs = request.values("cookie").flat_map(|header| header.split(';'));
        Self(pairs.filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name.trim(), value.trim())).collect())
    }

    /// The value of a cookie, if it is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<Cow<'r, str>> {
        self.get_with_end(name, "")
    }

    /// The value of the cookie whose name is `name` and then `end`. The two are not joined, as this is done for every request.
    pub(crate) fn get_with_end(&self, name: &str, end: &str) -> Option<Cow<'r, str>> {
        let (_, value) = self.0.iter().find(|(own, _)| own.strip_prefix(name) == Some(end))?;
        Some(decoded(value)).filter(|value| !value.is_empty())
    }
}

impl RequestView<'_> {
    /// The cookies by name. The first of a name counts; values are percent-decoded. They are secrets.
    #[must_use]
    pub fn cookies(&self) -> BTreeMap<String, String> {
        let mut cookies = BTreeMap::new();
        for (name, value) in Cookies::of(self).0 {
            cookies.entry(name.to_owned()).or_insert_with(|| decoded(value).into_owned());
        }
        cookies
    }
}

/// The value with its percent escapes decoded, or as it is if they are not all valid.
fn decoded(value: &str) -> Cow<'_, str> {
    fn decode(value: &str) -> Option<String> {
        let mut bytes = Vec::with_capacity(value.len());
        let mut rest = value.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            if *first != b'%' {
                bytes.push(*first);
                continue;
            }
            let (digits, after) = rest.split_at_checked(2)?;
            let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after;
        }
        String::from_utf8(bytes).ok()
    }
    let decoded = if value.contains('%') { decode(value) } else { None };
    decoded.map_or(Cow::Borrowed(value), Cow::Owned)
}

/// The integer at the start of a text, as the cookies with counters have it; 0 if there is none.
pub(crate) fn leading_integer(text: &str) -> i64 {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let value: i64 = if end == 0 { 0 } else { digits[..end].parse().unwrap_or(i64::MAX) };
    sign * value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cookie_of_a_name_counts() {
        let request = RequestView::new("GET", "https", "/")
            .header("cookie", "a=1; b = 2;a=3; c=%20x%3D; d=%zz; e=\"q\"; junk; =v; f=")
            .header("cookie", "a=4; g=5");
        let cookies = Cookies::of(&request);
        let expected = [("a", "1"), ("b", "2"), ("c", " x="), ("d", "%zz"), ("e", "\"q\""), ("g", "5")];
        for (name, value) in expected {
            assert_eq!(cookies.get(name).as_deref(), Some(value), "{name}");
        }
        assert_eq!((cookies.get("f"), cookies.get("junk"), cookies.get("A")), (None, None, None));
    }

    #[test]
    fn a_name_may_be_given_in_two_parts() {
        let request = RequestView::new("GET", "https", "/").header("cookie", "a=1; a_x=2; a_x_x=3");
        let cookies = Cookies::of(&request);
        for (name, end, value) in [("a", "", "1"), ("a", "_x", "2"), ("a_x", "_x", "3")] {
            assert_eq!(cookies.get_with_end(name, end).as_deref(), Some(value), "{name} {end}");
        }
        assert_eq!(cookies.get_with_end("a", "_"), None);
    }

    #[test]
    fn counters_are_the_integer_at_the_start() {
        for (text, value) in [
            ("3", 3),
            ("3x", 3),
            (" 7", 7),
            ("-2", -2),
            ("+4", 4),
            ("x", 0),
            ("", 0),
            ("99999999999999999999", i64::MAX),
        ] {
            assert_eq!(leading_integer(text), value, "{text}");
        }
    }

    #[test]
    fn an_escape_is_two_hex_digits() {
        for text in ["%", "%4", "%+1", "%g1", "%ff"] {
            assert_eq!(decoded(text), text);
        }
        assert_eq!(decoded("%C3%A4%41"), "äA");
    }
}
