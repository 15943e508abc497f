use serde_json::{Value, json};

use super::*;
use crate::AuthorizedParties;
use crate::testing::{NOW, Signer, TestCrypto, encoded, jwks, other_signer, rules, signer};

fn verifier() -> Verifier {
    Verifier::pem(&signer().pem(), TestCrypto, rules()).unwrap()
}

fn rejection(verifier: &Verifier, token: &str) -> String {
    verifier.verify(token, NOW).unwrap_err().to_string()
}

fn reason(verifier: &Verifier, token: &str) -> Reason {
    verifier.verify(token, NOW).unwrap_err().reason()
}

#[test]
fn a_good_token_is_accepted_by_every_kind_of_key() {
    let token = signer().token(json!({}));
    let of_set = Verifier::jwks(&jwks(&[other_signer(), signer()]).to_string(), TestCrypto, rules()).unwrap();
    let of_jwk = Verifier::jwk(&signer().jwk().to_string(), TestCrypto, rules()).unwrap();
    for verifier in [verifier(), of_set, of_jwk] {
        let claims = verifier.verify(&token, NOW).unwrap().signed_in().unwrap();
        assert_eq!((claims.user_id(), claims.session_id()), ("user_1", Some("sess_1")));
    }
}

#[test]
fn a_pending_session_is_not_signed_in() {
    let verified = verifier().verify(&signer().token(json!({ "sts": "pending" })), NOW).unwrap();
    assert!(
        matches!(&verified, Verified::Pending(pending) if pending.claims_of_pending_session().user_id() == "user_1")
    );
    assert_eq!(verified.claims_even_if_pending().session_status(), Some("pending"));
    assert_eq!(verified.signed_in(), None);
}

#[test]
fn only_a_session_that_is_active_is_signed_in() {
    let is_signed_in = |status: Value| {
        let claims = Claims::from_trusted_json(json!({ "sub": "user_1", "sts": status }).to_string()).unwrap();
        Verified::from_trusted(claims).signed_in().is_some()
    };
    assert!(is_signed_in(json!("active")));
    for status in [
        json!("pending"),
        json!("Active"),
        json!("active "),
        json!("revoked"),
        json!("of_next_year"),
        json!(""),
        json!(null),
        json!(1),
        json!(["active"]),
    ] {
        assert!(!is_signed_in(status.clone()), "{status}");
    }
    // Older instances write none.
    let without = Claims::from_trusted_json(r#"{"sub": "user_1"}"#).unwrap();
    assert!(Verified::from_trusted(without).signed_in().is_some());
}

#[test]
fn a_text_that_is_no_token_is_invalid() {
    let good = signer().token(json!({}));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    for token in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        signed.to_owned(),
        format!("{good}.x"),
        format!(" {good}"),
        format!("{good}="),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}.{}.{signature}", encoded("[]")),
        format!("{header}.{}.{signature}", encoded(b"{\"sub\": \"\xff\"}")),
        format!("{header}.{}.{signature}", encoded("\u{feff}{}")),
        format!("{}.{payload}.{signature}", encoded("null")),
        format!("{}.{payload}.{signature}", encoded("{\"alg\": \"RS256\", \"alg\": \"RS256\"}")),
        format!("{}.{payload}.{signature}", encoded("{\"alg\": \"RS256\", \"crit\": []}")),
        format!("{}.{payload}.{signature}", "a".repeat(MAX)),
    ] {
        assert_eq!(reason(&verifier(), &token), Reason::TokenInvalid, "{}", &token[..token.len().min(100)]);
    }
}

const MAX: usize = crate::MAX_TOKEN_BYTES;

#[test]
fn each_check_has_its_reason_and_message() {
    let sign = |changes| signer().sign(&signer().header(changes), &Signer::claims());
    for (token, message) in [
        (sign(json!({ "cat": "cl_B7d4PD333AAA" })), "token-invalid: it is a token of a machine, and not of a session"),
        (sign(json!({ "typ": "JOSE" })), "token-invalid: its type (typ) is wrong: expected JWT or none"),
        (sign(json!({ "typ": 1 })), "token-invalid: its type (typ) is wrong: expected JWT or none"),
        (
            sign(json!({ "alg": "none" })),
            "token-invalid-algorithm: its algorithm (alg) is not supported: expected RS256, RS384 or RS512",
        ),
        (
            sign(json!({ "alg": null })),
            "token-invalid-algorithm: its algorithm (alg) is not supported: expected RS256, RS384 or RS512",
        ),
        (
            sign(json!({ "alg": "RS384" })),
            "token-verification-failed: the key that it names is not for its algorithm, RS384",
        ),
        (other_signer().token(json!({})), "token-invalid-signature: its signature is not by the key that it names"),
    ] {
        assert_eq!(rejection(&verifier(), &token), message);
    }
}

