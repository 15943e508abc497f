//! A client for the unit tests, which calls a fake directly.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use http::{HeaderMap, Request};
use serde_json::Value;

use super::{FakeClerk, Handshake, Seed};

/// The time of the tests, in Unix milliseconds.
pub(super) const NOW: i64 = 1_778_544_000_000;

/// A fake, and its current time.
pub(super) struct Client {
    pub(super) fake: FakeClerk,
    pub(super) now: i64,
}

/// A response.
#[derive(Debug, PartialEq)]
pub(super) struct TestResponse {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// The body as JSON, or null.
    pub(super) json: Value,
}

impl Client {
    pub(super) fn new(seed: Seed) -> Client {
        let fake = FakeClerk::new(seed);
        Client { fake, now: NOW }
    }

    pub(super) fn demo() -> Client {
        Client::new(Seed::demo())
    }

    pub(super) fn get(&mut self, target: &str) -> TestResponse {
        let authorization = format!("Bearer {}", self.fake.secret_key());
        self.send("GET", target, &[("authorization", &authorization)], b"")
    }

    pub(super) fn post(&mut self, target: &str, body: &str) -> TestResponse {
        self.post_from(target, body, &[])
    }

    pub(super) fn post_from(&mut self, target: &str, body: &str, more: &[(&str, &str)]) -> TestResponse {
        let authorization = format!("Bearer {}", self.fake.secret_key());
        let mut headers =
            vec![("authorization", authorization.as_str()), ("content-type", "application/json; charset=utf-8")];
        headers.extend(more);
        self.send("POST", target, &headers, body.as_bytes())
    }

    pub(super) fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> TestResponse {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_vec()).unwrap();
        let (parts, body) = self.fake.handle(request, self.now).into_parts();
        TestResponse {
            status: parts.status.as_u16(),
            headers: parts.headers,
            json: serde_json::from_slice(&body).unwrap_or_default(),
            body,
        }
    }

    pub(super) fn handshake(&mut self, session_id: &str, origin: &str) -> Handshake {
        self.fake.handshake(session_id, origin, self.now).unwrap()
    }
}

impl TestResponse {
    pub(super) fn code(&self) -> &str {
        self.json["errors"][0]["code"].as_str().unwrap_or_default()
    }

    /// The ids in a list of sessions of either shape.
    pub(super) fn ids(&self) -> Vec<&str> {
        let list = self.json.get("data").unwrap_or(&self.json);
        let sessions = list.as_array().unwrap().iter();
        sessions.map(|s| s["id"].as_str().unwrap()).collect()
    }
}

/// The claims of a token, unverified.
pub(super) fn claims_of(jwt: &str) -> Value {
    let claims = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL.decode(claims).unwrap()).unwrap()
}
