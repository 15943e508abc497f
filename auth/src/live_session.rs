//! [`LiveSession`]: a session that is checked again while a connection lasts.

use std::fmt;
use std::time::Duration;

use clerk_sessions_core::transport::{AsyncTransport, WallClock};

use crate::claims::Claims;
use crate::error::RequestError;
use crate::request::{Identity, RequestView};
use crate::request_authenticator::AsyncRequestAuthenticator;

/// Why [`LiveSession::renew`] has not accepted a token.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenewError {
    /// The token was rejected, or is of another user.
    #[error("the new token is no token of the user: sign in again")]
    SignedOut,
    /// The user must finish a task first, such as choosing an organization.
    #[error("not signed in: a task of the session is left to do")]
    Pending,
    /// Nobody knows, because the keys can't be fetched.
    #[error(transparent)]
    Unknown(#[from] RequestError),
}

/// A session that is checked again while a connection lasts, such as a websocket or a stream of events.
///
/// The authenticator checks the token of the request that opens the connection. A token is good for a minute, but a websocket may stay open
/// for hours, also after the user has signed out. So end the connection when the token [expires](Self::time_left), unless the client
/// has sent a new one, which Clerk gives only to those who are still signed in (`session.getToken()` in JavaScript):
///
/// ```
/// use clerk_sessions_core::transport::{AsyncTransport, WallClock};
/// use clerk_sessions_auth::LiveSession;
/// # struct Socket;
/// # impl Socket {
/// #     async fn next_within(&mut self, _: std::time::Duration) -> Option<String> { None }
/// #     async fn send(&mut self, _: String) {}
/// # }
///
/// async fn serve<T: AsyncTransport + WallClock>(mut socket: Socket, mut session: LiveSession<T>) {
///     loop {
///         // With tokio: `timeout(session.time_left(), socket.next())`.
///         let Some(message) = socket.next_within(session.time_left()).await else { return }; // expired, or the client is gone
///         match message.strip_prefix("token ") {
///             Some(token) if session.renew(token).await.is_err() => return,
///             Some(_) => {}
///             None => socket.send(format!("{}: {message}", session.claims().user_id())).await,
///         }
///     }
/// }
/// ```
///
/// A page of another site may open a websocket with the cookies of the user: before you accept one, compare the header `Origin` with
/// the origin of your app.
#[derive(Clone)]
pub struct LiveSession<T> {
    clerk: AsyncRequestAuthenticator<T>,
    claims: Claims,
}

impl<T: AsyncTransport + WallClock> LiveSession<T> {
    /// Begins with the claims of the request that opens the connection.
    #[must_use]
    pub fn new(clerk: &AsyncRequestAuthenticator<T>, claims: Claims) -> Self
    where
        T: Clone,
    {
        Self { clerk: clerk.clone(), claims }
    }

    /// The claims of the newest token.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// How long the newest token is good: zero if it has expired, or has no time of expiry.
    #[must_use]
    pub fn time_left(&self) -> Duration {
        let expires_at = self.claims.expires_at().and_then(|time| u64::try_from(time.as_millis()).ok());
        let expires_at = Duration::from_millis(expires_at.unwrap_or_default());
        expires_at.saturating_sub(self.clerk.transport().unix_time())
    }

    /// Checks a new token, and goes on with its claims. It must be of the same user.
    ///
    /// After an error, the session is as before: you may wait for another token until [no time is left](Self::time_left).
    ///
    /// # Errors
    /// [`RenewError`]: the token was not accepted.
    pub async fn renew(&mut self, token: &str) -> Result<(), RenewError> {
        let request = RequestView::new("GET", "https", "/").header("authorization", format!("Bearer {token}"));
        match self.clerk.api(&request).await?.into_identity() {
            Identity::SignedIn(claims) if claims.user_id() == self.claims.user_id() => {
                self.claims = claims;
                Ok(())
            }
            Identity::Pending(_) => Err(RenewError::Pending),
            _ => Err(RenewError::SignedOut),
        }
    }
}

impl<T> fmt::Debug for LiveSession<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveSession").field("claims", &self.claims).finish_non_exhaustive()
    }
}
