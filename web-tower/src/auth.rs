//! [`Auth`]: who is asking, as the layer found out.

use std::fmt;
use std::sync::Arc;

use clerk_sessions_auth::{Authentication, Claims, Has, Identity, Outcome};
use http::Extensions;

use crate::error::AuthError;

/// Who is asking, as the layer found out. It is an extension of the request, and, with the feature `axum`, an extractor that never
/// refuses a request.
///
/// Use it where a page is for everybody, and differs for users who are signed in. A clone is cheap.
///
/// ```
/// use clerk_sessions_tower::Auth;
///
/// async fn welcome(auth: Auth) -> String {
///     match auth.signed_in() {
///         Some(claims) => format!("Hello {}", claims.user_id()),
///         None => "Hello".to_owned(),
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Auth(Arc<Found>);

enum Found {
    ByLayer(Outcome, Authentication, Entry),
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
        Self(Arc::new(Found::ByLayer(outcome, authentication.clone(), entry)))
    }

    /// Who a test says is asking.
    pub(crate) fn of_test(identity: Identity) -> Self {
        Self(Arc::new(Found::ByTest(identity)))
    }

    /// Returns what the layer found out about a request with these extensions. In axum, use the extractors.
    ///
    /// # Errors
    /// [`AuthError::NoLayer`].
    pub fn of(extensions: &Extensions) -> Result<&Self, AuthError> {
        extensions.get().ok_or(AuthError::NoLayer)
    }

    fn outcome(&self) -> Option<&Outcome> {
        match &*self.0 {
            Found::ByLayer(outcome, ..) => Some(outcome),
            Found::ByTest(_) => None,
        }
    }

    /// Whether these settings would find the same.
    pub(crate) fn is_by(&self, authentication: &Authentication, entry: Entry) -> bool {
        match &*self.0 {
            Found::ByLayer(_, by, with) => by.is_same(authentication) && *with == entry,
            Found::ByTest(_) => true,
        }
    }

    pub(crate) fn redirect(&self) -> Option<&str> {
        self.outcome()?.redirect()
    }

    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        self.outcome().map(Outcome::headers).unwrap_or_default()
    }

    /// Who is asking. It is never [`Identity::Handshake`]: the layer redirects such a request itself.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        match &*self.0 {
            Found::ByLayer(outcome, ..) => outcome.identity(),
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

impl fmt::Debug for Auth {
    /// Shows no token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("identity", self.identity())
            .field("reason", &self.reason())
            .finish_non_exhaustive()
    }
}
