//! Tests with servers that change or misbehave during the revokes.

use std::time::Duration;

use super::*;
use crate::call::{CallContext, Flow as _};
use crate::model::SessionStatus;
use crate::model::tests::with_id;
use crate::{Api, CallOptions, Delivery, GetSession, RetryPolicy, TransportError, TransportErrorKind};

fn error(status: u16) -> Error {
    let response = http::Response::builder().status(status).body(Vec::new()).unwrap();
    Api::new("sk_test_1").unwrap().parse::<GetSession>(response).unwrap_err()
}

fn session(id: &str) -> Session {
    serde_json::from_value(with_id(id)).unwrap()
}

/// A server with these active sessions.
struct Server {
    active: Vec<String>,
    lists: usize,
}

impl Server {
    fn new(active: &[&str]) -> Self {
        Self { active: active.iter().map(ToString::to_string).collect(), lists: 0 }
    }

    fn list(&mut self, list: &ListSessions) -> Result<SessionList, Error> {
        assert_eq!(list.status, None);
        self.lists += 1;
        let offset = usize::try_from(list.offset.unwrap()).unwrap();
        let data = self.active.iter().skip(offset).take(2).map(|id| session(id)).collect();
        Ok(SessionList { data, total_count: Some(self.active.len() as u64) })
    }
}

fn run(
    all: RevokeAll,
    server: &mut Server,
    mut list: impl FnMut(&mut Server, &ListSessions) -> Result<SessionList, Error>,
    mut revoke: impl FnMut(&mut Server, &SessionId) -> Result<Session, Error>,
) -> Result<RevokeReport, Error> {
    let mut work = Revoking::new(all);
    for _ in 0..1000 {
        match work.work() {
            Work::List(page) => work.on_list(list(server, &page)),
            Work::Revoke(ids) => {
                for id in ids {
                    let outcome = revoke(server, &id);
                    work.on_revoke(id, outcome);
                }
            }
            Work::Done => return work.finish(),
        }
    }
    panic!("it does not end");
}

fn revoke(server: &mut Server, id: &SessionId) -> Result<Session, Error> {
    let before = server.active.len();
    server.active.retain(|active| id != active.as_str());
    if server.active.len() < before { Ok(session(id.as_str())) } else { Err(error(404)) }
}

fn ids(sessions: &[SessionId]) -> Vec<&str> {
    sessions.iter().map(SessionId::as_str).collect()
}

#[test]
fn all_sessions_except_the_kept_ones_are_revoked() {
    let mut server = Server::new(&["a", "b", "c", "d", "e"]);
    let all = RevokeAll::of_user("user_1").except("b").except("d").except("nobody");
    let report = run(all, &mut server, Server::list, revoke).unwrap();
    assert_eq!(ids(&report.revoked), ["a", "c", "e"]);
    assert!(report.is_complete());
    assert_eq!(server.active, ["b", "d"]);
}

#[test]
fn no_session_to_revoke_is_no_error() {
    let report = run(RevokeAll::of_client("client_1"), &mut Server::new(&[]), Server::list, revoke).unwrap();
    assert!(report.is_complete() && report.revoked.is_empty());
}

#[test]
fn sessions_that_vanish_or_appear_meanwhile_are_seen() {
    let mut server = Server::new(&["a", "b", "c", "d", "e", "f"]);
    let report = run(
        RevokeAll::of_user("user_1"),
        &mut server,
        |server, page| {
            let response = server.list(page);
            // After the first page, its sessions end. All others move up, and two are missed.
            if server.lists == 1 {
                server.active.drain(..2);
            }
            response
        },
        |server, id| {
            if *id == "e" {
                server.active.push("late".to_owned());
            }
            revoke(server, id)
        },
    )
    .unwrap();
    assert_eq!(ids(&report.revoked), ["d", "e", "c", "f", "late"]);
    assert_eq!(ids(&report.gone), ["a", "b"]);
    assert!(report.is_complete() && server.active.is_empty());
}

