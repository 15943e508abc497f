//! Tests of pages, stream and revoke-all of both clients, with a server in memory.

use std::future::{Future, ready};
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Request, Response};
use serde_json::json;

use super::transport::{AsyncTransport, Transport};
use super::{AsyncClient, Client};
use crate::error::TransportError;
use crate::model::tests::with_id;
use crate::{Api, Error, ListSessions, RevokeAll, Session};

/// A server with signed-in sessions. It lists two at a time, and refuses pages from some offset on.
struct Server {
    active: Mutex<Vec<&'static str>>,
    requests: AtomicUsize,
    refused_from: usize,
}

impl Server {
    fn new() -> Self {
        Self {
            active: Mutex::new(vec!["a", "b", "c", "d", "e"]),
            requests: AtomicUsize::new(0),
            refused_from: usize::MAX,
        }
    }

    fn active(&self) -> Vec<&'static str> {
        self.active.lock().unwrap().clone()
    }

    fn respond(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        assert!(self.requests.fetch_add(1, Relaxed) < 100, "it does not end");
        let (status, body) = match request.uri().path().strip_suffix("/revoke") {
            Some(path) => {
                let id = path.rsplit('/').next().unwrap();
                self.active.lock().unwrap().retain(|active| *active != id);
                (200, with_id(id))
            }
            None => {
                let offset = request.uri().query().unwrap().split("offset=").nth(1).unwrap().parse().unwrap();
                let page: Vec<_> = self.active().into_iter().skip(offset).take(2).map(with_id).collect();
                let status = if offset >= self.refused_from { 403 } else { 200 };
                (status, json!({ "data": page, "total_count": self.active().len() }))
            }
        };
        Response::builder().status(status).body(body.to_string().into_bytes()).unwrap()
    }
}

impl Transport for Server {
    fn send(&self, request: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        Ok(self.respond(&request))
    }

    fn sleep(&self, _: Duration) {}

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl AsyncTransport for Server {
    fn send(
        &self,
        request: Request<Vec<u8>>,
        _: Duration,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send {
        ready(Ok(self.respond(&request)))
    }

    fn sleep(&self, _: Duration) -> impl Future<Output = ()> + Send {
        ready(())
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

fn blocking(server: Server) -> Client<Server> {
    Client::new(Api::new("sk_test_1").unwrap(), server)
}

fn asynchronous(server: Server) -> AsyncClient<Server> {
    AsyncClient::new(Api::new("sk_test_1").unwrap(), server)
}

/// Runs a future that never waits.
fn run<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// The ids that were returned, and the statuses of errors.
fn seen(sessions: impl IntoIterator<Item = Result<Session, Error>>) -> Vec<String> {
    let seen = |session: Result<Session, Error>| match session {
        Ok(session) => session.id.into_string(),
        Err(error) => error.status().unwrap().as_u16().to_string(),
    };
    sessions.into_iter().map(seen).collect()
}

/// The result of going through all pages, if the server refuses those from this offset on.
fn expected(refused_from: usize) -> Vec<&'static str> {
    match refused_from {
        0 => vec!["403"],
        2 => vec!["a", "b", "403"],
        _ => vec!["a", "b", "c", "d", "e"],
    }
}

const REFUSED_FROM: [usize; 3] = [0, 2, usize::MAX];

#[test]
fn blocking_pages_return_all_sessions_or_end_with_an_error() {
    for refused_from in REFUSED_FROM {
        let client = blocking(Server { refused_from, ..Server::new() });
        let mut pages = client.sessions().pages(ListSessions::new().user_id("user_1"));
        assert_eq!(seen(&mut pages), expected(refused_from));
        assert!(pages.next().is_none(), "the end stays the end");
    }
}

#[test]
fn async_pages_return_all_sessions_or_end_with_an_error() {
    for refused_from in REFUSED_FROM {
        let client = asynchronous(Server { refused_from, ..Server::new() });
        let all = run(async {
            let (mut pages, mut all) = (client.sessions().pages(ListSessions::new().user_id("user_1")), Vec::new());
            while let Some(session) = pages.next().await {
                all.push(session);
            }
            assert!(pages.next().await.is_none(), "the end stays the end");
            all
        });
        assert_eq!(seen(all), expected(refused_from));
    }
}

#[cfg(feature = "stream")]
#[test]
fn a_stream_returns_all_sessions_or_ends_with_an_error() {
    use futures_util::StreamExt as _;

    for refused_from in REFUSED_FROM {
        let client = asynchronous(Server { refused_from, ..Server::new() });
        let mut stream = client.sessions().pages(ListSessions::new().user_id("user_1")).into_stream();
        assert_eq!(seen(run(stream.by_ref().collect::<Vec<_>>())), expected(refused_from));
        assert!(run(stream.next()).is_none(), "the end stays the end");
        assert!(format!("{stream:?}").starts_with("SessionStream"));
    }
}

#[cfg(feature = "stream")]
#[test]
fn a_stream_continues_where_its_pages_were() {
    use futures_util::StreamExt as _;

    let client = asynchronous(Server::new());
    let mut pages = client.sessions().pages(ListSessions::new().user_id("user_1"));
    assert_eq!(seen(run(pages.next())), ["a"]);
    assert_eq!(seen(run(pages.into_stream().collect::<Vec<_>>())), ["b", "c", "d", "e"]);
}

#[test]
fn both_clients_revoke_all() {
    let all = || RevokeAll::of_user("user_1").except("c");
    let client = blocking(Server::new());
    let report = client.sessions().revoke_all(all()).unwrap();
    assert_eq!(report.revoked, ["a", "b", "d", "e"]);
    assert!(report.is_complete());
    assert_eq!(client.transport().active(), ["c"]);

    let client = asynchronous(Server::new());
    let mut report = run(client.sessions().revoke_all(all())).unwrap();
    report.revoked.sort();
    assert_eq!(report.revoked, ["a", "b", "d", "e"]);
    assert!(report.is_complete());
    assert_eq!(client.transport().active(), ["c"]);

    let client = asynchronous(Server { refused_from: 0, ..Server::new() });
    assert_eq!(run(client.sessions().revoke_all(all())).unwrap_err().status().unwrap(), 403);
}
