//! Counts the allocations of calls. The numbers are exact, so a change that adds an allocation has to change the table.

use std::time::Duration;

use allocation_counter::measure;
use clerk_sessions_auth::{
    Authentication, AuthorizedParties, AwsLcRs, JwksVerifier, Outcome, RequestView, Rules, Verifier,
};
use clerk_sessions_core::call::{CallContext, Flow, Step};
use clerk_sessions_core::operation::Operation;
use clerk_sessions_core::{
    Api, Client, CreateSession, CreateSessionToken, CreateSessionTokenFromTemplate, GetSession, ListSessions,
    RefreshSession, RevokeSession,
};
use clerk_sessions_tests::canned::{Canned, ERROR, SESSION, SESSION_ID, USER_ID, list, token};
use http::Response;
use serde_json::json;

use crate::requests::network::{drive, json as response};
use crate::requests::tokens::{HashCrypto, header, key_set, signed};
use crate::signing::{Signer, claims, rules};

fn refresh() -> RefreshSession {
    let jwt = "x".repeat(744);
    RefreshSession::new(SESSION_ID, jwt, "refresh_2aaaaaaaaaaaaaaaaaaaaaaaaaa", "https://app.example.com")
}

/// The number of allocations for encoding the operation, for parsing its response, and for the whole call over an in-memory
/// transport, without those of the canned response.
fn counts<O: Operation>(operation: &O, response: &str) -> [u64; 3] {
    let api = Api::new("sk_test_2aaaaaaaaaaaaaaaaaaaaaaaaaa").unwrap();
    let canned = Canned::ok(response);
    let client = Client::new(api.clone(), canned.clone());
    // The first call does the one-time initialization, which is not counted.
    client.call(operation).unwrap();
    let encode = measure(|| drop(api.request(operation).unwrap())).count_total;
    let response = canned.response();
    let decode = measure(|| drop(api.parse::<O>(response).unwrap())).count_total;
    let of_response = measure(|| drop(canned.response())).count_total;
    let call = measure(|| drop(client.call(operation).unwrap())).count_total - of_response;
    [encode, decode, call]
}

#[test]
fn each_call_makes_the_allocations_in_the_table() {
    let (sessions, token) = (list(500), token());
    let list = ListSessions::new().user_id(USER_ID).limit(500);
    let template = CreateSessionTokenFromTemplate::new(SESSION_ID, "hasura").expires_in_seconds(60);
    #[rustfmt::skip]
    let table = [
        //                                                                                  encode, decode, call
        ("list", counts(&list, &sessions), [4, 6008, 6013]),
        ("create", counts(&CreateSession::new(USER_ID), SESSION), [4, 12, 17]),
        ("get", counts(&GetSession::new(SESSION_ID), SESSION), [3, 12, 16]),
        ("refresh", counts(&refresh(), &token), [4, 2, 7]),
        ("revoke", counts(&RevokeSession::new(SESSION_ID), SESSION), [3, 12, 16]),
        ("create_token", counts(&CreateSessionToken::new(SESSION_ID), &token), [4, 2, 7]),
        ("create_token_from_template", counts(&template, &token), [4, 2, 7]),
    ];
    for (name, counted, expected) in table {
        assert_eq!(counted, expected, "{name}: encode, decode, call");
    }
}

#[test]
fn decoding_an_error_makes_30_allocations() {
    let api = Api::new("sk_test_1").unwrap();
    let response = Response::builder().status(404).body(ERROR.as_bytes().to_vec()).unwrap();
    let count = measure(|| drop(api.parse::<GetSession>(response).unwrap_err())).count_total;
    assert_eq!(count, 30);
}

#[test]
fn decoding_a_list_of_500_takes_at_most_three_times_the_size_of_its_body() {
    let body = list(500).into_bytes();
    let length = body.len() as u64;
    let api = Api::new("sk_test_1").unwrap();
    let beyond_the_body = measure(|| drop(api.parse::<ListSessions>(Response::new(body)).unwrap())).bytes_max;
    println!("{length} bytes, peak {}", length + beyond_the_body);
    assert!(length + beyond_the_body <= 3 * length, "{beyond_the_body} bytes besides the {length} of the body");
}

/// Authenticates requests for pages at one time, and counts the requests to Clerk.
struct Pages {
    app: Authentication,
    sent: u32,
}

impl Pages {
    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn new() -> Self {
        let rules = Rules::new(AuthorizedParties::list(["https://app.example.com"]).unwrap());
        let api = CallContext::new(Api::new("sk_test_1").unwrap());
        let app = Authentication::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", rules).api(api);
        Self { app: app.build(HashCrypto::new()).unwrap(), sent: 0 }
    }

