//! Tests that each method calls its operation, and that clients and futures are `Send`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::ready;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Request, Response};

use super::transport::{AsyncTransport, Transport};
use super::{AsyncClient, Client};
use crate::error::TransportError;
use crate::registry;
use crate::{Api, CreateSession, CreateSessionToken, Error, ListSessions, RefreshSession, RevokeAll};

type Sent = (http::Method, String);

/// Responds to every request with 404, and records the requests.
#[derive(Default)]
struct Recorder(RefCell<Vec<Sent>>);

impl Transport for Recorder {
    fn send(&self, request: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        self.0.borrow_mut().push((request.method().clone(), request.uri().path().to_owned()));
        Ok(Response::builder().status(404).body(Vec::new()).unwrap())
    }

    fn sleep(&self, _: Duration) {}

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

#[derive(Default)]
struct AsyncRecorder(Mutex<Vec<Sent>>);

impl AsyncTransport for AsyncRecorder {
    fn send(
        &self,
        request: Request<Vec<u8>>,
        _: Duration,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send {
        self.0.lock().unwrap().push((request.method().clone(), request.uri().path().to_owned()));
        ready(Ok(Response::builder().status(404).body(Vec::new()).unwrap()))
    }

    fn sleep(&self, _: Duration) -> impl Future<Output = ()> + Send {
        ready(())
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

fn refresh() -> RefreshSession {
    RefreshSession::new("session_id", "a", "b", "c")
}

/// The requests of the registry's operations, when each id is the name of its parameter.
fn registered() -> BTreeSet<(String, String)> {
    let target = |path: &str| format!("/v1{}", path.replace(['{', '}'], ""));
    registry::OPERATIONS
        .iter()
        .map(|entry| (entry.metadata().method.to_string(), target(entry.metadata().path)))
        .collect()
}

fn seen(sent: Vec<Sent>) -> BTreeSet<(String, String)> {
    assert_eq!(sent.len(), 7, "seven calls");
    sent.into_iter().map(|(method, path)| (method.to_string(), path)).collect()
}

#[test]
fn the_blocking_client_has_exactly_the_operations_of_the_registry() {
    let client = Client::new(Api::new("sk_test_1").unwrap(), Recorder::default());
    let sessions = client.sessions();
    assert!(sessions.list(ListSessions::new()).is_err());
    assert!(sessions.create(CreateSession::new("user_1")).is_err());
    assert!(sessions.get("session_id").is_err());
    assert!(sessions.refresh(refresh()).is_err());
    assert!(sessions.revoke("session_id").is_err());
    assert!(sessions.create_token("session_id").is_err());
    assert!(
        sessions.create_token_from_template(CreateSessionToken::new("session_id").template("template_name")).is_err()
    );
    assert_eq!(seen(client.transport().0.take()), registered());
}

#[test]
fn the_async_client_has_exactly_the_operations_of_the_registry() {
    let client = AsyncClient::new(Api::new("sk_test_1").unwrap(), AsyncRecorder::default());
    let sessions = client.sessions();
    let calls = pin!(async {
        assert!(sessions.list(ListSessions::new()).await.is_err());
        assert!(sessions.create(CreateSession::new("user_1")).await.is_err());
        assert!(sessions.get("session_id").await.is_err());
        assert!(sessions.refresh(refresh()).await.is_err());
        assert!(sessions.revoke("session_id").await.is_err());
        assert!(sessions.create_token("session_id").await.is_err());
        assert!(
            sessions
                .create_token_from_template(CreateSessionToken::new("session_id").template("template_name"))
                .await
                .is_err()
        );
    });
    assert_eq!(calls.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()));
    assert_eq!(seen(std::mem::take(&mut client.transport().0.lock().unwrap())), registered());
}

#[test]
fn a_client_may_have_a_transport_chosen_at_run_time() {
    let boxed: Box<dyn Transport> = Box::new(Recorder::default());
    let client = Client::new(Api::new("sk_test_1").unwrap(), boxed);
    assert_eq!(client.sessions().get("sess_1").unwrap_err().status().unwrap(), 404);
}

#[test]
fn clients_and_futures_are_send() {
    fn both<T: Send + Sync>(_: &T) {}
    fn send<T: Send>(_: T) {}
    let client = AsyncClient::new(Api::new("sk_test_1").unwrap(), AsyncRecorder::default());
    both(&client);
    both(client.api());
    send(client.sessions().get("sess_1"));
    send(client.sessions().list(ListSessions::new()));
    send(client.sessions().refresh(refresh()));
    send(client.sessions().revoke_all(RevokeAll::of_user("user_1")));
    let mut pages = client.sessions().pages(ListSessions::new());
    send(pages.next());
    fn error<T: Send + Sync + Clone + std::error::Error + 'static>() {}
    error::<Error>();
}
