//! Extractors for axum: [`SignedIn`], and [`Auth`] as one.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_sessions_auth::Claims;
use http::request::Parts;

use crate::auth::Auth;
use crate::error::AuthError;

/// The claims of the user who is signed in: an extractor that refuses everybody else, with a 401.
///
/// `Option<SignedIn>` is `None` where nobody is signed in, a pending session included. Both respond with 500 where the layer is
/// missing.
///
/// ```
/// use clerk_sessions_tower::SignedIn;
///
/// async fn me(SignedIn(claims): SignedIn) -> String {
///     claims.user_id().to_owned()
/// }
///
/// async fn home(user: Option<SignedIn>) -> String {
///     user.map_or("Hello".to_owned(), |SignedIn(claims)| format!("Hello {}", claims.user_id()))
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::exhaustive_structs)] // Handlers take it apart, and tests make one.
pub struct SignedIn(pub Claims);

impl<S: Sync> FromRequestParts<S> for Auth {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AuthError> {
        Self::of(&parts.extensions).cloned()
    }
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AuthError> {
        Auth::of(&parts.extensions)?.require().cloned().map(Self)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for SignedIn {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, AuthError> {
        Ok(Auth::of(&parts.extensions)?.signed_in().cloned().map(Self))
    }
}
