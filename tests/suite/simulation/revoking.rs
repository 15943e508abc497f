//! `revoke_all` with servers that change, fail and return wrong data: after a complete report, nobody is signed in.

use std::collections::{BTreeMap, BTreeSet};

use clerk_sessions_core::flows::{Revoking, Work};
use clerk_sessions_core::{
    Api, Error, GetSession, ListSessions, RevokeAll, RevokeReport, Session, SessionId, SessionList,
};
use http::Response;
use serde_json::json;

use super::random::Random;

const USER: &str = "user_1";
const CLIENT: &str = "client_1";

/// The faults that occurred, and how often.
pub(super) type Drawn = BTreeMap<&'static str, u64>;

/// A session of the server.
struct Kept {
    id: String,
    user: &'static str,
    client: &'static str,
    status: &'static str,
    /// The number of lists before the session was created.
    since: u64,
}

/// A server and its faults, which are chosen for a whole run.
#[derive(Default)]
struct Server {
    /// Newest first.
    sessions: Vec<Kept>,
    clamp: Option<usize>,
    ignores_owner: bool,
    ignores_offset: bool,
    total: Total,
    drops_ended: bool,
    changes: bool,
    fails: bool,
    /// The number of lists that were started.
    lists: u64,
    created: u64,
}

#[derive(Clone, Copy, Default)]
enum Total {
    #[default]
    Honest,
    None,
    LengthOfPage,
    Random,
}

/// True with a probability of one in this number.
fn one_in(random: &mut Random, many: u64) -> bool {
    random.below(many) == 0
}

fn note(drawn: &mut Drawn, fault: &'static str, is_drawn: bool) -> bool {
    *drawn.entry(fault).or_default() += u64::from(is_drawn);
    is_drawn
}

impl Server {
    fn draw(random: &mut Random, drawn: &mut Drawn) -> Self {
        let clamps = note(drawn, "clamps pages", one_in(random, 2));
        let mut server = Self {
            clamp: clamps.then(|| 1 + random.below(4) as usize),
            ignores_owner: note(drawn, "ignores user_id and client_id", one_in(random, 4)),
            ignores_offset: note(drawn, "ignores offset", one_in(random, 8)),
            drops_ended: note(drawn, "drops ended sessions from lists", one_in(random, 2)),
            changes: note(drawn, "lists change between pages", one_in(random, 2)),
            fails: note(drawn, "requests fail", one_in(random, 2)),
            ..Self::default()
        };
        server.total = match random.below(5) {
            0 if note(drawn, "tells no total", true) => Total::None,
            1 if note(drawn, "tells the length of the page as the total", true) => Total::LengthOfPage,
            2 if note(drawn, "tells any total", true) => Total::Random,
            _ => Total::Honest,
        };
        for _ in 0..random.below(12) {
            server.sign_in(random);
        }
        server
    }

    fn sign_in(&mut self, random: &mut Random) {
        self.created += 1;
        let statuses = ["active", "active", "active", "pending", "ended", "revoked", "hibernating"];
        self.sessions.insert(
            0,
            Kept {
                id: format!("sess_{}", self.created),
                user: random.pick(&[USER, USER, "user_2"]),
                client: random.pick(&[CLIENT, CLIENT, "client_2"]),
                status: random.pick(&statuses),
                since: self.lists,
            },
        );
    }

    /// Changes a session between two requests.
    fn change(&mut self, random: &mut Random, drawn: &mut Drawn) {
        let some = random.below(self.sessions.len().max(1) as u64) as usize;
        match (random.below(4), self.sessions.get_mut(some)) {
            (0, _) if note(drawn, "a user signs in meanwhile", true) => self.sign_in(random),
            (1, Some(session)) if note(drawn, "a session ends meanwhile", true) => session.status = "ended",
            (2, Some(session))
                if session.status == "pending" && note(drawn, "a pending session becomes active", true) =>
            {
                session.status = "active";
            }
            _ => {}
        }
    }

    fn list(&mut self, list: &ListSessions, random: &mut Random, drawn: &mut Drawn) -> Result<SessionList, Error> {
        if self.fails && one_in(random, 30) && note(drawn, "a list fails", true) {
            return Err(error(503));
        }
        let offset = list.offset.unwrap_or(0) as usize;
        if offset == 0 {
            self.lists += 1;
        } else if self.changes && one_in(random, 2) {
            self.change(random, drawn);
        }
        let is_listed = |session: &&Kept| {
            let is_owned = list.user_id.as_ref().is_none_or(|user| *user == session.user)
                && list.client_id.as_ref().is_none_or(|client| *client == session.client);
            (is_owned || self.ignores_owner) && !(self.drops_ended && has_ended(session.status))
        };
        let all: Vec<_> = self.sessions.iter().filter(is_listed).collect();
        let offset = if self.ignores_offset { 0 } else { offset };
        let limit = self.clamp.unwrap_or(usize::MAX).min(list.limit.unwrap_or(10) as usize);
        let page: Vec<_> = all.iter().skip(offset).take(limit).map(|session| session.as_json()).collect();
        let total = match self.total {
            Total::Honest => Some(all.len()),
            Total::None => None,
            Total::LengthOfPage => Some(page.len()),
            Total::Random => Some(random.below(20) as usize),
        };
        let body = match total {
            Some(total) => json!({ "data": page, "total_count": total }),
            None => json!(page),
        };
        Ok(serde_json::from_value(body).expect("the sessions can be read"))
    }

