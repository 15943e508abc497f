//! The operations there are.

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    KeySet,
    List,
    Create,
    Get,
    Revoke,
    Refresh,
    CreateToken,
    CreateTokenFromTemplate,
}
