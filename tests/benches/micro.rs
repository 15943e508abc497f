//! Measures the core without HTTP: encoding, decoding and whole calls over an in-memory transport, some of them next to the same
//! work written by hand. Run it with `cargo bench -p clerk-sessions-tests --bench micro`.

use clerk_sessions_core::operation::Operation;
use clerk_sessions_core::{
    Api, Client, CreateSession, CreateSessionToken, CreateSessionTokenFromTemplate, GetSession, ListSessions,
    RefreshSession, RevokeSession,
};
use clerk_sessions_tests::by_hand::{self, HEADERS};
use clerk_sessions_tests::canned::{Canned, ERROR, SESSION, SESSION_ID, USER_ID, list, token};
use divan::{Bencher, black_box};
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri, uri};

fn main() {
    divan::main();
}

fn api() -> Api {
    Api::new("sk_test_2aaaaaaaaaaaaaaaaaaaaaaaaaa").unwrap()
}

fn encode<O: Operation>(bencher: Bencher<'_, '_>, operation: &O) {
    let api = api();
    bencher.bench_local(|| api.request(black_box(operation)).unwrap());
}

#[divan::bench]
fn encode_list(bencher: Bencher<'_, '_>) {
    encode(bencher, &ListSessions::new().user_id(USER_ID).limit(500));
}

#[divan::bench]
fn encode_create(bencher: Bencher<'_, '_>) {
    encode(bencher, &CreateSession::new(USER_ID));
}

#[divan::bench]
fn encode_get(bencher: Bencher<'_, '_>) {
    encode(bencher, &GetSession::new(SESSION_ID));
}

#[divan::bench]
fn encode_get_by_hand_with_a_builder(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| {
        let mut request = Request::get(format!("https://api.clerk.com/v1/sessions/{}", black_box(SESSION_ID)));
        for (name, value) in HEADERS {
            request = request.header(name, value);
        }
        request.body(Vec::<u8>::new()).unwrap()
    });
}

/// The fastest hand-written version that was found. It creates once what is the same in all requests.
struct Prepared {
    headers: HeaderMap,
    authority: Authority,
}

impl Prepared {
    fn new() -> Self {
        let named = |(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        let mut headers: HeaderMap = HEADERS.into_iter().map(named).collect();
        // The key and the host are not known at compile time.
        let mut key = HeaderValue::from_str(HEADERS[0].1).unwrap();
        key.set_sensitive(true);
        headers.insert(AUTHORIZATION, key);
        Self { headers, authority: "127.0.0.1:40000".parse().unwrap() }
    }

    fn get(&self, session_id: &str) -> Request<Vec<u8>> {
        let path = format!("/v1/sessions/{session_id}");
        let mut parts = uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::try_from(path).unwrap());
        let mut request = Request::new(Vec::new());
        *request.uri_mut() = Uri::from_parts(parts).unwrap();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

#[divan::bench]
fn encode_get_by_hand_as_fast_as_can_be(bencher: Bencher<'_, '_>) {
    let prepared = Prepared::new();
    bencher.bench_local(|| prepared.get(black_box(SESSION_ID)));
}

#[divan::bench]
fn encode_refresh(bencher: Bencher<'_, '_>) {
    let refresh = RefreshSession::new(SESSION_ID, "x".repeat(744), "refresh_2aaaaaaaaaaa", "https://app.example.com");
    encode(bencher, &refresh);
}

#[divan::bench]
fn encode_revoke(bencher: Bencher<'_, '_>) {
    encode(bencher, &RevokeSession::new(SESSION_ID));
}

#[divan::bench]
fn encode_create_token(bencher: Bencher<'_, '_>) {
    encode(bencher, &CreateSessionToken::new(SESSION_ID).expires_in_seconds(60));
}

#[divan::bench]
fn encode_create_token_from_template(bencher: Bencher<'_, '_>) {
    encode(bencher, &CreateSessionTokenFromTemplate::new(SESSION_ID, "hasura"));
}

fn decode<O: Operation>(bencher: Bencher<'_, '_>, body: &str) {
    let api = api();
    bencher
        .with_inputs(|| Response::new(body.as_bytes().to_vec()))
        .bench_local_values(|response| api.parse::<O>(response).unwrap());
}

fn decode_by_hand<T: serde::de::DeserializeOwned>(bencher: Bencher<'_, '_>, body: &str) {
    bencher
        .with_inputs(|| Response::new(body.as_bytes().to_vec()))
        .bench_local_values(|response| serde_json::from_slice::<T>(response.body()).unwrap());
}

#[divan::bench]
fn decode_session(bencher: Bencher<'_, '_>) {
    decode::<GetSession>(bencher, SESSION);
}

#[divan::bench]
fn decode_session_by_hand(bencher: Bencher<'_, '_>) {
    decode_by_hand::<by_hand::Session>(bencher, SESSION);
}

#[divan::bench]
fn decode_list_of_500(bencher: Bencher<'_, '_>) {
    decode::<ListSessions>(bencher, &list(500));
}

#[divan::bench]
fn decode_list_of_500_by_hand(bencher: Bencher<'_, '_>) {
    decode_by_hand::<Vec<by_hand::Session>>(bencher, &list(500));
}

#[divan::bench]
fn decode_token(bencher: Bencher<'_, '_>) {
    decode::<CreateSessionToken>(bencher, &token());
}

#[divan::bench]
fn decode_token_by_hand(bencher: Bencher<'_, '_>) {
    decode_by_hand::<by_hand::Token>(bencher, &token());
}

#[divan::bench]
fn decode_error(bencher: Bencher<'_, '_>) {
    let api = api();
    bencher
        .with_inputs(|| Response::builder().status(404).body(ERROR.as_bytes().to_vec()).unwrap())
        .bench_local_values(|response| api.parse::<GetSession>(response).unwrap_err());
}

fn call<O: Operation>(bencher: Bencher<'_, '_>, operation: &O, response: &str) {
    let client = Client::new(api(), Canned::ok(response));
    bencher.bench_local(|| client.call(black_box(operation)).unwrap());
}

#[divan::bench]
fn call_get_in_memory(bencher: Bencher<'_, '_>) {
    call(bencher, &GetSession::new(SESSION_ID), SESSION);
}

#[divan::bench]
fn call_create_token_in_memory(bencher: Bencher<'_, '_>) {
    call(bencher, &CreateSessionToken::new(SESSION_ID), &token());
}
