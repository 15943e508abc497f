//! The `/_fake/*` routes, through which another process controls a fake.
//!
//! They need no key. Requests to them are not recorded and do not count towards a rate limit.

use http::{Request, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::errors::json_response;
use super::{FakeClerk, JwksContent, JwksResponse, Recorded, ScriptedResponse};

/// The session and the origin to create tokens for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HandshakeRequest {
    session_id: String,
    origin: String,
}

/// A change of the clock.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ClockRequest {
    /// Stops the clock at this time, in Unix milliseconds.
    SetMs(i64),
    /// Moves the clock by this many milliseconds.
    AdvanceMs(i64),
}

/// The claims of a token to sign, and the members to replace in its header.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignRequest {
    claims: Value,
    #[serde(default)]
    header: Map<String, Value>,
}

/// A change of the current key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RotateRequest {
    keep_old: bool,
}

/// The status and the message of a refused request.
type Refusal = (StatusCode, String);

/// The part of the path after `/_fake/`, or `None` for any other path.
pub(super) fn name(path: &str) -> Option<&str> {
    path.strip_prefix("/_fake/")
}

/// The response to a request for the route `name`.
pub(super) fn respond(fake: &mut FakeClerk, name: &str, request: &Request<Vec<u8>>, now_ms: i64) -> Response<Vec<u8>> {
    let dropped = fake.requests_dropped();
    let mut response = match operate(fake, name, request, now_ms) {
        Ok(body) => json_response(StatusCode::OK, &body),
        Err((status, message)) => return json_response(status, &json!({ "message": message })),
    };
    if name == "requests" {
        response.headers_mut().insert("x-requests-dropped", dropped.into());
    }
    response
}

fn operate(fake: &mut FakeClerk, name: &str, request: &Request<Vec<u8>>, now_ms: i64) -> Result<Value, Refusal> {
    let body = request.body();
    match (name, request.method().as_str()) {
        ("reset", "POST") => reset(fake, body),
        ("script", "POST") => script(fake, body),
        ("handshake", "POST") => handshake(fake, body, now_ms),
        ("clock", "GET") => Ok(clock(fake, now_ms)),
        ("clock", "POST") => move_clock(fake, body, now_ms),
        ("sign", "POST") => sign(fake, body),
        ("pem", "GET") => Ok(json!({ "kid": fake.key_id(), "pem": fake.pem() })),
        ("rotate", "POST") => rotate(fake, body),
        ("jwks", "GET") => Ok(jwks(fake)),
        ("jwks", "POST") => set_jwks(fake, body),
        ("requests", "GET") => Ok(fake.requests().iter().map(Recorded::to_json).collect()),
        ("requests", "DELETE") => Ok(fake.take_requests().iter().map(Recorded::to_json).collect()),
        _ => {
            let methods = match name {
                "reset" | "script" | "handshake" | "sign" | "rotate" => "POST",
                "pem" => "GET",
                "clock" | "jwks" => "GET and POST",
                "requests" => "GET and DELETE",
                "sign-in" | "sign-out" => {
                    let message = format!("/_fake/{name} is a route of the host clerk.app.localhost");
                    return Err((StatusCode::NOT_FOUND, message));
                }
                _ => return Err((StatusCode::NOT_FOUND, format!("there is no route /_fake/{name}"))),
            };
            Err((StatusCode::METHOD_NOT_ALLOWED, format!("/_fake/{name} supports {methods}")))
        }
    }
}

fn reset(fake: &mut FakeClerk, body: &[u8]) -> Result<Value, Refusal> {
    if body.is_empty() {
        fake.reset();
    } else {
        fake.reset_to(read(body)?);
    }
    Ok(json!({}))
}

fn script(fake: &mut FakeClerk, body: &[u8]) -> Result<Value, Refusal> {
    let responses: Vec<ScriptedResponse> = read(body)?;
    for (index, response) in responses.iter().enumerate() {
        response.check().map_err(|why| bad(format!("response {index}: {why}")))?;
    }
    fake.script(responses);
    Ok(json!({}))
}

