//! The initial state and the behaviour of a fake.

#![allow(clippy::exhaustive_structs, reason = "tests write these as literals")]

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{ClaimsVersion, JwksResponse, SeedFrontend};

/// The secret key that a [`Seed`] accepts by default.
pub const DEFAULT_SECRET_KEY: &str = "sk_test_fake_clerk_not_a_secret";

/// The default issuer.
const ISSUER: &str = "https://fake.clerk.accounts.dev";

/// The initial state and the behaviour of a [`FakeClerk`](super::FakeClerk).
///
/// Write it as `Seed { …, ..Seed::default() }`, because new versions may add fields. In JSON, every field is optional, and unknown
/// fields are refused.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// The accepted secret keys; default only [`DEFAULT_SECRET_KEY`].
    pub secret_keys: Vec<String>,
    /// Whether it is a production instance, which refuses to create sessions; default no.
    pub production: bool,
    /// The `iss` of all tokens, the URL of the Frontend API; default `https://fake.clerk.accounts.dev`. Nothing is served
    /// there: use [`FakeServer::frontend_url`](super::FakeServer::frontend_url). It says which instance of Clerk this is: fakes with
    /// the same issuer share their signing keys, and those with another issuer have other ones. So give each fake its own if a test
    /// has several instances.
    pub issuer: String,
    /// The time at which the clock is stopped, in Unix milliseconds; by default the clock runs. To move it later, see
    /// [`FakeClerk::set_clock`](super::FakeClerk::set_clock).
    pub now: Option<i64>,
    /// The ids of the existing users; default none.
    pub users: Vec<String>,
    /// The existing organizations; default none.
    pub organizations: Vec<SeedOrganization>,
    /// The names of the existing JWT templates; default none.
    pub templates: Vec<String>,
    /// The existing sessions; default none. If two have the same id, the later one replaces the earlier one.
    pub sessions: Vec<SeedSession>,
    /// The rate limit; default none. `GET /v1/jwks` and requests with an invalid key are not limited and do not count.
    pub rate_limit: Option<RateLimit>,
    /// Which requests share a rate limit; default [`RateLimitScope::Key`].
    pub rate_limit_scope: RateLimitScope,
    /// The maximum number of sessions in one list; a larger `limit` is lowered without an error. Default none.
    pub max_limit: Option<u32>,
    /// The shape of a list response; default [`ListShape::AsAsked`].
    pub list_shape: ListShape,
    /// The response to revoking a session that has ended without being revoked; default [`RevokeEnded::Ok`].
    pub revoke_ended: RevokeEnded,
    /// How a session shows an optional field without a value; default [`Nulls::Null`].
    pub nulls: Nulls,
    /// How tokens are signed; default [`Signature::Rsa`].
    pub signature: Signature,
    /// The response to requests for the key set; by default the keys, at once.
    pub jwks_response: JwksResponse,
    /// How the Frontend API behaves; default [`SeedFrontend::default`].
    pub frontend: SeedFrontend,
    /// The number of newest requests to keep; default 1000.
    pub keep_requests: usize,
    /// The number of bytes to keep of each request body; default 65,536.
    pub keep_body_bytes: usize,
}

/// A session of a [`Seed`].
///
/// Write it as `SeedSession { …, ..SeedSession::new(id, user_id) }`, because new versions may add fields. Times are in Unix
/// milliseconds. In JSON, every field is optional, and unknown fields are refused.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeedSession {
    /// The id. If it is empty, which is the default, an id is generated.
    pub id: String,
    /// The id of the user, who need not be in [`Seed::users`]. If it is empty, which is the default, it is the first of those.
    pub user_id: String,
    /// The id of the client. If it is empty, which is the default, an id is generated.
    pub client_id: String,
    /// The status; default `active`. Any text is accepted, including an unknown status.
    pub status: String,
    /// The creation time; by default the time of the first request, or early enough before it if the status is `expired` or
    /// `abandoned`.
    pub created_at: Option<i64>,
    /// The time of the last activity; by default the creation time.
    pub last_active_at: Option<i64>,
    /// The time at which the session expires; by default 7 days after its creation. From then on, the status of an active or pending
    /// session is `expired`.
    pub expire_at: Option<i64>,
    /// The value of `abandon_at`, which has no effect; by default 30 days after the creation.
    pub abandon_at: Option<i64>,
    /// The time of the last change; by default the creation time.
    pub updated_at: Option<i64>,
    /// The id of the last active organization, which need not be in [`Seed::organizations`]; default none. The session's tokens name
    /// it.
    pub last_active_organization_id: Option<String>,
    /// The actor who impersonates the user: any JSON, usually an object with `sub`; default none. It becomes the `act` claim of the
    /// session's tokens.
    pub actor: Option<Value>,
    /// The latest activity, any JSON; default none.
    pub latest_activity: Option<Value>,
    /// The tasks that the user has to complete, any JSON; default none.
    pub tasks: Option<Value>,
    /// The `fva` claim of the session's tokens: the minutes since the first and the second factor were verified, or -1 for never. By
    /// default, the minutes since the creation, and -1.
    pub fva: Option<[i64; 2]>,
    /// The version of the claims of the session's tokens; default 2.
    pub claims_version: ClaimsVersion,
    /// The features of the user, such as `exports`; default none. Tokens contain them in `fea`.
    pub user_features: Vec<String>,
    /// The plans of the user, such as `free`; default none. Tokens contain them in `pla`.
    pub user_plans: Vec<String>,
    /// Further claims of the session's tokens, such as custom ones; default none. They replace claims of the same name, except for
    /// the `azp` of a request with an `Origin`.
    pub claims: Map<String, Value>,
}

