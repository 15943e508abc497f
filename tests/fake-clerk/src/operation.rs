//! The operations.

/// The operation of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    KeySet,
    List,
    Create,
    Get,
    Revoke,
    Refresh,
    HandshakePayload,
    CreateToken,
    CreateTokenFromTemplate,
}
