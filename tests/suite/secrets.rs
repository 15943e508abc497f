//! No `Debug` output of a client or of what it makes shows a secret.

use std::time::Duration;

use clerk_sessions_core::{Api, Caller, Flow as _, RefreshSession, Refreshed, Step, Token};
use clerk_sessions_reqwest::ReqwestTransport;
use clerk_sessions_ureq::UreqTransport;

const SECRETS: [&str; 3] = ["sk_test_4f1c", "eyJhbGciOi.expired", "rt_9d2e"];

fn assert_clean(what: &str, shown: &str) {
    for secret in SECRETS {
        // Bytes print as numbers.
        let as_bytes = format!("{:?}", secret.as_bytes());
        let as_bytes = as_bytes.trim_matches(['[', ']']);
        assert!(!shown.contains(secret) && !shown.contains(as_bytes), "{what} shows a secret: {shown}");
    }
}

#[test]
fn debug_of_whatever_holds_a_secret_is_clean() {
    let [key, expired, refresh] = SECRETS;
    let api = Api::builder(key).header("x-tenant", refresh).build().unwrap();
    let operation = RefreshSession::new("sess_1", expired, refresh, "https://app.example.com");
    assert_clean("Api", &format!("{api:?}"));
    assert_clean("ApiBuilder", &format!("{:?}", Api::builder(key).header("x-tenant", refresh)));
    assert_clean("RefreshSession", &format!("{operation:#?}"));
    let mut exchange = Caller::new(api.clone()).exchange(&operation).unwrap();
    assert_clean("Exchange", &format!("{exchange:?}"));
    let step = exchange.step(Duration::ZERO);
    assert!(matches!(step, Step::Send { .. }));
    assert_clean("Step", &format!("{step:#?}"));
    assert_clean("Exchange in flight", &format!("{exchange:?}"));

    let token: Token = serde_json::from_value(serde_json::json!({ "jwt": expired })).unwrap();
    assert_clean("Token", &format!("{token:#?}"));
    for answer in [serde_json::json!({ "jwt": expired }), serde_json::json!({ "cookies": [expired, refresh] })] {
        let refreshed: Refreshed = serde_json::from_value(answer).unwrap();
        assert_clean("Refreshed", &format!("{refreshed:#?}"));
    }

    let ureq = clerk_sessions_ureq::Client::new(api.clone(), UreqTransport::builder().build());
    assert_clean("the ureq client", &format!("{ureq:#?}"));
    let reqwest = ReqwestTransport::builder().build().unwrap();
    let reqwest = clerk_sessions_reqwest::Client::new(api, reqwest);
    assert_clean("the reqwest client", &format!("{reqwest:#?}"));
}