#[test]
fn single_failures_do_not_end_it() {
    let mut server = Server::new(&["a", "b", "c"]);
    let report = run(RevokeAll::of_user("user_1"), &mut server, Server::list, |server, id| match id.as_str() {
        "a" => Err(error(500)),
        "b" => {
            // It has ended by itself, and the server refuses to revoke an ended session.
            server.active.retain(|active| active != "b");
            Err(error(400))
        }
        _ => revoke(server, id),
    })
    .unwrap();
    assert_eq!((ids(&report.revoked), ids(&report.gone)), (vec!["c"], vec!["b"]));
    assert_eq!(report.failed.len(), 1);
    assert_eq!((report.failed[0].0.as_str(), report.failed[0].1.status().unwrap().as_u16()), ("a", 500));
    assert!(!report.is_complete());
}

#[test]
fn a_list_that_fails_first_is_an_error_and_later_is_reported() {
    let failing = |after: usize| {
        move |server: &mut Server, page: &ListSessions| {
            let response = server.list(page)?;
            if server.lists > after { Err(error(500)) } else { Ok(response) }
        }
    };
    let first = run(RevokeAll::of_user("user_1"), &mut Server::new(&["a"]), failing(0), revoke).unwrap_err();
    assert_eq!(first.status().unwrap(), 500);
    let later = run(RevokeAll::of_user("user_1"), &mut Server::new(&["a"]), failing(1), revoke).unwrap();
    assert_eq!(ids(&later.revoked), ["a"]);
    assert!(later.incomplete.is_some() && !later.is_complete());
}

#[test]
fn a_server_that_is_down_is_given_up_soon() {
    let names: Vec<String> = (0..50).map(|number| format!("s{number:02}")).collect();
    let mut server = Server::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let caller =
        CallContext::new(Api::new("sk_test_1").unwrap()).with_options(CallOptions::new().retry(RetryPolicy::none()));
    let mut tries = 0;
    let report = run(RevokeAll::of_user("user_1"), &mut server, Server::list, |server, id| {
        tries += 1;
        if tries <= 6 {
            return revoke(server, id);
        }
        let mut call = caller.call(GetSession::new(id)).unwrap();
        call.step(Duration::ZERO);
        call.on_failure(TransportError::new(TransportErrorKind::Timeout, Delivery::MaybeSent), Duration::ZERO);
        call.finish()
    })
    .unwrap();
    assert_eq!((report.revoked.len(), tries), (6, 12), "two of the second four, and none of the third");
    assert!(report.incomplete.unwrap().is_timeout());
    assert_eq!(report.failed.len(), 6);
}

#[test]
fn an_empty_id_to_keep_is_refused() {
    let all = RevokeAll::of_user("user_1").except("");
    let mut server = Server::new(&["a"]);
    let error = run(all, &mut server, Server::list, revoke).unwrap_err();
    assert_eq!((error.to_string().as_str(), server.lists), ("except is empty", 0));
}

#[test]
fn a_user_who_signs_in_again_and_again_does_not_keep_it_busy_forever() {
    let mut server = Server::new(&["s"]);
    let report = run(RevokeAll::of_user("user_1"), &mut server, Server::list, |server, id| {
        server.active.push(format!("{id}s"));
        revoke(server, id)
    })
    .unwrap();
    assert_eq!(report.revoked.len(), 19, "one less than it lists");
    assert!(!report.is_complete());
}

#[test]
fn only_sessions_that_are_signed_in_are_revoked() {
    let mut server = Server::new(&["a", "b"]);
    let report = run(
        RevokeAll::of_user("user_1"),
        &mut server,
        |server, page| {
            let mut page = server.list(page)?;
            page.data.iter_mut().filter(|s| s.id == "b").for_each(|s| s.status = SessionStatus::Ended);
            Ok(page)
        },
        revoke,
    )
    .unwrap();
    assert_eq!(ids(&report.revoked), ["a"]);
}

