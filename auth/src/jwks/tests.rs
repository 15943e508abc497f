mod late;

use std::time::Duration;

use clerk_sessions_core::call::{CallContext, Flow, Step};
use clerk_sessions_core::http::{Request, Response};
use clerk_sessions_core::{Api, CallOptions, Delivery, Error, RetryPolicy, TransportError, TransportErrorKind};
use serde_json::{Value, json};

use super::*;
use crate::testing::{NOW, Signer, TestCrypto, jwks, other_signer, rules, signer};
use crate::{Reason, Rejected, Unavailable, Verified};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A verifier whose fetches make one attempt.
fn verifier() -> JwksVerifier {
    let once = CallOptions::new().retry(RetryPolicy::none());
    let context = CallContext::new(Api::new("sk_test_1").unwrap()).with_options(once);
    JwksVerifier::new(context, TestCrypto, rules()).unwrap()
}

fn token() -> String {
    signer().token(json!({ "exp": 1.8e9 }))
}

fn unknown_token() -> String {
    other_signer().token(json!({ "exp": 1.8e9 }))
}

fn ok(body: &Value) -> Response<Vec<u8>> {
    Response::new(body.to_string().into_bytes())
}

fn status(status: u16) -> Response<Vec<u8>> {
    Response::builder().status(status).body(b"{}".to_vec()).unwrap()
}

type Outcome = Result<Result<Verified, Rejected>, Error>;

/// Verifies a token at this time. Returns the outcome and the number of requests, which get this response.
fn verify(verifier: &JwksVerifier, token: &str, now: Duration, response: &Response<Vec<u8>>) -> (Outcome, usize) {
    let mut flow = verifier.verify(token, NOW);
    let mut requests = 0;
    loop {
        match flow.step(now) {
            Step::Send { .. } => {
                requests += 1;
                let mut copy = Response::new(response.body().clone());
                *copy.status_mut() = response.status();
                flow.on_response(copy, now);
            }
            Step::Wait(_) => panic!("nobody else fetches"),
            Step::Done => return (flow.finish(), requests),
        }
    }
}

fn is_ok(outcome: &Outcome) -> bool {
    matches!(outcome, Ok(Ok(Verified::SignedIn(_))))
}

fn is_unknown(outcome: &Outcome) -> bool {
    matches!(outcome, Ok(Err(rejected)) if rejected.reason() == Reason::JwkKidMismatch)
}

