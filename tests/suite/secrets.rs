//! Secrets are never shown: not in `Debug` output, and not in errors, their causes, observers or logs.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use clerk_sessions_core::call::{CallContext, Flow as _, Step};
use clerk_sessions_core::{Api, CallOptions, Error, RefreshSession, Refreshed, RetryPolicy, Token, registry};
use clerk_sessions_core::{Attempt, Delivery, Observer, TransportError, TransportErrorKind};
use clerk_sessions_reqwest::ReqwestTransport;
use clerk_sessions_ureq::UreqTransport;

use crate::common::current_thread;

const SECRETS: [&str; 3] = ["sk_test_4f1c", "eyJhbGciOi.expired", "rt_9d2e"];

fn assert_clean(what: &str, shown: &str) {
    assert_shows_none_of(&SECRETS, what, shown);
}

fn assert_shows_none_of(secrets: &[&str], what: &str, shown: &str) {
    for secret in secrets {
        // `Debug` prints bytes as numbers.
        let as_bytes = format!("{:?}", secret.as_bytes());
        let as_bytes = as_bytes.trim_matches(['[', ']']);
        assert!(!shown.contains(secret) && !shown.contains(as_bytes), "{what} shows {secret}: {shown}");
    }
}

/// Checks that the `Debug` output contains no secret, but all of these words. Without the words, an empty output would pass.
fn assert_says(what: &impl std::fmt::Debug, words: &[&str]) {
    for shown in [format!("{what:?}"), format!("{what:#?}")] {
        assert_clean(words[0], &shown);
        for word in words {
            assert!(shown.contains(word), "{word} is not in {shown}");
        }
    }
}

#[test]
fn debug_never_shows_a_secret() {
    let [key, expired, refresh] = SECRETS;
    let api = Api::builder(key).header("x-tenant", refresh).build().unwrap();
    let operation = RefreshSession::new("sess_1", expired, refresh, "https://app.example.com")
        .request_header("cookie", format!("__session={expired}; __refresh={refresh}"));
    assert_says(&api, &["Api", "https://api.clerk.com/v1", Api::DEFAULT_VERSION]);
    assert_says(&Api::builder(key).header("x-tenant", refresh), &["ApiBuilder", Api::DEFAULT_VERSION]);
    let of_operation = ["RefreshSession", "sess_1", "[redacted]", "https://app.example.com", "cookie"];
    assert_says(&operation, &of_operation);
    let mut call = CallContext::new(api.clone()).call(&operation).unwrap();
    assert_says(&call, &["RawCall", "RefreshSession", "ready"]);
    let step = call.step(Duration::ZERO);
    assert!(matches!(step, Step::Send { .. }));
    assert_says(&step, &["Send", "POST", "/v1/sessions/sess_1/refresh"]);
    assert_says(&call, &["RawCall", "RefreshSession", "in flight"]);

    let token: Token = serde_json::from_value(serde_json::json!({ "jwt": expired })).unwrap();
    assert_says(&token, &["Token", "jwt", "[redacted]"]);
    for (response, shape) in [
        (serde_json::json!({ "jwt": expired }), "Token"),
        (serde_json::json!({ "cookies": [expired, refresh] }), "Cookies"),
    ] {
        let refreshed: Refreshed = serde_json::from_value(response).unwrap();
        assert_says(&refreshed, &[shape, "[redacted]"]);
    }

    let ureq = clerk_sessions_ureq::Client::new(api.clone(), UreqTransport::builder().build().unwrap());
    assert_says(&ureq, &["Client", "https://api.clerk.com/v1"]);
    let reqwest = ReqwestTransport::builder().build().unwrap();
    let reqwest = clerk_sessions_reqwest::Client::new(api, reqwest);
    assert_says(&reqwest, &["Client", "https://api.clerk.com/v1"]);
}

#[test]
fn debug_of_a_transport_and_its_builder_shows_no_proxy_password() {
    let proxy = format!("http://user:{}@127.0.0.1:1", SECRETS[0]);
    let builder = UreqTransport::builder()
        .configure(|config| config.proxy(Some(clerk_sessions_ureq::ureq::Proxy::new(&proxy).unwrap())));
    assert_says(&builder, &["UreqTransportBuilder", "max_response_bytes"]);
    assert_says(&builder.build().unwrap(), &["UreqTransport", "max_response_bytes"]);
    let builder = ReqwestTransport::builder().configure(|client| client.proxy(reqwest::Proxy::all(&proxy).unwrap()));
    assert_says(&builder, &["ReqwestTransportBuilder", "max_response_bytes"]);
    assert_says(&builder.build().unwrap(), &["ReqwestTransport", "max_response_bytes"]);
}

