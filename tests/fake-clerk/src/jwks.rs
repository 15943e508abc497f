//! The response to a request for the key set, which tests can make empty, broken, slow or an error.

#![allow(clippy::exhaustive_structs, reason = "tests write these as literals")]

use std::time::Duration;

use http::{HeaderValue, Response, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ScriptedResponse;
use super::errors::json_response;
use super::keys::KeyRing;

/// The beginning of a key set, where the connection might have broken off.
const BROKEN: &[u8] = br#"{"keys":[{"use":"sig","kty":"RSA","#;

/// How FakeClerk responds to requests for the key set, `GET /v1/jwks` and `GET /.well-known/jwks.json`.
///
/// By default it responds at once, with the keys. In JSON, every field is optional, and unknown fields are refused.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct JwksResponse {
    /// What is sent; default [`JwksContent::Keys`].
    pub content: JwksContent,
    /// The time from the request to the response, in milliseconds; default 0. See [`ResponseDelay`].
    pub delay_ms: u64,
}

/// What FakeClerk sends as the key set.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JwksContent {
    /// The key set.
    #[default]
    Keys,
    /// A key set without keys.
    Empty,
    /// A body that ends in the middle of the key set, with the status 200.
    Broken,
    /// This response, unchanged: an error, or a key set of your own. It is sent to every request, before the secret key is checked.
    Response(ScriptedResponse),
}

impl JwksResponse {
    /// The key set without keys: `{"keys":[]}`.
    #[must_use]
    pub fn empty() -> JwksResponse {
        JwksResponse { content: JwksContent::Empty, delay_ms: 0 }
    }

    /// A body that is not JSON, with the status 200.
    #[must_use]
    pub fn broken() -> JwksResponse {
        JwksResponse { content: JwksContent::Broken, delay_ms: 0 }
    }

    /// A response with this status and an empty body, such as 503 for a server that is down.
    #[must_use]
    pub fn status(status: u16) -> JwksResponse {
        JwksResponse { content: JwksContent::Response(ScriptedResponse::new(status)), delay_ms: 0 }
    }

    /// The keys, this many milliseconds after the request.
    #[must_use]
    pub fn slow(delay_ms: u64) -> JwksResponse {
        JwksResponse { delay_ms, ..JwksResponse::default() }
    }

    /// The time from the request to the response, unless it is zero.
    pub(super) fn delay(&self) -> Option<ResponseDelay> {
        Some(ResponseDelay(Duration::from_millis(self.delay_ms))).filter(|delay| !delay.0.is_zero())
    }
}