#[test]
fn the_signature_is_checked_before_the_claims() {
    assert_eq!(
        reason(&verifier(), &other_signer().token(json!({ "exp": 0, "azp": "x" }))),
        Reason::TokenInvalidSignature
    );
}

#[test]
fn no_changed_byte_is_accepted() {
    let good = signer().token(json!({}));
    let verifier = verifier();
    for at in (0..good.len()).step_by(7) {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(verifier.verify(std::str::from_utf8(&changed).unwrap(), NOW).is_err(), "{at}");
    }
}

#[test]
fn a_key_set_needs_the_key_that_the_token_names() {
    let verifier = Verifier::jwks(&jwks(&[signer()]).to_string(), TestCrypto, rules()).unwrap();
    let unknown =
        "jwk-kid-mismatch: the key set has no key with the id (kid) that it names: is it of another instance?";
    assert_eq!(rejection(&verifier, &other_signer().token(json!({}))), unknown);
    for kid in [json!(null), json!(1), json!("")] {
        let token = signer().sign(&signer().header(json!({ "kid": kid })), &Signer::claims());
        assert_eq!(rejection(&verifier, &token), unknown);
    }
}

#[test]
fn a_key_that_cannot_be_used_rejects_the_tokens_that_name_it() {
    for (change, message) in [
        (json!({ "kty": "EC" }), "its type (kty) is not RSA"),
        (json!({ "use": "enc" }), "it is not for signatures (use)"),
        (json!({ "key_ops": ["sign"] }), "it is not for verifying (key_ops)"),
        (json!({ "alg": "ES256" }), "its algorithm (alg) is not supported"),
        (json!({ "n": "AQAB" }), "its RSA modulus does not have 2048 to 4096 bits"),
        (json!({ "n": "=" }), "its modulus (n) or exponent (e) is not base64url"),
        (json!({ "e": "Ag" }), "its RSA exponent is not an odd number from 3 to 4294967295"),
    ] {
        let mut jwk = signer().jwk();
        jwk.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let verifier = Verifier::jwk(&jwk.to_string(), TestCrypto, rules()).unwrap();
        let expected = format!("token-verification-failed: the key that it names can't be used: {message}");
        assert_eq!(rejection(&verifier, &signer().token(json!({}))), expected);
    }
}

#[test]
fn a_key_without_an_algorithm_is_for_all() {
    let mut jwk = signer().jwk();
    jwk.as_object_mut().unwrap().remove("alg");
    let verifier = Verifier::jwk(&jwk.to_string(), TestCrypto, rules()).unwrap();
    let token = signer().sign(&signer().header(json!({ "alg": "RS384" })), &Signer::claims());
    assert!(verifier.verify(&token, NOW).is_ok());
}

#[test]
fn a_bad_key_is_an_error_of_the_configuration() {
    let pem = |text: &str| Verifier::pem(text, TestCrypto, rules()).unwrap_err().to_string();
    let advice = "pem is not a PEM public key: use the one that the Clerk Dashboard shows under API keys";
    assert_eq!((pem(""), pem("not a key"), pem("AQAB")), (advice.to_owned(), advice.to_owned(), advice.to_owned()));
    assert!(pem(signer().pem().split("-----END").next().unwrap()).starts_with("pem has no line -----END"));
    let set = |text: &str| Verifier::jwks(text, TestCrypto, rules()).unwrap_err().to_string();
    assert_eq!(set("{\"keys\": []}"), "jwks has no keys");
    assert!(set("1").starts_with("jwks is not a key set: ") && set("{\"keys\": [1]}").contains("at keys[0]"));
    assert!(Verifier::jwk("[]", TestCrypto, rules()).unwrap_err().to_string().starts_with("jwk is not a JSON object"));
    let none = Verifier::pem(&signer().pem(), crate::Rustls::new(&[]), rules()).unwrap_err().to_string();
    assert!(none.starts_with("crypto does not support RS256"), "{none}");
}

#[test]
fn a_pem_may_lack_its_lines_and_have_any_white_space() {
    let pem = signer().pem();
    let bare: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let escaped = pem.replace('\n', "\\n");
    assert!(escaped.starts_with(r"-----BEGIN PUBLIC KEY-----\nMII") && !escaped.contains('\n'));
    for form in [
        pem.replace('\n', "\r\n"),
        pem.replace('\n', " "),
        bare.clone(),
        format!("\n {bare}\t"),
        pem.replace('\n', r"\r\n"),
        format!("{escaped}\n"),
        format!(r"\n{bare}\n"),
        escaped,
    ] {
        let verifier = Verifier::pem(&form, TestCrypto, rules()).unwrap();
        assert!(verifier.verify(&signer().token(json!({})), NOW).is_ok());
    }
}

