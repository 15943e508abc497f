//! Counts instructions with callgrind; the load of the machine does not change the counts. Each benchmark has a limit of 5 % above its
//! usual count, so that a regression fails. Run it with `cargo bench -p clerk-sessions-tests --bench instructions`.
//!
//! It needs valgrind, and `gungraun-runner` in the version of the `gungraun` dependency (`cargo install gungraun-runner`).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clerk_sessions_auth::UnverifiedToken;
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
#[bench::get_in_memory(args = (client()), config = about(18_329))]
fn call((client, operation): (Client<Canned>, GetSession)) -> (bool, Client<Canned>) {
    (client.call(&operation).is_ok(), client)
}

/// A session token of version 2, as of a member of an organization, after one like it was taken apart. Its signature is not valid.
fn session_token() -> String {
    let header = r#"{"alg":"RS256","cat":"cl_B7d4PD111AAA","kid":"ins_2aaaaaaaaaaaaaaaaaaaaaaaaaa","typ":"JWT"}"#;
    let claims = concat!(
        r#"{"azp":"https://app.example.com","exp":2147483647,"fea":"o:invoices,o:reports,u:beta","fva":[4,-1],"iat":1763880000,"#,
        r#""iss":"https://clerk.example.com","jti":"8f2c0a41d3b5e6f79a10","nbf":1763879990,"#,
        r#""o":{"fpm":"3,1","id":"org_2aaaaaaaaaaaaaaaaaaaaaaaaaa","per":"manage,read","rol":"admin","slg":"acme"},"#,
        r#""pla":"o:team","sid":"sess_2aaaaaaaaaaaaaaaaaaaaaaaaaa","sts":"active","sub":"user_2aaaaaaaaaaaaaaaaaaaaaaaaaa","v":2}"#
    );
    let [header, claims] = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    let token = format!("{header}.{claims}.{}", BASE64_URL_SAFE_NO_PAD.encode([0xa5; 256]));
    drop(UnverifiedToken::decode(&token).unwrap());
    token
}

// What a verification does besides the check of the signature, most of it. The check itself would be 95 % of the count.
#[library_benchmark]
#[bench::session(args = (session_token()), config = about(17_633))]
fn take_apart(token: String) -> (bool, String) {
    (UnverifiedToken::decode(&token).is_ok(), token)
}

library_benchmark_group!(name = core, benchmarks = [encode, decode, decode_list, decode_token, call]);
library_benchmark_group!(name = auth, benchmarks = [take_apart]);
main!(library_benchmark_groups = core, auth);