fn sent(step: Step) -> Request<Vec<u8>> {
    match step {
        Step::Send { request, .. } => request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn keys_are_fetched_once_and_used_for_5_minutes() {
    let (verifier, keys) = (verifier(), ok(&jwks(&[signer()])));
    for (now, requests) in [(s(0), 1), (s(1), 0), (s(299), 0), (s(300), 1), (s(599), 0), (s(600), 1)] {
        let (outcome, made) = verify(&verifier, &token(), now, &keys);
        assert!(is_ok(&outcome) && made == requests, "{now:?}: {made} {outcome:?}");
    }
}

#[test]
fn both_apis_are_asked_with_their_headers() {
    let verifier = verifier();
    let token = token();
    let backend = sent(verifier.verify(&token, NOW).step(s(0)));
    assert_eq!(backend.uri(), "https://api.clerk.com/v1/jwks");
    assert_eq!(backend.headers()["authorization"], "Bearer sk_test_1");
    let public = JwksVerifier::public("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", TestCrypto, rules()).unwrap();
    let frontend = sent(public.verify(&token, NOW).step(s(0)));
    assert_eq!(frontend.uri(), "https://clerk.example.com/.well-known/jwks.json");
    assert_eq!(frontend.headers().get("authorization"), None);
    let (outcome, requests) = verify(&public, &token, s(0), &ok(&jwks(&[signer()])));
    assert!(is_ok(&outcome) && requests == 1);
    assert!(JwksVerifier::public("sk_test_1", TestCrypto, rules()).is_err());
}

#[test]
fn no_error_of_a_verifier_without_a_secret_key_is_about_one() {
    let refused = |url: &str| JwksVerifier::public_at(url, TestCrypto, rules()).unwrap_err().to_string();
    for (url, told) in [
        ("clerk.example.com/", "frontend_api is not a URL: use one such as https://clerk.example.com"),
        ("/jwks", "frontend_api is not an absolute URL: use one such as https://clerk.example.com"),
        (
            "http://clerk.example.com",
            "frontend_api is plain http to another machine, so anybody on the way can change responses: use https",
        ),
        ("https://a:b@clerk.example.com", "frontend_api has a user or password, which would not be sent: remove it"),
    ] {
        assert_eq!(refused(url), told);
    }

    // A server that requires a key, such as the Backend API, whose URL was passed by mistake.
    let verifier = JwksVerifier::public_at("https://api.clerk.com/v1", TestCrypto, rules()).unwrap();
    let body = json!({ "errors": [{ "code": "authorization_header_format_invalid", "message": "No header" }] });
    let mut response = ok(&body);
    *response.status_mut() = Response::builder().status(401).body(()).unwrap().status();
    let unavailable = Unavailable::from(verify(&verifier, &token(), s(0), &response).0.unwrap_err());
    assert_eq!(unavailable.code(), "jwk-remote-failed-to-load");
    assert_eq!(
        unavailable.to_string(),
        "jwk-remote-failed-to-load: the keys that verify session tokens can't be fetched: getJWKS: 401 Unauthorized, \
         authorization_header_format_invalid: No header; check the base URL: no secret key was sent, and this server requires \
         one"
    );
}

#[test]
fn a_token_that_no_key_can_make_valid_makes_no_fetch() {
    let verifier = verifier();
    let none = signer().sign(&signer().header(json!({ "alg": "none" })), &Signer::claims());
    let without_kid = signer().sign(&signer().header(json!({ "kid": null })), &Signer::claims());
    for token in ["x", &none, &without_kid] {
        let (outcome, requests) = verify(&verifier, token, s(0), &status(500));
        assert!(matches!(outcome, Ok(Err(_))) && requests == 0);
    }
}

#[test]
fn an_unknown_key_is_looked_up_once_in_the_cooldown() {
    let (verifier, one, both) = (verifier(), ok(&jwks(&[signer()])), ok(&jwks(&[signer(), other_signer()])));
    assert!(is_ok(&verify(&verifier, &token(), s(0), &one).0));
    // A rotation right after a fetch loses no request.
    let (outcome, requests) = verify(&verifier, &unknown_token(), s(1), &one);
    assert!(is_unknown(&outcome) && requests == 1);
    let (outcome, requests) = verify(&verifier, &unknown_token(), s(30), &both);
    assert!(is_unknown(&outcome) && requests == 0);
    let (outcome, requests) = verify(&verifier, &unknown_token(), s(31), &both);
    assert!(is_ok(&outcome) && requests == 1);
}

#[test]
fn the_whole_set_is_replaced() {
    let verifier = verifier();
    assert!(is_ok(&verify(&verifier, &token(), s(0), &ok(&jwks(&[signer()]))).0));
    assert!(is_ok(&verify(&verifier, &unknown_token(), s(10), &ok(&jwks(&[other_signer()]))).0));
    assert!(is_unknown(&verify(&verifier, &token(), s(11), &status(500)).0));
}

#[test]
fn after_a_failure_there_is_a_pause_that_doubles() {
    let (verifier, keys) = (verifier(), ok(&jwks(&[signer()])));
    for (now, requests) in [(0, 1), (1, 1), (2, 0), (3, 1), (6, 0), (7, 1), (15, 1), (31, 1), (60, 0), (61, 1), (91, 1)]
    {
        let (outcome, made) = verify(&verifier, &token(), s(now), &status(503));
        assert!(outcome.is_err() && made == requests, "{now}: {made}");
    }
    assert!(is_ok(&verify(&verifier, &token(), s(121), &keys).0));
    // The pauses begin with one second again.
    assert_eq!(verify(&verifier, &token(), s(421), &status(503)).1, 1);
    assert!(is_ok(&verify(&verifier, &token(), s(422), &keys).0));
}

#[test]
fn whatever_is_not_a_key_set_is_an_outage() {
    for response in
        [status(500), status(404), status(200), ok(&json!({ "keys": [] })), ok(&json!([1])), ok(&json!({ "keys": 1 }))]
    {
        let outcome = verify(&verifier(), &token(), s(0), &response).0;
        let unavailable = Unavailable::from(outcome.unwrap_err());
        assert_eq!(unavailable.code(), "jwk-remote-failed-to-load", "{response:?}");
        let text = unavailable.to_string();
        let start = "jwk-remote-failed-to-load: the keys that verify session tokens can't be fetched: GetJWKS: ";
        assert!(text.starts_with(start), "{text}");
    }
    let body = json!({ "errors": [{ "code": "clerk_key_invalid", "message": "m" }] });
    let mut refused = ok(&body);
    *refused.status_mut() = clerk_sessions_core::http::StatusCode::UNAUTHORIZED;
    let outcome = verify(&verifier(), &token(), s(0), &refused).0;
    assert_eq!(Unavailable::from(outcome.unwrap_err()).code(), "secret-key-invalid");
}

#[test]
fn a_failed_look_up_leaves_the_keys_as_they_are() {
    let (verifier, keys) = (verifier(), ok(&jwks(&[signer()])));
    assert!(is_ok(&verify(&verifier, &token(), s(0), &keys).0));
    assert!(verify(&verifier, &unknown_token(), s(100), &status(500)).0.is_err());
    let (outcome, requests) = verify(&verifier, &token(), s(101), &status(500));
    assert!(is_ok(&outcome) && requests == 0);
    let (outcome, requests) = verify(&verifier, &token(), s(300), &keys);
    assert!(is_ok(&outcome) && requests == 1, "the failure did not make the keys younger");
}

#[test]
fn keys_that_are_too_old_are_used_in_an_outage_only_if_allowed() {
    let keys = ok(&jwks(&[signer()]));
    let strict = verifier();
    let lenient = verifier().with_key_settings(KeySettings::new().stale_for(s(600)));
    for (verifier, is_accepted) in [(strict, false), (lenient, true)] {
        assert!(is_ok(&verify(&verifier, &token(), s(0), &keys).0));
        assert_eq!(is_ok(&verify(&verifier, &token(), s(300), &status(500)).0), is_accepted);
        assert_eq!(is_ok(&verify(&verifier, &token(), s(300), &status(500)).0), is_accepted, "in the pause");
        // Old keys can't tell that a key does not exist.
        assert!(verify(&verifier, &unknown_token(), s(300), &status(500)).0.is_err(), "in the pause");
        assert!(verify(&verifier, &unknown_token(), s(301), &status(500)).0.is_err());
        assert!(verify(&verifier, &token(), s(900), &status(500)).0.is_err());
    }
}

#[test]
fn one_call_fetches_and_the_others_wait() {
    let verifier = verifier();
    let token = token();
    let mut leader = verifier.verify(&token, NOW);
    assert!(matches!(leader.step(s(0)), Step::Send { .. }));
    let mut others: Vec<_> = (0..3).map(|_| verifier.verify(&token, NOW)).collect();
    for other in &mut others {
        let waits: Vec<_> = (0..6)
            .map(|_| match other.step(s(0)) {
                Step::Wait(wait) => wait.as_millis(),
                step => panic!("{step:?}"),
            })
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 16]);
    }
    leader.on_response(ok(&jwks(&[signer()])), s(1));
    for mut flow in others.into_iter().chain([leader]).rev() {
        assert!(matches!(flow.step(s(1)), Step::Done));
        assert!(is_ok(&flow.finish()));
    }
}

