//! The operations that fetch keys: from the Backend API, and from the Frontend API.

use clerk_sessions_core::http::Method;
use clerk_sessions_core::operation::{Idempotency, Metadata, Operation, RequestWriter};
use clerk_sessions_core::{BuildError, Mismatch};

use crate::key_set::KeyDocument;

/// Fetches the keys from the Backend API, with the secret key.
///
/// Source: [Clerk's reference](https://clerk.com/docs/reference/backend-api/tag/jwks/get/jwks).
pub(crate) struct GetJwks;

/// Fetches the keys from the Frontend API, which needs no key.
///
/// Source: [Clerk's reference](https://clerk.com/docs/reference/frontend-api/tag/well-known/get/.well-known/jwks.json).
pub(crate) struct GetPublicJwks;

fn check(document: &KeyDocument) -> Result<(), Mismatch> {
    if document.is_empty() { Err(Mismatch::new("keys", "is empty or missing")) } else { Ok(()) }
}

impl Operation for GetJwks {
    type Output = KeyDocument;
    const METADATA: &'static Metadata = &Metadata::new("GetJWKS", "get_jwks", Method::GET, "/jwks", Idempotency::Safe);

    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
        request.segments(&[])
    }

    fn check(&self, document: &KeyDocument) -> Result<(), Mismatch> {
        check(document)
    }
}

impl Operation for GetPublicJwks {
    type Output = KeyDocument;
    const METADATA: &'static Metadata =
        &Metadata::new("getJWKS", "get_public_jwks", Method::GET, "/.well-known/jwks.json", Idempotency::Safe);

    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
        request.segments(&[])
    }

    fn check(&self, document: &KeyDocument) -> Result<(), Mismatch> {
        check(document)
    }
}