/// The log records of the crates and their HTTP libraries in this process.
#[derive(Default)]
struct Log(Mutex<Vec<String>>);

static LOG: LazyLock<Log> = LazyLock::new(Log::default);

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}: {}", record.level(), record.target(), record.args());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn flush(&self) {}
}

/// An observer that keeps what it could write to a log.
#[derive(Clone, Default)]
struct Observed(Arc<Mutex<Vec<String>>>);

impl Observer for Observed {
    fn attempted(&self, attempt: &Attempt<'_>) {
        self.0.lock().unwrap().push(format!("{attempt} {attempt:?} {attempt:#?}"));
    }
}

/// An error printed in all ways, with its causes.
fn printed(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?} {}", serde_json::to_string(error).unwrap());
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text += &format!(" {error} {error:?} {error:#?}");
        cause = error.source();
    }
    text
}

/// Checks that every printed form of an error contains the operation, if there is one, and the reason.
fn assert_tells_what_failed(error: &Error) {
    let word = match error {
        Error::Build(error) => error.field().to_owned(),
        Error::Transport(failed) => format!("{:?}", failed.error().kind()),
        _ => error.status().unwrap().as_u16().to_string(),
    };
    let operation = error.operation().unwrap_or_default();
    for shown in [format!("{error:?}"), format!("{error:#?}")] {
        assert!(shown.contains(&word) && shown.contains(operation), "{word} of {operation} is not in {shown}");
    }
    for shown in [error.to_string(), serde_json::to_value(error).unwrap()["message"].to_string()] {
        assert!(shown.contains(operation), "{operation} is not in {shown}");
        let is_told = matches!(error, Error::Transport(_)) || shown.contains(&word);
        assert!(is_told && shown.len() > operation.len() + 10, "{shown} does not contain {word}");
    }
}

/// Starts a server that sends these bytes on each connection and closes it.
fn raw_server(response: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        // Runs until the process ends, for a few connections.
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(response);
        }
    });
    url
}

