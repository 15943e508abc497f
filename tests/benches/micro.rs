//! What the core costs without HTTP: encoding, decoding, and whole calls over an in-memory transport, each beside the same
//! by hand. `cargo bench -p clerk-sessions-tests --bench micro`

mod hand_written;

use clerk_sessions_core::operation::Operation;
use clerk_sessions_core::{
    Api, Client, CreateSession, CreateSessionToken, CreateSessionTokenFromTemplate, GetSession, ListSessions,
    RefreshSession, RevokeSession,
};
use clerk_sessions_tests::canned::{Canned, ERROR, SESSION, list, token};
use divan::{Bencher, black_box};
use hand_written::HEADERS;
use http::{Request, Response};

const SESSION_ID: &str = "sess_2aaaaaaaaaaaaaaaaaaaaaaaaaa";
const USER_ID: &str = "user_2aaaaaaaaaaaaaaaaaaaaaaaaaa";

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

#[divan::bench]
fn encode_get_by_hand_as_fast_as_can_be(bencher: Bencher<'_, '_>) {
    let prepared = hand_written::encode::Prepared::new();
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
    decode_by_hand::<hand_written::Session>(bencher, SESSION);
}

#[divan::bench]
fn decode_list_of_500(bencher: Bencher<'_, '_>) {
    decode::<ListSessions>(bencher, &list(500));
}

#[divan::bench]
fn decode_list_of_500_by_hand(bencher: Bencher<'_, '_>) {
    decode_by_hand::<Vec<hand_written::Session>>(bencher, &list(500));
}

#[divan::bench]
fn decode_token(bencher: Bencher<'_, '_>) {
    decode::<CreateSessionToken>(bencher, &token());
}

#[divan::bench]
fn decode_token_by_hand(bencher: Bencher<'_, '_>) {
    decode_by_hand::<hand_written::Token>(bencher, &token());
}

#[divan::bench]
fn decode_error(bencher: Bencher<'_, '_>) {
    let api = api();
    bencher
        .with_inputs(|| Response::builder().status(404).body(ERROR.as_bytes().to_vec()).unwrap())
        .bench_local_values(|response| api.parse::<GetSession>(response).unwrap_err());
}

fn exchange<O: Operation>(bencher: Bencher<'_, '_>, operation: &O, response: &str) {
    let client = Client::new(api(), Canned::ok(response));
    bencher.bench_local(|| client.call(black_box(operation)).unwrap());
}

#[divan::bench]
fn exchange_get_in_memory(bencher: Bencher<'_, '_>) {
    exchange(bencher, &GetSession::new(SESSION_ID), SESSION);
}

#[divan::bench]
fn exchange_create_token_in_memory(bencher: Bencher<'_, '_>) {
    exchange(bencher, &CreateSessionToken::new(SESSION_ID), &token());
}
