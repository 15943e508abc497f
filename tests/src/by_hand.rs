//! Hand-written code to compare the core with: the same models as plain structs, and the same headers.

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

/// The latest activity of a session.
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

/// A task that the user has to complete before the session is active.
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
