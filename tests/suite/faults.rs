//! How the adapters handle servers that fail in many ways: one table for both, over real sockets.

use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use clerk_sessions_core::call::{CallContext, RawCall};
use clerk_sessions_core::transport::{AsyncTransport as _, Transport as _};
use clerk_sessions_core::transport::{drive, drive_async};
use clerk_sessions_core::{Api, CallOptions, Delivery, Error, RetryPolicy, TransportErrorKind, registry};
use clerk_sessions_core::{Attempt, Observer};
use clerk_sessions_reqwest::ReqwestTransport;
use clerk_sessions_tests::fault::{FaultServer, Loopback, Step};
use clerk_sessions_ureq::UreqTransport;
use clerk_sessions_ureq::ureq::Agent;
use flate2::write::GzEncoder;
use tokio::runtime::Runtime;

use crate::common::current_thread;

use Operation::{Create, Get, Refresh};
use Outcome::{Failed, Good, Responded, Unreadable};
use Step::{Await, Close, Hang, Read, Reset, Trickle, Write, WriteForever};

const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(500);
const MAX_RESPONSE_BYTES: u16 = 32 * 1024;

/// The time that a call may take in addition to its time limits, on a busy machine and with the pauses that a server asks for.
const SLACK: Duration = Duration::from_secs(4);

fn short() -> CallOptions {
    let backoff = Duration::from_millis(5);
    let retry = RetryPolicy::new().max_attempts(3).backoff(backoff, 1, backoff);
    CallOptions::new().attempt_timeout(ATTEMPT_TIMEOUT).deadline(Duration::from_secs(8)).retry(retry)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Get,
    Create,
    Refresh,
}

impl Operation {
    const ALL: [Operation; 3] = [Get, Create, Refresh];

