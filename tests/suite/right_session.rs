//! A response for another session than the requested one is an error, over every transport.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clerk_sessions_core::call::CallContext;
use clerk_sessions_core::operation::Operation as _;
use clerk_sessions_core::transport::{Transport, drive};
use clerk_sessions_core::{
    Api, Client, CreateSession, CreateSessionToken, CreateSessionTokenFromTemplate, Error, GetSession, ListSessions,
    RefreshSession, RevokeAll, RevokeSession, TokenFormat, TransportError, registry,
};
use clerk_sessions_fake::{FakeClerk, InProcess, Seed};
use clerk_sessions_reqwest::ReqwestTransport;
use clerk_sessions_ureq::UreqTransport;
use http::{Request, Response, Uri};
use serde_json::{Value, json};

use crate::common::current_thread;

const KEY: &str = "sk_test_1";
const ORIGIN: &str = "https://app.example.com";

/// A FakeClerk that responds to every second request as if it were for the other session and user.
#[derive(Clone)]
struct MixedUp {
    inner: InProcess,
    requests: Arc<AtomicUsize>,
    clock: Instant,
}

impl MixedUp {
    fn new() -> Self {
        let session = |id, user| json!({ "id": id, "user_id": user, "client_id": "client_1" });
        let seed = json!({
            "secret_keys": [KEY], "users": ["user_a", "user_b"], "templates": ["plain"],
            "sessions": [session("sess_a", "user_a"), session("sess_b", "user_b")],
        });
        let seed: Seed = serde_json::from_value(seed).unwrap();
        Self { inner: InProcess::new(FakeClerk::new(seed)), requests: Arc::default(), clock: Instant::now() }
    }

    fn respond(&self, request: Request<Vec<u8>>) -> Response<Vec<u8>> {
        let is_mixed_up = self.requests.fetch_add(1, Ordering::SeqCst) % 2 == 1;
        let request = if is_mixed_up { self.swapped(request) } else { request };
        Transport::send(&self.inner, request, Duration::MAX).unwrap()
    }

    /// Whether the last response was for the other session and user.
    fn has_mixed_up(&self) -> bool {
        self.requests.load(Ordering::SeqCst) % 2 == 0
    }

    fn swapped(&self, request: Request<Vec<u8>>) -> Request<Vec<u8>> {
        let (mut head, body) = request.into_parts();
        let uri = swap(&head.uri.to_string());
        head.uri = uri.parse::<Uri>().unwrap();
        if !uri.contains("/refresh") {
            return Request::from_parts(head, swap(std::str::from_utf8(&body).unwrap()).into_bytes());
        }
        // The other session is refreshed with the tokens of its own browser.
        let other = if uri.contains("sess_a") { "sess_a" } else { "sess_b" };
        let handshake = self.inner.handshake(other, ORIGIN).unwrap();
        let mut body: Value = serde_json::from_slice(&body).unwrap();
        body["expired_token"] = handshake.expired_token.into();
        body["refresh_token"] = handshake.refresh_token.into();
        Request::from_parts(head, body.to_string().into_bytes())
    }

    /// Serves this on a loopback socket until the process ends. Returns the base URL.
    fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let server = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                std::thread::spawn(move || server.serve_connection(stream));
            }
        });
        url
    }

    fn serve_connection(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some(request) = read_request(&mut reader) {
            let response = self.respond(request);
            let head = format!("HTTP/1.1 {}\r\ncontent-length: {}\r\n\r\n", response.status(), response.body().len());
            let message = [head.as_bytes(), response.body()].concat();
            if reader.get_mut().write_all(&message).is_err() {
                return;
            }
        }
    }
}

fn swap(text: &str) -> String {
    ["sess", "user"].iter().fold(text.to_owned(), |text, kind| {
        let [a, b, kept] = ["a", "b", "\0"].map(|name| format!("{kind}_{name}"));
        text.replace(&a, &kept).replace(&b, &a).replace(&kept, &b)
    })
}

