//! [`Requirement`] and [`Allowed`]: what a user must have, as a type.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::FromRequestParts;
use clerk_sessions_auth::{Claims, Has};
use http::request::Parts;

use crate::auth::Auth;
use crate::error::AuthError;

/// What a user must have, as a type of your own. [`Allowed`] checks it.
pub trait Requirement: 'static {
    /// What is asked for. It is called for each request.
    fn asked() -> Has;
}

/// The claims of a user who is signed in and has what `R` asks for: an extractor that refuses everybody else, with a 403 for a user
/// who lacks it, and a 401 if nobody is signed in. It derefs to [`Claims`].
///
/// ```
/// use clerk_sessions_auth::Has;
/// use clerk_sessions_tower::{Allowed, Requirement};
///
/// struct Admin;
///
/// impl Requirement for Admin {
///     fn asked() -> Has {
///         Has::role("org:admin")
///     }
/// }
///
/// async fn settings(admin: Allowed<Admin>) -> String {
///     format!("settings for {}", admin.user_id())
/// }
/// ```
pub struct Allowed<R> {
    claims: Claims,
    requirement: PhantomData<fn() -> R>,
}

impl<R: Requirement> Allowed<R> {
    /// Checks claims, as the extractor does: for tests that call a handler as a function.
    ///
    /// # Errors
    /// [`AuthError::NotAllowed`]: they lack what is asked for.
    pub fn new(claims: Claims) -> Result<Self, AuthError> {
        if claims.has(&R::asked()) { Ok(Self { claims, requirement: PhantomData }) } else { Err(AuthError::NotAllowed) }
    }
}

impl<R> Allowed<R> {
    /// The claims, owned.
    #[must_use]
    pub fn into_claims(self) -> Claims {
        self.claims
    }
}

impl<R> Deref for Allowed<R> {
    type Target = Claims;

    fn deref(&self) -> &Claims {
        &self.claims
    }
}

impl<R> Clone for Allowed<R> {
    fn clone(&self) -> Self {
        Self { claims: self.claims.clone(), requirement: PhantomData }
    }
}

impl<R> fmt::Debug for Allowed<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Allowed").field(&self.claims).finish()
    }
}

impl<R: Requirement, S: Sync> FromRequestParts<S> for Allowed<R> {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AuthError> {
        Self::new(Auth::of(&parts.extensions)?.require()?.clone())
    }
}