    fn id_and_parameters(self) -> (&'static str, &'static str) {
        match self {
            Get => ("GetSession", r#"{"session_id":"sess_1"}"#),
            Create => ("createSession", r#"{"user_id":"user_1"}"#),
            Refresh => (
                "RefreshSession",
                r#"{"session_id":"sess_1","expired_token":"e","refresh_token":"r","request_origin":"https://a.example"}"#,
            ),
        }
    }
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Good,
    /// An API error with this status.
    Responded(u16),
    /// A response with this status that can't be decoded.
    Unreadable(u16),
    Failed(TransportErrorKind, Delivery),
}

const REFUSED: Outcome = Failed(TransportErrorKind::Connect, Delivery::NotSent);
const CLOSED: Outcome = Failed(TransportErrorKind::Closed, Delivery::MaybeSent);
const NOT_HTTP: Outcome = Failed(TransportErrorKind::Protocol, Delivery::MaybeSent);
const TIMED_OUT: Outcome = Failed(TransportErrorKind::Timeout, Delivery::MaybeSent);
const TOO_LARGE: Outcome = Failed(TransportErrorKind::TooLarge, Delivery::MaybeSent);

impl<T> From<Result<T, Error>> for Outcome {
    fn from(result: Result<T, Error>) -> Self {
        let Err(error) = result else { return Good };
        match (&error, error.status()) {
            (Error::Api(_), Some(status)) => Responded(status.as_u16()),
            (Error::Decode(_), Some(status)) => Unreadable(status.as_u16()),
            (Error::Transport(failed), _) => Failed(failed.error().kind(), failed.error().delivery()),
            _ => panic!("{error}"),
        }
    }
}

/// A transport, and the runtime that it needs.
enum Adapter {
    Ureq(UreqTransport),
    Reqwest(ReqwestTransport, Runtime),
}

fn ureq() -> Adapter {
    Adapter::Ureq(UreqTransport::builder().no_proxy().max_response_bytes(MAX_RESPONSE_BYTES.into()).build().unwrap())
}

fn reqwest() -> Adapter {
    let transport = ReqwestTransport::builder().no_proxy().max_response_bytes(MAX_RESPONSE_BYTES.into()).build();
    Adapter::Reqwest(transport.unwrap(), current_thread())
}

impl Adapter {
    /// Makes a call. Returns the outcome and the number of attempts.
    fn call(&self, server: &FaultServer, operation: Operation, options: CallOptions) -> (Outcome, u32) {
        let attempts = Attempts::default();
        let result = self.drive(raw_call(server.base_url(), operation, options, attempts.clone()));
        (result.into(), attempts.0.load(Ordering::SeqCst))
    }

    /// Makes a call that fails. Returns the message of the error and its causes.
    fn message(&self, server: &FaultServer, options: CallOptions) -> String {
        let call = raw_call(server.base_url(), Get, options, Attempts::default());
        serde_json::to_value(self.drive(call).unwrap_err()).unwrap()["message"].to_string()
    }

    fn drive(&self, call: RawCall) -> Result<http::Response<Vec<u8>>, Error> {
        match self {
            Self::Ureq(transport) => drive(transport, call),
            Self::Reqwest(transport, runtime) => runtime.block_on(drive_async(transport, call)),
        }
    }

    /// Waits, so that the transport can handle events of its connections.
    fn idle(&self, duration: Duration) {
        match self {
            Self::Ureq(transport) => transport.sleep(duration),
            Self::Reqwest(transport, runtime) => runtime.block_on(transport.sleep(duration)),
        }
    }
}

fn raw_call(base_url: String, operation: Operation, options: CallOptions, attempts: Attempts) -> RawCall {
    let api = Api::builder("sk_test_1").base_url(base_url).build().unwrap();
    let context = CallContext::new(api).with_options(options).with_observer(attempts);
    let (id, parameters) = operation.id_and_parameters();
    registry::call(&context, id, parameters.as_bytes()).unwrap()
}

/// The number of the last attempt.
#[derive(Clone, Default)]
struct Attempts(Arc<AtomicU32>);

impl Observer for Attempts {
    fn attempted(&self, attempt: &Attempt<'_>) {
        self.0.store(attempt.number, Ordering::SeqCst);
    }
}

/// A row of the table.
struct Case {
    name: String,
    /// The script of the server on each connection. If it is empty, the server refuses connections.
    script: Vec<Step>,
    outcome: Outcome,
    tries: Tries,
}

/// The expected number of attempts. If the server reads requests, the same number of requests arrives.
#[derive(Clone, Copy)]
enum Tries {
    /// One attempt.
    Once,
    /// Three attempts of a get, one of other operations, because they are not idempotent.
    GetAgain,
    /// Three attempts of any operation.
    AllAgain,
}

use Tries::{AllAgain, GetAgain, Once};

impl Tries {
    fn of(self, operation: Operation) -> u32 {
        match (self, operation) {
            (GetAgain, Get) | (AllAgain, _) => 3,
            _ => 1,
        }
    }
}

fn case(name: impl Into<String>, script: impl Into<Vec<Step>>, outcome: Outcome, tries: Tries) -> Case {
    Case { name: name.into(), script: script.into(), outcome, tries }
}

impl Case {
    /// The difference between the call and the table, if there is one.
    fn difference(&self, adapter: &Adapter, operation: Operation) -> Option<String> {
        let server = match &*self.script {
            [] => FaultServer::refusing(),
            script => FaultServer::start(script),
        };
        let server = server.unwrap();
        let outcome = self.outcome;
        let attempts = self.tries.of(operation);
        let requests = if self.script.contains(&Read) { attempts as usize } else { 0 };

        let started = Instant::now();
        let came = adapter.call(&server, operation, short());
        let (took, arrived) = (started.elapsed(), server.requests());
        let as_expected =
            came == (outcome, attempts) && arrived == requests && took < attempts * ATTEMPT_TIMEOUT + SLACK;
        (!as_expected).then(|| {
            format!(
                "{}, {operation:?}: {came:?} with {arrived} requests in {took:?} instead of {:?} with {requests}",
                self.name,
                (outcome, attempts)
            )
        })
    }
}

/// Makes the calls of a table. Many run at the same time, because some of them mostly wait.
fn assert_as_expected(table: &[Case], adapter: fn() -> Adapter) {
    let calls = table.iter().flat_map(|case| Operation::ALL.map(|operation| (case, operation)));
    let (calls, differences) = (Mutex::new(calls), Mutex::new(Vec::new()));
    let next = || calls.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let adapter = adapter();
                while let Some((case, operation)) = next() {
                    let difference = case.difference(&adapter, operation);
                    differences.lock().unwrap().extend(difference);
                }
            });
        }
    });
    let differences = differences.into_inner().unwrap();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A body that all operations can decode.
