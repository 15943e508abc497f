//! What a fake starts with, and how it behaves.

#![allow(clippy::exhaustive_structs, reason = "tests write these as literals")]

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The secret key a [`Seed`] accepts unless it names others.
pub const DEFAULT_SECRET_KEY: &str = "sk_test_fake_clerk_not_a_secret";

/// The contents and the manners of a [`FakeClerk`](super::FakeClerk).
///
/// Write it as `Seed { …, ..Seed::default() }`, as fields are added now and then. As JSON, every field may be left out and an unknown one is refused.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// The secret keys accepted; by default [`DEFAULT_SECRET_KEY`] alone.
    pub secret_keys: Vec<String>,
    /// Whether it is a production instance, which refuses to create sessions; default no.
    pub production: bool,
    /// The time at which the clock stands still, in Unix milliseconds; by default it runs. It can be moved while the fake runs: see
    /// [`FakeClerk::set_clock`](super::FakeClerk::set_clock).
    pub now: Option<i64>,
    /// The ids of the users there are; default none.
    pub users: Vec<String>,
    /// The organizations there are; default none.
    pub organizations: Vec<SeedOrganization>,
    /// The names of the JWT templates there are; default none.
    pub templates: Vec<String>,
    /// The sessions there are; default none. Of two with the same id, the later one counts.
    pub sessions: Vec<SeedSession>,
    /// The rate limit; default none. `GET /v1/jwks` and requests with a bad key have none and use none up.
    pub rate_limit: Option<RateLimit>,
    /// Which requests share a rate limit; default [`RateLimitScope::Key`].
    pub rate_limit_scope: RateLimitScope,
    /// The most sessions in one list response: a larger `limit` is lowered silently; default none.
    pub max_limit: Option<u32>,
    /// The shape of a list response; default [`ListShape::AsAsked`].
    pub list_shape: ListShape,
    /// The response to revoking a session that has ended, but was not revoked; default [`RevokeEnded::Ok`].
    pub revoke_ended: RevokeEnded,
    /// How a session shows an optional field it lacks; default [`Nulls::Null`].
    pub nulls: Nulls,
    /// How tokens are signed; default [`Signature::Rsa`].
    pub signature: Signature,
    /// How many requests are kept to be shown, the newest ones; default 1000.
    pub keep_requests: usize,
    /// How many bytes of the body of each of them are kept; default 65,536.
    pub keep_body_bytes: usize,
}

/// A session of a [`Seed`].
///
/// Write it as `SeedSession { …, ..SeedSession::new(id, user_id) }`, as fields are added now and then. Times are Unix milliseconds. As JSON, every field may be left out and an unknown one is refused.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeedSession {
    /// Its id; empty, the default, has one made.
    pub id: String,
    /// Its user's id, which need not be among [`Seed::users`]; empty, the default, is the first of
    /// those.
    pub user_id: String,
    /// Its client's id; empty, the default, has one made.
    pub client_id: String,
    /// Its status; default `active`. Any text will do, also one no client knows yet.
    pub status: String,
    /// When it was created; by default at the first request, or a fitting time before that if it is
    /// `expired` or `abandoned`.
    pub created_at: Option<i64>,
    /// When it was last active; by default when created.
    pub last_active_at: Option<i64>,
    /// When it expires: from then on, an active or pending session reads as `expired`; by default
    /// 7 days after its creation.
    pub expire_at: Option<i64>,
    /// When it counts as abandoned, which is only shown; by default 30 days after its creation.
    pub abandon_at: Option<i64>,
    /// When it last changed; by default when created.
    pub updated_at: Option<i64>,
    /// The id of the organization last active in it, which need not be among [`Seed::organizations`]; default none. The session's
    /// tokens name it.
    pub last_active_organization_id: Option<String>,
    /// Who impersonates the user, any JSON, usually an object with `sub`; default none. The session's tokens have it as `act`.
    pub actor: Option<Value>,
    /// What the session was last used with, any JSON; default none.
    pub latest_activity: Option<Value>,
    /// What the user has yet to do, any JSON; default none.
    pub tasks: Option<Value>,
    /// The `fva` claim of its tokens: minutes since the first and since the second factor was verified, -1 for never; by default the
    /// minutes since its creation, and -1.
    pub fva: Option<[i64; 2]>,
}

/// An organization of a [`Seed`].
///
/// Memberships are not modelled: every user is a member, with the same role and permissions. As JSON, every field but `id` may be
/// left out and an unknown one is refused.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SeedOrganization {
    /// Its id.
    pub id: String,
    /// Its slug; default none.
    #[serde(default)]
    pub slug: Option<String>,
    /// The role that users have in it; default `org:admin`.
    #[serde(default = "admin")]
    pub role: String,
    /// The permissions that users have in it, each as `org:FEATURE:PERMISSION`; default none. Tokens hold them packed, at most 128
    /// different names of permissions. Others than these, and system permissions (`org:sys_…`), are in no token.
    #[serde(default)]
    pub permissions: Vec<String>,
}

/// So many requests in so long a fixed window; the rest gets a 429.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// The requests let through in a window.
    pub requests: u32,
    /// The window's length in milliseconds; it opens with the first request after the last one.
    pub per_ms: u64,
}

/// Which requests share a rate limit.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RateLimitScope {
    /// All requests with the same secret key.
    #[default]
    Key,
    /// All requests for the same operation with the same secret key: the 429 of one operation leaves the others alone.
    Endpoint,
}

