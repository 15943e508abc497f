//! [`Revoking`]: lists the active sessions of a user or a client and says which to revoke, until none is left.

use std::collections::{BTreeMap, BTreeSet};

use super::paging::Paging;
use super::revoke_all::{RevokeAll, RevokeReport};
use crate::error::{BuildError, Error};
use crate::model::{Session, SessionId, SessionList};
use crate::operations::ListSessions;

/// What a [`Revoking`] wants done next.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_enums)] // As for `Step`: a driver has to do all three.
pub enum Work {
    /// Call this list, and report with [`Revoking::on_list`].
    List(ListSessions),
    /// Revoke these sessions, in any order, and report each with [`Revoking::on_revoke`].
    Revoke(Vec<SessionId>),
    /// Nothing: call [`Revoking::finish`].
    Done,
}

/// The machine behind `revoke_all`.
///
/// It lists all active sessions, revokes them, and lists again, until there is none that it has not tried: so it finds what came
/// meanwhile, and what moved from page to page as others ended. What failed and is not active in the last list was gone. It
/// hands out as many revokes as may run at once, and gives up if none of those got a response.
#[derive(Debug)]
pub struct Revoking {
    all: RevokeAll,
    /// The walk through the list of this round.
    paging: Paging,
    /// The active sessions of this round that are not to be kept.
    active: BTreeSet<SessionId>,
    tried: BTreeSet<SessionId>,
    revoked: Vec<SessionId>,
    failed: BTreeMap<SessionId, Error>,
    rounds: u32,
    /// Why it ended before it was through.
    ended: Option<Error>,
    /// What of this round is still to be handed out.
    batches: Vec<SessionId>,
    /// What the revokes failed with that were handed out last, and got no response.
    without_response: Vec<Error>,
    handed_out: usize,
}

impl Revoking {
    /// How many times it lists at most: someone who signs in again and again must not keep it busy forever.
    const MAX_ROUNDS: u32 = 20;

    /// Starts.
    #[must_use]
    #[inline]
    pub fn new(all: RevokeAll) -> Self {
        // An empty id names no session, and whoever passes one means to keep one.
        let names_none = all.except.iter().any(|id| id.as_str().is_empty());
        let all_are_named = names_none.then(|| BuildError::new("except", "is empty").into());
        Self {
            paging: Paging::new(all.list.clone()),
            all,
            active: BTreeSet::new(),
            tried: BTreeSet::new(),
            revoked: Vec::new(),
            failed: BTreeMap::new(),
            rounds: 1,
            ended: all_are_named,
            batches: Vec::new(),
            without_response: Vec::new(),
            handed_out: 0,
        }
    }

    /// How many revokes may be under way at once.
    #[must_use]
    pub fn concurrency(&self) -> usize {
        self.all.concurrency
    }

    /// What to do next.
    #[inline]
    pub fn work(&mut self) -> Work {
        if self.handed_out > 0 && self.without_response.len() == self.handed_out {
            self.ended = self.without_response.pop();
        }
        if self.ended.is_some() {
            return Work::Done;
        }
        if let Some(batch) = self.next_batch() {
            return Work::Revoke(batch);
        }
        if let Some(list) = self.paging.next_page() {
            return Work::List(list);
        }
        if self.untried().is_empty() || self.rounds > Self::MAX_ROUNDS {
            return Work::Done;
        }
        self.rounds += 1;
        self.batches = self.untried();
        self.work()
    }

    /// The next few sessions to revoke: no more than run at once, so that a server that is down is noticed soon.
    #[inline]
    fn next_batch(&mut self) -> Option<Vec<SessionId>> {
        if self.batches.is_empty() {
            return None;
        }
        let rest = self.batches.split_off(self.all.concurrency.min(self.batches.len()));
        let batch = std::mem::replace(&mut self.batches, rest);
        self.tried.extend(batch.iter().cloned());
        self.handed_out = batch.len();
        self.without_response.clear();
        if self.batches.is_empty() {
            // The last of this round: what it did not see is in the next.
            self.paging = Paging::new(self.all.list.clone());
            self.active.clear();
        }
        Some(batch)
    }

    /// Reports what a [`Work::List`] came to.
    #[inline]
    pub fn on_list(&mut self, page: Result<SessionList, Error>) {
        match page {
            Ok(page) => {
                let sessions = self.paging.on_page(page).into_iter();
                // A server may not know the status filter.
                let ids = sessions.filter(Session::is_active).map(|session| session.id);
                self.active.extend(ids.filter(|id| !self.all.except.contains(id)));
            }
            Err(error) => self.ended = Some(error),
        }
    }

