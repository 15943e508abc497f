//! One session: its fields, its status and its JSON.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::claims::ClaimsVersion;
use super::seed::{Nulls, SeedSession};

/// Milliseconds in a day.
const DAY: i64 = 24 * 60 * 60 * 1000;
/// The lifetime of a session, in milliseconds.
pub(super) const LIFE: i64 = 7 * DAY;
/// The time from the creation of a session to its `abandon_at`, in milliseconds.
const ABANDONED_AFTER: i64 = 30 * DAY;

/// All statuses that the list filter accepts.
pub(super) const STATUSES: [&str; 8] =
    ["abandoned", "active", "ended", "expired", "pending", "removed", "replaced", "revoked"];

/// What a seed says about the claims of a session's tokens, apart from the session itself and its organization.
#[derive(Debug, Default)]
pub(super) struct UserClaims {
    pub(super) version: ClaimsVersion,
    pub(super) features: Vec<String>,
    pub(super) plans: Vec<String>,
    /// Further claims, which replace others.
    pub(super) more: Map<String, Value>,
}

/// A session. Times are in Unix milliseconds.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) user_id: String,
    pub(super) client_id: String,
    /// The status as last set. [`Session::status`] takes expiry into account.
    stored_status: String,
    pub(super) created_at: i64,
    last_active_at: i64,
    expire_at: i64,
    abandon_at: i64,
    updated_at: i64,
    pub(super) last_active_organization_id: Option<String>,
    pub(super) actor: Option<Value>,
    latest_activity: Option<Value>,
    tasks: Option<Value>,
    pub(super) fva: Option<[i64; 2]>,
    pub(super) claims: UserClaims,
}

impl Session {
    /// Creates the session of a seed. Missing times are relative to `now`.
    pub(super) fn new(seed: SeedSession, now: i64) -> Session {
        let created_at = seed.created_at.unwrap_or(match seed.status.as_str() {
            "expired" => now.saturating_sub(LIFE + DAY),
            "abandoned" => now.saturating_sub(ABANDONED_AFTER + DAY),
            _ => now,
        });
        let after = |life| created_at.saturating_add(life);
        Session {
            id: seed.id,
            user_id: seed.user_id,
            client_id: seed.client_id,
            stored_status: seed.status,
            created_at,
            last_active_at: seed.last_active_at.unwrap_or(created_at),
            expire_at: seed.expire_at.unwrap_or_else(|| after(LIFE)),
            abandon_at: seed.abandon_at.unwrap_or_else(|| after(ABANDONED_AFTER)),
            updated_at: seed.updated_at.unwrap_or(created_at),
            last_active_organization_id: seed.last_active_organization_id,
            actor: seed.actor,
            latest_activity: seed.latest_activity,
            tasks: seed.tasks,
            fva: seed.fva,
            claims: UserClaims {
                version: seed.claims_version,
                features: seed.user_features,
                plans: seed.user_plans,
                more: seed.claims,
            },
        }
    }

    /// The status at `now`.
    pub(super) fn status(&self, now: i64) -> &str {
        match self.stored_status.as_str() {
            "active" | "pending" if self.expire_at <= now => "expired",
            status => status,
        }
    }

    /// Whether the user is signed in, or only has a task left before being signed in.
    pub(super) fn is_live(&self, now: i64) -> bool {
        matches!(self.status(now), "active" | "pending")
    }

    /// Ends the session with that status.
    pub(super) fn end(&mut self, status: &str, now: i64) {
        self.stored_status = status.to_owned();
        self.updated_at = now;
    }

    /// The JSON of the session at `now`.
    pub(super) fn view(&self, now: i64, nulls: Nulls) -> View<'_> {
        View { session: self, now, nulls }
    }
}

/// A session as the API returns it.
pub(super) struct View<'a> {
    session: &'a Session,
    now: i64,
    nulls: Nulls,
}

impl View<'_> {
    fn optional<M: SerializeMap>(
        &self,
        map: &mut M,
        key: &str,
        value: Option<&impl Serialize>,
    ) -> Result<(), M::Error> {
        match (value, self.nulls) {
            (None, Nulls::Absent) => Ok(()),
            (value, _) => map.serialize_entry(key, &value),
        }
    }
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let session = self.session;
        let organization = session.last_active_organization_id.as_ref();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("object", "session")?;
        map.serialize_entry("id", &session.id)?;
        map.serialize_entry("user_id", &session.user_id)?;
        map.serialize_entry("client_id", &session.client_id)?;
        self.optional(&mut map, "actor", session.actor.as_ref())?;
        map.serialize_entry("status", session.status(self.now))?;
        self.optional(&mut map, "last_active_organization_id", organization)?;
        map.serialize_entry("last_active_at", &session.last_active_at)?;
        self.optional(&mut map, "latest_activity", session.latest_activity.as_ref())?;
        map.serialize_entry("expire_at", &session.expire_at)?;
        map.serialize_entry("abandon_at", &session.abandon_at)?;
        map.serialize_entry("updated_at", &session.updated_at)?;
        map.serialize_entry("created_at", &session.created_at)?;
        self.optional(&mut map, "tasks", session.tasks.as_ref())?;
        map.end()
    }
}
