//! The methods of [`Error`], and that it prints no secret.

use super::*;
use crate::operation::Operation;
use crate::{Api, CreateSession, CreateSessionToken, GetSession, RefreshSession};

fn responded<O: Operation>(status: u16, headers: &[(&str, &str)], body: &str) -> Error {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    let response = response.body(body.as_bytes().to_vec()).unwrap();
    Api::new("sk_test_1").unwrap().parse::<O>(response).err().unwrap()
}

fn coded<O: Operation>(status: u16, code: &str) -> Error {
    responded::<O>(status, &[], &format!(r#"{{"errors":[{{"message":"m","long_message":"l","code":"{code}"}}]}}"#))
}

#[test]
fn all_parts_of_an_error_response_are_read() {
    let body = r#"{"errors":[{"message":"is invalid","long_message":"limit is invalid","code":"form_param_value_invalid",
        "meta":{"param_name":"limit"}},{"code":"other"}],"meta":{"a":1},"clerk_trace_id":"trace_1"}"#;
    let error = responded::<GetSession>(422, &[("cf-ray", "ray"), ("clerk-trace-id", "header")], body);
    assert_eq!((error.kind(), error.operation()), ("api", Some("GetSession")));
    assert_eq!(error.status().unwrap(), 422);
    assert_eq!(error.code(), Some("form_param_value_invalid"));
    assert_eq!(error.errors().len(), 2);
    assert_eq!(error.errors()[0].message(), Some("is invalid"));
    assert_eq!(error.errors()[0].long_message(), Some("limit is invalid"));
    assert_eq!(error.errors()[0].param_name(), Some("limit"));
    assert_eq!(error.errors()[1].message(), None);
    assert_eq!(error.trace_id(), Some("trace_1"));
    assert_eq!(error.body(), Some(body.as_bytes()));
    assert_eq!(error.attempts(), 1);
    assert_eq!(
        error.to_string(),
        "GetSession: 422 Unprocessable Entity, form_param_value_invalid (limit): limit is invalid (and 1 more error) \
         [trace trace_1]"
    );
}