#[test]
fn a_verifier_without_a_key_rejects_what_might_be_a_token() {
    let verifier = Verifier::without_key(rules());
    assert_eq!(rejection(&verifier, &signer().token(json!({}))), "jwk-failed-to-resolve: the verifier has no key");
    assert_eq!(reason(&verifier, "x"), Reason::TokenInvalid);
}

#[test]
fn the_cache_returns_only_what_is_still_valid() {
    let verifier = verifier().with_cache(8);
    let token = signer().token(json!({}));
    for now in [NOW, NOW, NOW + Duration::from_secs(64)] {
        assert!(verifier.verify(&token, now).is_ok(), "{now:?}");
    }
    assert_eq!(verifier.verify(&token, NOW + Duration::from_secs(65)).unwrap_err().reason(), Reason::TokenExpired);
    assert_eq!(verifier.verify(&token, NOW - Duration::from_secs(20)).unwrap_err().reason(), Reason::TokenNotActiveYet);
    let pending = signer().token(json!({ "sts": "pending" }));
    for _ in 0..2 {
        assert!(matches!(verifier.verify(&pending, NOW).unwrap(), Verified::Pending(_)));
    }
    let mut forged = token.clone();
    forged.replace_range(200..201, if &token[200..201] == "A" { "B" } else { "A" });
    assert!(verifier.verify(&forged, NOW).is_err(), "the same end, and another payload");
}

#[test]
fn a_full_place_of_the_cache_drops_the_token_that_expires_first() {
    let cache = VerifiedCache::new(1);
    let claims = |exp: u64| Claims::from_trusted_json(json!({ "exp": exp }).to_string()).unwrap();
    for number in 1..=9 {
        cache.put(&format!("token number {number}"), &claims(100 + number), 0);
    }
    let kept: Vec<_> = (1..=9).filter(|number| cache.get(&format!("token number {number}"), 0).is_some()).collect();
    assert_eq!(kept, [2, 3, 4, 5, 6, 7, 8, 9]);
    // A token that is verified by several calls at the same time is kept once.
    for _ in 0..5 {
        cache.put("token number 9", &claims(109), 0);
    }
    assert!((2..=9).all(|number| cache.get(&format!("token number {number}"), 0).is_some()));
    assert!(cache.get("token number 9", 1).is_none(), "another key set");
    cache.put(&"x".repeat(5000), &claims(1000), 0);
    cache.put("short", &claims(1000), 0);
    assert!(cache.get(&"x".repeat(5000), 0).is_none() && cache.get("short", 0).is_none());
}

#[test]
fn nothing_of_a_token_is_printed() {
    let token = signer().token(json!({ "secret": "hidden" }));
    let verifier = verifier();
    let verified = verifier.verify(&token, NOW).unwrap();
    let unverified = crate::UnverifiedToken::decode(&token).unwrap();
    let printed = format!("{verified:?} {unverified:?} {verifier:?}");
    assert!(!printed.contains("hidden") && !printed.contains("user_1") && !printed.contains(&token[..40]), "{printed}");
    assert_eq!(unverified.key_id(), Some("ins_1"));
    let header: Value = serde_json::from_str(unverified.header_json()).unwrap();
    assert_eq!((header["alg"].as_str(), unverified.claims().user_id()), (Some("RS256"), "user_1"));
}

#[test]
fn sessions_only_refuses_tokens_of_other_categories() {
    let any = Rules::new(AuthorizedParties::any()).allow_missing_session_id();
    let lenient = Verifier::pem(&signer().pem(), TestCrypto, any.clone()).unwrap();
    let strict = Verifier::pem(&signer().pem(), TestCrypto, any.clone().sessions_only()).unwrap();
    let template = signer().sign(&signer().header(json!({ "cat": "cl_B7d4PD222AAA" })), &Signer::claims());
    let future = signer().sign(&signer().header(json!({ "cat": "cl_new" })), &Signer::claims());
    let machine = signer().token(json!({ "sub": "mch_1" }));
    for token in [template, future, machine] {
        assert!(lenient.verify(&token, NOW).is_ok());
        assert_eq!(reason(&strict, &token), Reason::TokenInvalid);
    }
    let m2m = signer().sign(&signer().header(json!({ "cat": "cl_B7d4PD333AAA" })), &Signer::claims());
    assert_eq!(reason(&lenient, &m2m), Reason::TokenInvalid);
    let machines = Verifier::pem(&signer().pem(), TestCrypto, any.allow_machine_tokens()).unwrap();
    assert!(machines.verify(&m2m, NOW).is_ok());
}
