//! Tokens that are made to cost much: long, deep, with many members, with keys that nobody has; and many good ones for the cache.
//!
//! `TOKEN_ATTACK_COUNT` is the number of tokens with different key ids, 20,000 by default:
//!
//! ```text
//! TOKEN_ATTACK_COUNT=1000000 cargo test --release -p clerk-sessions-tests --test suite token_attacks -- --nocapture
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use allocation_counter::{AllocationInfo, measure};
use aws_lc_rs::digest::{SHA256, digest};
use clerk_sessions_auth::{
    Algorithm, AwsLcRs, Claims, Crypto, JwksVerifier, MAX_TOKEN_BYTES, PublicKey, Reason, RsaKey, Verifier,
};
use clerk_sessions_core::Api;
use clerk_sessions_core::call::{CallContext, Flow, Step};
use http::Response;
use serde_json::json;

use crate::signing::{Signer, claims, encoded, rules};

const NOW: Duration = Duration::from_secs(1_700_000_000);
const HEADER: &str = r#"{"alg":"RS256","kid":"ins_1","typ":"JWT"}"#;

/// Runs it some times, and returns the allocations and the time of the fastest run, because other tests run at the same time.
fn cost(mut run: impl FnMut()) -> (AllocationInfo, Duration) {
    let time = |_| {
        let started = Instant::now();
        run();
        started.elapsed()
    };
    let fastest = (0..5).map(time).min().unwrap();
    (measure(run), fastest)
}

/// A payload that begins as that of a good token, with `more` at its end.
fn payload(more: &str) -> String {
    format!(r#"{{"sub":"user_1","sid":"sess_1","exp":1700000060,{more}}}"#)
}

fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("{}1{}", open.repeat(depth), close.repeat(depth))
}

/// Members with different names, as many as fit.
fn members(name: impl Fn(usize) -> String, most_bytes: usize) -> String {
    let mut text = String::new();
    for number in 0.. {
        let member = format!("{}\"{}\":0", if number == 0 { "" } else { "," }, name(number));
        if text.len() + member.len() > most_bytes {
            break;
        }
        text += &member;
    }
    text
}