#[test]
fn a_fetch_that_is_dropped_is_made_by_the_next_call() {
    let verifier = verifier();
    let token = token();
    let mut leader = verifier.verify(&token, NOW);
    let mut next = verifier.verify(&token, NOW);
    assert!(matches!(leader.step(s(0)), Step::Send { .. }));
    assert!(matches!(next.step(s(0)), Step::Wait(_)));
    drop(leader);
    assert!(matches!(next.step(s(0)), Step::Send { .. }));
    let lost = TransportError::new(TransportErrorKind::Closed, Delivery::MaybeSent);
    next.on_failure(lost, s(1));
    assert!(matches!(next.step(s(1)), Step::Done));
    assert!(next.finish().is_err());
}

#[test]
fn the_time_that_a_fetch_takes_counts() {
    let verifier = verifier();
    let token = signer().token(json!({}));
    let mut flow = verifier.verify(&token, NOW);
    assert!(matches!(flow.step(s(0)), Step::Send { .. }));
    flow.on_response(ok(&jwks(&[signer()])), s(66));
    assert!(matches!(flow.step(s(66)), Step::Done));
    assert_eq!(flow.finish().unwrap().unwrap_err().reason(), Reason::TokenExpired);
    // A key is as old as the request for it.
    assert_eq!(verify(&verifier, &self::token(), s(299), &status(500)).1, 0);
    assert_eq!(verify(&verifier, &self::token(), s(300), &status(500)).1, 1);
}