    fn revoke(&mut self, id: &SessionId, random: &mut Random, drawn: &mut Drawn) -> Result<Session, Error> {
        if self.changes && one_in(random, 4) {
            self.change(random, drawn);
        }
        let Some(session) = self.sessions.iter_mut().find(|session| *id == session.id.as_str()) else {
            return Err(error(404));
        };
        if self.fails {
            match random.below(12) {
                0 if note(drawn, "a revoke fails without effect", true) => return Err(error(500)),
                1 if note(drawn, "a revoke fails with effect", true) => {
                    session.status = "revoked";
                    return Err(error(500));
                }
                2 if note(drawn, "a revoke succeeds without effect", true) => {
                    return Ok(serde_json::from_value(session.as_json()).expect("it can be read"));
                }
                _ => {}
            }
        }
        if has_ended(session.status) {
            return Err(error(400));
        }
        session.status = "revoked";
        Ok(serde_json::from_value(session.as_json()).expect("it can be read"))
    }
}

impl Kept {
    fn as_json(&self) -> serde_json::Value {
        json!({
            "object": "session", "id": self.id, "user_id": self.user, "client_id": self.client, "status": self.status,
            "last_active_at": 1, "expire_at": 2, "abandon_at": 3, "updated_at": 4, "created_at": 5,
        })
    }
}

fn has_ended(status: &str) -> bool {
    ["abandoned", "ended", "expired", "removed", "replaced", "revoked"].contains(&status)
}

fn error(status: u16) -> Error {
    let response = Response::builder().status(status).body(Vec::new()).expect("a status");
    let api = Api::new("sk_test_1").expect("a key");
    api.parse::<GetSession>(response).expect_err("it is no 2xx")
}

/// The results of the runs.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) steps: u64,
    pub(super) complete: u64,
    pub(super) incomplete: u64,
    pub(super) failed: u64,
}

/// Makes runs until this number of steps is reached.
pub(super) fn run(seed: u64, steps: u64, drawn: &mut Drawn) -> Tally {
    let (mut random, mut tally) = (Random::new(seed), Tally::default());
    while tally.steps < steps {
        one(&mut random, drawn, &mut tally).unwrap_or_else(|wrong| {
            panic!("SIMULATION_SEED={seed} SIMULATION_STEPS={steps}: step {}: {wrong}", tally.steps)
        });
    }
    tally
}

fn one(random: &mut Random, drawn: &mut Drawn, tally: &mut Tally) -> Result<(), String> {
    let mut server = Server::draw(random, drawn);
    let is_of_client = one_in(random, 3);
    let mut all = if is_of_client { RevokeAll::of_client(CLIENT) } else { RevokeAll::of_user(USER) };
    let is_owned = |session: &Kept| if is_of_client { session.client == CLIENT } else { session.user == USER };
    let mut kept = BTreeSet::new();
    if one_in(random, 2) {
        if let Some(session) = server.sessions.first() {
            kept.insert(session.id.clone());
            all = all.except(session.id.as_str());
        }
    }
    let mut revoking = Revoking::new(all);
    let report: Result<RevokeReport, Error> = loop {
        tally.steps += 1;
        match revoking.work() {
            Work::List(list) => revoking.on_list(server.list(&list, random, drawn)),
            Work::Revoke(ids) => {
                for id in ids {
                    tally.steps += 1;
                    let session = server.sessions.iter().find(|session| id == session.id.as_str());
                    let is_meant = session.is_some_and(|session| is_owned(session) && !kept.contains(&session.id));
                    if !is_meant {
                        return Err(format!("{id} is to be revoked, which was not asked for"));
                    }
                    let outcome = server.revoke(&id, random, drawn);
                    revoking.on_revoke(id, outcome);
                }
            }
            Work::Done => break revoking.finish(),
        }
    };
    let Ok(report) = report else {
        tally.failed += 1;
        return Ok(());
    };
    if !report.is_complete() {
        tally.incomplete += 1;
        return Ok(());
    }
    tally.complete += 1;
    // A session that was created after the start of the last list may remain active.
    let still_signed_in = server.sessions.iter().find(|session| {
        is_owned(session) && !has_ended(session.status) && !kept.contains(&session.id) && session.since < server.lists
    });
    match still_signed_in {
        Some(session) => Err(format!("it is complete, but {} is {}: {report:?}", session.id, session.status)),
        None => Ok(()),
    }
}