const SESSION_AND_TOKEN: &str = r#"{
    "object": "session", "id": "sess_1", "user_id": "user_1", "client_id": "client_1", "status": "active",
    "last_active_at": 1, "expire_at": 2, "abandon_at": 3, "updated_at": 4, "created_at": 5, "jwt": "e30.e30.e30"
}"#;

/// A step that writes these lines, an empty line, and the body.
fn raw<L: AsRef<str>>(lines: impl IntoIterator<Item = L>, body: impl AsRef<[u8]>) -> Step {
    let mut bytes = Vec::new();
    for line in lines {
        bytes.extend([line.as_ref().as_bytes(), b"\r\n"].concat());
    }
    bytes.extend([b"\r\n", body.as_ref()].concat());
    Write(bytes)
}

/// A step that writes a response with this status and a `content-length`.
fn response(status: u16, headers: &[&str], body: impl AsRef<[u8]>) -> Step {
    let first = [format!("HTTP/1.1 {status} Whatever"), format!("content-length: {}", body.as_ref().len())];
    raw(first.iter().map(String::as_str).chain(headers.iter().copied()), body)
}

/// A step that writes a response with status 200 and exactly these headers.
fn ok(headers: &[&str], body: impl AsRef<[u8]>) -> Step {
    raw(["HTTP/1.1 200 OK"].iter().chain(headers), body)
}

fn good() -> Step {
    response(200, &[], SESSION_AND_TOKEN)
}

/// A step that writes the good response without its last bytes.
fn good_but(missing: usize) -> Step {
    let Write(mut bytes) = good() else { unreachable!() };
    bytes.truncate(bytes.len() - missing);
    Write(bytes)
}

fn connections() -> Vec<Case> {
    let half_head = || Write(b"HTTP/1.1 200 OK\r\ncontent-".to_vec());
    vec![
        case("good", [Read, good()], Good, Once),
        case("refused", [], REFUSED, AllAgain),
        // Only after the request starts to arrive. Otherwise, the connection may not have been made yet.
        case("reset before the request is read", [Await, Reset], CLOSED, GetAgain),
        case("reset after the request is read", [Read, Reset], CLOSED, GetAgain),
        case("closed at once", [Close], CLOSED, GetAgain),
        case("closed before the request is read", [Await, Close], CLOSED, GetAgain),
        case("closed after the request is read", [Read, Close], CLOSED, GetAgain),
        case("half a head, then closed", [Read, half_head(), Close], CLOSED, GetAgain),
        case("half a head, then reset", [Read, half_head(), Reset], CLOSED, GetAgain),
        case("half a head, then nothing", [Read, half_head(), Hang], TIMED_OUT, GetAgain),
        case("half a body, then closed", [Read, good_but(9), Close], CLOSED, GetAgain),
        case("half a body, then reset", [Read, good_but(9), Reset], CLOSED, GetAgain),
        case("half a body, then nothing", [Read, good_but(9), Hang], TIMED_OUT, GetAgain),
        case("no response", [Read, Hang], TIMED_OUT, GetAgain),
        case("a head with one byte per second", [Read, slowly(b"HTTP/1.1 200 OK\r\n")], TIMED_OUT, GetAgain),
        case(
            "a body with one byte per second",
            [Read, ok(&["content-length: 99"], ""), slowly(&[b' '; 99])],
            TIMED_OUT,
            GetAgain,
        ),
    ]
}

fn slowly(bytes: &[u8]) -> Step {
    Trickle(bytes.to_vec(), Duration::from_secs(1))
}