impl JwksContent {
    /// The response to a request that was not refused.
    pub(super) fn respond(&self, keys: KeyRing) -> Response<Vec<u8>> {
        match self {
            JwksContent::Keys => json_response(StatusCode::OK, &keys.key_set()),
            JwksContent::Empty => json_response(StatusCode::OK, &json!({ "keys": [] })),
            JwksContent::Broken => {
                let mut response = Response::new(BROKEN.to_vec());
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            JwksContent::Response(response) => response.clone().into_response(),
        }
    }
}

/// The time that passes before a response is sent: an extension of the responses of [`FakeClerk::handle`](super::FakeClerk::handle).
///
/// `handle` does not sleep. `FakeServer` and `InProcess` do, and serve other requests in the meantime. The response holds the keys at the time
/// of the request.
///
/// ```
/// use clerk_sessions_fake::{FakeClerk, JwksResponse, ResponseDelay, Seed};
///
/// let mut fake = FakeClerk::new(Seed::default());
/// fake.set_jwks_response(JwksResponse::slow(300));
/// let request = http::Request::get("/.well-known/jwks.json").body(Vec::new())?;
/// let response = fake.handle(request, 0);
/// assert_eq!(response.extensions().get::<ResponseDelay>().unwrap().0.as_millis(), 300);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseDelay(pub Duration);

impl ResponseDelay {
    /// The delay of a response, or zero.
    #[cfg(any(feature = "server", feature = "transport"))]
    pub(super) fn of<B>(response: &Response<B>) -> Duration {
        response.extensions().get::<ResponseDelay>().map_or(Duration::ZERO, |delay| delay.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Client, NOW, TestResponse};
    use super::super::{RateLimit, Seed};
    use super::*;

    const PATH: &str = "/v1/jwks";
    const PUBLIC: &str = "/.well-known/jwks.json";

    /// The responses of both routes, of which the public one gets no secret key.
    fn both(client: &mut Client) -> [TestResponse; 2] {
        [client.get(PATH), client.send("GET", PUBLIC, &[], b"")]
    }

    #[test]
    fn both_routes_serve_the_keys_and_only_one_needs_a_secret_key() {
        let rate_limit = Some(RateLimit { requests: 0, per_ms: 1000 });
        let mut client = Client::new(Seed { rate_limit, ..Seed::default() });
        for response in both(&mut client) {
            assert_eq!((response.status, &response.json), (200, &client.fake.jwks()));
            assert_eq!(response.headers["content-type"], "application/json");
        }
        assert_eq!(client.send("GET", PATH, &[], b"").status, 401);
        for headers in [&[("authorization", "Bearer sk_wrong")], &[("clerk-api-version", "1999-01-01")]] {
            assert_eq!(client.send("GET", PUBLIC, headers, b"").status, 200);
        }
        assert_eq!(
            client.send("GET", "http://fake.clerk.accounts.dev/.well-known/jwks.json?a=b", &[], b"").status,
            200
        );
        for method in ["POST", "PUT", "HEAD", "OPTIONS"] {
            let response = client.send(method, PUBLIC, &[], b"");
            assert_eq!((response.status, &response.headers["allow"]), (405, &HeaderValue::from_static("GET")));
        }
        for path in ["/.well-known", "/.well-known/jwks.json/", "/v1/.well-known/jwks.json", "/.well-known%2Fjwks.json"]
        {
            assert_eq!(client.send("GET", path, &[], b"").status, 401, "{path} needs a secret key");
        }
        let targets: Vec<_> = client.fake.requests().iter().map(|request| request.target.as_str()).collect();
        assert_eq!(targets[..2], [PATH, PUBLIC]);
        assert_eq!(targets.len(), 14);
        assert_eq!(client.fake.jwks_requests(), 6);
    }

    #[test]
    fn the_key_set_can_be_empty_broken_or_an_error() {
        let mut client = Client::demo();
        let headers = [("Retry-After".to_owned(), "2".to_owned())].into();
        let limited = ScriptedResponse { headers, ..ScriptedResponse::new(429) };
        let limited = JwksResponse { content: JwksContent::Response(limited), delay_ms: 0 };
        let table = [
            (JwksResponse::empty(), 200, Some(r#"{"keys":[]}"#)),
            (JwksResponse::broken(), 200, None),
            (JwksResponse::status(503), 503, Some("")),
            (limited, 429, Some("")),
            (JwksResponse::status(7), 500, Some(r#"{"message":"scripted response: status 7 is below 200"}"#)),
        ];
        for (setting, status, body) in table {
            client.fake.set_jwks_response(setting);
            for response in both(&mut client) {
                assert_eq!(response.status, status);
                match body {
                    Some(body) => assert_eq!(response.body, body.as_bytes()),
                    None => assert!(serde_json::from_slice::<serde_json::Value>(&response.body).is_err()),
                }
                assert_eq!(response.headers.get("retry-after").is_some(), status == 429);
            }
            assert_eq!(client.get("/v1/sessions/sess_demo_active").status, 200, "other routes work as usual");
            assert_eq!(client.fake.jwks()["keys"].as_array().unwrap().len(), 1);
        }
        client.fake.set_jwks_response(JwksResponse::default());
        assert!(both(&mut client).iter().all(|response| response.json == client.fake.jwks()));
        assert_eq!(client.fake.jwks_requests(), 12);
    }

    #[test]
    fn an_error_replaces_the_check_of_the_secret_key_and_an_empty_set_does_not() {
        let mut client = Client::demo();
        for (setting, status) in [(JwksResponse::status(503), 503), (JwksResponse::empty(), 401)] {
            client.fake.set_jwks_response(setting);
            assert_eq!(client.send("GET", PATH, &[], b"").status, status);
            assert_eq!(client.send("POST", PUBLIC, &[], b"").status, 405);
        }
    }

    #[test]
    fn a_seed_sets_the_response_and_a_reset_restores_it() {
        let seed = r#"{"jwks_response":{"content":{"response":{"status":503}},"delay_ms":20}}"#;
        let mut client = Client::new(serde_json::from_str(seed).unwrap());
        assert_eq!(client.get(PATH).status, 503);
        client.fake.set_jwks_response(JwksResponse::default());
        assert_eq!(client.get(PATH).status, 200);
        client.fake.reset();
        assert_eq!(client.fake.jwks_requests(), 0);
        assert_eq!(client.get(PATH).status, 503);
        let empty: Seed = serde_json::from_str(r#"{"jwks_response":{"content":"empty"}}"#).unwrap();
        assert_eq!(empty.jwks_response, JwksResponse::empty());
        assert!(serde_json::from_str::<Seed>(r#"{"jwks_response":{"delay":1}}"#).is_err());
    }

    #[test]
    fn only_requests_for_the_key_set_are_delayed_and_counted() {
        let mut client = Client::demo();
        client.fake.set_jwks_response(JwksResponse { delay_ms: 300, ..JwksResponse::status(503) });
        client.fake.script(vec![ScriptedResponse::new(204)]);
        let mut delay = |method: &str, target: &str| {
            let request = http::Request::builder().method(method).uri(target).body(Vec::new()).unwrap();
            client.fake.handle(request, NOW).extensions().get::<ResponseDelay>().copied()
        };
        let slow = Some(ResponseDelay(Duration::from_millis(300)));
        assert_eq!(delay("GET", PATH), slow, "also before a scripted response");
        assert_eq!(delay("GET", "/v1/%6Awks"), slow);
        assert_eq!(delay("GET", PUBLIC), slow);
        for (method, target) in [("POST", PATH), ("GET", "/v1/sessions"), ("GET", "/_fake/requests")] {
            assert_eq!(delay(method, target), None, "{method} {target}");
        }
        assert_eq!(client.fake.jwks_requests(), 3);
        client.fake.set_jwks_response(JwksResponse::default());
        let request = http::Request::get(PUBLIC).body(Vec::new()).unwrap();
        assert_eq!(client.fake.handle(request, NOW).extensions().get::<ResponseDelay>(), None);
    }
}