/// An organization of a [`Seed`].
///
/// Memberships are not modelled: every user is a member, with the same role and permissions. In JSON, every field except `id` is
/// optional, and unknown fields are refused.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SeedOrganization {
    /// The id.
    pub id: String,
    /// The slug; default none.
    #[serde(default)]
    pub slug: Option<String>,
    /// The role of all users in the organization; default `org:admin`.
    #[serde(default = "admin")]
    pub role: String,
    /// The permissions of all users in the organization, each as `org:FEATURE:PERMISSION`; default none. Tokens contain them in packed
    /// form, with at most 128 different permission names. Further ones and system permissions (`org:sys_…`) are left out of tokens.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// The features of the organization that no permission names; default none. Tokens contain them, and those of the permissions, in
    /// `fea`.
    #[serde(default)]
    pub features: Vec<String>,
    /// The plans of the organization; default none. Tokens contain them in `pla`.
    #[serde(default)]
    pub plans: Vec<String>,
}

/// The number of requests that are allowed in each fixed window. Further requests get a 429.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// The number of requests allowed in a window.
    pub requests: u32,
    /// The length of a window in milliseconds. A window starts with the first request after the previous window.
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
    /// All requests for the same operation with the same secret key. A 429 of one operation does not affect the others.
    Endpoint,
}

/// The shape of a list response.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ListShape {
    /// An object if the request has `paginated=true`, otherwise an array.
    #[default]
    AsAsked,
    /// Always an array.
    Array,
    /// Always an object with `data` and `total_count`.
    Paginated,
}

/// The response to revoking a session that has ended without being revoked, such as an expired one.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RevokeEnded {
    /// The request succeeds and returns the unchanged session.
    #[default]
    Ok,
    /// The request is refused with 400 `bad_request`.
    Error,
}

/// How a session shows an optional field without a value.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Nulls {
    /// The field is `null`.
    #[default]
    Null,
    /// The field is absent.
    Absent,
}

/// How tokens are signed.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Signature {
    /// With RS256. The signature can be verified with the served key set.
    #[default]
    Rsa,
    /// Unsigned: a constant replaces the signature. Use it for simulations that create millions of tokens.
    None,
}

impl Seed {
    /// A demo: the user `user_demo` with a session in each common status; the organization `org_demo`; and the template `demo`.
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

    /// Adds the user `id` with this many active sessions, each with its own client.
    pub fn add_user(&mut self, id: &str, active_sessions: usize) {
        self.users.push(id.to_owned());
        let sessions = (0..active_sessions).map(|_| SeedSession::new("", id));
        self.sessions.extend(sessions);
    }
}

impl SeedOrganization {
    /// An organization with that id, without a slug, permissions, features and plans, whose users have the role `org:admin`.
    #[must_use]
    pub fn new(id: &str) -> SeedOrganization {
        let (permissions, features, plans) = (Vec::new(), Vec::new(), Vec::new());
        SeedOrganization { id: id.to_owned(), slug: None, role: admin(), permissions, features, plans }
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
            issuer: ISSUER.to_owned(),
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
            jwks_response: JwksResponse::default(),
            frontend: SeedFrontend::default(),
            keep_requests: 1000,
            keep_body_bytes: 64 * 1024,
        }
    }
}

impl SeedSession {
    /// An active session of that user. If `id` is empty, an id is generated.
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
            claims_version: ClaimsVersion::default(),
            user_features: Vec::new(),
            user_plans: Vec::new(),
            claims: Map::new(),
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
