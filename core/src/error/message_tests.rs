//! All error messages of the core in one table, so that they can be reviewed as a set.
//!
//! A message is one line: what failed, why, and what to do. It holds no secret.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::time::Duration;

use http::Method;

use super::*;
use crate::call::{CallContext, Flow as _};
use crate::model::tests::minimal;
use crate::model::token_of;
use crate::operation::{Operation, RequestWriter};
use crate::redact::Secrets;
use crate::transport::{Transport, head_too_large};
use crate::{
    Api, ApiBuilder, Client, CreateSession, CreateSessionToken, CreateSessionTokenFromTemplate, GetSession,
    ListSessions, RefreshSession, RevokeAll, RevokeSession, registry,
};

/// A value that is a secret or may be one. No message may contain it.
const HIDDEN: &str = "hidden";

fn api() -> Api {
    Api::new("sk_test_hidden").unwrap()
}

fn builder() -> ApiBuilder {
    Api::builder("sk_test_hidden")
}

fn built(builder: ApiBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

fn base_url(url: &str) -> String {
    built(builder().base_url(url))
}

fn keyless(url: &str) -> String {
    built(Api::without_key(url))
}

fn from_vars(vars: &'static [(&'static str, &'static str)]) -> Result<Api, Error> {
    let lookup = |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    ApiBuilder::from_vars(lookup)?.build()
}

fn refused<O: Operation>(operation: &O) -> String {
    api().request(operation).unwrap_err().to_string()
}

/// An operation with two variable segments, whose `write` is this function.
struct Custom(fn(&mut RequestWriter<'_>) -> Result<(), BuildError>);

impl Operation for Custom {
    type Output = serde_json::Value;
    const METADATA: &'static Metadata =
        &Metadata::new("Custom", "custom", Method::POST, "/a/{b}/{c}", Idempotency::NotIdempotent);

    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
        (self.0)(request)
    }
}

fn by_name(operation_id: &str, parameters: &str) -> String {
    registry::call(&CallContext::new(api()), operation_id, parameters.as_bytes()).unwrap_err().to_string()
}

/// A transport for calls that fail before they send anything.
struct NoTransport;

impl Transport for NoTransport {
    fn send(&self, _: http::Request<Vec<u8>>, _: Duration) -> Result<http::Response<Vec<u8>>, TransportError> {
        panic!("something was sent")
    }

    fn sleep(&self, _: Duration) {
        panic!("the call waited")
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

fn revoke_all(revoke: RevokeAll) -> String {
    Client::new(api(), NoTransport).sessions().revoke_all(revoke).unwrap_err().to_string()
}

/// The error of a response after so many attempts.
fn after<O: Operation>(attempts: u32, status: u16, headers: &[(&str, &str)], body: &str) -> String {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    let response = response.body(body.as_bytes().to_vec()).unwrap();
    ApiError::new(O::METADATA, response, true, attempts, false, &Secrets::default()).to_string()
}

fn coded<O: Operation>(status: u16, headers: &[(&str, &str)], code: &str, message: &str) -> String {
    after::<O>(1, status, headers, &format!(r#"{{"errors":[{{"code":"{code}","message":"{message}"}}]}}"#))
}

/// The error of a call whose response is a 200 with this body.
fn called<O: Operation>(operation: O, body: impl AsRef<[u8]>) -> String {
    let mut call = CallContext::new(api()).call(operation).unwrap();
    call.step(Duration::ZERO);
    call.on_response(http::Response::new(body.as_ref().to_vec()), Duration::ZERO);
    call.finish().err().unwrap().to_string()
}

fn get(body: impl AsRef<[u8]>) -> String {
    called(GetSession::new("sess_1"), body)
}

fn list(body: &str) -> String {
    called(ListSessions::new().user_id("user_1").client_id("client_1"), body)
}

fn token(body: &str) -> String {
    called(CreateSessionToken::new("sess_1"), body)
}

fn refresh() -> RefreshSession {
    RefreshSession::new("sess_1", "expired_hidden", "refresh_hidden", "https://app.example.com")
}

/// A session like [`minimal`] with this member.
fn session(name: &str, value: impl Into<serde_json::Value>) -> String {
    let mut session = minimal();
    session[name] = value.into();
    session.to_string()
}

fn failed<O: Operation>(kind: TransportErrorKind, delivery: Delivery, attempts: u32) -> CallFailed {
    let error = TransportError::new(kind, delivery).with_source("the cause");
    let retry_after = (kind == TransportErrorKind::Paused).then_some(Duration::from_millis(1200));
    CallFailed::new(O::METADATA, error, attempts, delivery, retry_after)
}

/// The message of a `get` whose only attempt fails in this way. A new kind does not compile until it has its message here.
fn of_kind(kind: TransportErrorKind) -> (String, &'static str) {
    use Delivery::{MaybeSent, NotSent};
    let (delivery, expected) = match kind {
        TransportErrorKind::Connect => (
            NotSent,
            "GetSession: could not connect to the server \
             (nothing was sent; check the base URL, the network and any proxy)",
        ),
        TransportErrorKind::Tls => (
            NotSent,
            "GetSession: could not make a secure connection to the server \
             (nothing was sent; check the certificates and any proxy)",
        ),
        TransportErrorKind::Timeout => {
            (MaybeSent, "GetSession: a time limit ran out (the server may have processed the request; retry later)")
        }
        TransportErrorKind::Closed => (
            MaybeSent,
            "GetSession: the connection was closed before the response was complete \
             (the server may have processed the request; retry later)",
        ),
        TransportErrorKind::Protocol => (
            MaybeSent,
            "GetSession: the response is not valid HTTP \
             (the server may have processed the request; check the base URL and any proxy)",
        ),
        TransportErrorKind::TooLarge => (
            MaybeSent,
            "GetSession: the body of the response is larger than the limit (the server may have processed the request; \
             raise the limit of the transport or request fewer sessions)",
        ),
        TransportErrorKind::Rejected => {
            (NotSent, "GetSession: the transport refused to send the request (nothing was sent; see the cause)")
        }
        TransportErrorKind::Paused => (
            NotSent,
            "GetSession: the server's rate limit holds this call back for longer than it may wait \
             (nothing was sent; retry after 2 s)",
        ),
        TransportErrorKind::Other => {
            (MaybeSent, "GetSession: the transport failed (the server may have processed the request; retry later)")
        }
    };
    (failed::<GetSession>(kind, delivery, 1).to_string(), expected)
}

/// Each message and its expected text.
#[rustfmt::skip] // One row is one message, however long.
fn table() -> Vec<(String, &'static str)> {
    use Delivery::{MaybeSent, NotSent};
    use TransportErrorKind::{Closed, Connect, Timeout};
    let trace = &[("clerk-trace-id", "trace_1")][..];
    let wait = &[("retry-after", "7")][..];
    let connect = || TransportError::new(Connect, NotSent);
    let as_json = |failed: CallFailed| serde_json::to_value(Error::Transport(Box::new(failed))).unwrap()["message"].as_str().unwrap().to_owned();
    let of_other = token_of(r#"{"sid":"sess_2"}"#);
    let with_jwt = format!(r#"{{"jwt":"{of_other}"}}"#);
    let mut table = vec![
        // Settings.
        (built(Api::builder("")), "secret_key is empty: use the secret key of the instance (sk_…)"),
        (built(Api::builder("pk_test_hidden")), "secret_key is a publishable key (pk_…): use the secret key (sk_…)"),
        (built(Api::builder("sk_test_hidden\n")), "secret_key has white space or a character that is not printable ASCII: remove it, such as the line end of a file"),
        (built(builder().api_version("")), "api_version is not a valid version: use a date such as 2026-05-12"),
        (built(builder().user_agent_suffix("a\nhidden")), "user_agent_suffix has a character that is not allowed in a header: use printable ASCII"),
        (built(builder().header("a b", "hidden")), "header \"a b\" is not a valid header name: use letters, digits and hyphens"),
        (built(builder().header("Authorization", "hidden")), "header authorization is set by the client or its transport: remove it"),
        (built(builder().header("x-a", "a\nhidden")), "header x-a has a character that is not allowed in a header: use printable ASCII"),
        (from_vars(&[]).unwrap_err().to_string(), "CLERK_SECRET_KEY is not set: set it to the secret key of the instance (sk_…)"),
        (from_vars(&[("CLERK_SECRET_KEY", "")]).unwrap_err().to_string(), "secret_key is empty: use the secret key of the instance (sk_…)"),
        (from_vars(&[("CLERK_SECRET_KEY", "sk_test_hidden"), ("CLERK_API_URL", "api.clerk.com")]).unwrap_err().to_string(), "base_url is not a URL: use one such as https://api.clerk.com/v1"),
        // Base URLs.
        (base_url(""), "base_url is not a URL: use one such as https://api.clerk.com/v1"),
        (base_url("/v1"), "base_url is not an absolute URL: use one such as https://api.clerk.com/v1"),
        (base_url("https://api.clerk.com/v1?hidden"), "base_url has a query or a fragment: use only scheme, host, port and path"),
        (base_url("https://user:hidden@api.clerk.com/v1"), "base_url has a user or password, which would not be sent: remove it"),
        (base_url("http://clerk.internal/v1"), "base_url is plain http to another machine, which exposes the secret key: use https, or set allow_insecure_http"),
        (keyless("clerk.example.com/x"), "base_url is not a URL: use one such as https://clerk.example.com"),
        (keyless("/x"), "base_url is not an absolute URL: use one such as https://clerk.example.com"),
        (keyless("http://clerk.internal"), "base_url is plain http to another machine, so anybody on the way can change responses: use https"),
        (base_url("ftp://api.clerk.com/v1"), "base_url is neither https nor http: use https"),
        (base_url("https://api.clerk.com/../v1"), "base_url has an empty or dot segment in its path: remove it"),
        (base_url("https://api.clerk.com/a|b/v1"), "base_url has a character in its path that is not allowed in a URL: percent-encode it"),
        (base_url("https://api..clerk.com/v1"), "base_url has no valid host and port: use a host name or IP address, and a port up to 65535"),
        // Parameters.
        (refused(&ListSessions::new().user_id("")), "GetSessionList: user_id is empty (nothing was sent)"),
        (refused(&ListSessions::new().client_id("")), "GetSessionList: client_id is empty (nothing was sent)"),
        (refused(&ListSessions::new().status("".into())), "GetSessionList: status is empty (nothing was sent)"),
        (refused(&ListSessions::new().limit(0)), "GetSessionList: limit is not between 1 and 500 (nothing was sent)"),
        (refused(&CreateSession::new("")), "createSession: user_id is empty (nothing was sent)"),
        (refused(&CreateSession::new("user_1").active_organization_id("")), "createSession: active_organization_id is empty (nothing was sent)"),
        (refused(&GetSession::new("")), "GetSession: session_id is empty (nothing was sent)"),
        (refused(&GetSession::new("..")), "GetSession: session_id is a dot segment (\".\" or \"..\"), which would change the path of the request: use a valid id or name (nothing was sent)"),
        (refused(&GetSession::new("x".repeat(70_000))), "GetSession: request has a path and query that is too long for HTTP: shorten its parameters (nothing was sent)"),
        (refused(&RefreshSession::new("", "a", "b", "c")), "RefreshSession: session_id is empty (nothing was sent)"),
        (refused(&RefreshSession::new("s", "", "hidden", "c")), "RefreshSession: expired_token is empty (nothing was sent)"),
        (refused(&RefreshSession::new("s", "hidden", "", "c")), "RefreshSession: refresh_token is empty (nothing was sent)"),
        (refused(&RefreshSession::new("s", "hidden", "hidden", "")), "RefreshSession: request_origin is empty (nothing was sent)"),
        (refused(&RevokeSession::new("")), "RevokeSession: session_id is empty (nothing was sent)"),
        (refused(&CreateSessionToken::new("")), "CreateSessionToken: session_id is empty (nothing was sent)"),
        (refused(&CreateSessionToken::new("s").expires_in_seconds(29)), "CreateSessionToken: expires_in_seconds is not between 30 and 315360000 (nothing was sent)"),
        (refused(&CreateSessionToken::new("s").origin("a\nhidden")), "CreateSessionToken: origin has a character that is not allowed in a header: use printable ASCII (nothing was sent)"),
        (refused(&CreateSessionTokenFromTemplate::new("s", "")), "CreateSessionTokenFromTemplate: template_name is empty (nothing was sent)"),
        (revoke_all(RevokeAll::of_user("")), "GetSessionList: user_id is empty (nothing was sent)"),
        (revoke_all(RevokeAll::of_user("user_1").except("")), "except is empty"),
        // Operations of a caller's own.
        (refused(&Custom(|request| request.segments(&[("c", "x")]))), "Custom: c is not the next variable segment of the path: pass the segments in the order of the path (nothing was sent)"),
        (refused(&Custom(|request| request.query("q", "x"))), "Custom: path has a variable segment without a value: call segments with all of them, before query (nothing was sent)"),
        (refused(&Custom(|request| request.segments(&[("b", "x"), ("c", "x")]).and_then(|()| request.segments(&[])))), "Custom: path is already written: call segments once, before query (nothing was sent)"),
        (refused(&Custom(|request| request.json(&BTreeMap::from([(["hidden"], 1)])))), "Custom: body can't be written as JSON: check its Serialize implementation (nothing was sent)"),
        // Operations by name, with JSON.
        (by_name("get", "{}"), "operation_id is not one of GetSessionList, createSession, GetSession, RefreshSession, RevokeSession, CreateSessionToken, CreateSessionTokenFromTemplate; did you mean GetSession?"),
        (by_name("GetSession", "{}"), "GetSession: session_id is missing (nothing was sent)"),
        (by_name("GetSession", "[]"), "GetSession: parameters are not a JSON object (nothing was sent)"),
        (by_name("GetSession", "{"), "GetSession: parameters can't be read: EOF while parsing an object (nothing was sent)"),
        (by_name("GetSession", r#"{"session_id":{"hidden":1}}"#), "GetSession: session_id can't be read: invalid type: map, expected a string (nothing was sent)"),
        (CallContext::new(api()).call(GetSession::new("s")).unwrap().finish().unwrap_err().to_string(), "GetSession: finish was called before the call was done (nothing was sent)"),
        // Error responses.
        (coded::<GetSession>(404, trace, "resource_not_found", "No session was found"), "GetSession: 404 Not Found, resource_not_found: No session was found [trace trace_1]"),
        (coded::<GetSession>(401, &[], "clerk_key_invalid", "The key is not valid"), "GetSession: 401 Unauthorized, clerk_key_invalid: The key is not valid; check the secret key"),
        (coded::<RefreshSession>(401, &[], "refresh_token_not_found", "No such token"), "RefreshSession: 401 Unauthorized, refresh_token_not_found: No such token; redirect the browser to the handshake"),
        (coded::<CreateSession>(400, &[], "request_invalid_for_environment", "Not here"), "createSession: 400 Bad Request, request_invalid_for_environment: Not here; use a development instance: this operation works on no other"),
        (coded::<GetSession>(400, &[], "api_version_invalid", "Unknown version"), "GetSession: 400 Bad Request, api_version_invalid: Unknown version; check the API version"),
        (coded::<GetSession>(400, &[], "bad_request", "not sk_test_hidden\\nor eyJhidden.x"), "GetSession: 400 Bad Request, bad_request: not [redacted] or [redacted]"),
        (after::<ListSessions>(1, 422, trace, r#"{"errors":[{"code":"a","long_message":"limit is invalid","meta":{"param_name":"limit"}},{"code":"b"}]}"#), "GetSessionList: 422 Unprocessable Entity, a (limit): limit is invalid (and 1 more error) [trace trace_1]"),
        (after::<ListSessions>(1, 422, &[], r#"{"errors":[{},{},{}]}"#), "GetSessionList: 422 Unprocessable Entity, an error without a code (and 2 more errors)"),
        (coded::<CreateSession>(429, wait, "too_many_requests", "Slow down"), "createSession: 429 Too Many Requests, too_many_requests: Slow down; wait 7 s before you retry"),
        (after::<GetSession>(3, 429, &[], ""), "GetSession: 429 Too Many Requests, with no Clerk error in its body, after 3 attempts; retry later"),
        (after::<GetSession>(3, 500, trace, "<html>hidden"), "GetSession: 500 Internal Server Error, with no Clerk error in its body, after 3 attempts [trace trace_1]; retry later"),
        (after::<CreateSession>(1, 500, &[], "<html>hidden"), "createSession: 500 Internal Server Error, with no Clerk error in its body; check whether it took effect before you retry"),
        (coded::<GetSession>(503, wait, "service_unavailable", "Down"), "GetSession: 503 Service Unavailable, service_unavailable: Down; wait 7 s before you retry"),
        (coded::<RefreshSession>(504, wait, "gateway_timeout", "Late"), "RefreshSession: 504 Gateway Timeout, gateway_timeout: Late; check whether it took effect before you retry"),
        (after::<GetSession>(1, 404, &[], "<html>hidden"), "GetSession: 404 Not Found, with no Clerk error in its body; check the base URL and any proxy"),
        (after::<GetSession>(1, 520, &[], ""), "GetSession: 520, with no Clerk error in its body; check the base URL and any proxy"),
        // Responses that can't be decoded.
        (get("<html>"), "GetSession: 200 OK, but its body of 6 bytes can't be used: expected value at line 1 column 1; check the base URL and any proxy"),
        (get(""), "GetSession: 200 OK, but its body of 0 bytes can't be used: EOF while parsing a value at line 1 column 0; check the base URL and any proxy"),
        (get("null"), "GetSession: 200 OK, but its body of 4 bytes can't be used: invalid type: null, expected struct Session at line 1 column 4; report it if it persists"),
        (get(b"{\"id\":\"\xff\"}"), "GetSession: 200 OK, but its body of 10 bytes can't be used: at id: invalid unicode code point at line 1 column 8; report it if it persists"),
        (get(r#"{"object":"session","id":"sess_1","last_active_at":"hidden"}"#), "GetSession: 200 OK, but its body of 60 bytes can't be used: at last_active_at: invalid type: string, expected a whole number at line 1 column 59; report it if it persists"),
        (list(r#"[{"object":"session"}]"#), "GetSessionList: 200 OK, but its body of 22 bytes can't be used: at [0].id: missing field `id` at line 1 column 21; report it if it persists"),
        (list("7"), "GetSessionList: 200 OK, but its body of 1 byte can't be used: invalid type: integer, expected an array of sessions, or an object with such an array in `data` at line 1 column 1; report it if it persists"),
        (token(r#"{"jwt":["hidden"]}"#), "CreateSessionToken: 200 OK, but its body of 18 bytes can't be used: at jwt: invalid type: sequence, expected a string at line 1 column 7; report it if it persists"),
        (token(r#"{"jwt":"a"} hidden"#), "CreateSessionToken: 200 OK, but its body of 18 bytes can't be used: trailing characters at line 1 column 13; check the base URL and any proxy"),
        (called(refresh(), "{}"), "RefreshSession: 200 OK, but its body of 2 bytes can't be used: it has neither `jwt` nor `cookies`; report it if it persists"),
        // Responses for something else.
        (get(session("id", "sess_2")), "GetSession: 200 OK, but its body of 232 bytes can't be used: at id: is another session than the one asked for; report it if it persists"),
        (called(CreateSession::new("user_2"), minimal().to_string()), "createSession: 200 OK, but its body of 232 bytes can't be used: at user_id: is another user than the one asked for; report it if it persists"),
        (list(&format!("[{}]", session("user_id", "user_2"))), "GetSessionList: 200 OK, but its body of 234 bytes can't be used: at [0].user_id: is another user than the one asked for; report it if it persists"),
        (list(&format!("[{}]", session("client_id", "client_2"))), "GetSessionList: 200 OK, but its body of 234 bytes can't be used: at [0].client_id: is another client than the one asked for; report it if it persists"),
        (token(&with_jwt), "CreateSessionToken: 200 OK, but its body of 58 bytes can't be used: at jwt: is a token of another session than the one asked for; report it if it persists"),
        (called(refresh(), format!(r#"{{"cookies":["__session={of_other}"]}}"#)), "RefreshSession: 200 OK, but its body of 74 bytes can't be used: at cookies[0]: is a token of another session than the one asked for; report it if it persists"),
        // Calls without a complete response, and attempts.
        (failed::<GetSession>(Closed, MaybeSent, 3).to_string(), "GetSession: the connection was closed before the response was complete (the server may have processed the request; retry later), after 3 attempts"),
        (failed::<CreateSession>(Timeout, MaybeSent, 1).to_string(), "createSession: a time limit ran out (the server may have processed the request; check whether it took effect before you retry)"),
        (CallFailed::new(GetSession::METADATA, TransportError::new(TransportErrorKind::Rejected, NotSent), 1, NotSent, None).to_string(), "GetSession: the transport refused to send the request (nothing was sent)"),
        (as_json(failed::<GetSession>(Connect, NotSent, 3)), "GetSession: could not connect to the server (nothing was sent; check the base URL, the network and any proxy), after 3 attempts: the cause"),
        (connect().to_string(), "could not connect to the server (nothing was sent)"),
        (connect().with_message("bad\nkey sk_test_hidden").source().unwrap().to_string(), "bad key [redacted]"),
        (head_too_large().source().unwrap().to_string(), "the head of the response is larger than the limit of 100 headers and 65536 bytes"),
    ];
    table.extend(TransportErrorKind::ALL.map(of_kind));
    table
}

#[test]
fn each_error_has_the_message_of_the_table() {
    let differences: Vec<_> = table()
        .into_iter()
        .filter(|(message, expected)| message != expected)
        .map(|(message, expected)| format!("expected: {expected}\n  actual: {message}"))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn each_message_is_one_short_line_without_secrets() {
    for (message, _) in table() {
        assert!(!message.contains(char::is_control) && message.chars().count() < 300, "{message}");
        assert!(!message.contains(HIDDEN), "{message}");
    }
}