fn handshake(fake: &mut FakeClerk, body: &[u8], now_ms: i64) -> Result<Value, Refusal> {
    let HandshakeRequest { session_id, origin } = read(body)?;
    fake.handshake(&session_id, &origin, now_ms)
        .map(|handshake| json!(handshake))
        .ok_or_else(|| bad(format!("there is no session {session_id:?}")))
}

fn move_clock(fake: &mut FakeClerk, body: &[u8], now_ms: i64) -> Result<Value, Refusal> {
    match read(body)? {
        ClockRequest::SetMs(at) => fake.set_clock(at),
        ClockRequest::AdvanceMs(by) => fake.advance_clock(by, now_ms),
    }
    Ok(clock(fake, now_ms))
}

fn sign(fake: &FakeClerk, body: &[u8]) -> Result<Value, Refusal> {
    let SignRequest { claims, header } = read(body)?;
    Ok(json!({ "jwt": fake.sign_with_header(&header.into(), &claims) }))
}

fn rotate(fake: &mut FakeClerk, body: &[u8]) -> Result<Value, Refusal> {
    let RotateRequest { keep_old } = read(body)?;
    fake.rotate_keys(keep_old);
    Ok(json!({ "kid": fake.key_id() }))
}

fn set_jwks(fake: &mut FakeClerk, body: &[u8]) -> Result<Value, Refusal> {
    let response: JwksResponse = read(body)?;
    if let JwksContent::Response(response) = &response.content {
        response.check().map_err(bad)?;
    }
    fake.set_jwks_response(response);
    Ok(jwks(fake))
}

fn jwks(fake: &FakeClerk) -> Value {
    json!({ "response": fake.state.seed.jwks_response, "requests": fake.jwks_requests() })
}

fn clock(fake: &FakeClerk, now_ms: i64) -> Value {
    json!({ "now_ms": fake.clock(now_ms) })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| bad(format!("bad body: {error}")))
}

