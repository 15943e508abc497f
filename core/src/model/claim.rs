//! Reads the `sid` claim of a token: the id of its session.

/// Whether `token` is a JWT with a `sid` claim that `matches` accepts.
///
/// The signature is not verified. This runs for every successful response with a token, so it allocates nothing. The
/// result is `false` for a token that is not a JWT or has no readable `sid` claim.
pub(crate) fn sid_is(token: &str, matches: impl Fn(&[u8]) -> bool) -> bool {
    let Some(payload) = token.split('.').nth(1) else { return false };
    let mut buffer = [0; LONGEST_SID];
    sid(Base64Url::new(payload), &mut buffer).is_some_and(matches)
}

/// Maximum length in bytes of a session id that is compared. Clerk's session ids have 32.
const LONGEST_SID: usize = 256;

/// Copies the value of the member `sid` of a JSON object into `buffer`. `None` if there is no such string, if it has
/// escapes, or if it is longer than the buffer.
///
/// It stops reading after that member, and does not check that the rest is valid JSON.
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
            // This also matches colons in nested values. The comma before the next name of the outer object resets it.
            b':' => at_name = false,
            b',' => at_name = true,
            _ => {}
        }
    }
}

/// Reads a JSON string whose opening quote is already read. `None` if it has escapes, is longer than the buffer or does
/// not end.
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

/// Decodes base64url, up to the first character outside of its alphabet.
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

    /// Returns a JWT with these claims and a made-up signature.
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
        // The two last digits of base64url's alphabet.
        for (claims, digit) in [(r#"{">":1,"sid":"sess_1"}"#, '-'), (r#"{"?":1,"sid":"sess_1"}"#, '_')] {
            assert!(token_of(claims).contains(digit));
            assert_eq!(sid_of(&token_of(claims)).as_deref(), Some("sess_1"), "{claims}");
        }
        // The claims end right after the value.
        let cut = token_of(r#"{"sid":"sess_1""#);
        assert_eq!(sid_of(&cut).as_deref(), Some("sess_1"));
        // A token like Clerk's, encoded by other code.
        let token = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2NsZXJrLmV4YW1wbGUiLCJzaWQiOiJzZXNzX8OpIn0.";
        assert_eq!(sid_of(token).as_deref(), Some("sess_é"));
    }

    #[test]
    fn a_token_without_a_readable_sid_matches_nothing() {
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
        fn sid_reads_the_same_value_as_serde(claims in proptest::collection::btree_map("[a-z\"\\\\é]{0,4}|sid", "[a-z_\\\\{}\\[\\]:,\"]{0,9}", 0..5)) {
            let json = serde_json::to_string(&claims).unwrap();
            let plain = claims.get("sid").filter(|sid| !sid.contains(['"', '\\']));
            let sid = sid_of(&token_of(&json));
            prop_assert_eq!(sid.as_ref(), plain);
        }

        #[test]
        fn sid_does_not_panic_for_any_text(text in any::<String>(), claims in any::<String>()) {
            sid_of(&text);
            sid_of(&token_of(&claims));
        }
    }
}
