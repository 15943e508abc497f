//! [`SignedIn`]: the user who is signed in.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use clerk_sessions_auth::Claims;

use crate::auth::Auth;

/// The claims of the user who is signed in: an extractor that refuses everybody else, with a 401. Where the middleware is missing, it
/// responds with 500.
///
/// ```
/// use clerk_sessions_actix::SignedIn;
///
/// async fn me(SignedIn(claims): SignedIn) -> String {
///     claims.user_id().to_owned()
/// }
///
/// async fn home(user: Option<SignedIn>) -> String {
///     user.map_or("Hello".to_owned(), |SignedIn(claims)| format!("Hello {}", claims.user_id()))
/// }
/// ```
///
/// `Option<SignedIn>` is `None` where nobody is signed in, a pending session included. As actix-web makes `None` of every error, it is
/// `None` where the middleware is missing, too. With [`Auth`], that is a 500.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::exhaustive_structs)] // Handlers take it apart, and tests make one.
pub struct SignedIn(pub Claims);

impl FromRequest for SignedIn {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let claims = Auth::of(request).and_then(|auth| auth.require().cloned());
        ready(claims.map(Self).map_err(Error::from))
    }
}
