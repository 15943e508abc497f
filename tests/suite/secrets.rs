//! No secret is shown: by no `Debug` output of what holds one, and on no error path by an error, its causes, an observer or a
//! log.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use clerk_sessions_core::call::{CallContext, Flow as _, Step};
use clerk_sessions_core::{Api, CallOptions, Error, RefreshSession, Refreshed, RetryPolicy, Token, registry};
use clerk_sessions_core::{Attempt, Observer};
use clerk_sessions_reqwest::ReqwestTransport;
use clerk_sessions_ureq::UreqTransport;

const SECRETS: [&str; 3] = ["sk_test_4f1c", "eyJhbGciOi.expired", "rt_9d2e"];

fn assert_clean(what: &str, shown: &str) {
    for secret in SECRETS {
        // Bytes print as numbers.
        let as_bytes = format!("{:?}", secret.as_bytes());
        let as_bytes = as_bytes.trim_matches(['[', ']']);
        assert!(!shown.contains(secret) && !shown.contains(as_bytes), "{what} shows a secret: {shown}");
    }
}

#[test]
fn debug_of_whatever_holds_a_secret_is_clean() {
    let [key, expired, refresh] = SECRETS;
    let api = Api::builder(key).header("x-tenant", refresh).build().unwrap();
    let operation = RefreshSession::new("sess_1", expired, refresh, "https://app.example.com")
        .request_header("cookie", format!("__session={expired}; __refresh={refresh}"));
    assert_clean("Api", &format!("{api:?}"));
    assert_clean("ApiBuilder", &format!("{:?}", Api::builder(key).header("x-tenant", refresh)));
    assert_clean("RefreshSession", &format!("{operation:#?}"));
    let mut exchange = CallContext::new(api.clone()).call(&operation).unwrap();
    assert_clean("Call", &format!("{exchange:?}"));
    let step = exchange.step(Duration::ZERO);
    assert!(matches!(step, Step::Send { .. }));
    assert_clean("Step", &format!("{step:#?}"));
    assert_clean("Call in flight", &format!("{exchange:?}"));

    let token: Token = serde_json::from_value(serde_json::json!({ "jwt": expired })).unwrap();
    assert_clean("Token", &format!("{token:#?}"));
    for answer in [serde_json::json!({ "jwt": expired }), serde_json::json!({ "cookies": [expired, refresh] })] {
        let refreshed: Refreshed = serde_json::from_value(answer).unwrap();
        assert_clean("Refreshed", &format!("{refreshed:#?}"));
    }

    let ureq = clerk_sessions_ureq::Client::new(api.clone(), UreqTransport::builder().build().unwrap());
    assert_clean("the ureq client", &format!("{ureq:#?}"));
    let reqwest = ReqwestTransport::builder().build().unwrap();
    let reqwest = clerk_sessions_reqwest::Client::new(api, reqwest);
    assert_clean("the reqwest client", &format!("{reqwest:#?}"));
}

/// Everything that the crates and their HTTP libraries log in this process.
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

/// Keeps what an observer could write to a log.
#[derive(Clone, Default)]
struct Observed(Arc<Mutex<Vec<String>>>);

impl Observer for Observed {
    fn attempted(&self, attempt: &Attempt<'_>) {
        self.0.lock().unwrap().push(format!("{attempt} {attempt:?} {attempt:#?}"));
    }
}

/// All ways in which an error may be printed, with its causes.
fn printed(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?} {}", serde_json::to_string(error).unwrap());
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text += &format!(" {error} {error:?} {error:#?}");
        cause = error.source();
    }
    text
}

/// A server that answers each connection with these bytes and closes it.
fn raw_server(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        // Until the process ends: a handful of connections.
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer);
        }
    });
    url
}

/// Makes calls that carry every secret to this URL, over both adapters; returns what they fail with.
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
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
fn no_error_path_shows_a_secret() {
    log::set_logger(&*LOG).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let [key, expired, refresh] = SECRETS;
    let observed = Observed::default();
    let mut errors = Vec::new();

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    errors.extend(calls_to(&format!("http://{closed}/v1"), &observed));
    errors.extend(calls_to(&format!("https://{closed}/v1"), &observed));
    for answer in [
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
        let base_url = raw_server(answer);
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
        assert!(errors.iter().any(|error| error.kind() == kind), "no {kind} error was driven");
    }
    for error in &errors {
        assert_clean("an error", &printed(error));
    }
    let observed = observed.0.lock().unwrap();
    assert!(!observed.is_empty());
    observed.iter().for_each(|event| assert_clean("an observer", event));
    let log = LOG.0.lock().unwrap();
    assert!(log.iter().any(|line| line.contains("ureq")) && log.iter().any(|line| line.contains("reqwest")), "{log:?}");
    // At its finest level, ureq's protocol crate dumps what goes over the wire; the adapter's docs warn of it.
    let of_wire = |line: &&String| line.starts_with("TRACE ureq_proto");
    log.iter().filter(|line| !of_wire(line)).for_each(|line| assert_clean("the log", line));
}