/// The next request of a connection, or `None` at its end.
fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Request<Vec<u8>>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&length| length > 0)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let (first, headers) = lines.split_first()?;
    let mut words = first.split(' ');
    let mut request = Request::builder().method(words.next()?).uri(words.next()?);
    let mut length = 0;
    for (name, value) in headers.iter().filter_map(|line| line.split_once(": ")) {
        request = request.header(name, value);
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body(body).ok()
}

impl Transport for MixedUp {
    fn send(&self, request: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        Ok(self.respond(request))
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    fn now(&self) -> Duration {
        self.clock.elapsed()
    }
}

/// Every operation on a session or a user, its parameters for `sess_a` and `user_a`, and a part of the expected error message.
fn operations(server: &MixedUp) -> Vec<(&'static str, Value, &'static str)> {
    let refresh = |format: &str| {
        let handshake = server.inner.handshake("sess_a", ORIGIN).unwrap();
        let (expired, token) = (handshake.expired_token, handshake.refresh_token);
        let all = json!({ "session_id": "sess_a", "expired_token": expired, "refresh_token": token });
        let mut all = all.as_object().unwrap().clone();
        all.extend([("request_origin".to_owned(), ORIGIN.into()), ("format".to_owned(), format.into())]);
        Value::Object(all)
    };
    let sid = "at jwt: is a token of another session than the one asked for";
    vec![
        ("GetSession", json!({ "session_id": "sess_a" }), "at id: is another session than the one asked for"),
        ("createSession", json!({ "user_id": "user_a" }), "at user_id: is another user than the one asked for"),
        ("GetSessionList", json!({ "user_id": "user_a" }), "at [0].user_id: is another user than the one asked for"),
        ("CreateSessionToken", json!({ "session_id": "sess_a" }), sid),
        ("CreateSessionToken", json!({ "session_id": "sess_a", "expires_in_seconds": 600 }), sid),
        ("RefreshSession", refresh("token"), sid),
        ("RefreshSession", refresh("cookie"), "is a token of another session than the one asked for"),
        ("RevokeSession", json!({ "session_id": "sess_a" }), "at id: is another session than the one asked for"),
    ]
}

/// Calls each operation twice: once the response is correct, and once it is for the other session or user.
fn check(server: &MixedUp, mut call: impl FnMut(&str, &Value) -> Result<Value, Error>) {
    let mut mixed_up = 0;
    for turn in 0..2 {
        // The first response of the first round is correct, and the first response of the second round is not.
        server.inner.fake().reset();
        server.requests.store(turn, Ordering::SeqCst);
        for (operation, parameters, message) in operations(server) {
            let result = call(operation, &parameters);
            if server.has_mixed_up() {
                mixed_up += 1;
                let error = result.expect_err(operation);
                assert!(matches!(error, Error::Decode(_)), "{operation}: {error}");
                assert!(error.to_string().contains(message), "{operation}: {error}");
                assert!(!error.is_retryable() && error.body().is_some(), "{operation}");
            } else {
                result.unwrap_or_else(|error| panic!("{operation}: {error}"));
            }
        }
    }
    assert_eq!(mixed_up, operations(server).len());
}

/// Calls an operation by name through the typed client.
fn call_typed<T: Transport>(client: &Client<T>, operation: &str, parameters: &Value) -> Result<Value, Error> {
    fn to<O: serde::de::DeserializeOwned>(parameters: &Value) -> O {
        serde_json::from_value(parameters.clone()).unwrap()
    }
    let done = match operation {
        "GetSession" => client.call(&to::<GetSession>(parameters)).map(drop),
        "createSession" => client.call(&to::<CreateSession>(parameters)).map(drop),
        "GetSessionList" => client.call(&to::<ListSessions>(parameters)).map(drop),
        "CreateSessionToken" => client.call(&to::<CreateSessionToken>(parameters)).map(drop),
        "RefreshSession" => client.call(&to::<RefreshSession>(parameters)).map(drop),
        "RevokeSession" => client.call(&to::<RevokeSession>(parameters)).map(drop),
        _ => unreachable!("{operation}"),
    };
    done.map(|()| Value::Null)
}

#[test]
fn a_response_for_another_session_is_an_error_in_process() {
    let server = MixedUp::new();
    let client = Client::new(Api::new(KEY).unwrap(), server.clone());
    check(&server, |operation, parameters| call_typed(&client, operation, parameters));
}

#[test]
fn a_response_for_another_session_is_an_error_through_the_registry() {
    let server = MixedUp::new();
    let context = CallContext::new(Api::new(KEY).unwrap());
    check(&server, |operation, parameters| {
        let call = registry::call(&context, operation, parameters.to_string().as_bytes())?;
        drive(&server, call).map(|response| serde_json::from_slice(response.body()).unwrap())
    });
}

#[test]
fn a_response_for_another_session_is_an_error_over_ureq() {
    let server = MixedUp::new();
    let api = Api::builder(KEY).base_url(server.serve()).build().unwrap();
    let client = Client::new(api, UreqTransport::builder().no_proxy().build().unwrap());
    check(&server, |operation, parameters| call_typed(&client, operation, parameters));
}

#[test]
fn a_response_for_another_session_is_an_error_over_reqwest() {
    let server = MixedUp::new();
    let api = Api::builder(KEY).base_url(server.serve()).build().unwrap();
    let client = clerk_sessions_core::AsyncClient::new(api, ReqwestTransport::builder().no_proxy().build().unwrap());
    let runtime = current_thread();
    let context = client.context().clone();
    check(&server, |operation, parameters| {
        let call = registry::call(&context, operation, parameters.to_string().as_bytes())?;
        let response = runtime.block_on(clerk_sessions_core::transport::drive_async(client.transport(), call))?;
        Ok(serde_json::from_slice(response.body()).unwrap())
    });
}

#[test]
fn sessions_of_another_user_are_not_revoked() {
    let server = MixedUp::new();
    let client = Client::new(Api::new(KEY).unwrap(), server.clone());
    server.requests.store(1, Ordering::SeqCst);
    let error = client.sessions().revoke_all(RevokeAll::of_user("user_a")).unwrap_err();
    assert!(error.to_string().contains("is another user than the one asked for"), "{error}");
    let requests = server.inner.fake().take_requests();
    assert_eq!(requests.len(), 1, "only the list was requested: {requests:?}");
}

#[test]
fn a_token_without_a_session_id_is_returned() {
    let server = MixedUp::new();
    let client = Client::new(Api::new(KEY).unwrap(), server.clone());
    // The token is for the other session, but tokens from templates have no `sid`.
    server.requests.store(1, Ordering::SeqCst);
    client.call(&CreateSessionTokenFromTemplate::new("sess_a", "plain")).unwrap();
    assert!(server.has_mixed_up());
    let handshake = server.inner.handshake("sess_a", ORIGIN).unwrap();
    server.requests.store(0, Ordering::SeqCst);
    let (expired, token) = (handshake.expired_token.as_str(), handshake.refresh_token.as_str());
    let refresh = RefreshSession::new("sess_a", expired, token, ORIGIN).format(TokenFormat::Cookie);
    assert!(!client.call(&refresh).unwrap().cookies().is_empty());
}

#[test]
fn comparing_ids_allocates_nothing() {
    let server = MixedUp::new();
    let client = Client::new(Api::new(KEY).unwrap(), server.clone());
    let operation = CreateSessionToken::new("sess_a");
    let token = client.call(&operation).unwrap();
    let refreshed = serde_json::json!({ "cookies": [format!("__session={}; Path=/", token.jwt.expose())] });
    let refreshed = serde_json::from_value(refreshed).unwrap();
    let refresh = RefreshSession::new("sess_a", "a", "b", "c");
    let count = allocation_counter::measure(|| {
        operation.check(&token).unwrap();
        refresh.check(&refreshed).unwrap();
    });
    assert_eq!(count.count_total, 0);
    assert!(CreateSessionToken::new("sess_b").check(&token).is_err(), "the token has a sid");
}
