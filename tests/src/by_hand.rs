//! What a user would write instead of the models and headers of the core: the same fields, as plain structs.

use serde::Deserialize;

/// A session.
#[derive(Debug, Deserialize)]
pub struct Session {
    pub object: String,
    pub id: String,
    pub user_id: String,
    pub client_id: String,
    pub actor: Option<serde_json::Value>,
    pub status: String,
    pub last_active_organization_id: Option<String>,
    pub last_active_at: i64,
    pub latest_activity: Option<Activity>,
    pub expire_at: i64,
    pub abandon_at: i64,
    pub updated_at: i64,
    pub created_at: i64,
    pub tasks: Option<Vec<Task>>,
}

/// Where a session was last used from.
#[derive(Debug, Deserialize)]
pub struct Activity {
    pub object: String,
    pub id: String,
    pub device_type: Option<String>,
    pub is_mobile: bool,
    pub browser_name: Option<String>,
    pub browser_version: Option<String>,
    pub ip_address: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
}

/// What the user has to do before the session is active.
#[derive(Debug, Deserialize)]
pub struct Task {
    pub key: String,
}

/// A token.
#[derive(Debug, Deserialize)]
pub struct Token {
    pub object: String,
    pub jwt: String,
}

/// The headers of every request of the core.
pub const HEADERS: [(&str, &str); 5] = [
    ("authorization", "Bearer sk_test_2aaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ("accept", "application/json"),
    ("clerk-api-version", "2026-05-12"),
    ("user-agent", concat!("clerk-sessions-rust/", env!("CARGO_PKG_VERSION"))),
    ("x-clerk-sdk", concat!("rust/", env!("CARGO_PKG_VERSION"))),
];