/// The shape of a list response.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ListShape {
    /// An object if the request says `paginated=true`, else a bare array.
    #[default]
    AsAsked,
    /// Always a bare array.
    Array,
    /// Always an object with `data` and `total_count`.
    Paginated,
}

/// The response to revoking a session that has ended, but was not revoked, such as one that has expired.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RevokeEnded {
    /// The response is the unchanged session.
    #[default]
    Ok,
    /// It is refused with 400 `bad_request`.
    Error,
}

/// How a session shows an optional field it lacks.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Nulls {
    /// As `null`.
    #[default]
    Null,
    /// Not at all.
    Absent,
}

/// How tokens are signed.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Signature {
    /// With RS256, verifiable against the served key set.
    #[default]
    Rsa,
    /// Not: a constant stands where the signature would, for simulations that mint millions.
    None,
}

impl Seed {
    /// One user, `user_demo`, with a session in each common state; the organization `org_demo`; and the template `demo`.
    #[must_use]
    pub fn demo() -> Seed {
        let session = |id: &str, status: &str| SeedSession {
            client_id: "client_demo".to_owned(),
            status: status.to_owned(),
            ..SeedSession::new(id, "user_demo")
        };
        Seed {
            users: vec!["user_demo".to_owned()],
            organizations: vec![SeedOrganization {
                slug: Some("demo".to_owned()),
                permissions: vec!["org:invoices:read".to_owned(), "org:invoices:manage".to_owned()],
                ..SeedOrganization::new("org_demo")
            }],
            templates: vec!["demo".to_owned()],
            sessions: vec![
                session("sess_demo_expired", "expired"),
                session("sess_demo_revoked", "revoked"),
                SeedSession {
                    tasks: Some(json!([{ "key": "choose-organization" }])),
                    ..session("sess_demo_pending", "pending")
                },
                SeedSession {
                    actor: Some(json!({ "sub": "user_support" })),
                    ..session("sess_demo_impersonated", "active")
                },
                SeedSession {
                    last_active_organization_id: Some("org_demo".to_owned()),
                    latest_activity: Some(json!({
                        "object": "session_activity",
                        "id": "sess_activity_demo",
                        "is_mobile": false,
                        "browser_name": "Firefox",
                        "ip_address": "192.0.2.1",
                    })),
                    ..session("sess_demo_active", "active")
                },
            ],
            ..Seed::default()
        }
    }

    /// Adds the user `id` with so many active sessions, each of a client of its own.
    pub fn add_user(&mut self, id: &str, active_sessions: usize) {
        self.users.push(id.to_owned());
        let sessions = (0..active_sessions).map(|_| SeedSession::new("", id));
        self.sessions.extend(sessions);
    }
}

impl SeedOrganization {
    /// An organization with that id, without a slug, in which users are admins without further permissions.
    #[must_use]
    pub fn new(id: &str) -> SeedOrganization {
        SeedOrganization { id: id.to_owned(), slug: None, role: admin(), permissions: Vec::new() }
    }
}

fn admin() -> String {
    "org:admin".to_owned()
}

impl Default for Seed {
    fn default() -> Seed {
        Seed {
            secret_keys: vec![DEFAULT_SECRET_KEY.to_owned()],
            production: false,
            now: None,
            users: Vec::new(),
            organizations: Vec::new(),
            templates: Vec::new(),
            sessions: Vec::new(),
            rate_limit: None,
            rate_limit_scope: RateLimitScope::default(),
            max_limit: None,
            list_shape: ListShape::default(),
            revoke_ended: RevokeEnded::default(),
            nulls: Nulls::default(),
            signature: Signature::default(),
            keep_requests: 1000,
            keep_body_bytes: 64 * 1024,
        }
    }
}

impl SeedSession {
    /// An active session of that user; an empty `id` has one made.
    #[must_use]
    pub fn new(id: &str, user_id: &str) -> SeedSession {
        SeedSession { id: id.to_owned(), user_id: user_id.to_owned(), ..SeedSession::default() }
    }
}

impl Default for SeedSession {
    fn default() -> SeedSession {
        SeedSession {
            id: String::new(),
            user_id: String::new(),
            client_id: String::new(),
            status: "active".to_owned(),
            created_at: None,
            last_active_at: None,
            expire_at: None,
            abandon_at: None,
            updated_at: None,
            last_active_organization_id: None,
            actor: None,
            latest_activity: None,
            tasks: None,
            fva: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_object_is_the_default_seed_and_an_unknown_field_is_refused() {
        let seed: Seed = serde_json::from_str("{}").unwrap();
        assert_eq!(seed.secret_keys, [DEFAULT_SECRET_KEY]);
        assert_eq!(seed.list_shape, ListShape::AsAsked);
        assert!(serde_json::from_str::<Seed>(r#"{"user":[]}"#).is_err());
        assert!(serde_json::from_str::<Seed>(r#"{"sessions":[{"sid":"x"}]}"#).is_err());
        assert!(serde_json::from_str::<Seed>(r#"{"organizations":[{}]}"#).is_err());
        let seed: Seed = serde_json::from_str(r#"{"organizations":[{"id":"org_1"}]}"#).unwrap();
        assert_eq!(seed.organizations, [SeedOrganization::new("org_1")]);
    }

    #[test]
    fn a_seed_survives_json() {
        let json = serde_json::to_string(&Seed::demo()).unwrap();
        let seed: Seed = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&seed).unwrap(), json);
        assert!(json.contains(r#""list_shape":"as_asked""#));
    }
}
