//! [`Auth`]: who is asking, as the middleware found out.

use std::fmt;
use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use clerk_sessions_auth::{Authentication, Claims, Has, Identity, Outcome};

use crate::error::AuthError;

/// Who is asking, as the middleware found out: an extractor that never refuses a request.
///
/// Use it where a page is for everybody, and differs for users who are signed in. A clone is cheap.
///
/// ```
/// use clerk_sessions_actix::Auth;
///
/// async fn welcome(auth: Auth) -> String {
///     match auth.signed_in() {
///         Some(claims) => format!("Hello {}", claims.user_id()),
///         None => "Hello".to_owned(),
///     }
/// }
/// ```
///
/// # Errors
/// [`AuthError::NoMiddleware`], a 500.
#[derive(Clone)]
pub struct Auth(Rc<Found>);

enum Found {
    ByMiddleware(Outcome, Authentication, Entry),
    ByTest(Identity),
}

/// How a request is authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Api,
    Browser,
}

impl Auth {
    pub(crate) fn new(outcome: Outcome, authentication: &Authentication, entry: Entry) -> Self {
        Self(Rc::new(Found::ByMiddleware(outcome, authentication.clone(), entry)))
    }

    /// Who a test says is asking.
    pub(crate) fn of_test(identity: Identity) -> Self {
        Self(Rc::new(Found::ByTest(identity)))
    }

    /// Returns what the middleware found out about a request, for a middleware of your own. In a handler, use the extractors.
    ///
    /// # Errors
    /// [`AuthError::NoMiddleware`].
    pub fn of(request: &impl HttpMessage) -> Result<Self, AuthError> {
        request.extensions().get::<Self>().cloned().ok_or(AuthError::NoMiddleware)
    }

    fn outcome(&self) -> Option<&Outcome> {
        match &*self.0 {
            Found::ByMiddleware(outcome, ..) => Some(outcome),
            Found::ByTest(_) => None,
        }
    }

    /// Whether these settings would find the same.
    pub(crate) fn is_by(&self, authentication: &Authentication, entry: Entry) -> bool {
        match &*self.0 {
            Found::ByMiddleware(_, by, with) => by.is_same(authentication) && *with == entry,
            Found::ByTest(_) => true,
        }
    }

    pub(crate) fn redirect(&self) -> Option<&str> {
        self.outcome()?.redirect()
    }

    pub(crate) fn has_cookies(&self) -> bool {
        self.outcome().is_some_and(|outcome| !outcome.cookies().is_empty())
    }

    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        self.outcome().map(Outcome::headers).unwrap_or_default()
    }

    /// Who is asking. It is never [`Identity::Handshake`]: the middleware redirects such a request itself.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        match &*self.0 {
            Found::ByMiddleware(outcome, ..) => outcome.identity(),
            Found::ByTest(identity) => identity,
        }
    }

    /// The claims of a user who is signed in; `None` for everybody else, also for a pending session.
    #[must_use]
    pub fn signed_in(&self) -> Option<&Claims> {
        self.require().ok()
    }

    /// The claims of a user who is signed in, or the error to respond with.
    ///
    /// # Errors
    /// [`AuthError::SignedOut`] and [`AuthError::Pending`].
    pub fn require(&self) -> Result<&Claims, AuthError> {
        match self.identity() {
            Identity::SignedIn(claims) => Ok(claims),
            Identity::Pending(_) => Err(AuthError::Pending),
            Identity::SignedOut | Identity::Handshake => Err(AuthError::SignedOut),
        }
    }

    /// The claims of a user who is signed in and has all that is asked for, or the error to respond with.
    ///
    /// # Errors
    /// [`AuthError::NotAllowed`], and those of [`require`](Self::require).
    pub fn require_has(&self, asked: &Has) -> Result<&Claims, AuthError> {
        self.require().and_then(|claims| if claims.has(asked) { Ok(claims) } else { Err(AuthError::NotAllowed) })
    }

    /// Why nobody is signed in, as a code such as `session-token-missing`. Signed-in and pending outcomes have none.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.outcome()?.reason()
    }

    /// Which check of the token failed, if one did.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.outcome()?.message()
    }

    /// The session token, of the request or refreshed: for calls of your own services. It is a secret. In tests there is none.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.outcome()?.token()
    }
}

impl FromRequest for Auth {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request).map_err(Error::from))
    }
}

impl fmt::Debug for Auth {
    /// Shows no token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("identity", self.identity())
            .field("reason", &self.reason())
            .finish_non_exhaustive()
    }
}
