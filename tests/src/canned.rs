//! A transport that always returns the same response, for measuring the core without HTTP; and responses of typical size.

use std::future::{Future, ready};
use std::time::Duration;

use clerk_sessions_core::TransportError;
use clerk_sessions_core::transport::{AsyncTransport, Transport};
use http::{Request, Response, StatusCode};

/// The id of [`SESSION`].
pub const SESSION_ID: &str = "sess_2aaaaaaaaaaaaaaaaaaaaaaaaaa";

/// The user of [`SESSION`].
pub const USER_ID: &str = "user_2aaaaaaaaaaaaaaaaaaaaaaaaaa";

/// A session as the server writes it.
pub const SESSION: &str = r#"{"object":"session","id":"sess_2aaaaaaaaaaaaaaaaaaaaaaaaaa","user_id":"user_2aaaaaaaaaaaaaaaaaaaaaaaaaa","client_id":"client_2aaaaaaaaaaaaaaaaaaaaaaaaaa","actor":null,"status":"active","last_active_organization_id":null,"last_active_at":1763880000000,"latest_activity":{"object":"session_activity","id":"sess_activity_2aaaaaaaaaaaaaaaaaaaaaaaaaa","device_type":"Macintosh","is_mobile":false,"browser_name":"Chrome","browser_version":"126.0.0.0","ip_address":"203.0.113.7","city":"Athens","country":"GR"},"expire_at":1764480000000,"abandon_at":1766470000000,"updated_at":1763880000000,"created_at":1763880000000,"tasks":null}"#;

/// A token of typical length.
#[must_use]
pub fn token() -> String {
    format!(r#"{{"object":"token","jwt":"{}.{}.{}"}}"#, "h".repeat(120), "c".repeat(280), "s".repeat(342))
}

/// A list of this many sessions, as an array.
#[must_use]
pub fn list(count: usize) -> String {
    format!("[{}]", vec![SESSION; count].join(","))
}

/// An error as the server writes it.
pub const ERROR: &str = r#"{"errors":[{"message":"not found","long_message":"No session was found with id sess_9","code":"resource_not_found","meta":{"param_name":"session_id"}}],"clerk_trace_id":"f2a0c1b6d3e4f5a6b7c8d9e0f1a2b3c4"}"#;

/// A transport that immediately returns the same response to every request.
#[derive(Clone, Debug)]
pub struct Canned {
    status: StatusCode,
    body: String,
}

impl Canned {
    /// A transport that returns a 200 with this body.
    #[must_use]
    pub fn ok(body: impl Into<String>) -> Canned {
        Canned { status: StatusCode::OK, body: body.into() }
    }

    /// The response.
    #[must_use]
    pub fn response(&self) -> Response<Vec<u8>> {
        let mut response = Response::new(self.body.clone().into_bytes());
        *response.status_mut() = self.status;
        response
    }
}

impl Transport for Canned {
    fn send(&self, _: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        Ok(self.response())
    }

    fn sleep(&self, _: Duration) {}

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl AsyncTransport for Canned {
    fn send(
        &self,
        _: Request<Vec<u8>>,
        _: Duration,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send {
        ready(Ok(self.response()))
    }

    fn sleep(&self, _: Duration) -> impl Future<Output = ()> + Send {
        ready(())
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}