fn bad(message: String) -> Refusal {
    (StatusCode::BAD_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::super::testing::{Client, NOW};
    use super::super::{Seed, SeedSession};
    use super::*;

    #[test]
    fn reset_goes_back_to_the_start_or_to_a_seed() {
        let start = Seed { now: Some(NOW), ..Seed::default() };
        let mut client = Client::new(Seed { sessions: vec![SeedSession::new("sess_start", "user_1")], ..start });
        client.post("/v1/sessions/sess_start/revoke", "");
        client.post("/_fake/clock", r#"{"advance_ms":1}"#);
        client.post("/_fake/script", r#"[{"status":500}]"#);
        assert_eq!(client.post("/_fake/reset", "").status, 200);
        assert!(client.fake.requests().is_empty());
        let session = client.get("/v1/sessions/sess_start").json;
        assert_eq!((&session["status"], &session["created_at"]), (&json!("active"), &json!(NOW)));
        assert_eq!(client.get("/_fake/clock").json["now_ms"], NOW);

        let seed = r#"{"users":["user_1"],"sessions":[{"id":"sess_1"}]}"#;
        assert_eq!(client.post("/_fake/reset", seed).status, 200);
        assert_eq!(client.post("/_fake/reset", seed).json, json!({}));
        assert_eq!(client.get("/v1/sessions/sess_1").json["user_id"], "user_1");
        assert_eq!(client.get("/v1/sessions/sess_start").status, 404);

        client.post("/_fake/reset", "");
        assert_eq!(client.get("/v1/sessions/sess_start").status, 200);
    }

    #[test]
    fn the_clock_is_read_moved_and_stopped() {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        let mut client = Client::demo();
        assert_eq!(client.get("/_fake/clock").json, json!({ "now_ms": NOW }));
        // Sessions are created at the time of the first request, even if that request moves the clock.
        let moved = client.post("/_fake/clock", &json!({ "advance_ms": 7 * DAY - 1 }).to_string());
        assert_eq!(moved.json, json!({ "now_ms": NOW + 7 * DAY - 1 }));
        assert_eq!(client.get("/v1/sessions/sess_demo_active").json["status"], "active");
        client.now += 1;
        assert_eq!(client.get("/v1/sessions/sess_demo_active").json["status"], "expired");

        client.post("/_fake/clock", &json!({ "set_ms": NOW }).to_string());
        client.now += DAY;
        assert_eq!(client.get("/_fake/clock").json, json!({ "now_ms": NOW }));
        assert_eq!(client.get("/v1/sessions/sess_demo_active").json["status"], "active");
        client.post("/_fake/clock", r#"{"advance_ms":-5}"#);
        assert_eq!(client.fake.clock(client.now), NOW - 5);
    }

    #[test]
    fn sessions_begin_at_a_clock_that_was_set_before_the_first_request() {
        let mut client = Client::demo();
        client.post("/_fake/clock", r#"{"set_ms":1000}"#);
        assert_eq!(client.get("/v1/sessions/sess_demo_active").json["created_at"], 1000);
    }

    #[test]
    fn scripted_responses_come_first_and_change_nothing() {
        let mut client = Client::demo();
        let responses = r#"[{"status":503,"headers":{"Retry-After":"7"},"body":"<html>"},{"status":204}]"#;
        assert_eq!(client.post("/_fake/script", responses).status, 200);
        let first = client.post("/v1/sessions/sess_demo_active/revoke", "");
        assert_eq!((first.status, first.body.as_slice()), (503, &b"<html>"[..]));
        assert_eq!(first.headers["retry-after"], "7");
        assert_eq!(client.get("/v1/sessions").status, 204);
        let session = client.get("/v1/sessions/sess_demo_active");
        assert_eq!(session.json["status"], "active");
        assert_eq!(client.fake.requests().len(), 3);
    }

    #[test]
    fn requests_are_shown_as_they_arrived() {
        let mut client = Client::demo();
        client.send("POST", "http://h:1/v1/a%2Fb?c=%20", &[("x-a", "b")], b"\xffz");
        let json = client.get("/_fake/requests").json;
        assert_eq!(
            json,
            json!([{
                "method": "POST",
                "target": "/v1/a%2Fb?c=%20",
                "headers": [["x-a", "b"]],
                "body": "\u{fffd}z",
                "body_length": 2,
            }])
        );
        let deleted = client.send("DELETE", "/_fake/requests", &[], b"");
        assert_eq!((deleted.json, &deleted.headers["x-requests-dropped"]), (json, &HeaderValue::from_static("0")));
        assert_eq!(client.get("/_fake/requests").json, json!([]));
    }

    #[test]
    fn bad_control_requests_get_an_error_that_says_what_is_wrong() {
        let mut client = Client::demo();
        let table = [
            ("POST", "reset", "{", 400, "EOF"),
            ("POST", "reset", r#"{"user":[]}"#, 400, "unknown field `user`"),
            ("POST", "script", "{}", 400, "expected a sequence"),
            ("POST", "script", r#"[{"status":99}]"#, 400, "response 0: status 99"),
            ("POST", "script", r#"[{"status":1000}]"#, 400, "status"),
            ("POST", "script", r#"[{"status":200,"headers":{"a b":""}}]"#, 400, "header name"),
            ("POST", "script", r#"[{"status":200,"headers":{"Content-Length":"1"}}]"#, 400, "Content-Length"),
            ("POST", "handshake", "{}", 400, "missing field `session_id`"),
            ("POST", "handshake", r#"{"session_id":"nope","origin":"https://a"}"#, 400, "no session \"nope\""),
            ("POST", "clock", "{}", 400, "bad body"),
            ("POST", "clock", r#"{"advance_ms":1.5}"#, 400, "bad body"),
            ("POST", "sign", "{}", 400, "missing field `claims`"),
            ("POST", "sign", r#"{"claims":{},"headers":{}}"#, 400, "unknown field `headers`"),
            ("POST", "sign", r#"{"claims":{},"header":"x"}"#, 400, "bad body"),
            ("POST", "rotate", "", 400, "EOF"),
            ("POST", "rotate", r#"{"keep":true}"#, 400, "unknown field `keep`"),
            ("POST", "jwks", r#"{"content":"none"}"#, 400, "unknown variant `none`"),
            ("POST", "jwks", r#"{"content":{"response":{"status":99}}}"#, 400, "status 99 is below 200"),
            ("POST", "jwks", r#"{"delay_ms":-1}"#, 400, "bad body"),
            ("POST", "pem", "", 405, "GET"),
            ("DELETE", "jwks", "", 405, "GET and POST"),
            ("GET", "rotate", "", 405, "POST"),
            ("GET", "sign", "", 405, "POST"),
            ("GET", "reset", "", 405, "POST"),
            ("DELETE", "clock", "", 405, "GET and POST"),
            ("POST", "requests", "", 405, "GET and DELETE"),
            ("GET", "", "", 404, "no route"),
        ];
        for (method, name, body, status, message) in table {
            let response = client.send(method, &format!("/_fake/{name}"), &[], body.as_bytes());
            assert_eq!(response.status, status, "{name} {body}");
            let text = response.json["message"].as_str().unwrap();
            assert!(text.contains(message), "{text}");
        }
    }

    #[test]
    fn handshake_returns_both_tokens() {
        let mut client = Client::demo();
        let body = r#"{"session_id":"sess_demo_active","origin":"https://a.example"}"#;
        let json = client.post("/_fake/handshake", body).json;
        assert!(json["expired_token"].is_string() && json["refresh_token"].is_string());
    }

    #[test]
    fn keys_are_rotated_and_their_tokens_are_signed() {
        let mut client = Client::demo();
        let pem = client.get("/_fake/pem").json;
        assert_eq!(pem, json!({ "kid": "ins_fake_clerk", "pem": client.fake.pem() }));
        let body = r#"{"claims":{"sub":"user_1"},"header":{"cat":"x","typ":null}}"#;
        let signed = client.post("/_fake/sign", body).json;
        let same = client.fake.sign_with_header(&json!({ "cat": "x", "typ": null }), &json!({ "sub": "user_1" }));
        assert_eq!(signed, json!({ "jwt": same }));
        let plain = client.post("/_fake/sign", r#"{"claims":{}}"#).json;
        assert_eq!(plain["jwt"], client.fake.sign(&json!({})));

        for (keep_old, kid, keys) in [(true, "ins_fake_clerk_2", 2), (false, "ins_fake_clerk_3", 1)] {
            let rotated = client.post("/_fake/rotate", &json!({ "keep_old": keep_old }).to_string());
            assert_eq!(rotated.json, json!({ "kid": kid }));
            assert_eq!(client.fake.jwks()["keys"].as_array().unwrap().len(), keys);
        }
        assert_ne!(client.get("/_fake/pem").json["pem"], pem["pem"]);
        assert_ne!(client.post("/_fake/sign", r#"{"claims":{}}"#).json, plain);
    }

    #[test]
    fn the_response_of_the_key_set_is_changed_and_its_requests_are_counted() {
        let mut client = Client::demo();
        let usual = json!({ "content": "keys", "delay_ms": 0 });
        assert_eq!(client.get("/_fake/jwks").json, json!({ "response": usual, "requests": 0 }));
        let empty = json!({ "content": "empty", "delay_ms": 0 });
        let set = client.post("/_fake/jwks", r#"{"content":"empty"}"#);
        assert_eq!(set.json, json!({ "response": empty, "requests": 0 }));
        assert_eq!(client.get("/v1/jwks").json, json!({ "keys": [] }));
        client.post("/_fake/jwks", r#"{"content":{"response":{"status":429,"headers":{"Retry-After":"2"}}}}"#);
        assert_eq!(client.get("/.well-known/jwks.json").headers["retry-after"], "2");
        assert_eq!(client.post("/_fake/jwks", "{}").json, json!({ "response": usual, "requests": 2 }));
        assert_eq!(client.get("/v1/jwks").status, 200);
        client.post("/_fake/reset", "");
        assert_eq!(client.get("/_fake/jwks").json["requests"], 0);
    }
}