#[test]
fn any_body_makes_an_api_error() {
    let deep = "[".repeat(5000);
    for body in [
        "",
        "<html>502</html>",
        "{\"errors\":[{\"mess",
        "null",
        "[]",
        "7",
        "{}",
        r#"{"errors":null}"#,
        r#"{"errors":7}"#,
        r#"{"errors":[]}"#,
        r#"{"errors":[null,7,"x",{}]}"#,
        r#"{"errors":[{"code":7,"message":null}],"clerk_trace_id":7}"#,
        "\u{feff}{}",
        deep.as_str(),
    ] {
        let error = responded::<GetSession>(502, &[("cf-ray", "ray_1")], body);
        assert!(matches!(error, Error::Api(_)), "{body}");
        assert_eq!(error.code(), None);
        assert_eq!(error.trace_id(), Some("ray_1"));
        assert_eq!(error.body(), Some(body.as_bytes()));
        assert!(error.to_string().starts_with("GetSession: 502 Bad Gateway"), "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
    let error = responded::<GetSession>(500, &[], "");
    assert_eq!(
        error.to_string(),
        "GetSession: 500 Internal Server Error, with no Clerk error in its body; retry later"
    );
}

#[test]
fn every_status_but_2xx_is_an_api_error() {
    for status in [100, 199, 300, 301, 302, 304, 307, 399, 400, 404, 499, 500, 599, 999] {
        assert!(matches!(coded::<GetSession>(status, "x"), Error::Api(_)), "{status}");
    }
    for status in [200, 201, 204, 299] {
        assert!(matches!(responded::<GetSession>(status, &[], ""), Error::Decode(_)), "{status}");
    }
}

#[test]
fn a_401_is_not_about_a_secret_key_that_was_not_sent() {
    let api = Api::without_key("https://clerk.example.com").build().unwrap();
    for code in api::KEY_INVALID {
        let body = format!(r#"{{"errors":[{{"code":"{code}"}}]}}"#).into_bytes();
        let response = http::Response::builder().status(401).body(body).unwrap();
        let error = api.parse::<RefreshSession>(response).err().unwrap();
        assert!(!error.is_secret_key_invalid() && !error.needs_handshake(), "{code}");
        let advice = "; check the base URL: no secret key was sent, and this server requires one";
        assert!(error.to_string().ends_with(advice), "{error}");
    }
}

#[test]
fn a_401_is_either_a_bad_key_or_a_refused_refresh() {
    for code in api::KEY_INVALID {
        let error = coded::<RefreshSession>(401, code);
        assert!(error.is_secret_key_invalid() && !error.needs_handshake(), "{code}");
        assert!(error.to_string().ends_with("; check the secret key"), "{error}");
    }
    for code in ["expired_session_token_invalid", "refresh_token_not_found", "a_code_of_next_year"] {
        let error = coded::<RefreshSession>(401, code);
        assert!(!error.is_secret_key_invalid() && error.needs_handshake(), "{code}");
        assert!(!coded::<GetSession>(401, code).needs_handshake(), "only a refresh");
        assert!(!coded::<RefreshSession>(400, code).needs_handshake(), "only a 401");
    }
    let unnamed = responded::<RefreshSession>(401, &[], "<html>");
    assert!(!unnamed.is_secret_key_invalid() && !unnamed.needs_handshake(), "a 401 without a code may be either");
}

#[test]
fn is_retryable_depends_on_status_and_operation() {
    for (status, get, create) in [
        (400, false, false),
        (401, false, false),
        (404, false, false),
        (408, true, false),
        (409, false, false),
        (429, true, true),
        (500, true, false),
        (501, false, false),
        (502, true, false),
        (503, true, false),
        (504, true, false),
    ] {
        assert_eq!(coded::<GetSession>(status, "x").is_retryable(), get, "{status}");
        assert_eq!(coded::<CreateSession>(status, "x").is_retryable(), create, "{status}");
    }
}

#[test]
fn is_not_found_and_is_timeout_depend_on_the_status() {
    for (status, is_not_found, is_timeout) in
        [(404, true, false), (408, false, true), (504, false, true), (500, false, false)]
    {
        let error = coded::<GetSession>(status, "x");
        assert_eq!((error.is_not_found(), error.is_timeout()), (is_not_found, is_timeout), "{status}");
    }
    let of_a_proxy = responded::<GetSession>(404, &[], "<html>no such page");
    assert!(!of_a_proxy.is_not_found(), "it is not Clerk's");
}

#[test]
fn retry_after_is_returned_and_in_the_message() {
    let error = responded::<GetSession>(429, &[("retry-after", "7")], "");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert!(error.to_string().ends_with("; wait 7 s before you retry"), "{error}");
}

#[test]
fn no_secret_of_a_response_is_printed() {
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2ln";
    let shown = |error: Error| format!("{error} {error:?} {error:#?}");
    for body in [
        format!(r#"{{"object":"token","jwt":["{token}"]}}"#),
        format!(r#""{token}""#),
        format!(r#"{{"object":"token","JWT":"{token}"}}"#),
    ] {
        let error = responded::<CreateSessionToken>(200, &[("x-token", token)], &body);
        assert!(error.body().unwrap().windows(token.len()).any(|window| window == token.as_bytes()));
        assert!(!shown(error).contains("eyJ"), "{body}");
    }
    let echo = format!(r#"{{"errors":[{{"message":"bad Bearer sk_test_hidden in \"{token}\"","code":"c"}}]}}"#);
    let error = shown(responded::<GetSession>(400, &[], &echo));
    assert!(!error.contains("hidden") && !error.contains("eyJ"), "{error}");
    assert!(error.contains("bad Bearer [redacted] in \"[redacted]\""), "{error}");
}

#[test]
fn a_message_of_the_server_stays_one_short_line() {
    let long = format!(r#"{{"errors":[{{"message":"a\nb\u001b[31m{}","code":"c\nd"}}]}}"#, "x".repeat(10_000));
    let text = responded::<GetSession>(400, &[], &long).to_string();
    assert!(text.len() < 400, "{}", text.len());
    assert!(!text.contains(char::is_control), "{text}");
}
