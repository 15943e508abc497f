//! Reads the session that a token is of, its `sid` claim.

/// Whether `token` is a JWT with a `sid` claim that `matches` accepts.
///
/// The token is neither verified nor copied: this runs on the way of every good response, so it allocates nothing. A token that
/// is opaque, can't be read or has no `sid` is of no session that could be told: the result is `false`.
pub(crate) fn sid_is(token: &str, matches: impl Fn(&[u8]) -> bool) -> bool {
    let Some(payload) = token.split('.').nth(1) else { return false };
    let mut buffer = [0; LONGEST_SID];
    sid(Base64Url::new(payload), &mut buffer).is_some_and(matches)
}

/// The longest session id that is compared, in bytes; Clerk's have 32.
const LONGEST_SID: usize = 256;

/// The value of the member `sid` of a JSON object, copied into `buffer`. `None` where there is no such string, or where it
/// has escapes or does not fit.
///
/// It reads no further than to that member, and checks no more of the JSON than it needs.
fn sid(mut json: impl Iterator<Item = u8>, buffer: &mut [u8; LONGEST_SID]) -> Option<&[u8]> {
    let is_space = |byte: &u8| byte.is_ascii_whitespace();
    if json.find(|byte| !is_space(byte))? != b'{' {
        return None;
    }
    let (mut depth, mut at_name) = (1_u32, true);
    loop {
        match json.next()? {
            b'"' if depth == 1 && at_name => {
                if string(&mut json, buffer) != Some(b"sid") {
                    continue;
                }
                let colon = json.find(|byte| !is_space(byte))?;
                let quote = json.find(|byte| !is_space(byte))?;
                return if (colon, quote) == (b':', b'"') { string(&mut json, buffer) } else { None };
            }
            b'"' => drop(string(&mut json, buffer)),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1).filter(|&depth| depth > 0)?,
            // At any depth: before the next name of the outer object comes a comma of its own.
            b':' => at_name = false,
            b',' => at_name = true,
            _ => {}
        }
    }
}

/// Reads to the end of a JSON string, after its first quote. `None` if it has escapes, does not fit or does not end.
fn string<'a>(json: &mut impl Iterator<Item = u8>, buffer: &'a mut [u8; LONGEST_SID]) -> Option<&'a [u8]> {
    let (mut len, mut is_plain) = (0, true);
    loop {
        match json.next()? {
            b'"' => return if is_plain { buffer.get(..len) } else { None },
            b'\\' => {
                is_plain = false;
                json.next()?;
            }
            byte => match buffer.get_mut(len) {
                Some(place) => {
                    *place = byte;
                    len += 1;
                }
                None => is_plain = false,
            },
        }
    }
}

/// The bytes of a base64url text, up to the first character that is none of its alphabet.
struct Base64Url<'a> {
    text: std::slice::Iter<'a, u8>,
    bits: u32,
    count: u32,
}

impl<'a> Base64Url<'a> {
    fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes().iter(), bits: 0, count: 0 }
    }
}