fn lengths() -> Vec<Case> {
    let body = SESSION_AND_TOKEN;
    let extra = format!("{body}, and more");
    let length = &*format!("content-length: {}", body.len());
    let endless = || WriteForever(vec![b' '; 16 * 1024]);
    vec![
        case("a length greater than the body", [Read, ok(&["content-length: 9999"], body), Close], CLOSED, GetAgain),
        case("a length less than the body", [Read, ok(&[length], extra)], Good, Once),
        case("two lengths", [Read, ok(&[length, "content-length: 7"], body)], NOT_HTTP, GetAgain),
        case("a length that is not a number", [Read, ok(&["content-length: x"], body)], NOT_HTTP, GetAgain),
        case("an endless body", [Read, ok(&[], ""), endless()], TOO_LARGE, Once),
        case(
            "an endless body with a content-length",
            [Read, ok(&["content-length: 999999999999"], ""), endless()],
            TOO_LARGE,
            Once,
        ),
        case("an error with an endless body", [Read, raw(["HTTP/1.1 500 No"], ""), endless()], TOO_LARGE, Once),
        case("no length", [Read, ok(&[], body), Close], Good, Once),
        case("no length, then reset", [Read, ok(&[], &body[..50]), Reset], CLOSED, GetAgain),
        case("HTTP/1.0", [Read, raw(["HTTP/1.0 200 OK", length], body), Close], Good, Once),
        case("HTTP/1.0 without a length", [Read, raw(["HTTP/1.0 200 OK"], body), Close], Good, Once),
        case("200 with an empty body", [Read, response(200, &[], "")], Unreadable(200), Once),
        case("204", [Read, raw(["HTTP/1.1 204 No Content"], "")], Unreadable(204), Once),
    ]
}

fn chunk(body: &str) -> String {
    format!("{:x}\r\n{body}\r\n", body.len())
}

fn chunks() -> Vec<Case> {
    let chunked = |body: String| ok(&["transfer-encoding: chunked"], body);
    let (start, end) = SESSION_AND_TOKEN.split_at(20);
    let (start, end) = (chunk(start), chunk(end));
    let endless = || WriteForever(chunk(&" ".repeat(4096)).into_bytes());
    vec![
        case("chunks", [Read, chunked(format!("{start}{end}0\r\n\r\n"))], Good, Once),
        case("endless chunks", [Read, chunked(start.clone()), endless()], TOO_LARGE, Once),
        case("a chunk size that is not a number", [Read, chunked(format!("{start}zz\r\n{end}"))], NOT_HTTP, GetAgain),
        case("a chunk size that is too large", [Read, chunked(format!("{}\r\n", "f".repeat(30)))], NOT_HTTP, GetAgain),
        case("a chunk longer than its size", [Read, chunked(format!("3\r\n{end}0\r\n\r\n"))], NOT_HTTP, GetAgain),
        case("a truncated chunk", [Read, chunked(format!("{start}9\r\n12345")), Close], CLOSED, GetAgain),
        case("chunks without the last chunk", [Read, chunked(format!("{start}{end}")), Close], CLOSED, GetAgain),
    ]
}

