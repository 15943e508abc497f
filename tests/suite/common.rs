//! Shared by several suites.

use clerk_sessions_core::{Delivery, Error, Session, TransportErrorKind};
use tokio::runtime::{self, Runtime};

/// The JSON of the session `sess_1` of `user_1`.
pub(crate) const SESSION: &str = r#"{
    "object": "session", "id": "sess_1", "user_id": "user_1", "client_id": "client_1", "status": "active",
    "last_active_at": 1, "expire_at": 2, "abandon_at": 3, "updated_at": 4, "created_at": 5
}"#;

/// A runtime for calling reqwest from a test.
pub(crate) fn current_thread() -> Runtime {
    runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The kind and the delivery of a transport error. Panics if the result is anything else.
#[track_caller]
pub(crate) fn failure(result: Result<Session, Error>) -> (TransportErrorKind, Delivery) {
    match result.unwrap_err() {
        Error::Transport(failed) => (failed.error().kind(), failed.error().delivery()),
        error => panic!("{error:?}"),
    }
}