    /// Reports what the revoke of a session came to.
    #[inline]
    pub fn on_revoke(&mut self, session_id: SessionId, outcome: Result<Session, Error>) {
        match outcome {
            Ok(_) => self.revoked.push(session_id),
            Err(error) => {
                if matches!(error, Error::Transport(_)) {
                    self.without_response.push(error.clone());
                }
                self.failed.insert(session_id, error);
            }
        }
    }

    /// What became of the sessions.
    ///
    /// # Errors
    /// The list failed before anything was revoked, or a session to be kept has an empty id.
    #[inline]
    pub fn finish(self) -> Result<RevokeReport, Error> {
        let more = !self.untried().is_empty() || !self.batches.is_empty();
        let (incomplete, listed) = (self.ended, self.active);
        match incomplete {
            Some(error) if self.tried.is_empty() => Err(error),
            incomplete => {
                // Where the last list is not whole, only what the server no longer knows is certainly gone.
                let is_gone = |id: &SessionId, error: &Error| match &incomplete {
                    None => !listed.contains(id),
                    Some(_) => error.is_not_found(),
                };
                let (gone, failed): (Vec<_>, Vec<_>) =
                    self.failed.into_iter().partition(|(id, error)| is_gone(id, error));
                let gone = gone.into_iter().map(|(id, _)| id).collect();
                Ok(RevokeReport { revoked: self.revoked, gone, failed, incomplete, more })
            }
        }
    }

    #[inline]
    fn untried(&self) -> Vec<SessionId> {
        self.active.difference(&self.tried).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::call::{CallContext, Flow as _};
    use crate::model::SessionStatus;
    use crate::model::tests::minimal;
    use crate::{Api, CallOptions, Delivery, GetSession, RetryPolicy, TransportError, TransportErrorKind};

    fn error(status: u16) -> Error {
        let response = http::Response::builder().status(status).body(Vec::new()).unwrap();
        Api::new("sk_test_1").unwrap().parse::<GetSession>(response).unwrap_err()
    }

    fn session(id: &str) -> Session {
        let mut session = minimal();
        session["id"] = json!(id);
        serde_json::from_value(session).unwrap()
    }

    /// A server that holds these sessions as active.
    struct Server {
        active: Vec<String>,
        lists: usize,
    }

    impl Server {
        fn new(active: &[&str]) -> Self {
            Self { active: active.iter().map(ToString::to_string).collect(), lists: 0 }
        }

        fn list(&mut self, list: &ListSessions) -> Result<SessionList, Error> {
            assert_eq!(list.status, Some(SessionStatus::Active));
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
    fn all_but_the_excepted_are_revoked() {
        let mut server = Server::new(&["a", "b", "c", "d", "e"]);
        let all = RevokeAll::of_user("user_1").except("b").except("d").except("nobody");
        let report = run(all, &mut server, Server::list, revoke).unwrap();
        assert_eq!(ids(&report.revoked), ["a", "c", "e"]);
        assert!(report.is_complete());
        assert_eq!(server.active, ["b", "d"]);
    }

    #[test]
    fn nobody_to_revoke_is_no_error() {
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
                // After the first page, its sessions end: all others move up, and the walk misses two.
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
        assert_eq!(ids(&report.revoked), ["e", "f", "c", "d", "late"]);
        assert_eq!(ids(&report.gone), ["a", "b"]);
        assert!(report.is_complete() && server.active.is_empty());
    }

    #[test]
    fn single_failures_do_not_end_it() {
        let mut server = Server::new(&["a", "b", "c"]);
        let report = run(RevokeAll::of_user("user_1"), &mut server, Server::list, |server, id| match id.as_str() {
            "a" => Err(error(500)),
            "b" => {
                // It ended by itself, and the server refuses to revoke what has ended.
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
        let caller = CallContext::new(Api::new("sk_test_1").unwrap())
            .with_options(CallOptions::new().retry(RetryPolicy::none()));
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
        assert_eq!(report.revoked.len(), 20);
        assert!(!report.is_complete());
    }

    #[test]
    fn a_server_that_ignores_the_status_filter_has_only_active_ones_revoked() {
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
}
