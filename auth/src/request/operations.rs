//! The operations of authenticating a request: [`GetHandshakePayload`] and [`RefreshExpired`].

use std::fmt;

use clerk_sessions_core::http::Method;
use clerk_sessions_core::operation::{Idempotency, Metadata, Operation, RequestWriter};
use clerk_sessions_core::{BuildError, RefreshSession, Refreshed, SetCookie};
use serde::Deserialize;

/// Redeems the nonce of a handshake for its cookies. A nonce works once. Clerk's reference does not name it; Clerk's JavaScript SDK
/// sends it.
pub(super) struct GetHandshakePayload {
    pub(super) nonce: String,
}

/// The `Set-Cookie` directives of a handshake.
#[derive(Debug, Deserialize)]
pub(super) struct HandshakePayload {
    pub(super) directives: Vec<SetCookie>,
}

impl Operation for GetHandshakePayload {
    type Output = HandshakePayload;
    const METADATA: &'static Metadata = &Metadata::new(
        "GetHandshakePayload",
        "get_handshake_payload",
        Method::GET,
        "/clients/handshake_payload",
        Idempotency::NotIdempotent,
    );

    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
        request.query("nonce", &self.nonce)
    }
}

impl fmt::Debug for GetHandshakePayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GetHandshakePayload")
    }
}

/// [`RefreshSession`] without its check that the new token is of the same session: the browser may have a newer one. The new token is
/// verified, and has to be of the same user.
#[derive(Debug)]
pub(super) struct RefreshExpired(pub(super) RefreshSession);

impl Operation for RefreshExpired {
    type Output = Refreshed;
    const METADATA: &'static Metadata = RefreshSession::METADATA;

    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
        self.0.write(request)
    }
}
