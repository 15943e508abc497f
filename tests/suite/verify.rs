//! Verification of session tokens over real sockets with both adapters, and in process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clerk_sessions_auth::{
    Authenticator, AuthorizedParties, JwksVerifier, Reason, Rejected, Rules, Unavailable, Verified, Verifier,
};
use clerk_sessions_core::{Api, CallOptions, Client, CreateSessionToken, RetryPolicy};
use clerk_sessions_fake::{
    FakeClerk, FakeServer, InProcess, JwksContent, JwksResponse, ScriptedResponse, Seed, SeedSession,
};
use clerk_sessions_reqwest::{ReqwestTransport, auth as reqwest_auth};
use clerk_sessions_ureq::{UreqTransport, auth as ureq_auth};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::common::current_thread;

const ORIGIN: &str = "https://app.example.com";
/// What a request for the key set takes.
const SLOW: Duration = Duration::from_millis(300);
const CALLS: usize = 500;
const THREADS: usize = 32;

type Outcome = Result<Result<Verified, Rejected>, Unavailable>;

/// An authenticator of one of the adapters.
enum Subject {
    Ureq(ureq_auth::Authenticator),
    Reqwest(reqwest_auth::Authenticator, Runtime),
}

/// Where the keys come from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Keys {
    WithSecretKey,
    Public,
}

impl Subject {
    /// The authenticators of both adapters.
    fn both(server: &FakeServer, keys: Keys) -> [Self; 2] {
        let rules = || Rules::new(AuthorizedParties::list([ORIGIN]).unwrap());
        let ureq = UreqTransport::builder().no_proxy().build().unwrap();
        let reqwest = ReqwestTransport::builder().no_proxy().build().unwrap();
        let (ureq, reqwest) = match keys {
            Keys::WithSecretKey => {
                let api = Api::builder(server.secret_key()).base_url(server.base_url()).build().unwrap();
                let ureq = clerk_sessions_ureq::Client::new(api.clone(), ureq);
                let reqwest = clerk_sessions_reqwest::Client::new(api, reqwest);
                let ureq = ureq_auth::authenticator(&ureq, rules()).unwrap();
                (ureq, reqwest_auth::authenticator(&reqwest, rules()).unwrap())
            }
            Keys::Public => {
                let url = server.api_url();
                let of_ureq = JwksVerifier::public_at(&url, ureq_auth::crypto(), rules()).unwrap();
                let of_reqwest = JwksVerifier::public_at(&url, reqwest_auth::crypto(), rules()).unwrap();
                let ureq = ureq_auth::Authenticator::new(of_ureq, ureq);
                (ureq, reqwest_auth::Authenticator::new(of_reqwest, reqwest))
            }
        };
        [Self::Ureq(ureq), Self::Reqwest(reqwest, current_thread())]
    }

    /// Verifies all tokens at once: ureq with [`THREADS`] threads, reqwest with a task for each token.
    fn verify_all(&self, tokens: &[String]) -> Vec<Outcome> {
        match self {
            Self::Ureq(clerk) => thread::scope(|scope| {
                let parts = tokens.chunks(tokens.len().div_ceil(THREADS));
                let threads: Vec<_> = parts
                    .map(|part| scope.spawn(|| part.iter().map(|token| clerk.verify(token)).collect::<Vec<_>>()))
                    .collect();
                threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
            }),
            Self::Reqwest(clerk, runtime) => runtime.block_on(async {
                let spawn = |token: &String| {
                    let (clerk, token) = (clerk.clone(), token.clone());
                    tokio::spawn(async move { clerk.verify(&token).await })
                };
                let tasks: Vec<_> = tokens.iter().map(spawn).collect();
                let mut outcomes = Vec::new();
                for task in tasks {
                    outcomes.push(task.await.unwrap());
                }
                outcomes
            }),
        }
    }

    fn verify(&self, token: &str) -> Outcome {
        self.verify_all(&[token.to_owned()]).remove(0)
    }

    fn warm_up(&self) -> Result<(), Unavailable> {
        match self {
            Self::Ureq(clerk) => clerk.warm_up(),
            Self::Reqwest(clerk, runtime) => runtime.block_on(clerk.warm_up()),
        }
    }

    fn forget_keys(&self) {
        match self {
            Self::Ureq(clerk) => clerk.verifier().forget_keys(),
            Self::Reqwest(clerk, _) => clerk.verifier().forget_keys(),
        }
    }
}

