//! [`Requirement`] and [`Allowed`]: what a user must have, as a type.

use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use clerk_sessions_auth::{Claims, Has};

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
/// use clerk_sessions_actix::{Allowed, Requirement};
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

impl<R: Requirement> FromRequest for Allowed<R> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let allowed = Auth::of(request).and_then(|auth| Self::new(auth.require()?.clone()));
        ready(allowed.map_err(Error::from))
    }
}
