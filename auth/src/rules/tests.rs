use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::testing::{NOW, Signer};

fn check(rules: &Rules, changes: Value) -> Result<(), String> {
    let mut claims = Signer::claims();
    claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    let claims = Claims::from_trusted_json(claims.to_string()).unwrap();
    rules.check_claims(&claims, NOW).map_err(|rejected| rejected.to_string())
}

fn any() -> Rules {
    Rules::new(AuthorizedParties::any())
}

#[test]
fn the_party_has_to_be_listed_byte_by_byte() {
    let rules = crate::testing::rules();
    assert_eq!(check(&rules, json!({})), Ok(()));
    let message = "token-invalid-authorized-parties: its authorized party (azp) is another or missing: expected \
                   \"https://app.example.com\"";
    for azp in [
        json!("https://app.example.com/"),
        json!("https://APP.example.com"),
        json!(""),
        json!(null),
        json!(["https://app.example.com"]),
    ] {
        assert_eq!(check(&rules, json!({ "azp": azp })), Err(message.to_owned()));
        assert_eq!(check(&any(), json!({ "azp": azp })), Ok(()));
    }
    let only_empty = Rules::new(AuthorizedParties::list([""]).unwrap());
    for azp in ["", "https://app.example.com"] {
        assert!(check(&only_empty, json!({ "azp": azp })).is_err());
    }
}

#[test]
fn an_empty_list_of_parties_is_refused() {
    let error = AuthorizedParties::list::<String>([]).unwrap_err().to_string();
    assert_eq!(error, "authorized_parties is empty: list the origins of your app, or use AuthorizedParties::any()");
}

#[test]
fn no_check_is_switched_off_by_an_empty_list() {
    let told = |rules: Result<Rules, Error>| rules.unwrap_err().to_string();
    for empty in [vec![], vec![""], vec!["", ""]] {
        assert_eq!(
            told(any().audience(empty.clone())),
            "audience is empty: list what the tokens have to be for, or don't set it"
        );
        assert_eq!(
            told(any().issuer(empty.clone())),
            "issuer is empty: list the Frontend API URLs of your instances, or don't set it"
        );
        assert_eq!(
            told(any().token_types(empty)),
            "token_types is empty: list the types (typ) that are accepted, or don't set it"
        );
    }
}

#[test]
fn the_audience_is_one_of_the_expected_ones_or_none() {
    let rules = any().audience(["a", "b", ""]).unwrap();
    for aud in [json!("a"), json!(["x", "b"]), json!(""), json!([]), json!(["", ""])] {
        assert_eq!(check(&rules, json!({ "aud": aud })), Ok(()), "{aud}");
    }
    assert_eq!(check(&rules, json!({})), Ok(()));
    let other = "token-verification-failed: its audience (aud) is another: expected one of \"a\", \"b\"";
    assert_eq!(check(&rules, json!({ "aud": ["x", ""] })), Err(other.to_owned()));
    let wrong = "token-verification-failed: its audience (aud) is neither a text nor a list of texts";
    for aud in [json!(1), json!({}), json!(["a", 1]), json!(null)] {
        assert_eq!(check(&rules, json!({ "aud": aud })), Err(wrong.to_owned()), "{aud}");
        assert_eq!(check(&any(), json!({ "aud": aud })), Ok(()), "{aud}");
    }
}

#[test]
fn the_issuer_is_one_of_the_expected_ones() {
    let rules = any().issuer(["https://clerk.example.com", ""]).unwrap();
    assert_eq!(check(&rules, json!({})), Ok(()));
    let message =
        "token-invalid-issuer: its issuer (iss) is another or missing: expected \"https://clerk.example.com\"";
    for iss in [json!("https://clerk.example.com/"), json!(null), json!("")] {
        assert_eq!(check(&rules, json!({ "iss": iss })), Err(message.to_owned()));
    }
}

#[test]
fn times_are_exact_to_the_clock_skew() {
    let now = NOW.as_secs();
    let skew = any().clock_skew(Duration::from_secs(5));
    assert_eq!(check(&skew, json!({ "exp": now - 4, "nbf": now + 5, "iat": now + 5 })), Ok(()));
    assert_eq!(
        check(&skew, json!({ "exp": now - 5 })),
        Err("token-expired: it expired 5 s ago (exp); a clock skew of 5s is allowed".to_owned())
    );
    let early = "token-not-active-yet: it becomes valid in 6 s (nbf): check the clock of this machine; a clock skew of 5s is \
                 allowed";
    assert_eq!(check(&skew, json!({ "nbf": now + 6 })), Err(early.to_owned()));
    let future = "token-iat-in-the-future: it was issued 6 s in the future (iat): check the clock of this machine; a clock skew \
                  of 5s is allowed";
    assert_eq!(check(&skew, json!({ "iat": now + 6 })), Err(future.to_owned()));
    let margin = any().margin(Duration::from_secs(10));
    assert_eq!(check(&margin, json!({ "exp": now + 11, "nbf": now - 10, "iat": now - 10 })), Ok(()));
    assert!(check(&margin, json!({ "exp": now + 10 })).unwrap_err().starts_with("token-expired"));
    assert!(check(&margin, json!({ "nbf": now - 9 })).unwrap_err().starts_with("token-not-active-yet"));
}

#[test]
fn times_of_the_wrong_type_are_refused() {
    let failed = |message: &str| Err(format!("token-verification-failed: {message}"));
    for exp in [json!(null), json!("1"), json!(true), json!([])] {
        assert_eq!(check(&any(), json!({ "exp": exp })), failed("its expiry (exp) is missing or not a number"));
    }
    for wrong in [json!(null), json!("1"), json!({})] {
        assert_eq!(check(&any(), json!({ "nbf": wrong })), failed("its start (nbf) is not a number"));
        assert_eq!(check(&any(), json!({ "iat": wrong })), failed("its time of issue (iat) is not a number"));
    }
}

#[test]
fn user_and_session_are_required() {
    let failed = |message: &str| Err(format!("token-verification-failed: {message}"));
    for sub in [json!(null), json!(1)] {
        assert_eq!(check(&any(), json!({ "sub": sub })), failed("it has no user id (sub)"));
    }
    for sid in [json!(null), json!(""), json!(1)] {
        let missing = failed("it has no session id (sid): it is not a session token");
        assert_eq!(check(&any(), json!({ "sid": sid })), missing);
        assert_eq!(check(&any().allow_missing_session_id(), json!({ "sid": sid })), Ok(()));
    }
}

#[test]
fn the_first_failed_check_is_told() {
    let rules = any().audience(["a"]).unwrap().issuer(["i"]).unwrap();
    let all_wrong = json!({ "sub": null, "aud": "x", "iss": "x", "exp": 0, "nbf": "x", "iat": "x", "sid": null });
    let mut wrong = all_wrong.as_object().unwrap().clone();
    let right = json!({ "sub": "u", "aud": "a", "iss": "i", "exp": 1.8e9, "nbf": 0, "iat": 0, "sid": "s" });
    for (name, told) in [
        ("sub", "(sub)"),
        ("aud", "(aud)"),
        ("iss", "(iss)"),
        ("exp", "(exp)"),
        ("nbf", "(nbf)"),
        ("iat", "(iat)"),
        ("sid", "(sid)"),
    ] {
        let message = check(&rules, Value::Object(wrong.clone())).unwrap_err();
        assert!(message.contains(told), "{name}: {message}");
        wrong.insert(name.to_owned(), right[name].clone());
    }
    assert_eq!(check(&rules, Value::Object(wrong)), Ok(()));
}