/// A server whose key set takes [`SLOW`].
fn server() -> FakeServer {
    let mut seed = Seed { jwks_response: slow(), ..Seed::default() };
    seed.sessions.push(SeedSession::new("sess_1", "user_1"));
    FakeServer::start(FakeClerk::new(seed)).unwrap()
}

fn slow() -> JwksResponse {
    JwksResponse::slow(SLOW.as_millis() as u64)
}

/// Runs a test with both adapters and both sources of keys, each with a server of its own. They run at the same time, as they mostly
/// wait.
fn with_each(test: impl Fn(&FakeServer, &Subject, Keys) + Sync) {
    thread::scope(|scope| {
        for (keys, adapter) in
            [(Keys::WithSecretKey, 0), (Keys::WithSecretKey, 1), (Keys::Public, 0), (Keys::Public, 1)]
        {
            let test = &test;
            scope.spawn(move || {
                let server = server();
                let mut both = Subject::both(&server, keys).into_iter();
                test(&server, &both.nth(adapter).unwrap(), keys);
            });
        }
    });
}

/// A token that the current key signs, as the API mints one for [`ORIGIN`].
fn token(server: &FakeServer) -> String {
    token_with(server, json!({}))
}

/// The same with another header.
fn token_with(server: &FakeServer, header: serde_json::Value) -> String {
    let now = server.unix_time().as_secs();
    let claims = json!({
        "azp": ORIGIN, "exp": now + 60, "iat": now, "nbf": now - 10, "sid": "sess_1", "sts": "active", "sub": "user_1", "v": 2,
    });
    server.fake().sign_with_header(&header, &claims)
}

fn fetches(server: &FakeServer) -> u64 {
    server.fake().jwks_requests()
}

/// Whether the token is of the signed-in user.
fn is_signed_in(outcome: &Outcome) -> bool {
    matches!(outcome, Ok(Ok(Verified::SignedIn(claims))) if claims.user_id() == "user_1")
}

#[track_caller]
fn assert_signed_in(outcomes: &[Outcome]) {
    let lost: Vec<_> = outcomes.iter().filter(|outcome| !is_signed_in(outcome)).collect();
    assert!(lost.is_empty(), "{} of {} are not signed in, the first: {:?}", lost.len(), outcomes.len(), lost[0]);
}

#[test]
fn a_cold_start_with_500_requests_makes_one_fetch() {
    with_each(|server, subject, _| {
        let started = Instant::now();
        assert_signed_in(&subject.verify_all(&vec![token(server); CALLS]));
        assert!(started.elapsed() >= SLOW);
        assert_eq!(fetches(server), 1);
    });
}

#[test]
fn no_request_waits_for_keys_after_the_warm_up() {
    with_each(|server, subject, _| {
        subject.warm_up().unwrap();
        server.fake().set_jwks_response(JwksResponse::status(503));
        assert_signed_in(&subject.verify_all(&vec![token(server); CALLS]));
        subject.warm_up().unwrap();
        assert_eq!(fetches(server), 1);
    });
}

#[test]
fn a_rotation_of_keys_loses_no_request() {
    for keep_old in [true, false] {
        with_each(|server, subject, _| {
            let old = token(server);
            assert_signed_in(&[subject.verify(&old)]);
            server.fake().rotate_keys(keep_old);
            let new = token(server);
            let tokens: Vec<_> = (0..CALLS).map(|n| if keep_old && n % 2 == 0 { &old } else { &new }.clone()).collect();
            assert_signed_in(&subject.verify_all(&tokens));
            assert_eq!(fetches(server), 2);
            match subject.verify(&old) {
                Ok(Ok(Verified::SignedIn(_))) => assert!(keep_old, "the key is withdrawn"),
                Ok(Err(rejected)) => assert_eq!((rejected.reason(), keep_old), (Reason::JwkKidMismatch, false)),
                other => panic!("{other:?}"),
            }
            assert_eq!(fetches(server), 2);
        });
    }
}

#[test]
fn a_rotation_under_load_loses_no_request() {
    with_each(|server, subject, _| {
        subject.warm_up().unwrap();
        let is_rotated = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(50));
                server.fake().rotate_keys(true);
                is_rotated.store(true, Ordering::SeqCst);
            });
            let mut rounds_after = 0;
            while rounds_after < 3 {
                rounds_after += usize::from(is_rotated.load(Ordering::SeqCst));
                let tokens: Vec<_> = (0..THREADS).map(|_| token(server)).collect();
                assert_signed_in(&subject.verify_all(&tokens));
            }
        });
        assert_eq!(fetches(server), 2);
    });
}

