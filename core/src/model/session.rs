//! [`Session`], its status, activity, tasks and actor.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::id::{ClientId, OrganizationId, SessionId, UserId};
use super::open::open_enum;
use super::time::UnixMillis;

/// A session: a user who is or was signed in on a client, which is a browser or a device.
///
/// All operations but those for tokens return it. Every time is in milliseconds since the Unix epoch. In a test, make
/// one from JSON: the struct is `#[non_exhaustive]`, as Clerk adds fields.
///
/// ```
/// use clerk_sessions_core::{Api, GetSession, http};
///
/// let body = br#"{"object":"session","id":"sess_1","user_id":"user_1","client_id":"client_1","status":"active",
///     "last_active_at":1700000000000,"expire_at":1700604800000,"abandon_at":1702592000000,
///     "updated_at":1700000000000,"created_at":1700000000000}"#;
/// let session = Api::new("sk_test_123")?.parse::<GetSession>(http::Response::new(body.to_vec()))?;
/// assert!(session.is_active());
/// assert_eq!(session.expire_at.as_millis() - session.created_at.as_millis(), 7 * 24 * 60 * 60 * 1000);
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
///
/// Source: [Clerk's reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/GetSession).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Session {
    /// The type of the object: `session`.
    pub object: String,
    /// The id of the session.
    pub id: SessionId,
    /// The user who is signed in by the session.
    pub user_id: UserId,
    /// The client of the session: a browser or a device.
    pub client_id: ClientId,
    /// The impersonator, if someone else acts as the user. `None` for a session of the user.
    #[serde(default)]
    pub actor: Option<Actor>,
    /// The status. Only [`SessionStatus::Active`] means signed in.
    pub status: SessionStatus,
    /// The organization that was last active in the session. `None` if there was none.
    #[serde(default)]
    pub last_active_organization_id: Option<OrganizationId>,
    /// When the session was last active, in ms.
    pub last_active_at: UnixMillis,
    /// The device and place that the session was last used from. `None` if Clerk does not know them.
    #[serde(default)]
    pub latest_activity: Option<Activity>,
    /// When the session expires, in ms. Clerk's default is 7 days after it was created.
    pub expire_at: UnixMillis,
    /// When the session is abandoned unless it becomes active again, in ms.
    pub abandon_at: UnixMillis,
    /// When the session was last changed, in ms.
    pub updated_at: UnixMillis,
    /// When the session was created, in ms.
    pub created_at: UnixMillis,
    /// The tasks that the user has to complete before a `pending` session becomes active. Empty if the server sent
    /// none.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub tasks: Vec<SessionTask>,
}

impl Session {
    /// Whether the user is signed in by this session: the status is `active`.
    ///
    /// A `pending` session is not signed in: its user has [`tasks`](Self::tasks) to complete.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == SessionStatus::Active
    }
}

open_enum! {
    /// The status of a session. Only `Active` means that the user is signed in.
    SessionStatus {
        /// The session was inactive for too long.
        Abandoned = "abandoned",
        /// The user is signed in.
        Active = "active",
        /// The user signed out.
        Ended = "ended",
        /// The session reached its `expire_at`.
        Expired = "expired",
        /// The user has tasks to complete before the session becomes active. Not signed in.
        Pending = "pending",
        /// The session was removed from its client.
        Removed = "removed",
        /// Another session replaced it.
        Replaced = "replaced",
        /// The session was revoked, as by [`RevokeSession`](crate::RevokeSession).
        Revoked = "revoked",
    }
}

/// The device and place that a session was last used from: [`Session::latest_activity`].
///
/// Clerk derives it from the user's request, so treat it as a hint and not as proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Activity {
    /// The type of the object: `session_activity`.
    pub object: String,
    /// The id of the activity.
    pub id: String,
    /// The kind of device, such as `Macintosh`.
    #[serde(default)]
    pub device_type: Option<String>,
    /// Whether the device is a mobile device.
    pub is_mobile: bool,
    /// The name of the browser, such as `Chrome`.
    #[serde(default)]
    pub browser_name: Option<String>,
    /// The version of the browser, such as `126.0`.
    #[serde(default)]
    pub browser_version: Option<String>,
    /// The IP address of the device.
    #[serde(default)]
    pub ip_address: Option<String>,
    /// The city of the IP address.
    #[serde(default)]
    pub city: Option<String>,
    /// The country of the IP address, such as `GR`.
    #[serde(default)]
    pub country: Option<String>,
}

