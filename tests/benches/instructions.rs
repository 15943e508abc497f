//! Counts instructions with callgrind; the load of the machine does not change the counts. Each benchmark has a limit of 5 % above its
//! usual count, so that a regression fails. Run it with `cargo bench -p clerk-sessions-tests --bench instructions`.
//!
//! It needs valgrind, and `gungraun-runner` in the version of the `gungraun` dependency (`cargo install gungraun-runner`).

use clerk_sessions_core::operation::Operation;
use clerk_sessions_core::{
    Api, Client, CreateSession, CreateSessionToken, CreateSessionTokenFromTemplate, GetSession, ListSessions,
    RefreshSession, RevokeSession,
};
use clerk_sessions_tests::canned::{Canned, ERROR, SESSION, SESSION_ID, USER_ID, list, token};
use gungraun::{Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use http::{Request, Response};

/// A limit of 5 % above this number of instructions.
fn about(instructions: u64) -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(Callgrind::default().hard_limits([(EventKind::Ir, instructions + instructions / 20)]));
    config
}

/// An operation, and an API that has already encoded it, so that one-time initialization is not counted.
fn warm<O: Operation>(operation: O) -> (Api, O) {
    let api = Api::new("sk_test_2aaaaaaaaaaaaaaaaaaaaaaaaaa").unwrap();
    drop(api.request(&operation).unwrap());
    (api, operation)
}

fn get() -> (Api, GetSession) {
    warm(GetSession::new(SESSION_ID))
}

fn create() -> (Api, CreateSession) {
    warm(CreateSession::new(USER_ID))
}

fn list_of_user() -> (Api, ListSessions) {
    warm(ListSessions::new().user_id(USER_ID).limit(500))
}

fn refresh() -> (Api, RefreshSession) {
    warm(RefreshSession::new(SESSION_ID, "x".repeat(744), "refresh_2aaaaaaaaaaa", "https://app.example.com"))
}

fn revoke() -> (Api, RevokeSession) {
    warm(RevokeSession::new(SESSION_ID))
}

fn create_token() -> (Api, CreateSessionToken) {
    warm(CreateSessionToken::new(SESSION_ID).expires_in_seconds(60))
}

fn from_template() -> (Api, CreateSessionTokenFromTemplate) {
    warm(CreateSessionTokenFromTemplate::new(SESSION_ID, "hasura"))
}

#[library_benchmark]
#[bench::list(args = (list_of_user()), config = about(3_013))]
#[bench::create(args = (create()), config = about(2_886))]
#[bench::get(args = (get()), config = about(2_479))]
#[bench::refresh(args = (refresh()), config = about(18_645))]
#[bench::revoke(args = (revoke()), config = about(2_619))]
#[bench::create_token(args = (create_token()), config = about(3_369))]
#[bench::create_token_from_template(args = (from_template()), config = about(3_051))]
fn encode<O: Operation>((api, operation): (Api, O)) -> (Request<Vec<u8>>, Api, O) {
    (api.request(&operation).unwrap(), api, operation)
}

/// A response, and an API that has already parsed the same response.
fn response<O: Operation>(status: u16, body: &str) -> (Api, Response<Vec<u8>>) {
    let (api, _) = get();
    let response = || Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap();
    drop(api.parse::<O>(response()));
    (api, response())
}

#[library_benchmark]
#[bench::session(args = (response::<GetSession>(200, SESSION)), config = about(16_137))]
#[bench::error(args = (response::<GetSession>(404, ERROR)), config = about(18_710))]
fn decode((api, response): (Api, Response<Vec<u8>>)) -> bool {
    api.parse::<GetSession>(response).is_ok()
}

#[library_benchmark]
#[bench::sessions(args = (response::<ListSessions>(200, &list(500))), config = about(8_410_195))]
fn decode_list((api, response): (Api, Response<Vec<u8>>)) -> bool {
    api.parse::<ListSessions>(response).is_ok()
}

#[library_benchmark]
#[bench::token(args = (response::<CreateSessionToken>(200, &token())), config = about(5_677))]
fn decode_token((api, response): (Api, Response<Vec<u8>>)) -> bool {
    api.parse::<CreateSessionToken>(response).is_ok()
}

/// A client over an in-memory transport that has already made the call.
fn client() -> (Client<Canned>, GetSession) {
    let (api, operation) = get();
    let client = Client::new(api, Canned::ok(SESSION));
    client.call(&operation).unwrap();
    (client, operation)
}

#[library_benchmark]
#[bench::get_in_memory(args = (client()), config = about(19_951))]
fn call((client, operation): (Client<Canned>, GetSession)) -> (bool, Client<Canned>) {
    (client.call(&operation).is_ok(), client)
}

library_benchmark_group!(name = core, benchmarks = [encode, decode, decode_list, decode_token, call]);
main!(library_benchmark_groups = core);