#[test]
fn tokens_with_forged_key_ids_make_one_fetch() {
    with_each(|server, subject, _| {
        subject.warm_up().unwrap();
        let forged: Vec<_> = (0..100).map(|n| token_with(server, json!({ "kid": format!("ins_{n}") }))).collect();
        for outcome in subject.verify_all(&forged) {
            assert_eq!(outcome.unwrap().unwrap_err().reason(), Reason::JwkKidMismatch);
        }
        assert_eq!(fetches(server), 2);
        assert_signed_in(&[subject.verify(&token(server))]);
    });
}

#[test]
fn an_outage_is_an_error_of_its_own_and_ends() {
    with_each(|server, subject, _| {
        server.fake().set_jwks_response(JwksResponse::status(503));
        let good = token(server);
        let failed = subject.verify(&good).unwrap_err();
        assert_eq!(failed.code(), "jwk-remote-failed-to-load");
        assert_eq!(failed.error().status().map(|status| status.as_u16()), Some(503));
        assert!(!failed.to_string().contains(&good), "{failed}");

        // In the pause, all fail at once, and without a request.
        let requests = fetches(server);
        let started = Instant::now();
        let outcomes = subject.verify_all(&vec![good.clone(); CALLS]);
        if started.elapsed() < Duration::from_millis(800) {
            assert!(outcomes.iter().all(Result::is_err));
            assert_eq!(fetches(server), requests);
        }

        // A token that no key can make good is rejected all the same.
        let broken = subject.verify("not a token").unwrap().unwrap_err();
        assert_eq!(broken.reason(), Reason::TokenInvalid);

        server.fake().set_jwks_response(slow());
        thread::sleep(Duration::from_millis(1100));
        assert_signed_in(&subject.verify_all(&vec![good; CALLS]));
        assert_eq!(fetches(server), requests + 1);
    });
}

#[test]
fn keys_that_are_fresh_outlast_an_outage_and_a_new_key_id_does_not() {
    with_each(|server, subject, _| {
        let old = token(server);
        assert_signed_in(&[subject.verify(&old)]);
        server.fake().set_jwks_response(JwksResponse::empty());
        server.fake().rotate_keys(true);
        let unknown = subject.verify(&token(server));
        assert_eq!(unknown.unwrap_err().code(), "jwk-remote-failed-to-load", "nobody knows whether it is good");
        assert_signed_in(&subject.verify_all(&vec![old.clone(); CALLS]));
        subject.forget_keys();
        assert!(subject.verify(&old).is_err());
    });
}

#[test]
fn an_outage_says_how_long_to_wait() {
    let headers = [("Retry-After".to_owned(), "60".to_owned())].into();
    let limited = ScriptedResponse { headers, ..ScriptedResponse::new(429) };
    with_each(|server, subject, _| {
        let response = JwksResponse { content: JwksContent::Response(limited.clone()), delay_ms: 0 };
        server.fake().set_jwks_response(response);
        let failed = subject.verify(&token(server)).unwrap_err();
        assert_eq!(failed.retry_after(), Some(Duration::from_secs(60)));
        assert_eq!(fetches(server), 1);
    });
}

#[test]
fn a_refused_secret_key_is_an_outage_with_a_code_of_its_own() {
    let server = server();
    let api = Api::builder("sk_test_wrong").base_url(server.base_url()).build().unwrap();
    let client = clerk_sessions_ureq::Client::new(api, UreqTransport::builder().no_proxy().build().unwrap());
    let clerk = ureq_auth::authenticator(&client, Rules::new(AuthorizedParties::any())).unwrap();
    assert_eq!(clerk.verify(&token(&server)).unwrap_err().code(), "secret-key-invalid");
    assert_eq!(fetches(&server), 1, "it is not retried");
}

#[test]
fn a_server_that_is_gone_is_an_outage() {
    for keys in [Keys::WithSecretKey, Keys::Public] {
        let gone = server();
        let token = token(&gone);
        let subjects = Subject::both(&gone, keys);
        drop(gone);
        for subject in subjects {
            assert_eq!(subject.verify(&token).unwrap_err().code(), "jwk-remote-failed-to-load");
        }
    }
}

#[test]
fn only_the_route_of_the_backend_api_gets_the_secret_key() {
    with_each(|server, subject, keys| {
        subject.warm_up().unwrap();
        let requests = server.fake().take_requests();
        assert_eq!(requests.len(), 1);
        let authorization = requests[0].headers.get("authorization");
        match keys {
            Keys::WithSecretKey => {
                assert_eq!(requests[0].target, "/v1/jwks");
                assert_eq!(authorization.unwrap(), &*format!("Bearer {}", server.secret_key()));
            }
            Keys::Public => {
                assert_eq!((requests[0].target.as_str(), authorization), ("/.well-known/jwks.json", None));
                let all = format!("{:?}", requests[0].headers);
                assert!(!all.contains(&server.secret_key()), "{all}");
            }
        }
    });
}

