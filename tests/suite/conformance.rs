//! Runs the conformance table over all transports: the same input gives the same requests, results and errors.

use std::sync::MutexGuard;
use std::time::Duration;

use clerk_sessions_core::TransportError;
use clerk_sessions_core::transport::Transport;
use clerk_sessions_core::transport::{drive, drive_async};
use clerk_sessions_fake::{FakeClerk, FakeServer, InProcess, Seed};
use clerk_sessions_reqwest::ReqwestTransport;
use clerk_sessions_tests::conformance::{Subject, call_over, run};
use clerk_sessions_ureq::UreqTransport;
use http::{HeaderValue, Request, Response, Uri};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::common::current_thread;

impl Subject for InProcessSubject {
    fn base_url(&self) -> String {
        "http://localhost/v1".to_owned()
    }

    fn fake(&self) -> MutexGuard<'_, FakeClerk> {
        self.0.fake()
    }

    fn call(&self, secret_key: &str, operation: &str, params: &Value) -> Result<Value, Value> {
        call_over(&self.base_url(), secret_key, operation, params, |call| drive(&self.0, call))
    }
}

struct InProcessSubject(InProcess);

/// A blocking transport, and the server that it calls.
struct Blocking<T> {
    server: FakeServer,
    transport: T,
}

impl<T: Transport> Blocking<T> {
    fn new(transport: T) -> Self {
        Self { server: FakeServer::start(FakeClerk::new(Seed::default())).unwrap(), transport }
    }
}

impl<T: Transport> Subject for Blocking<T> {
    fn base_url(&self) -> String {
        self.server.base_url()
    }

    fn fake(&self) -> MutexGuard<'_, FakeClerk> {
        self.server.fake()
    }

    fn call(&self, secret_key: &str, operation: &str, params: &Value) -> Result<Value, Value> {
        call_over(&self.base_url(), secret_key, operation, params, |call| drive(&self.transport, call))
    }
}

struct Reqwest {
    server: FakeServer,
    transport: ReqwestTransport,
    runtime: Runtime,
}

impl Subject for Reqwest {
    fn base_url(&self) -> String {
        self.server.base_url()
    }

    fn fake(&self) -> MutexGuard<'_, FakeClerk> {
        self.server.fake()
    }

    fn call(&self, secret_key: &str, operation: &str, params: &Value) -> Result<Value, Value> {
        call_over(&self.base_url(), secret_key, operation, params, |call| {
            self.runtime.block_on(drive_async(&self.transport, call))
        })
    }
}

fn ureq() -> UreqTransport {
    UreqTransport::builder().no_proxy().build().unwrap()
}

fn assert_conforms(subject: &dyn Subject) {
    let differences = run(subject);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn in_process_conforms() {
    assert_conforms(&InProcessSubject(InProcess::new(FakeClerk::new(Seed::default()))));
}

#[test]
fn ureq_conforms() {
    assert_conforms(&Blocking::new(ureq()));
}

#[test]
fn ureq_with_a_custom_agent_conforms() {
    let agent = clerk_sessions_ureq::ureq::Agent::config_builder().proxy(None).build().new_agent();
    assert_conforms(&Blocking::new(UreqTransport::with_agent(agent).unwrap()));
}

#[test]
fn reqwest_conforms() {
    assert_conforms(&Reqwest {
        server: FakeServer::start(FakeClerk::new(Seed::default())).unwrap(),
        transport: ReqwestTransport::builder().no_proxy().build().unwrap(),
        runtime: current_thread(),
    });
}

/// A ureq transport that changes each request before it is sent.
struct Tampered {
    ureq: UreqTransport,
    tamper: fn(&mut Request<Vec<u8>>),
}

impl Transport for Tampered {
    fn send(&self, mut request: Request<Vec<u8>>, timeout: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        (self.tamper)(&mut request);
        self.ureq.send(request, timeout)
    }

    fn sleep(&self, duration: Duration) {
        self.ureq.sleep(duration);
    }

    fn now(&self) -> Duration {
        self.ureq.now()
    }
}

#[test]
fn an_adapter_that_changes_a_header_or_the_path_does_not_conform() {
    let tampers: [fn(&mut Request<Vec<u8>>); 6] = [
        |request| drop(request.headers_mut().remove("clerk-api-version")),
        |request| drop(request.headers_mut().insert("x-extra", HeaderValue::from_static("1"))),
        |request| assert!(request.headers_mut().append("accept", HeaderValue::from_static("text/html"))),
        |request| *request.uri_mut() = request.uri().to_string().replace("%2F", "/").parse::<Uri>().unwrap(),
        |request| *request.uri_mut() = request.uri().to_string().replace("/v1/", "/v1//").parse::<Uri>().unwrap(),
        |request| request.body_mut().retain(|byte| *byte != b'_'),
    ];
    for (number, tamper) in tampers.into_iter().enumerate() {
        let differences = run(&Blocking::new(Tampered { ureq: ureq(), tamper }));
        assert!(!differences.is_empty(), "the table does not detect change {number}");
    }
}
