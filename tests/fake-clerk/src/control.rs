//! The `/_fake/*` routes, through which another process controls a fake.
//!
//! They need no key, are not recorded and count towards no limit.

use http::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::errors::json_response;
use super::{FakeClerk, Recorded, ScriptedResponse, Seed};

/// Whose tokens a handshake is to give.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HandshakeRequest {
    session_id: String,
    origin: String,
}

/// Why a request is refused.
type Refusal = (StatusCode, String);

/// What follows `/_fake/` in a path, if it is one of these routes.
pub(super) fn name(path: &str) -> Option<&str> {
    path.strip_prefix("/_fake/")
}

/// The answer to a request for the route `name`.
pub(super) fn answer(fake: &mut FakeClerk, name: &str, request: &Request<Vec<u8>>, now_ms: i64) -> Response<Vec<u8>> {
    match operate(fake, name, request, now_ms) {
        Ok(body) => json_response(StatusCode::OK, &body),
        Err((status, message)) => json_response(status, &json!({ "message": message })),
    }
}

fn operate(fake: &mut FakeClerk, name: &str, request: &Request<Vec<u8>>, now_ms: i64) -> Result<Value, Refusal> {
    let method = match name {
        "reset" | "script" | "handshake" => Method::POST,
        "requests" => Method::GET,
        _ => return Err((StatusCode::NOT_FOUND, format!("no route /_fake/{name}"))),
    };
    if request.method() != method {
        let message = format!("/_fake/{name} answers to {method}");
        return Err((StatusCode::METHOD_NOT_ALLOWED, message));
    }
    match name {
        "reset" => reset(fake, request.body()),
        "script" => script(fake, request.body()),
        "handshake" => handshake(fake, request.body(), now_ms),
        _ => Ok(fake.requests().iter().map(Recorded::to_json).collect()),
    }
}

fn reset(fake: &mut FakeClerk, body: &[u8]) -> Result<Value, Refusal> {
    let seed = if body.is_empty() { Seed::demo() } else { read(body)? };
    fake.reset(seed);
    Ok(json!({}))
}

fn script(fake: &mut FakeClerk, body: &[u8]) -> Result<Value, Refusal> {
    let answers: Vec<ScriptedResponse> = read(body)?;
    for (index, answer) in answers.iter().enumerate() {
        answer.check().map_err(|why| bad(format!("answer {index}: {why}")))?;
    }
    fake.script(answers);
    Ok(json!({}))
}

fn handshake(fake: &mut FakeClerk, body: &[u8], now_ms: i64) -> Result<Value, Refusal> {
    let HandshakeRequest { session_id, origin } = read(body)?;
    fake.handshake(&session_id, &origin, now_ms)
        .map(|handshake| json!(handshake))
        .ok_or_else(|| bad(format!("no session {session_id:?}")))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| bad(format!("bad body: {error}")))
}

fn bad(message: String) -> Refusal {
    (StatusCode::BAD_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Client;
    use super::*;

    #[test]
    fn reset_takes_a_seed_or_the_demo() {
        let mut client = Client::demo();
        client.get("/v1/sessions");
        let seed = r#"{"users":["user_1"],"sessions":[{"id":"sess_1"}]}"#;
        assert_eq!(client.post("/_fake/reset", seed).status, 200);
        assert_eq!(client.post("/_fake/reset", seed).json, json!({}));
        assert!(client.fake.requests().is_empty());
        let session = client.get("/v1/sessions/sess_1").json;
        assert_eq!(session["user_id"], "user_1");

        assert_eq!(client.post("/_fake/reset", "").status, 200);
        assert_eq!(client.get("/v1/sessions/sess_demo_active").status, 200);
    }

    #[test]
    fn a_script_answers_first_and_changes_nothing() {
        let mut client = Client::demo();
        let answers = r#"[{"status":503,"headers":{"Retry-After":"7"},"body":"<html>"},{"status":204}]"#;
        assert_eq!(client.post("/_fake/script", answers).status, 200);
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
            }])
        );
    }

    #[test]
    fn bad_control_requests_say_what_is_wrong() {
        let mut client = Client::demo();
        let table = [
            ("POST", "reset", "{", 400, "EOF"),
            ("POST", "reset", r#"{"user":[]}"#, 400, "unknown field `user`"),
            ("POST", "script", "{}", 400, "expected a sequence"),
            ("POST", "script", r#"[{"status":99}]"#, 400, "answer 0: status 99"),
            ("POST", "script", r#"[{"status":1000}]"#, 400, "status"),
            ("POST", "script", r#"[{"status":200,"headers":{"a b":""}}]"#, 400, "header name"),
            ("POST", "script", r#"[{"status":200,"headers":{"Content-Length":"1"}}]"#, 400, "Content-Length"),
            ("POST", "handshake", "{}", 400, "missing field `session_id`"),
            ("POST", "handshake", r#"{"session_id":"nope","origin":"https://a"}"#, 400, "no session \"nope\""),
            ("GET", "reset", "", 405, "POST"),
            ("POST", "requests", "", 405, "GET"),
            ("GET", "", "", 404, "no route"),
        ];
        for (method, name, body, status, message) in table {
            let reply = client.send(method, &format!("/_fake/{name}"), &[], body.as_bytes());
            assert_eq!(reply.status, status, "{name} {body}");
            let text = reply.json["message"].as_str().unwrap();
            assert!(text.contains(message), "{text}");
        }
    }

    #[test]
    fn a_handshake_is_given() {
        let mut client = Client::demo();
        let body = r#"{"session_id":"sess_demo_active","origin":"https://a.example"}"#;
        let json = client.post("/_fake/handshake", body).json;
        assert!(json["expired_token"].is_string() && json["refresh_token"].is_string());
    }
}