#[test]
fn tokens_that_the_api_mints_are_verified() {
    with_each(|server, subject, _| {
        let api = Api::builder(server.secret_key()).base_url(server.base_url()).build().unwrap();
        let client = clerk_sessions_ureq::Client::new(api, UreqTransport::builder().no_proxy().build().unwrap());
        let minted = client.sessions().create_token(CreateSessionToken::new("sess_1").origin(ORIGIN)).unwrap();
        let verified = subject.verify(minted.jwt.expose()).unwrap().unwrap();
        let claims = verified.signed_in().unwrap();
        assert_eq!((claims.user_id(), claims.session_id()), ("user_1", Some("sess_1")));
        let elsewhere =
            client.sessions().create_token(CreateSessionToken::new("sess_1").origin("https://evil.example")).unwrap();
        let rejected = subject.verify(elsewhere.jwt.expose()).unwrap().unwrap_err();
        assert_eq!(rejected.reason(), Reason::TokenInvalidAuthorizedParties);
    });
}

/// 2026-05-12 00:00:00 UTC, where the clock of the fake stands still.
const FROZEN: i64 = 1_778_544_000_000;

fn frozen() -> InProcess {
    let mut seed = Seed { now: Some(FROZEN), ..Seed::default() };
    seed.sessions.push(SeedSession::new("sess_1", "user_1"));
    InProcess::new(FakeClerk::new(seed))
}

#[test]
fn in_process_time_stands_still_and_keys_rotate() {
    let transport = frozen();
    let api = Api::new(transport.fake().secret_key()).unwrap();
    let context = Client::new(api.clone(), transport.clone()).context().clone();
    let rules = Rules::new(AuthorizedParties::any());
    let verifier = JwksVerifier::new(context, ureq_auth::crypto(), rules).unwrap();
    let clerk = Authenticator::new(verifier.clone(), transport.clone());
    let mint = || Client::new(api.clone(), transport.clone()).sessions().create_token("sess_1").unwrap();

    let token = mint();
    assert!(is_signed_in(&clerk.verify(token.jwt.expose())));
    transport.advance_clock(64_999); // it lives for 60 s, and the clocks may differ by 5 s
    assert!(is_signed_in(&clerk.verify(token.jwt.expose())));
    transport.advance_clock(1);
    let expired = clerk.verify(token.jwt.expose()).unwrap().unwrap_err();
    assert_eq!(expired.to_string(), "token-expired: it expired 5 s ago (exp); a clock skew of 5s is allowed");

    transport.fake().rotate_keys(false);
    assert!(is_signed_in(&clerk.verify(mint().jwt.expose())));
    assert_eq!(transport.fake().jwks_requests(), 2);

    transport.fake().set_jwks_response(JwksResponse::status(503));
    verifier.forget_keys();
    let without_retries = verifier.with_options(CallOptions::new().retry(RetryPolicy::none()));
    let clerk = Authenticator::new(without_retries, transport.clone());
    assert_eq!(clerk.verify(mint().jwt.expose()).unwrap_err().code(), "jwk-remote-failed-to-load");
    assert_eq!(transport.fake().jwks_requests(), 3);
}

#[test]
fn the_pem_of_the_fake_verifies_any_claims_without_a_request() {
    let transport = frozen();
    let now = Duration::from_millis(FROZEN as u64);
    let claims = json!({ "sub": "user_1", "sid": "sess_1", "exp": now.as_secs() + 60, "sts": "pending" });
    let token = transport.fake().sign(&claims);
    let rules = || Rules::new(AuthorizedParties::any());
    let pem = transport.fake().pem();
    let jwks = transport.fake().jwks().to_string();
    for verifier in [
        Verifier::pem(&pem, ureq_auth::crypto(), rules()),
        Verifier::pem(&pem, reqwest_auth::crypto(), rules()),
        Verifier::jwks(&jwks, ureq_auth::crypto(), rules()),
    ] {
        let verified = verifier.unwrap().with_cache(100).verify(&token, now).unwrap();
        assert!(matches!(verified, Verified::Pending(_)));
        assert_eq!(verified.signed_in(), None);
    }
    assert_eq!(transport.fake().requests().len(), 0);
}