impl Iterator for Base64Url<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        while self.count < 8 {
            let digit = match *self.text.next()? {
                byte @ b'A'..=b'Z' => byte - b'A',
                byte @ b'a'..=b'z' => byte - b'a' + 26,
                byte @ b'0'..=b'9' => byte - b'0' + 52,
                b'-' => 62,
                b'_' => 63,
                _ => return None,
            };
            self.bits = (self.bits << 6) + u32::from(digit);
            self.count += 6;
        }
        self.count -= 8;
        let [.., byte] = (self.bits >> self.count).to_be_bytes();
        Some(byte)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A token with these claims, in the form of a JWT.
    pub(crate) fn token_of(claims: &str) -> String {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut payload = String::new();
        for chunk in claims.as_bytes().chunks(3) {
            let bits = chunk.iter().fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
            for digit in 0..=chunk.len() {
                payload.push(char::from(ALPHABET[(bits >> (18 - 6 * digit)) as usize & 63]));
            }
        }
        format!("eyJhbGciOiJSUzI1NiJ9.{payload}.c2ln")
    }

    fn sid_of(token: &str) -> Option<String> {
        let found = std::cell::RefCell::new(None);
        sid_is(token, |sid| {
            *found.borrow_mut() = Some(String::from_utf8(sid.to_vec()).unwrap());
            true
        });
        found.into_inner()
    }

    #[test]
    fn the_sid_claim_is_found() {
        for claims in [
            r#"{"sid":"sess_1"}"#,
            r#"{"azp":"sid","iat":1,"fva":[1,-1],"o":{"sid":"sess_2"},"sid":"sess_1","x":"#,
            r#"{"a":",","b":"}","c":"{","d":[1,{"e":2,"f":3}],"sid":"sess_1"}"#,
            "{ \"a\\\"sid\": \"\\\\\", \"b\": [{\"sid\": {}}], \"sid\" :\n \"sess_1\" }",
        ] {
            assert_eq!(sid_of(&token_of(claims)).as_deref(), Some("sess_1"), "{claims}");
        }
        // All of base64url's alphabet, and a payload whose last byte is the last that is read.
        for (claims, digit) in [(r#"{">":1,"sid":"sess_1"}"#, '-'), (r#"{"?":1,"sid":"sess_1"}"#, '_')] {
            assert!(token_of(claims).contains(digit));
            assert_eq!(sid_of(&token_of(claims)).as_deref(), Some("sess_1"), "{claims}");
        }
        let cut = token_of(r#"{"sid":"sess_1""#);
        assert_eq!(sid_of(&cut).as_deref(), Some("sess_1"));
        // A token of Clerk's own form, encoded by other code.
        let token = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2NsZXJrLmV4YW1wbGUiLCJzaWQiOiJzZXNzX8OpIn0.";
        assert_eq!(sid_of(token).as_deref(), Some("sess_é"));
    }

    #[test]
    fn a_token_without_a_readable_sid_is_of_no_session() {
        let long = format!(r#"{{"sid":"{}"}}"#, "x".repeat(LONGEST_SID + 1));
        for claims in [
            "",
            "{}",
            "[\"sid\",\"sess_2\"]",
            "\"sid\"",
            r#"{"sid":7}"#,
            r#"{"sid":null,"a":"sess_2"}"#,
            r#"{"o":{"sid":"sess_2"}}"#,
            r#"{"a":"sid","b":"sess_2"}"#,
            r#"{"sid":"sess\u005f2"}"#,
            r#"{"sid":"sess_2"#,
            r#"{"sid""#,
            r#"{}"sid":"sess_2""#,
            r#"{}{"sid":"sess_2"}"#,
            r#"{"a":",\"sid\":\"sess_2\""}"#,
            &long,
        ] {
            assert_eq!(sid_of(&token_of(claims)), None, "{claims}");
        }
        for opaque in ["", "a", "a.b.c", "..", "a.e30", "a.%%%.c", "tok_2aaaaaaaaaaaaaaaaaaaaaaaaaa", "a.é.b"] {
            assert_eq!(sid_of(opaque), None, "{opaque}");
        }
    }

    proptest! {
        #[test]
        fn it_reads_what_serde_reads(claims in proptest::collection::btree_map("[a-z\"\\\\é]{0,4}|sid", "[a-z_\\\\{}\\[\\]:,\"]{0,9}", 0..5)) {
            let json = serde_json::to_string(&claims).unwrap();
            let plain = claims.get("sid").filter(|sid| !sid.contains(['"', '\\']));
            let sid = sid_of(&token_of(&json));
            prop_assert_eq!(sid.as_ref(), plain);
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), claims in any::<String>()) {
            sid_of(&text);
            sid_of(&token_of(&claims));
        }
    }
}