#[test]
fn a_warm_up_fetches_keys_only_if_they_are_missing() {
    let verifier = verifier();
    let warm_up = |now, response: Response<Vec<u8>>| {
        let mut flow = verifier.warm_up();
        let mut requests = 0;
        if let Step::Send { request, .. } = flow.step(now) {
            requests += 1;
            assert_eq!(request.uri().path(), "/v1/jwks");
            flow.on_response(response, now);
            assert!(matches!(flow.step(now), Step::Done));
        }
        (flow.finish().is_ok(), requests)
    };
    assert_eq!(warm_up(s(0), status(500)), (false, 1));
    assert_eq!(warm_up(s(1), ok(&jwks(&[signer()]))), (true, 1));
    assert_eq!(warm_up(s(2), status(500)), (true, 0));
    let (outcome, requests) = verify(&verifier, &token(), s(2), &status(500));
    assert!(is_ok(&outcome) && requests == 0);
    verifier.forget_keys();
    assert_eq!(verify(&verifier, &token(), s(3), &ok(&jwks(&[signer()]))).1, 1);
}

#[test]
fn clones_share_the_keys_and_others_do_not() {
    let (verifier, other) = (verifier(), verifier());
    let keys = ok(&jwks(&[signer()]));
    assert!(is_ok(&verify(&verifier, &token(), s(0), &keys).0));
    assert_eq!(verify(&verifier.clone(), &token(), s(0), &keys).1, 0);
    assert_eq!(verify(&other, &token(), s(0), &keys).1, 1);
}

#[test]
fn the_cache_ends_with_its_keys() {
    let verifier = verifier().with_cache(16);
    let token = token();
    assert!(is_ok(&verify(&verifier, &token, s(0), &ok(&jwks(&[signer()]))).0));
    assert!(is_ok(&verify(&verifier, &token, s(1), &status(500)).0));
    // The key is withdrawn.
    assert!(is_unknown(&verify(&verifier, &token, s(300), &ok(&jwks(&[other_signer()]))).0));
    assert!(verify(&verifier, &token, s(600), &status(500)).0.is_err());
}

#[test]
fn a_flow_that_is_finished_early_is_an_error() {
    let verifier = verifier();
    assert!(verifier.verify("x", NOW).finish().is_err() && verifier.warm_up().finish().is_err());
    let shown = format!("{verifier:?} {:?}", verifier.verify(&token(), NOW));
    assert!(!shown.contains("sk_test_1") && !shown.contains(&token()[..30]), "{shown}");
}

#[test]
fn settings_have_limits() {
    let long = KeySettings::new().max_age(s(1_000_000)).stale_for(Duration::MAX);
    assert_eq!((long.max_age, long.stale_for), (KeySettings::MOST_MAX_AGE, KeySettings::MOST_STALE_FOR));
    let verifier = verifier().with_key_settings(KeySettings::default().max_age(Duration::ZERO));
    let (outcome, requests) = verify(&verifier, &token(), s(0), &ok(&jwks(&[signer()])));
    assert!(is_ok(&outcome) && requests == 1, "each token makes one fetch");
}
