//! Listing, creating, reading and revoking sessions.

use serde_json::{Value, json};

use super::errors::{self, Problem};
use super::request::{Fields, Query};
use super::seed::{ListShape, RevokeEnded, SeedSession};
use super::session::{STATUSES, Session};
use super::state::State;

/// The default number of sessions in a list.
const DEFAULT_LIMIT: usize = 10;

/// `GET /sessions`.
pub(super) fn list(state: &State, query: &Query, now: i64) -> Result<Value, Problem> {
    let client_id = query.text("client_id");
    let user_id = query.text("user_id");
    let status = query.text("status");
    if status.is_some_and(|status| !STATUSES.contains(&status)) {
        return Err(errors::PARAM_VALUE_INVALID.about("status", "must be a known status"));
    }
    let limit = query.number("limit", 1..=500)?.unwrap_or(DEFAULT_LIMIT);
    let offset = query.number("offset", 0..=i64::MAX)?.unwrap_or(0);
    let asked = query.flag("paginated")?;

    let limit = match state.seed.max_limit {
        Some(most) => limit.min(most as usize),
        None => limit,
    };
    let wanted = |session: &&Session| {
        user_id.is_none_or(|id| session.user_id == id)
            && client_id.is_none_or(|id| session.client_id == id)
            && status.is_none_or(|status| session.status(now) == status)
    };
    let matching = || state.sessions.newest_first().filter(wanted);
    let page: Vec<_> = matching().skip(offset).take(limit).map(|session| session.view(now, state.seed.nulls)).collect();

    let paginated = match state.seed.list_shape {
        ListShape::AsAsked => asked,
        ListShape::Array => false,
        ListShape::Paginated => true,
    };
    Ok(if paginated { json!({ "data": page, "total_count": matching().count() }) } else { json!(page) })
}

/// `POST /sessions`.
pub(super) fn create(state: &mut State, fields: &Fields, now: i64) -> Result<Value, Problem> {
    if state.seed.production {
        return Err(errors::ENVIRONMENT_INVALID.because("Sessions cannot be created in a production instance."));
    }
    let user_id = fields.required_text("user_id")?;
    let organization = fields.text("active_organization_id")?;
    if !state.has_user(user_id) {
        return Err(errors::RESOURCE_NOT_FOUND.because("No user was found with that id."));
    }
    if organization.is_some_and(|id| !state.has_organization(id)) {
        return Err(errors::RESOURCE_NOT_FOUND.because("No organization was found with that id."));
    }
    let seed =
        SeedSession { last_active_organization_id: organization.map(str::to_owned), ..SeedSession::new("", user_id) };
    let id = state.add_session(seed, now);
    get(state, &id, now)
}

/// `GET /sessions/{id}`.
pub(super) fn get(state: &State, id: &str, now: i64) -> Result<Value, Problem> {
    let session = state.session(id)?;
    Ok(json!(session.view(now, state.seed.nulls)))
}

/// `POST /sessions/{id}/revoke`.
pub(super) fn revoke(state: &mut State, id: &str, now: i64) -> Result<Value, Problem> {
    let refuse_ended = state.seed.revoke_ended == RevokeEnded::Error;
    let session = state.session_mut(id)?;
    if session.is_live(now) {
        session.end("revoked", now);
    } else if refuse_ended && session.status(now) != "revoked" {
        return Err(errors::BAD_REQUEST.because("The session has already ended."));
    }
    get(state, id, now)
}

#[cfg(test)]
mod tests {
    use super::super::seed::{Nulls, Seed};
    use super::super::testing::{Client, NOW};
    use super::*;

    /// 25 sessions, created a millisecond apart. `s0` is the oldest. Those with even numbers belong to `user_a`.
    fn many() -> Seed {
        let session = |index: i64| SeedSession {
            created_at: Some(NOW - 100 + index),
            client_id: format!("client_{}", index % 5),
            ..SeedSession::new(&format!("s{index}"), ["user_a", "user_b"][index as usize % 2])
        };
        Seed { sessions: (0..25).map(session).collect(), ..Seed::default() }
    }