/// A task that the user has to complete before a `pending` session becomes active: [`Session::tasks`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionTask {
    /// The name of the task, such as `choose-organization`, `reset-password` or `setup-mfa`. Clerk may add names.
    pub key: String,
}

/// The impersonator who acts as the user: [`Session::actor`]. It keeps the JSON that the server sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Actor(Value);

impl Actor {
    /// Returns the user id of the impersonator, the member `sub`; `None` if there is none.
    #[must_use]
    pub fn sub(&self) -> Option<&str> {
        self.0.get("sub")?.as_str()
    }

    /// Returns the JSON as the server sent it.
    #[must_use]
    pub fn as_json(&self) -> &Value {
        &self.0
    }
}

fn null_as_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SessionTask>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Returns the JSON of a session with only the required fields.
    pub(crate) fn minimal() -> Value {
        json!({
            "object": "session", "id": "sess_1", "user_id": "user_1", "client_id": "client_1", "status": "active",
            "last_active_at": 1_700_000_000_001_i64, "expire_at": 1_700_000_000_002_i64,
            "abandon_at": 1_700_000_000_003_i64, "updated_at": 1_700_000_000_004_i64, "created_at": 1_700_000_000_005_i64,
        })
    }

    /// Returns [`minimal`] with this id.
    pub(crate) fn with_id(id: &str) -> Value {
        with(minimal(), "id", id.into())
    }

    const OPTIONAL: [&str; 4] = ["actor", "last_active_organization_id", "latest_activity", "tasks"];

    fn with(mut session: Value, key: &str, value: Value) -> Value {
        session[key] = value;
        session
    }

    fn read(json: Value) -> Result<Session, serde_json::Error> {
        serde_json::from_slice(json.to_string().as_bytes())
    }

    #[test]
    fn a_full_session_is_read_field_by_field() {
        let mut json = minimal();
        json["status"] = json!("pending");
        json["actor"] = json!({"iss": "https://dashboard.clerk.com", "sub": "user_admin", "sid": "sess_admin"});
        json["last_active_organization_id"] = json!("org_1");
        json["latest_activity"] = json!({
            "object": "session_activity", "id": "sess_activity_1", "device_type": "Macintosh", "is_mobile": false,
            "browser_name": "Chrome", "browser_version": "126.0", "ip_address": "203.0.113.7", "city": "Athens", "country": "GR",
        });
        json["tasks"] = json!([{"key": "choose-organization"}]);
        let session = read(json.clone()).unwrap();
        assert_eq!(session.id, "sess_1");
        assert_eq!(session.user_id, "user_1");
        assert_eq!(session.client_id, "client_1");
        assert_eq!(session.status, SessionStatus::Pending);
        assert!(!session.is_active() && read(minimal()).unwrap().is_active());
        assert_eq!(session.actor.as_ref().unwrap().sub(), Some("user_admin"));
        assert_eq!(Actor(json!({ "iss": "x" })).sub(), None);
        assert_eq!(session.actor.as_ref().unwrap().as_json()["sid"], "sess_admin");
        assert_eq!(session.last_active_organization_id.as_ref().unwrap(), &"org_1");
        assert_eq!(session.latest_activity.as_ref().unwrap().city.as_deref(), Some("Athens"));
        assert_eq!(session.tasks[0].key, "choose-organization");
        assert_eq!(session.last_active_at.as_millis(), 1_700_000_000_001);
        assert_eq!(session.created_at.as_millis(), 1_700_000_000_005);
        assert_eq!(serde_json::to_value(&session).unwrap(), json, "no field is lost or renamed");
    }

    #[test]
    fn null_and_absent_fields_decode_alike() {
        let absent = read(minimal()).unwrap();
        for key in OPTIONAL {
            assert_eq!(read(with(minimal(), key, Value::Null)).unwrap(), absent, "{key}");
        }
        let activity = json!({"object": "session_activity", "id": "a", "is_mobile": true});
        let sparse = read(with(minimal(), "latest_activity", activity.clone())).unwrap();
        for key in ["device_type", "browser_name", "browser_version", "ip_address", "city", "country"] {
            let nulled = with(minimal(), "latest_activity", with(activity.clone(), key, Value::Null));
            assert_eq!(read(nulled).unwrap(), sparse, "{key}");
        }
    }

    #[test]
    fn unknown_values_are_kept_and_unknown_fields_are_ignored() {
        let mut json = minimal();
        json["object"] = json!("session.v2");
        json["status"] = json!("hibernating");
        json["brand_new"] = json!({"deep": [1, 2, 3]});
        json["last_active_at"] = json!(1_700_000_000_001.0);
        json["tasks"] = json!([{"key": "dance", "steps": 3}]);
        let session = read(json).unwrap();
        assert_eq!(session.object, "session.v2");
        assert_eq!(session.status.as_str(), "hibernating");
        assert!(matches!(session.status, SessionStatus::Unknown(_)));
        assert_eq!(serde_json::to_value(&session.status).unwrap(), "hibernating");
        assert_eq!(session.last_active_at.as_millis(), 1_700_000_000_001);
    }

    #[test]
    fn a_required_field_that_is_missing_or_null_is_an_error() {
        let required: Vec<String> = minimal().as_object().unwrap().keys().cloned().collect();
        assert_eq!(required.len(), 10);
        for key in required {
            let mut json = minimal();
            json.as_object_mut().unwrap().remove(&key);
            let error = read(json).unwrap_err().to_string();
            assert!(error.starts_with(&format!("missing field `{key}`")), "{error}");
            assert!(read(with(minimal(), &key, Value::Null)).is_err(), "{key}");
        }
    }

    fn optional_text() -> impl Strategy<Value = Option<String>> {
        proptest::option::of("\\PC{0,12}")
    }

    prop_compose! {
        fn activity()(
            id in "\\PC{0,12}", is_mobile: bool, device_type in optional_text(), browser_name in optional_text(),
            browser_version in optional_text(), ip_address in optional_text(), city in optional_text(), country in optional_text(),
        ) -> Activity {
            Activity {
                object: "session_activity".into(), id, device_type, is_mobile, browser_name, browser_version, ip_address, city, country,
            }
        }
    }

    prop_compose! {
        /// Generates any session, for the tests of types that hold one.
        pub(crate) fn session()(
            object in "\\PC{0,12}", id in "\\PC{0,32}", user_id in "\\PC{0,32}", client_id in "\\PC{0,32}",
            actor in proptest::option::of("\\PC{0,12}"), status in "active|revoked|pending|\\PC{0,12}",
            organization in optional_text(), times: [i64; 5], latest_activity in proptest::option::of(activity()),
            tasks in proptest::collection::vec("\\PC{0,12}", 0..3),
        ) -> Session {
            Session {
                object, id: id.into(), user_id: user_id.into(), client_id: client_id.into(),
                actor: actor.map(|sub| Actor(json!({ "sub": sub }))), status: SessionStatus::from(&*status),
                last_active_organization_id: organization.map(OrganizationId::from), last_active_at: UnixMillis::new(times[0]),
                latest_activity, expire_at: UnixMillis::new(times[1]), abandon_at: UnixMillis::new(times[2]),
                updated_at: UnixMillis::new(times[3]), created_at: UnixMillis::new(times[4]),
                tasks: tasks.into_iter().map(|key| SessionTask { key }).collect(),
            }
        }
    }

    proptest! {
        #[test]
        fn a_session_reads_back_what_it_writes(session in session()) {
            let json = serde_json::to_vec(&session).unwrap();
            prop_assert_eq!(serde_json::from_slice::<Session>(&json).unwrap(), session);
        }
    }
}
