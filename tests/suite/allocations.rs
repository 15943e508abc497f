//! Counts the allocations of calls. The numbers are exact, so a change that adds an allocation has to change the table.

use std::time::Duration;

use allocation_counter::measure;
use clerk_sessions_auth::{AuthorizedParties, AwsLcRs, JwksVerifier, Rules, Verifier};
use clerk_sessions_core::call::CallContext;
use clerk_sessions_core::operation::Operation;
use clerk_sessions_core::transport::drive;
use clerk_sessions_core::{
    Api, Client, CreateSession, CreateSessionToken, CreateSessionTokenFromTemplate, GetSession, ListSessions,
    RefreshSession, RevokeSession,
};
use clerk_sessions_fake::{FakeClerk, Seed};
use clerk_sessions_tests::canned::{Canned, ERROR, SESSION, SESSION_ID, USER_ID, list, token};
use http::Response;
use serde_json::json;

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

/// A program holds this future for each call in flight.
#[test]
fn the_future_of_a_call_over_reqwest_takes_less_than_3_kib() {
    let transport = clerk_sessions_reqwest::ReqwestTransport::builder().no_proxy().build().unwrap();
    let client = clerk_sessions_reqwest::Client::new(Api::new("sk_test_1").unwrap(), transport);
    let size = size_of_val(&client.sessions().get(SESSION_ID));
    println!("{size} bytes");
    assert!(size < 3 * 1024, "{size} bytes");
}

#[test]
fn verifying_a_session_token_makes_4_allocations_and_none_if_it_is_cached() {
    let fake = FakeClerk::new(Seed::default());
    let now = Duration::from_secs(1_800_000_000);
    let seconds = now.as_secs();
    let token = fake.sign(&json!({
        "azp": "https://app.example.com", "exp": seconds + 60, "fva": [4, -1], "iat": seconds, "iss": "https://clerk.example.com",
        "jti": "8f2c0a41d3b5e6f79a10", "nbf": seconds - 10, "sid": SESSION_ID, "sts": "active", "sub": USER_ID, "v": 2,
        "o": { "id": "org_1", "slg": "acme", "rol": "admin", "per": "read", "fpm": "1" },
    }));
    let rules = Rules::new(AuthorizedParties::list(["https://app.example.com"]).unwrap());
    // The first verification keeps the header, and the first with a cache keeps the token. These are not counted.
    let count = |verify: &dyn Fn()| {
        verify();
        measure(verify).count_total
    };

    // The payload, the signature, the claims, and the names of the claims that are only checked.
    let plain = Verifier::pem(&fake.pem(), AwsLcRs::new(), rules.clone()).unwrap();
    assert_eq!(count(&|| drop(plain.verify(&token, now).unwrap())), 4);

    let cached = plain.with_cache(8);
    assert_eq!(count(&|| drop(cached.verify(&token, now).unwrap())), 0);

    let context = CallContext::new(Api::new("sk_test_1").unwrap());
    let fetched = JwksVerifier::new(context, AwsLcRs::new(), rules).unwrap();
    let jwks = Canned::ok(fake.jwks().to_string());
    assert_eq!(count(&|| drop(drive(&jwks, fetched.verify(&token, now)).unwrap().unwrap())), 4);
}