/// Forged tokens, which any stranger can send.
fn hostile() -> Vec<(&'static str, String)> {
    // What is left of the longest token for the payload before it is encoded.
    let most = MAX_TOKEN_BYTES / 4 * 3 - 800;
    let token = |header: &str, payload: &str| format!("{}.{}.{}", encoded(header), encoded(payload), encoded([7; 256]));
    let with = |more: &str| token(HEADER, &payload(more));
    let in_header = |more: &str| token(&format!(r#"{{"alg":"RS256","kid":"ins_1",{more}}}"#), &payload("\"x\":1"));
    let tokens = vec![
        ("1 MB of letters", "a".repeat(1 << 20)),
        ("1 MB of dots", ".".repeat(1 << 20)),
        ("a payload of 1 MB", with(&format!("\"x\":\"{}\"", "a".repeat(1 << 20)))),
        ("64 KiB of dots", ".".repeat(MAX_TOKEN_BYTES)),
        ("one long text", with(&format!("\"x\":\"{}\"", "a".repeat(most)))),
        ("one long text of escapes", with(&format!("\"sub2\":\"{}\"", "\\u0061".repeat(most / 6)))),
        ("lists, 10,000 deep", with(&format!("\"x\":{}", nested("[", "]", 10_000)))),
        ("objects, 8,000 deep", with(&format!("\"x\":{}", nested("{\"\":", "}", 8_000)))),
        ("an audience 10,000 deep", with(&format!("\"aud\":{}", nested("[", "]", 10_000)))),
        ("a user id 10,000 deep", with(&format!("\"azp\":{}", nested("[", "]", 10_000)))),
        ("a header 10,000 deep", in_header(&format!("\"x\":{}", nested("[", "]", 10_000)))),
        ("a category 10,000 deep", in_header(&format!("\"cat\":{}", nested("[", "]", 10_000)))),
        ("many members", with(&members(|number| format!("{number:x}"), most))),
        ("many members with a long start", with(&members(|number| format!("{}{number:x}", "a".repeat(60)), most))),
        ("many members with escapes", with(&members(|number| format!("\\u0061{number:x}"), most))),
        ("many members in a list of objects", with(&format!("\"x\":[{}1]", "{\"a\":1,\"b\":2},".repeat(most / 14)))),
        ("many members in the header", in_header(&members(|number| format!("{number:x}"), most - 100))),
        ("a member often", with(&vec!["\"x\":1"; most / 6].join(","))),
        ("a list of numbers", with(&format!("\"x\":[{}1]", "1,".repeat(most / 2)))),
        ("a number of many digits", with(&format!("\"x\":{}", "9".repeat(300)))),
        ("a number of 40,000 digits", with(&format!("\"exp2\":0.{}", "9".repeat(40_000)))),
        ("an audience of many", with(&format!("\"aud\":[{}\"a\"]", "\"\",".repeat(most / 3 - 2)))),
        ("a long signature", format!("{}.{}.{}", encoded(HEADER), encoded(payload("\"x\":1")), encoded([7; 40_000]))),
    ];
    assert!(tokens.iter().skip(3).all(|(_, token)| token.len() <= MAX_TOKEN_BYTES));
    tokens
}

#[test]
fn a_hostile_token_costs_no_more_than_parsing_it() {
    let signer = Signer::new("ins_1");
    let verifier = Verifier::jwk(&signer.jwk("ins_1").to_string(), AwsLcRs::new(), rules()).unwrap();
    let good = signer.sign(&signer.header().to_string(), claims(NOW.as_secs(), NOW.as_secs() + 60).to_string());
    let (of_good, good_time) = cost(|| drop(verifier.verify(&good, NOW).unwrap()));
    println!("{:>8} bytes, {:>6} allocations, {good_time:?}: a good token", of_good.bytes_total, of_good.count_total);
    // What a byte of a good token takes, besides the signature, is less than this.
    let per_byte = good_time / u32::try_from(good.len()).unwrap();
    for (name, token) in hostile() {
        let rejected = verifier.verify(&token, NOW).unwrap_err();
        assert!(
            matches!(rejected.reason(), Reason::TokenInvalid | Reason::TokenInvalidSignature),
            "{name}: {rejected}"
        );
        let (allocated, time) = cost(|| drop(verifier.verify(&token, NOW).unwrap_err()));
        println!(
            "{:>8} bytes, {:>6} allocations, {time:?}: {name}, {} bytes, {}",
            allocated.bytes_total,
            allocated.count_total,
            token.len(),
            rejected.reason()
        );
        let length = token.len() as u64;
        if token.len() > MAX_TOKEN_BYTES {
            assert_eq!(allocated.count_total, 0, "{name}");
            continue;
        }
        assert!(allocated.bytes_max <= 6 * length + 4096, "{name}: {allocated:?}");
        assert!(allocated.count_total <= length / 4 + 32, "{name}: {allocated:?}");
        // Work that grows with the square of the length would be a thousand times as much. Other tests run at the same time.
        assert!(time <= 100 * per_byte * u32::try_from(token.len()).unwrap() + good_time, "{name}: {time:?}");
        assert_eq!(allocated.count_current, 0, "{name}");
    }
}

#[test]
fn many_different_key_ids_cost_no_fetches_and_no_memory() {
    let count = std::env::var("TOKEN_ATTACK_COUNT").map_or(20_000, |text| text.parse::<u64>().unwrap());
    let signer = Signer::new("ins_1");
    let context = CallContext::new(Api::new("sk_test_1").unwrap());
    let verifier = JwksVerifier::new(context, AwsLcRs::new(), rules()).unwrap().with_cache(64);
    let keys = json!({ "keys": [signer.jwk("ins_1")] }).to_string();
    let rest = format!("{}.{}", encoded(payload("\"x\":1")), encoded([7; 256]));
    let mut requests = 0;
    let mut attack = |number: u64| {
        let token = format!("{}.{rest}", encoded(format!(r#"{{"alg":"RS256","kid":"ins_{number:08x}"}}"#)));
        // All of them come in ten minutes.
        let now = Duration::from_micros(600_000_000 / count * number);
        let mut flow = verifier.verify(&token, NOW);
        loop {
            match flow.step(now) {
                Step::Send { .. } => {
                    requests += 1;
                    flow.on_response(Response::new(keys.clone().into_bytes()), now);
                }
                Step::Wait(wait) => panic!("nobody else fetches: {wait:?}"),
                Step::Done => break,
            }
        }
        assert_eq!(flow.finish().unwrap().unwrap_err().reason(), Reason::JwkKidMismatch);
    };
    // The first ones fetch, and allocate what is kept.
    (0..2).for_each(&mut attack);
    let started = Instant::now();
    let all = measure(|| (2..count).for_each(&mut attack));
    println!(
        "{count} tokens: {requests} requests, {:.1} allocations and {:?} a token, {} bytes kept, {} at once",
        all.count_total as f64 / count as f64,
        started.elapsed() / u32::try_from(count).unwrap(),
        all.bytes_current,
        all.bytes_max
    );
    // Two for the age of the keys, one for each cooldown of 30 s.
    assert!((3..=23).contains(&requests), "{requests} requests");
    assert!(all.count_total <= 24 * count, "{all:?}");
    assert!(all.bytes_current.abs() < 10_000 && all.bytes_max < 100_000, "{all:?}");
}

/// The token is signed, so this is no attack of a stranger. But an organization may choose the names of its permissions.
#[test]
fn many_permissions_take_no_time_in_the_square_of_their_number() {
    let masks = vec!["1267650600228229401496703205375"; 500].join(",");
    let features = (0..1000).map(|number| format!("o:f{number}")).collect::<Vec<_>>().join(",");
    let permissions = (0..100).map(|number| format!("p{number}")).collect::<Vec<_>>().join(",");
    let claims = json!({ "v": 2, "sub": "u", "fea": features, "o": { "id": "o", "per": permissions, "fpm": masks } });
    let claims = Claims::from_trusted_json(claims.to_string()).unwrap();
    let started = Instant::now();
    assert_eq!(claims.organization().unwrap().permissions.unwrap().len(), 50_000);
    println!("50,000 permissions in {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

/// Signatures that are a hash, so that many tokens can be signed in short time. The real one is only for the check of the verifier.
struct Hash {
    modulus: Vec<u8>,
}

struct HashKey;

fn hash(message: &[u8]) -> Vec<u8> {
    digest(&SHA256, message).as_ref().repeat(8)
}

impl Crypto for Hash {
    fn public_key(&self, key: &RsaKey, algorithm: Algorithm) -> Option<Arc<dyn PublicKey>> {
        if key.modulus() == self.modulus { Some(Arc::new(HashKey)) } else { AwsLcRs::new().public_key(key, algorithm) }
    }
}

impl PublicKey for HashKey {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        hash(message) == signature
    }
}

#[test]
fn the_cache_stays_as_small_after_200_000_tokens() {
    use base64::Engine as _;
    const TOKENS: u64 = 200_000;
    const KEPT: u64 = 1024;
    let jwk = Signer::new("ins_1").jwk("ins_1");
    let modulus = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    let verifier = Verifier::jwk(&jwk.to_string(), Hash { modulus }, rules()).unwrap();
    let (now, header) = (NOW.as_secs(), encoded(HEADER));
    let verify = |verifier: &Verifier, payload: &str, number: u64| {
        let payload = payload.replacen("sess_2aaaaaaaa", &format!("sess_{number:09x}"), 1);
        let signed = format!("{header}.{}", encoded(payload));
        let token = format!("{signed}.{}", encoded(hash(signed.as_bytes())));
        assert!(token.len() <= 4096);
        verifier.verify(&token, NOW).unwrap().signed_in().unwrap();
    };
    let usual = claims(now, now + 60).to_string();
    // The first one leaves the header, which is kept for the next tokens.
    verify(&verifier, &usual, 0);
    let without = measure(|| (0..1000).for_each(|number| verify(&verifier, &usual, number)));
    assert_eq!(without.bytes_current, 0, "{without:?}");

    let cached = verifier.clone().with_cache(KEPT as usize);
    let filled = measure(|| (0..20 * KEPT).for_each(|number| verify(&cached, &usual, number)));
    let more = measure(|| (20 * KEPT..TOKENS).for_each(|number| verify(&cached, &usual, number)));
    let kept = filled.bytes_current + more.bytes_current;
    println!("{TOKENS} tokens: {} bytes after {}, {kept} after all", filled.bytes_current, 20 * KEPT);
    assert!(filled.bytes_current > 0 && more.bytes_current.abs() <= filled.bytes_current / 100, "{filled:?} {more:?}");

    // The longest tokens that are kept, with a text that is kept a second time because of its escape. The documentation says how
    // much they and the usual ones take.
    let mut longest = claims(now, now + 60);
    longest["fea"] = format!("\n{}", "a".repeat(2300)).into();
    let longest = longest.to_string();
    let cached = verifier.with_cache(KEPT as usize);
    let of_longest = measure(|| (0..20 * KEPT).for_each(|number| verify(&cached, &longest, number))).bytes_current;
    println!("{} bytes for each usual token, {} for each long one", kept / KEPT as i64, of_longest / KEPT as i64);
    assert!(kept <= KEPT as i64 * 2048 && of_longest <= KEPT as i64 * 10 * 1024);
}