#[test]
fn a_session_that_a_shift_hides_is_found_and_one_that_a_500_left_active_is_not_called_gone() {
    // Pages of two. A kept session ends between two pages, and all later ones move up.
    let mut server = Server::new(&["kept", "a", "b", "c"]);
    let all = RevokeAll::of_user("user_1").except("kept");
    let report = run(
        all,
        &mut server,
        |server, page| {
            let response = server.list(page);
            server.active.retain(|id| id != "kept");
            response
        },
        revoke,
    )
    .unwrap();
    assert!(report.is_complete() && server.active.is_empty(), "{report:?} {:?}", server.active);

    let mut server = Server::new(&["a", "b", "c"]);
    let report = run(RevokeAll::of_user("user_1"), &mut server, Server::list, |_, _| Err(error(500))).unwrap();
    assert!(report.gone.is_empty() && report.failed.len() == 3 && !report.is_complete());
}

#[test]
fn sessions_of_other_users_are_never_revoked() {
    let mut server = Server::new(&["a", "b"]);
    let list = |server: &mut Server, page: &ListSessions| {
        let mut page = server.list(page)?;
        page.data.iter_mut().filter(|session| session.id == "b").for_each(|session| session.user_id = "user_2".into());
        Ok(page)
    };
    let report = run(RevokeAll::of_user("user_1"), &mut server, list, revoke).unwrap();
    assert_eq!((ids(&report.revoked), &*server.active), (vec!["a"], &["b".to_owned()][..]));
    assert!(report.is_complete());
}

#[test]
fn only_sessions_on_the_client_are_revoked() {
    let mut server = Server::new(&["a", "b"]);
    let list = |server: &mut Server, page: &ListSessions| {
        let mut page = server.list(page)?;
        page.data
            .iter_mut()
            .filter(|session| session.id == "b")
            .for_each(|session| session.client_id = "client_2".into());
        Ok(page)
    };
    let report = run(RevokeAll::of_client("client_1"), &mut server, list, revoke).unwrap();
    assert_eq!((ids(&report.revoked), &*server.active), (vec!["a"], &["b".to_owned()][..]));
}

#[test]
fn a_batch_has_at_most_as_many_revokes_as_may_run_at_once() {
    for (most, expected) in [(None, 4), (Some(0), 1), (Some(3), 3)] {
        let all = RevokeAll::of_user("user_1");
        let mut work = Revoking::new(most.map_or(all.clone(), |most| all.concurrency(most)));
        assert_eq!(work.concurrency(), expected);
        let data = ["a", "b", "c", "d", "e"].map(session).into();
        work.on_list(Ok(SessionList { data, total_count: Some(5) }));
        let Work::Revoke(ids) = work.work() else { panic!("no revoke") };
        assert_eq!(ids.len(), expected);
    }
}

#[test]
fn pending_sessions_and_those_of_an_unknown_status_are_revoked() {
    for status in ["pending", "hibernating"] {
        let list = |server: &mut Server, page: &ListSessions| {
            let mut page = server.list(page)?;
            page.data.iter_mut().for_each(|session| session.status = SessionStatus::from(status));
            Ok(page)
        };
        let report = run(RevokeAll::of_user("user_1"), &mut Server::new(&["a"]), list, revoke).unwrap();
        assert_eq!(ids(&report.revoked), ["a"], "{status}");
    }
}

#[test]
fn a_session_that_is_still_listed_after_its_revoke_is_unconfirmed() {
    let mut server = Server::new(&["a", "b"]);
    let report = run(RevokeAll::of_user("user_1"), &mut server, Server::list, |server, id| match id.as_str() {
        "a" => Ok(session("a")),
        _ => revoke(server, id),
    })
    .unwrap();
    assert_eq!((ids(&report.revoked), ids(&report.unconfirmed)), (vec!["a", "b"], vec!["a"]));
    assert!(!report.is_complete());
}

#[test]
fn a_list_that_is_never_full_is_listed_three_times_and_not_complete() {
    let mut server = Server::new(&["a"]);
    let lie = |server: &mut Server, page: &ListSessions| {
        let mut page = server.list(page)?;
        page.total_count = Some(7);
        Ok(page)
    };
    let report = run(RevokeAll::of_user("user_1"), &mut server, lie, revoke).unwrap();
    assert_eq!(ids(&report.revoked), ["a"]);
    assert!(!report.is_complete() && report.incomplete.is_none());
    assert_eq!(server.lists, 7, "four pages of the list with the session, and three empty lists");
}
