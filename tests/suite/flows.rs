//! Paging and `revoke_all` over real sockets, with both adapters.

use clerk_sessions_core::{Api, Error, ListSessions, RevokeAll, RevokeReport, Session, SessionStatus};
use clerk_sessions_fake::{FakeClerk, FakeServer, ListShape, ScriptedResponse, Seed, SeedSession};
use clerk_sessions_reqwest::ReqwestTransport;
use clerk_sessions_ureq::UreqTransport;
use tokio::runtime::Runtime;

use crate::common::current_thread;

/// Both clients of one server.
struct Clients {
    server: FakeServer,
    ureq: clerk_sessions_ureq::Client,
    reqwest: clerk_sessions_reqwest::Client,
    runtime: Runtime,
}

impl Clients {
    fn new(seed: Seed) -> Self {
        let server = FakeServer::start(FakeClerk::new(seed)).unwrap();
        let api = Api::builder(server.secret_key()).base_url(server.base_url()).build().unwrap();
        let reqwest = ReqwestTransport::builder().no_proxy().build().unwrap();
        Self {
            server,
            ureq: clerk_sessions_ureq::Client::new(api.clone(), UreqTransport::builder().no_proxy().build().unwrap()),
            reqwest: clerk_sessions_reqwest::Client::new(api, reqwest),
            runtime: current_thread(),
        }
    }

    /// All sessions of a list, over ureq and over reqwest.
    fn pages(&self, list: &ListSessions) -> [Result<Vec<Session>, Error>; 2] {
        let blocking = self.ureq.sessions().pages(list.clone()).collect();
        let asynchronous = self.runtime.block_on(async {
            let (mut pages, mut all) = (self.reqwest.sessions().pages(list.clone()), Vec::new());
            while let Some(session) = pages.next().await {
                all.push(session?);
            }
            assert!(pages.next().await.is_none(), "the end stays the end");
            Ok(all)
        });
        [blocking, asynchronous]
    }
}

fn user_with(sessions: usize) -> Seed {
    let mut seed = Seed::default();
    seed.add_user("user_1", sessions);
    seed
}

#[test]
fn paging_returns_each_of_1203_sessions_once_although_the_server_lowers_the_limit() {
    for list_shape in [ListShape::AsAsked, ListShape::Array, ListShape::Paginated] {
        let clients = Clients::new(Seed { max_limit: Some(100), list_shape, ..user_with(1203) });
        for sessions in clients.pages(&ListSessions::new().user_id("user_1").limit(500)) {
            let mut ids: Vec<_> = sessions.unwrap().into_iter().map(|session| session.id).collect();
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), 1203, "{list_shape:?}");
        }
        assert_eq!(clients.server.fake().requests().len(), 2 * 13);
    }
}

#[test]
fn paging_ends_with_the_first_error() {
    let clients = Clients::new(Seed { max_limit: Some(1), ..user_with(3) });
    for _ in 0..2 {
        // The error is the response to the first request of each client.
        clients.server.fake().script(vec![ScriptedResponse { status: 403, headers: [].into(), body: String::new() }]);
    }
    let mut pages = clients.ureq.sessions().pages(ListSessions::new().user_id("user_1"));
    assert_eq!(pages.next().unwrap().unwrap_err().status().unwrap(), 403);
    assert!(pages.next().is_none());
    let mut pages = clients.reqwest.sessions().pages(ListSessions::new().user_id("user_1"));
    let first = clients.runtime.block_on(pages.next());
    assert_eq!(first.unwrap().unwrap_err().status().unwrap(), 403);
    assert!(clients.runtime.block_on(pages.next()).is_none());
}

/// Revokes all sessions of the user but one, over ureq if `blocking` and otherwise over reqwest. Returns the report.
fn revoke_all_but(clients: &Clients, blocking: bool, kept: &str) -> RevokeReport {
    let all = RevokeAll::of_user("user_1").except(kept).concurrency(8);
    if blocking {
        clients.ureq.sessions().revoke_all(all).unwrap()
    } else {
        clients.runtime.block_on(clients.reqwest.sessions().revoke_all(all)).unwrap()
    }
}

#[test]
fn revoke_all_signs_out_everywhere_but_here() {
    for blocking in [true, false] {
        let mut seed = Seed { max_limit: Some(10), ..user_with(35) };
        seed.sessions.push(SeedSession::new("sess_here", "user_1"));
        seed.sessions.push(SeedSession::new("sess_other_user", "user_2"));
        seed.sessions.push(SeedSession { status: "ended".to_owned(), ..SeedSession::new("sess_ended", "user_1") });
        let clients = Clients::new(seed);
        let report = revoke_all_but(&clients, blocking, "sess_here");
        assert_eq!(report.revoked.len(), 35);
        assert!(report.is_complete() && report.gone.is_empty());
        let active = ListSessions::new().status(SessionStatus::Active);
        for sessions in clients.pages(&active) {
            let ids: Vec<_> = sessions.unwrap().into_iter().map(|session| session.id.into_string()).collect();
            assert_eq!(ids, ["sess_other_user", "sess_here"]);
        }
    }
}

#[test]
fn revoke_all_continues_after_a_failed_revoke() {
    for blocking in [true, false] {
        let clients = Clients::new(user_with(5));
        let (page, refused) = (clients.ureq.sessions().list(ListSessions::new().user_id("user_1")).unwrap(), 403);
        assert_eq!(page.len(), 5);
        // The first list succeeds, and the first revoke is refused.
        let list = serde_json::to_string(&page.data).unwrap();
        let response = |status, body| ScriptedResponse { status, headers: [].into(), body };
        let end = "[]".to_owned();
        clients.server.fake().script(vec![response(200, list), response(200, end), response(refused, String::new())]);
        let report = revoke_all_but(&clients, blocking, "sess_nowhere");
        assert_eq!((report.revoked.len(), report.failed.len()), (4, 1));
        assert_eq!(report.failed[0].1.status().unwrap(), refused);
        assert!(!report.is_complete());
    }
}