fn heads() -> Vec<Case> {
    let header_of = |bytes: usize| format!("x-large: {}", "x".repeat(bytes));
    let headers = |count: usize| {
        let status = ["HTTP/1.1 200 OK".to_owned()].into_iter();
        raw(status.chain((0..count).map(|number| format!("x-{number}: {number}"))), SESSION_AND_TOKEN)
    };
    let just = |bytes: &[u8]| [Read, Write(bytes.to_vec()), Close];
    vec![
        case("a head of 12 KiB", [Read, response(200, &[&header_of(12 * 1024)], SESSION_AND_TOKEN)], Good, Once),
        case("a head of 60 KiB", [Read, response(200, &[&header_of(60 * 1024)], SESSION_AND_TOKEN)], Good, Once),
        case(
            "a head of 60 KiB, then closed",
            [Read, ok(&[&header_of(60 * 1024)], SESSION_AND_TOKEN), Close],
            Good,
            Once,
        ),
        case(
            "a head of 65 KiB",
            [Read, response(200, &[&header_of(65 * 1024)], SESSION_AND_TOKEN)],
            NOT_HTTP,
            GetAgain,
        ),
        case(
            "a head of 200 KiB",
            [Read, response(200, &[&header_of(200 * 1024)], SESSION_AND_TOKEN)],
            NOT_HTTP,
            GetAgain,
        ),
        case("a head of 1 MiB", [Read, ok(&[&header_of(1024 * 1024)], ""), Close], NOT_HTTP, GetAgain),
        case("100 headers", [Read, headers(100), Close], Good, Once),
        case("101 headers", [Read, headers(101), Close], NOT_HTTP, GetAgain),
        case("128 headers", [Read, headers(128), Close], NOT_HTTP, GetAgain),
        case("500 headers", [Read, headers(500), Close], NOT_HTTP, GetAgain),
        case("20,000 headers", [Read, headers(20_000), Close], NOT_HTTP, GetAgain),
        case("garbage", just(b"\x16\x03\x01\x02\0\xff\xfe\r\n\r\n"), NOT_HTTP, GetAgain),
        case("another protocol", just(b"SSH-2.0-OpenSSH_9.9\r\n"), NOT_HTTP, GetAgain),
        case("a body without a head", just(SESSION_AND_TOKEN.as_bytes()), NOT_HTTP, GetAgain),
        case("an unknown HTTP version", just(b"HTTP/7.3 200 OK\r\n\r\n"), NOT_HTTP, GetAgain),
        case("a status that is not a number", just(b"HTTP/1.1 abc OK\r\n\r\n"), NOT_HTTP, GetAgain),
        case("no status", just(b"HTTP/1.1 \r\n\r\n"), NOT_HTTP, GetAgain),
        // Both adapters skip empty lines before the status line, as RFC 9112 (2.2) asks of servers. So they still wait here.
        case("an empty status line", just(b"\r\n\r\n"), CLOSED, GetAgain),
        case("a NUL in a header", just(b"HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n"), NOT_HTTP, GetAgain),
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn compressed() -> Vec<Case> {
    let gzipped = |body: &[u8]| [Read, response(200, &["content-encoding: gzip"], body)];
    let whole = gzip(SESSION_AND_TOKEN.as_bytes());
    let half = &whole[..whole.len() / 2];
    let mut broken = whole.clone();
    broken[12..40].fill(0xff);
    let mut wrong_checksum = whole.clone();
    *wrong_checksum.iter_mut().nth_back(5).unwrap() ^= 1;
    let cut = ok(&["content-encoding: gzip", "content-length: 9999"], half);
    vec![
        case("gzip", gzipped(&whole), Good, Once),
        case("a gzip bomb", gzipped(&gzip(&vec![b' '; 32 * 1024 * 1024])), TOO_LARGE, Once),
        case("gzip that is not compressed", gzipped(SESSION_AND_TOKEN.as_bytes()), NOT_HTTP, GetAgain),
        case("broken gzip", gzipped(&broken), NOT_HTTP, GetAgain),
        case("gzip with a wrong checksum", gzipped(&wrong_checksum), NOT_HTTP, GetAgain),
        case("truncated gzip", gzipped(half), CLOSED, GetAgain),
        case("gzip, then closed", [Read, cut.clone(), Close], CLOSED, GetAgain),
        case("gzip, then reset", [Read, cut.clone(), Reset], CLOSED, GetAgain),
        case("gzip, then nothing", [Read, cut, Hang], TIMED_OUT, GetAgain),
    ]
}

fn statuses() -> Vec<Case> {
    let early_hints = raw(["HTTP/1.1 103 Early Hints", "link: </style.css>"], "");
    let mut table = vec![
        case("100 first", [Read, raw(["HTTP/1.1 100 Continue"], ""), good()], Good, Once),
        case("102 first", [Read, raw(["HTTP/1.1 102 Processing"], ""), good()], Good, Once),
        case("103 first, twice", [Read, early_hints.clone(), early_hints, good()], Good, Once),
    ];
    for (form, body) in [
        ("JSON", r#"{"errors":[{"message":"no","long_message":"no","code":"no"}],"clerk_trace_id":"t"}"#),
        ("HTML", "<html><body>No</body></html>"),
        ("nothing", ""),
    ] {
        for status in [401, 403, 404, 409, 422] {
            table.push(case(format!("{status}, {form}"), [Read, response(status, &[], body)], Responded(status), Once));
        }
        for status in [408, 500, 502, 503, 504] {
            table.push(case(
                format!("{status}, {form}"),
                [Read, response(status, &[], body)],
                Responded(status),
                GetAgain,
            ));
        }
        for wait in ["retry-after: 0", "retry-after: 1"] {
            table.push(case(
                format!("429, {wait}, {form}"),
                [Read, response(429, &[wait], body)],
                Responded(429),
                AllAgain,
            ));
        }
    }
    table
}

fn table() -> Vec<Case> {
    [connections(), lengths(), chunks(), heads(), compressed(), statuses()].into_iter().flatten().collect()
}

#[test]
fn ureq_handles_each_fault_as_the_table_says() {
    assert_as_expected(&table(), ureq);
}

#[test]
fn reqwest_handles_each_fault_as_the_table_says() {
    assert_as_expected(&table(), reqwest);
}

#[test]
fn the_error_for_a_too_large_head_names_the_limit() {
    for case in heads() {
        let (limit, adapters) = match &*case.name {
            "a head of 65 KiB" | "a head of 200 KiB" | "a head of 1 MiB" => ("65536 bytes", [ureq(), reqwest()]),
            "101 headers" | "128 headers" | "500 headers" => ("100 headers", [ureq(), reqwest()]),
            _ => continue,
        };
        for adapter in adapters {
            let message = adapter.message(&FaultServer::start(case.script.clone()).unwrap(), short());
            assert!(message.contains(limit), "{}: {message}", case.name);
        }
    }
}

/// A timeout that is too long for any clock is no limit, and does not panic.
#[test]
fn infinite_timeouts_are_no_limit() {
    let forever = Duration::MAX;
    let ureq = UreqTransport::builder().no_proxy().connect_timeout(forever).idle_timeout(forever).build();
    let reqwest = ReqwestTransport::builder().no_proxy().connect_timeout(forever).idle_timeout(forever).build();
    let server = FaultServer::start([Read, good()]).unwrap();
    for adapter in [Adapter::Ureq(ureq.unwrap()), Adapter::Reqwest(reqwest.unwrap(), current_thread())] {
        let options = CallOptions::new().attempt_timeout(forever).deadline(forever);
        for _ in 0..2 {
            assert_eq!(adapter.call(&server, Get, options), (Good, 1));
        }
    }
}

/// The adapter can't shorten timeouts that are set in ureq directly.
#[test]
fn infinite_timeouts_set_in_ureq_are_refused() {
    let set = UreqTransport::builder().configure(|config| config.timeout_recv_body(Some(Duration::MAX))).build();
    let agent = Agent::config_builder().timeout_connect(Some(Duration::MAX)).build().new_agent();
    for result in [set, UreqTransport::with_agent(agent)] {
        assert!(result.unwrap_err().to_string().contains("timeout is longer than"));
    }
}

#[test]
fn no_redirect_is_followed() {
    let elsewhere = FaultServer::start([Read, good()]).unwrap();
    let mut table = Vec::new();
    for status in [301, 302, 303, 307, 308] {
        for (target, location) in [("elsewhere", &*elsewhere.base_url()), ("itself", "/v1/sessions/sess_1")] {
            let script = [Read, response(status, &[&format!("location: {location}")], "")];
            table.push(case(format!("{status} to {target}"), script, Responded(status), Once));
        }
    }
    assert_as_expected(&table, ureq);
    assert_as_expected(&table, reqwest);
    assert_eq!(elsewhere.connections(), 0);
}

/// Uses the default options. The expected counts are literals.
#[test]
fn create_and_refresh_arrive_once() {
    for script in [[Read, response(500, &[], "")], [Read, Reset]] {
        for (operation, arrive) in [(Get, 3), (Create, 1), (Refresh, 1)] {
            for adapter in [ureq(), reqwest()] {
                let server = FaultServer::start(script.clone()).unwrap();
                assert_ne!(adapter.call(&server, operation, CallOptions::new()).0, Good);
                assert_eq!(server.requests(), arrive, "{operation:?}");
            }
        }
    }
}

#[test]
fn a_server_that_never_responds_times_out_after_the_documented_default() {
    let wait = |adapter: fn() -> Adapter, operation, attempts, longest| {
        let server = FaultServer::start([Read, Hang]).unwrap();
        let started = Instant::now();
        assert_eq!(adapter().call(&server, operation, CallOptions::new()), (TIMED_OUT, attempts), "{operation:?}");
        assert!(started.elapsed() < longest + SLACK, "{operation:?} took {:?}", started.elapsed());
    };
    thread::scope(|scope| {
        for adapter in [ureq, reqwest] {
            scope.spawn(move || wait(adapter, Get, 2, Duration::from_secs(20)));
            scope.spawn(move || wait(adapter, Create, 1, Duration::from_secs(10)));
        }
    });
}

/// Makes two calls, of which the first succeeds. Returns the outcome of the second and the total number of requests.
fn second_call(adapter: &Adapter, script: impl Into<Vec<Step>>, operation: Operation) -> (Outcome, usize) {
    let server = FaultServer::start(script).unwrap();
    assert_eq!(adapter.call(&server, operation, short()), (Good, 1));
    adapter.idle(Duration::from_millis(50));
    let (outcome, _) = adapter.call(&server, operation, short());
    (outcome, server.requests())
}

/// Both adapters check a kept connection before they use it: ureq checks the socket, and reqwest what its runtime has observed. If the
/// runtime was not running, reqwest may send on a closed connection, as in the race below.
#[test]
fn an_idle_connection_that_was_closed_is_not_reused() {
    for operation in Operation::ALL {
        for adapter in [ureq(), reqwest()] {
            assert_eq!(second_call(&adapter, [Read, good(), Close], operation), (Good, 2), "{operation:?}");
        }
    }
}

/// All 20 calls of a round are in flight at the same time, because the server responds only after all of them have arrived.
#[test]
fn connections_of_concurrent_calls_are_reused() {
    const AT_ONCE: usize = 20;
    let Write(session) = good() else { unreachable!() };
    for adapter in [ureq(), reqwest()] {
        let connections = Arc::<AtomicUsize>::default();
        let (connected, arrived, session) =
            (Arc::clone(&connections), (Mutex::new(0), Condvar::new()), session.clone());
        let server = Loopback::start(move |_, mut stream| {
            connected.fetch_add(1, Ordering::SeqCst);
            loop {
                let (mut head, mut chunk) = (Vec::new(), [0; 1024]);
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(read @ 1..) = stream.read(&mut chunk) else { return };
                    head.extend_from_slice(&chunk[..read]);
                }
                let mut requests = arrived.0.lock().unwrap();
                *requests += 1;
                let whole_round = usize::next_multiple_of(*requests, AT_ONCE);
                arrived.1.notify_all();
                // Stops waiting after a while, so that a failed call fails the test and does not hang it.
                drop(arrived.1.wait_timeout_while(requests, SLACK, |requests| *requests < whole_round));
                if stream.write_all(&session).is_err() {
                    return;
                }
            }
        });
        let server = server.unwrap();
        for _ in 0..2 {
            thread::scope(|scope| {
                for _ in 0..AT_ONCE {
                    scope.spawn(|| {
                        let options = CallOptions::new().retry(RetryPolicy::none());
                        let base_url = format!("http://{}/v1", server.addr());
                        let call = raw_call(base_url, Get, options, Attempts::default());
                        assert_eq!(Outcome::from(adapter.drive(call)), Good);
                    });
                }
            });
            adapter.idle(Duration::from_millis(50));
            assert_eq!(connections.load(Ordering::SeqCst), AT_ONCE);
        }
    }
}

/// An unavoidable race: the server closes the connection while the next request is being sent.
#[test]
fn create_and_refresh_fail_if_a_reused_connection_closes_during_the_request() {
    for adapter in [ureq(), reqwest()] {
        for end in [Close, Reset] {
            let unread = [Read, good(), Await, end.clone()];
            assert_eq!(second_call(&adapter, unread.clone(), Get), (Good, 2));
            let read = [Read, good(), Read, end];
            assert_eq!(second_call(&adapter, read.clone(), Get), (Good, 3));
            for operation in [Create, Refresh] {
                assert_eq!(second_call(&adapter, unread.clone(), operation), (CLOSED, 1), "{operation:?}");
                assert_eq!(second_call(&adapter, read.clone(), operation), (CLOSED, 2), "{operation:?}");
            }
        }
    }
}

#[test]
fn bytes_after_a_response_are_not_read_as_the_next_response() {
    let (Write(mut bytes), Write(smuggled)) = (good(), response(404, &[], "")) else { unreachable!() };
    bytes.extend(smuggled);
    for operation in Operation::ALL {
        for adapter in [ureq(), reqwest()] {
            assert_eq!(second_call(&adapter, [Read, Write(bytes.clone())], operation), (Good, 2), "{operation:?}");
        }
    }
}

/// A reqwest client and a server that runs these scripts on its connections.
fn async_client(scripts: Vec<Vec<Step>>) -> (FaultServer, clerk_sessions_reqwest::Client) {
    let server = FaultServer::start_with(scripts).unwrap();
    let api = Api::builder("sk_test_1").base_url(server.base_url()).build().unwrap();
    let transport = ReqwestTransport::builder().no_proxy().build().unwrap();
    (server, clerk_sessions_reqwest::Client::new(api, transport))
}

/// Makes a call, and drops it after this number of requests has arrived.
async fn give_up(client: &clerk_sessions_reqwest::Client, server: &FaultServer, arrived: usize) {
    let sessions = client.sessions();
    tokio::select! {
        result = sessions.get("sess_1") => panic!("{result:?}"),
        () = async {
            while server.requests() < arrived {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        } => {}
    }
}

async fn succeed_at_once(client: &clerk_sessions_reqwest::Client) {
    tokio::time::timeout(SLACK, client.sessions().get("sess_1")).await.unwrap().unwrap();
}

/// A response after which the server closes the connection, so that each request has its own connection.
fn last(status: u16, retry_after: &str) -> Vec<Step> {
    vec![Read, response(status, &["connection: close", retry_after], SESSION_AND_TOKEN), Close]
}

#[test]
fn a_dropped_call_leaves_the_client_usable() {
    let rounds = 50;
    let (server, client) =
        async_client(vec![vec![Read, Hang], last(200, "x: y")].into_iter().cycle().take(2 * rounds).collect());
    current_thread().block_on(async {
        for round in 0..rounds {
            give_up(&client, &server, 2 * round + 1).await;
            succeed_at_once(&client).await;
        }
    });
    assert_eq!(server.requests(), 2 * rounds);
}

/// After a pause, one request is sent first and all others wait for its response. If its call is dropped, they must not keep
/// waiting.
#[test]
fn a_call_dropped_during_or_after_a_pause_does_not_block_others() {
    let rounds = 50;
    let round = [last(429, "retry-after: 0"), vec![Read, Hang], last(200, "x: y")];
    let scripts = [last(429, "retry-after: 1")].into_iter().chain(round.into_iter().cycle().take(3 * rounds));
    let (server, client) = async_client(scripts.collect());
    current_thread().block_on(async {
        let (sessions, once) =
            (client.sessions(), client.sessions().with_options(CallOptions::new().retry(RetryPolicy::none())));
        assert_eq!(Outcome::from(once.get("sess_1").await), Responded(429));
        for _ in 0..rounds {
            let waiting = tokio::time::timeout(Duration::from_millis(1), sessions.get("sess_1"));
            assert!(waiting.await.is_err(), "the call has to wait for the end of the pause");
        }
        assert_eq!(server.requests(), 1);
        for round in 0..rounds {
            assert_eq!(Outcome::from(once.get("sess_1").await), Responded(429));
            give_up(&client, &server, 3 * round + 3).await;
            succeed_at_once(&client).await;
        }
    });
    assert_eq!(server.requests(), 3 * rounds + 1);
}