    fn token(key: &str) -> String {
        let (now, mut header) = (Self::NOW.as_secs(), header());
        header["kid"] = json!(key);
        let claims = json!({
            "azp": "https://app.example.com", "exp": now + 60, "iat": now, "iss": "https://clerk.example.com", "nbf": now - 10,
            "sid": "sess_1", "sts": "active", "sub": "user_1", "v": 2,
        });
        signed(&header, &claims)
    }

    fn visit(&mut self, cookies: &str) -> Outcome {
        let request = RequestView::new("GET", "https", "/invoices?year=2026")
            .header("host", "app.example.com")
            .header("sec-fetch-dest", "document")
            .header("cookie", cookies);
        let flow = self.app.browser(&request, Self::NOW).unwrap();
        let sent = &mut self.sent;
        let outcome = drive(flow, &mut Duration::from_secs(1), |_, _| {
            *sent += 1;
            Some(response(200, key_set()))
        });
        outcome.unwrap()
    }
}

#[test]
fn a_warm_signed_in_page_makes_18_allocations() {
    let mut pages = Pages::new();
    let cookies = format!("__session={}; __client_uat=1", Pages::token("ins_1"));
    assert!(pages.visit(&cookies).signed_in().is_some());
    let count = measure(|| drop(pages.visit(&cookies))).count_total;
    assert_eq!((count, pages.sent), (18, 1));
}

#[test]
fn strangers_cause_no_requests_to_clerk() {
    let mut pages = Pages::new();
    for cookies in ["", "theme=dark", "__session=not.a.token; __client_uat=1", "__session=x; __client_uat=0"] {
        assert!(pages.visit(cookies).signed_in().is_none());
    }
    assert_eq!(pages.sent, 0);
    // The first unknown key is looked up: it may be new.
    for key in ["ins_2", "ins_3", "ins_4"] {
        let cookies = format!("__session={}; __client_uat=1", Pages::token(key));
        assert_eq!(pages.visit(&cookies).reason(), Some("jwk-kid-mismatch"));
    }
    let after_one_look = pages.sent;
    for number in 0..1000 {
        let cookies = format!("__session={}; __client_uat=1", Pages::token(&format!("forged_{number}")));
        assert_eq!(pages.visit(&cookies).reason(), Some("jwk-kid-mismatch"));
    }
    assert_eq!((after_one_look, pages.sent), (2, 2));
}

/// A program holds this future for each call in flight.
#[test]
fn the_future_of_a_call_over_reqwest_takes_less_than_3_kib() {
    let transport = clerk_sessions_reqwest::ReqwestTransport::builder().no_proxy().build().unwrap();
    let client = clerk_sessions_reqwest::Client::new(Api::new("sk_test_1").unwrap(), transport);
    let size = size_of_val(&client.sessions().get(SESSION_ID));
    println!("{size} bytes");
    assert!(size < 3 * 1024, "{size} bytes");
}

/// The work of a back end for each request. A token of usual size, with an organization.
#[test]
fn verifying_a_token_makes_the_allocations_in_the_table() {
    let (signer, other) = (Signer::new("ins_1"), Signer::new("ins_1"));
    let (now, header) = (std::time::Duration::from_secs(1_700_000_000), signer.header().to_string());
    let payload = claims(now.as_secs(), now.as_secs() + 60).to_string();
    let (token, forged) = (signer.sign(&header, &payload), other.sign(&header, &payload));
    let jwks = json!({ "keys": [signer.jwk("ins_1")] }).to_string();
    let verifier = Verifier::jwks(&jwks, AwsLcRs::new(), rules()).unwrap();
    let cached = verifier.clone().with_cache(16);
    // The first verification keeps the header, and with a cache the token.
    for verifier in [&verifier, &cached] {
        verifier.verify(&token, now).unwrap().signed_in().unwrap();
    }

    let fetching =
        JwksVerifier::new(CallContext::new(Api::new("sk_test_1").unwrap()), AwsLcRs::new(), rules()).unwrap();
    let flow = || {
        let mut flow = fetching.verify(&token, now);
        if let Step::Send { .. } = flow.step(now) {
            flow.on_response(Response::new(jwks.clone().into_bytes()), now);
            assert!(matches!(flow.step(now), Step::Done));
        }
        drop(flow.finish().unwrap().unwrap());
    };
    flow();
    #[rustfmt::skip]
    let table = [
        ("verify", measure(|| drop(verifier.verify(&token, now).unwrap())).count_total, 3),
        ("verify as a flow, with keys", measure(flow).count_total, 3),
        ("verify, from the cache", measure(|| drop(cached.verify(&token, now).unwrap())).count_total, 0),
        ("reject a signature", measure(|| drop(verifier.verify(&forged, now).unwrap_err())).count_total, 3),
        ("reject another text", measure(|| drop(verifier.verify("x.y", now).unwrap_err())).count_total, 0),
    ];
    for (name, counted, expected) in table {
        assert_eq!(counted, expected, "{name}");
    }
}