/// Makes calls with every secret to this URL, over both adapters. Returns their errors.
fn calls_to(base_url: &str, observed: &Observed) -> Vec<Error> {
    let [key, expired, refresh] = SECRETS;
    let api = Api::builder(key).base_url(base_url).build().unwrap();
    let retry = RetryPolicy::new().backoff(Duration::from_millis(1), 1, Duration::from_millis(1));
    let options = CallOptions::new().attempt_timeout(Duration::from_millis(300)).retry(retry);
    let operation = RefreshSession::new("sess_1", expired, refresh, "https://app.example.com");

    let ureq = UreqTransport::builder().no_proxy().build().unwrap();
    let ureq =
        clerk_sessions_ureq::Client::new(api.clone(), ureq).with_options(options).with_observer(observed.clone());
    let reqwest = ReqwestTransport::builder().no_proxy().build().unwrap();
    let reqwest =
        clerk_sessions_reqwest::Client::new(api, reqwest).with_options(options).with_observer(observed.clone());
    let runtime = current_thread();
    let (sessions, asynchronous) = (ureq.sessions(), reqwest.sessions());
    [
        sessions.refresh(operation.clone()).err(),
        sessions.create_token("sess_1").err(),
        sessions.get("sess_1").err(),
        runtime.block_on(asynchronous.refresh(operation)).err(),
        runtime.block_on(asynchronous.create_token("sess_1")).err(),
        runtime.block_on(asynchronous.get("sess_1")).err(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn no_error_observer_or_log_shows_a_secret() {
    log::set_logger(&*LOG).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let [key, expired, refresh] = SECRETS;
    let observed = Observed::default();
    let mut errors = Vec::new();

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    errors.extend(calls_to(&format!("http://{closed}/v1"), &observed));
    errors.extend(calls_to(&format!("https://{closed}/v1"), &observed));
    for response in [
        &b""[..],
        b"HTTP/1.1 200",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
        b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\ncontent-length: 24\r\n\r\n\"eyJhbGciOi.expired.more\"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 36\r\n\r\n{\"jwt\":{\"eyJhbGciOi.expired\":\"rt_9\"}}",
        b"HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n{\"errors\":[{\"message\":\"not Bearer sk_test_4f1c\",\
          \"long_message\":\"eyJhbGciOi.expired is expired\",\"code\":\"c\",\"meta\":{\"param_name\":\"sk_test_4f1c\"}}]}",
    ] {
        let base_url = raw_server(response);
        errors.extend(calls_to(&base_url, &observed));
        errors.extend(calls_to(&base_url.replace("http:", "https:"), &observed));
    }
    let api = Api::new("sk_test_1").unwrap();
    errors.extend(Api::new(format!("{key}\n")).err());
    errors.extend(Api::builder(key).base_url(format!("https://user:{key}@host/")).build().err());
    errors.extend(Api::builder(key).header("authorization", key).build().err());
    errors.extend(Api::builder(key).header("x-a", format!("{refresh}\n")).build().err());
    let caller = CallContext::new(api.clone());
    for parameters in [
        format!(r#"{{"session_id":"","expired_token":"{expired}","refresh_token":"{refresh}","request_origin":"o"}}"#),
        format!(r#"{{"session_id":"s","expired_token":["{expired}"]}}"#),
        format!(r#""{expired}""#),
        format!(r#"{{"session_id":"s","request_headers":"{expired}"}}"#),
    ] {
        errors.extend(registry::call(&caller, "RefreshSession", parameters.as_bytes()).err());
    }

    assert!(errors.len() > 100, "{} errors", errors.len());
    for kind in ["build", "api", "decode", "transport"] {
        assert!(errors.iter().any(|error| error.kind() == kind), "no {kind} error was provoked");
    }
    for error in &errors {
        assert_clean("an error", &printed(error));
        assert_tells_what_failed(error);
    }
    let observed = observed.0.lock().unwrap();
    assert!(!observed.is_empty());
    for event in observed.iter() {
        assert_clean("an observer", event);
        assert_eq!(event.matches(" attempt ").count(), 1, "{event}");
        assert_eq!(event.matches("Attempt {").count(), 2, "{event}");
    }
    let log = LOG.0.lock().unwrap();
    assert!(log.iter().any(|line| line.contains("ureq")) && log.iter().any(|line| line.contains("reqwest")), "{log:?}");
    // At its most detailed level, ureq's protocol crate logs all bytes of requests. The docs of the adapter warn about this.
    let of_wire = |line: &&String| line.starts_with("TRACE ureq_proto");
    log.iter().filter(|line| !of_wire(line)).for_each(|line| assert_clean("the log", line));
}

/// Secrets of a call that do not look like keys or tokens. Only the call knows that they are secret.
const SENT: [&str; 5] = [
    "4f1c-opaque-key-7d2b90",
    "opaque.expired:token/5a61",
    "opaque refresh=token+0c93?",
    "opaque-cookie-of-a-third-party-e7",
    "opaque-bearer-of-a-third-party-b1",
];

/// Refreshes a session over a transport that returns this result. Returns the output of the error and the observer.
fn refreshed_over(
    attempts: u32,
    respond: impl Fn() -> Result<http::Response<Vec<u8>>, TransportError>,
) -> (Error, String, String) {
    let [key, expired, refresh, cookie, bearer] = SENT;
    let observed = Observed::default();
    let options = CallOptions::new().retry(RetryPolicy::new().max_attempts(attempts).retry_non_idempotent(true));
    let context = CallContext::new(Api::new(key).unwrap()).with_options(options).with_observer(observed.clone());
    let operation = RefreshSession::new("sess_1", expired, refresh, "https://app.example.com")
        .request_header("Cookie", format!("theme=dark; third_party={cookie}"))
        .request_header("Authorization", format!("Bearer {bearer}"))
        .request_header("user-agent", "Firefox");
    let mut call = context.call(operation).unwrap();
    let mut now = Duration::ZERO;
    let error = loop {
        match call.step(now) {
            Step::Send { .. } => match respond() {
                Ok(response) => call.on_response(response, now),
                Err(error) => call.on_failure(error, now),
            },
            Step::Wait(wait) => now += wait,
            Step::Done => break call.finish().unwrap_err(),
        }
    };
    assert_eq!(error.attempts(), attempts);
    let observed = observed.0.lock().unwrap().join("\n");
    let text = printed(&error);
    (error, text, observed)
}

/// Percent-encodes all characters of a text, or all except letters and digits.
fn percent_encoded(text: &str, all: bool) -> String {
    let encoded = |c: char| match c {
        _ if all => format!("%{:02x}", u32::from(c)),
        _ if c.is_ascii_alphanumeric() => c.into(),
        _ => format!("%{:02X}", u32::from(c)),
    };
    text.chars().map(encoded).collect()
}

/// The forms in which a server may echo a secret: unchanged, percent-encoded partly, fully and twice, and truncated.
fn echoes(secret: &str) -> [String; 5] {
    let once = percent_encoded(secret, false);
    let twice = percent_encoded(&once, false);
    [secret.to_owned(), once, percent_encoded(secret, true), twice, secret[..14].to_owned()]
}

/// Checks that no eight consecutive characters of a secret are shown.
fn assert_leaves_nothing_of(secret: &str, what: &str, shown: &str) {
    for form in echoes(secret) {
        let parts = (0..=form.len() - 8).map(|at| &form[at..at + 8]);
        for part in parts {
            assert!(!shown.contains(part), "{what} shows {part:?} of {secret:?}: {shown}");
        }
    }
}

#[test]
fn secrets_of_a_call_that_the_server_echoes_are_redacted() {
    for (secret, attempts) in SENT.iter().zip([1, 2, 1, 3, 1]) {
        for echo in echoes(secret) {
            // Only 200 characters are shown. The secret is before, across and after that limit.
            for before in [0, 10, 180, 195, 199, 250] {
                let text = format!("{}{echo} and what follows it", "x".repeat(before));
                let body = serde_json::json!({ "errors": [
                    { "code": text, "message": text, "long_message": text, "meta": { "param_name": text } },
                    { "code": "second", "message": text },
                ], "clerk_trace_id": text });
                let (error, shown, observed) = refreshed_over(attempts, || {
                    Ok(http::Response::builder().status(500).body(body.to_string().into_bytes()).unwrap())
                });
                let items = format!("{:?} {}", error.errors(), error.errors()[1]);
                assert!(shown.contains("RefreshSession: 500 Internal Server Error, "), "{shown}");
                assert!(items.contains("second: "), "{items}");
                assert!(observed.contains("RefreshSession attempt 1: 500 in 0 ms"), "{observed}");
                let trace_id = error.trace_id().unwrap().to_owned();
                for shown in [&shown, &items, &observed, &trace_id] {
                    assert_leaves_nothing_of(secret, "an API error", shown);
                    assert!(before >= 200 || shown.contains("[redacted]"), "{shown}");
                }
                assert_eq!(error.code(), Some(&*text), "code() returns what the server sent");

                let (_, shown, observed) = refreshed_over(1, || {
                    let trace = percent_encoded(&text, false);
                    Ok(http::Response::builder().header("clerk-trace-id", trace).body(b"{}".to_vec()).unwrap())
                });
                assert!(shown.contains("can't be used: it has neither `jwt` nor `cookies`"), "{shown}");
                assert!(observed.contains("[trace ") && shown.contains("[trace "), "{shown} {observed}");
                assert_leaves_nothing_of(secret, "a decode error", &shown);
                assert_leaves_nothing_of(secret, "the observer of a success", &observed);

                for with_source in [false, true] {
                    let (error, shown, observed) = refreshed_over(attempts, || {
                        let error = TransportError::new(TransportErrorKind::Protocol, Delivery::MaybeSent);
                        Err(if with_source { error.with_source(text.clone()) } else { error.with_message(&text) })
                    });
                    assert!(std::error::Error::source(&error).is_some());
                    assert!(before >= 200 || shown.contains("[redacted]"), "{shown}");
                    assert_leaves_nothing_of(secret, "a transport error", &shown);
                    assert_leaves_nothing_of(secret, "an observer", &observed);
                }
            }
        }
    }
}

#[test]
fn text_without_a_secret_is_shown_unchanged() {
    let text = "https://app.example.com is not allowed for Firefox with a dark theme, Bearer or sess_1";
    let body = serde_json::json!({ "errors": [{ "code": "c", "message": text }], "clerk_trace_id": "t_1" });
    let (error, ..) =
        refreshed_over(1, || Ok(http::Response::builder().status(400).body(body.to_string().into_bytes()).unwrap()));
    assert_eq!(error.to_string(), format!("RefreshSession: 400 Bad Request, c: {text} [trace t_1]"));
}

#[test]
fn a_long_trace_id_is_truncated_and_redacted() {
    let jwt = format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", "eyJzdWIi".repeat(100));
    let trace_id = format!("a\tb {jwt} {}", "y".repeat(9000));
    for status in [200, 429, 500] {
        let (error, _, observed) = refreshed_over(1, || {
            let response =
                http::Response::builder().status(status).header("clerk-trace-id", trace_id.replace('\t', ""));
            let body = serde_json::json!({ "clerk_trace_id": trace_id });
            Ok(response.body(body.to_string().into_bytes()).unwrap())
        });
        for shown in [error.to_string(), format!("{error:?}"), error.trace_id().unwrap().to_owned(), observed] {
            assert!(shown.contains("[redacted] yyy") && !shown.contains("eyJ"), "{shown}");
            assert!(shown.len() < 1200 && !shown.contains('\t'), "{} bytes: {shown}", shown.len());
        }
        let json = serde_json::to_value(&error).unwrap();
        assert!(json["trace_id"].as_str().unwrap().len() < 300, "{json}");
    }
}