    #[test]
    fn a_list_is_filtered_and_paged_newest_first() {
        let mut client = Client::new(many());
        let table: [(&str, usize, &[&str]); 8] = [
            ("", 25, &["s24", "s23", "s22"]),
            ("&limit=2&offset=1", 25, &["s23", "s22"]),
            ("&offset=24", 25, &["s0"]),
            ("&offset=9223372036854775807", 25, &[]),
            ("&user_id=user_b&limit=2", 12, &["s23", "s21"]),
            ("&user_id=user%5Fb&client_id=client_1", 3, &["s21", "s11", "s1"]),
            ("&status=pending", 0, &[]),
            ("&user_id=&status=&limit=1", 25, &["s24"]),
        ];
        for (query, total, first) in table {
            let response = client.get(&format!("/v1/sessions?paginated=true{query}"));
            assert_eq!(response.json["total_count"], total, "{query}");
            assert!(response.ids().starts_with(first), "{query}: {:?}", response.ids());
            assert!(response.ids().len() <= 10);
            let bare = client.get(&format!("/v1/sessions?{query}"));
            assert_eq!(bare.json, response.json["data"]);
        }
    }

    #[test]
    fn among_sessions_created_at_the_same_time_the_last_added_is_listed_first() {
        let mut client = Client::demo();
        let created = client.post("/v1/sessions", r#"{"user_id":"user_demo"}"#).json;
        let response = client.get("/v1/sessions?limit=2");
        assert_eq!(response.ids(), [created["id"].as_str().unwrap(), "sess_demo_active"]);
    }

    #[test]
    fn a_seed_can_clamp_the_limit_and_fix_the_shape() {
        for (list_shape, is_array) in [(ListShape::Array, true), (ListShape::Paginated, false)] {
            let mut client = Client::new(Seed { max_limit: Some(3), list_shape, ..many() });
            for query in ["?limit=500&paginated=true", "?paginated=false"] {
                let response = client.get(&format!("/v1/sessions{query}"));
                assert_eq!(response.json.is_array(), is_array);
                assert_eq!(response.ids().len(), 3);
            }
        }
    }

    #[test]
    fn a_created_session_is_active_for_seven_days() {
        let mut client = Client::demo();
        let body = r#"{"user_id":"user_demo","active_organization_id":"org_demo","more":1}"#;
        let created = client.post("/v1/sessions", body);
        assert_eq!(created.status, 200);
        assert_eq!(created.json["status"], "active");
        assert_eq!(created.json["last_active_organization_id"], "org_demo");
        assert_eq!(created.json["expire_at"], NOW + 604_800_000);
        let target = format!("/v1/sessions/{}", created.json["id"].as_str().unwrap());
        assert_eq!(client.get(&target).json, created.json);

        client.now += 604_799_999;
        assert_eq!(client.get(&target).json["status"], "active");
        client.now += 1;
        assert_eq!(client.get(&target).json["status"], "expired");
        assert_eq!(client.get("/v1/sessions?status=active").json, json!([]));
    }

    #[test]
    fn a_second_revoke_changes_nothing() {
        let mut client = Client::demo();
        let target = "/v1/sessions/sess_demo_active/revoke";
        client.now += 5;
        let first = client.post(target, "").json;
        assert_eq!((&first["status"], &first["updated_at"]), (&json!("revoked"), &json!(NOW + 5)));
        client.now += 5;
        let second = client.post(target, "{}");
        assert_eq!((second.status, second.json), (200, first));

        let expired = client.post("/v1/sessions/sess_demo_expired/revoke", "");
        assert_eq!((expired.status, &expired.json["status"]), (200, &json!("expired")));
    }

    #[test]
    fn optional_fields_are_null_or_absent() {
        let optional = ["actor", "last_active_organization_id", "latest_activity", "tasks"];
        for nulls in [Nulls::Null, Nulls::Absent] {
            let sessions = vec![SeedSession::new("s", "u")];
            let mut client = Client::new(Seed { sessions, nulls, ..Seed::default() });
            let json = client.get("/v1/sessions/s").json;
            let shown = optional.map(|name| json.get(name).is_some());
            assert_eq!(shown, [nulls == Nulls::Null; 4]);
        }
    }

    #[test]
    fn an_unknown_status_is_kept() {
        let session = SeedSession { status: "hibernating".to_owned(), ..SeedSession::new("s", "u") };
        let mut client = Client::new(Seed { sessions: vec![session], ..Seed::default() });
        assert_eq!(client.get("/v1/sessions/s").json["status"], "hibernating");
    }
}
