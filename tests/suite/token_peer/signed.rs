//! Tokens with a valid signature: claims that vary, and one fault in some of them.

use serde_json::{Map, Value, json};

use super::Verdict::{Accepted, Early, Expired, Other};
use super::{Case, Expected, Peers, unix_time};
use crate::signing::ORIGIN;
use crate::simulation::random::Random;

/// The clocks may differ by 5 s. Times stay this much more away from the limit: jsonwebtoken rounds to seconds, and signing takes time.
const MARGIN: i64 = 8;
const YEAR: u64 = 365 * 24 * 60 * 60;

type Claims = Map<String, Value>;

/// A token that both accept.
pub(super) fn good(peers: &Peers, random: &mut Random) -> Case {
    let claims = claims(now(), random);
    signed(peers, "good", &claims, Expected::Both(Accepted), random)
}

/// A token that is good in seven of eight cases.
pub(super) fn case(peers: &Peers, random: &mut Random) -> Case {
    if random.below(8) > 0 {
        return good(peers, random);
    }
    let now = now();
    let mut claims = claims(now, random);
    let mut set = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    let (name, expected) = match random.below(12) {
        0 | 1 => {
            let late = random.pick(&[MARGIN, MARGIN + 1, 60, 3600, YEAR as i64, now]);
            set("exp", number(now - late, random));
            ("expired", Expected::Both(Expired))
        }
        2 | 3 => {
            let early = random.pick(&[MARGIN, MARGIN + 1, 3600, YEAR as i64]);
            set("nbf", number(now + early, random));
            ("not active yet", Expected::Both(Early))
        }
        4 => {
            set("exp", number(-random.pick(&[1, 5, now]), random));
            ("expired before 1970, which jsonwebtoken can't read", Expected::Each(Expired, Other))
        }
        5 => {
            set("exp", wrong(random));
            ("exp of the wrong type", Expected::Both(Other))
        }
        6 => {
            set("nbf", wrong(random));
            ("nbf of the wrong type", Expected::Both(Other))
        }
        7 => {
            set("iat", number(now + random.pick(&[MARGIN, 3600]), random));
            ("issued in the future, which jsonwebtoken does not check", Expected::Each(Other, Accepted))
        }
        8 => {
            claims.remove("exp");
            ("without exp", Expected::Both(Other))
        }
        9 => {
            claims.remove(random.pick(&["sub", "sid", "azp"]));
            ("without a claim of sessions", Expected::Each(Other, Accepted))
        }
        10 => {
            set("azp", random.pick(&["https://evil.example", "", "https://app.example.com/"]).into());
            ("of another party", Expected::Each(Other, Accepted))
        }
        _ => {
            let text = Value::Object(claims).to_string();
            let twice = format!("{{\"x\":1,{},\"x\":1}}", text.trim_matches(['{', '}']));
            let name = "a member twice, which jsonwebtoken allows";
            return signed_text(peers, name, &twice, Expected::Each(Other, Accepted), random);
        }
    };
    signed(peers, name, &claims, expected, random)
}

fn now() -> i64 {
    unix_time().as_secs() as i64
}

/// A time, as an integer or as a float.
fn number(seconds: i64, random: &mut Random) -> Value {
    match random.below(4) {
        0 => json!(seconds as f64),
        1 => json!(seconds as f64 + 0.25),
        _ => json!(seconds),
    }
}

fn wrong(random: &mut Random) -> Value {
    match random.below(5) {
        0 => Value::Null,
        1 => json!(now().to_string()),
        2 => json!([now()]),
        3 => json!({ "seconds": now() }),
        _ => json!(true),
    }
}

/// Claims without a fault, all different.
fn claims(now: i64, random: &mut Random) -> Claims {
    let mut claims = Claims::new();
    let mut set = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    set("sub", format!("user_{}", text(random)).into());
    set("sid", format!("sess_{:x}", random.next()).into());
    set("azp", ORIGIN.into());
    let life = random.pick(&[1 - MARGIN + 5, 0, 60, 3600, 10 * YEAR as i64]);
    set("exp", number(now + life, random));
    if random.below(4) > 0 {
        set("nbf", number(now - random.pick(&[MARGIN - 10, 0, 10, YEAR as i64]), random));
    }
    if random.below(4) > 0 {
        set("iat", number(now - random.pick(&[0, 1, 60]), random));
    }
    match random.below(4) {
        0 => set("aud", text(random).into()),
        1 => set("aud", json!([text(random), ""])),
        2 => set("aud", json!(7)),
        _ => {}
    }
    match random.below(4) {
        0 => set("iss", json!(["https://clerk.example.com"])),
        1 => {}
        _ => set("iss", "https://clerk.example.com".into()),
    }
    if random.below(2) == 0 {
        set("sts", random.pick(&["active", "pending", "x"]).into());
        set("v", json!(random.below(4)));
        set("o", json!({ "id": text(random), "rol": text(random), "fpm": text(random) }));
    }
    for _ in 0..random.below(5) {
        let name = format!("own_{}", text(random));
        set(&name, nested(random.below(5), random));
    }
    claims
}

/// Some text, with any characters that JSON may hold.
fn text(random: &mut Random) -> String {
    (0..random.below(12))
        .map(|_| match random.below(8) {
            0 => random.pick(&['"', '\\', '\n', '\0', 'é', '€', '𝄞', '\u{2028}', '.', '/']),
            _ => char::from(b'a' + random.below(26) as u8),
        })
        .collect()
}

fn nested(depth: u64, random: &mut Random) -> Value {
    match random.below(if depth == 0 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => json!(random.next()),
        2 => json!(-1.5e-3),
        3 => json!(false),
        4 => text(random).into(),
        5 => (0..random.below(4)).map(|_| nested(depth - 1, random)).collect(),
        _ => Value::Object((0..random.below(4)).map(|_| (text(random), nested(depth - 1, random))).collect()),
    }
}

fn signed(peers: &Peers, name: &'static str, claims: &Claims, expected: Expected, random: &mut Random) -> Case {
    let payload = match random.below(4) {
        0 => serde_json::to_string_pretty(claims).unwrap(),
        1 => escaped(&json!(claims).to_string()),
        _ => json!(claims).to_string(),
    };
    signed_text(peers, name, &payload, expected, random)
}

/// The same JSON with escapes in the place of all characters beyond ASCII, and of each `b`.
fn escaped(json: &str) -> String {
    let mut escaped = String::new();
    let mut after_backslash = false;
    for character in json.chars() {
        // No word of JSON has a `b`, and that of `\b` comes after a backslash.
        if !character.is_ascii() || (character == 'b' && !after_backslash) {
            character.encode_utf16(&mut [0; 2]).iter().for_each(|unit| escaped.push_str(&format!("\\u{unit:04x}")));
        } else {
            escaped.push(character);
        }
        after_backslash = character == '\\' && !after_backslash;
    }
    escaped
}

fn signed_text(peers: &Peers, name: &'static str, payload: &str, expected: Expected, random: &mut Random) -> Case {
    let mut header = peers.signer.header();
    match random.below(6) {
        0 => header["kid"] = text(random).into(),
        1 => header["own"] = text(random).into(),
        2 => drop(header.as_object_mut().unwrap().remove("typ")),
        _ => {}
    }
    Case { name, token: peers.signer.sign(&header.to_string(), payload), expected }
}
