//! [`Authenticator`] and [`AsyncAuthenticator`]: a [`JwksVerifier`] with a transport.

use clerk_sessions_core::transport::{AsyncTransport, Transport, WallClock, drive, drive_async};

use crate::error::{Rejected, Unavailable};
use crate::jwks::JwksVerifier;
use crate::verifier::Verified;

/// Verifies session tokens in a blocking program, with keys that it fetches over a transport.
///
/// Create it once and clone it: clones share keys and connections.
///
/// ```no_run
/// # use clerk_sessions_auth::{Crypto, JwksVerifier};
/// # use clerk_sessions_core::transport::{Transport, WallClock};
/// use clerk_sessions_auth::{Authenticator, AuthorizedParties, Rules, Unavailable, Verified};
///
/// # fn example<T: Transport + WallClock>(transport: T, crypto: impl Crypto + 'static, token: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let rules = Rules::new(AuthorizedParties::list(["https://app.example.com"])?);
/// let verifier = JwksVerifier::public("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", crypto, rules)?;
/// let clerk = Authenticator::new(verifier, transport);
///
/// match clerk.verify(token)? { // `?`: Clerk can't be reached, respond with 503
///     Ok(Verified::SignedIn(claims)) => println!("hello {}", claims.user_id()),
///     Ok(Verified::Pending(_)) => println!("finish signing in"),
///     Err(rejected) => println!("401: {rejected}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Authenticator<T> {
    verifier: JwksVerifier,
    transport: T,
}

impl<T: Transport + WallClock> Authenticator<T> {
    /// Creates it from a verifier and a transport.
    #[must_use]
    pub fn new(verifier: JwksVerifier, transport: T) -> Self {
        Self { verifier, transport }
    }

    /// Verifies a token at the time of the transport's clock. It fetches keys if they are missing or too old.
    ///
    /// The inner result is about the token: what it says, or why it was rejected.
    ///
    /// # Errors
    /// [`Unavailable`]: the keys can't be fetched, so nobody knows whether the token is good. Respond with 503.
    pub fn verify(&self, token: &str) -> Result<Result<Verified, Rejected>, Unavailable> {
        let flow = self.verifier.verify(token, self.transport.unix_time());
        drive(&self.transport, flow).map_err(Unavailable::from)
    }

    /// Fetches the keys before the first request.
    ///
    /// # Errors
    /// [`Unavailable`]: the keys can't be fetched. Requests will try again.
    pub fn warm_up(&self) -> Result<(), Unavailable> {
        drive(&self.transport, self.verifier.warm_up()).map_err(Unavailable::from)
    }

    /// The verifier, to [forget its keys](JwksVerifier::forget_keys) or to verify without this transport.
    #[must_use]
    pub fn verifier(&self) -> &JwksVerifier {
        &self.verifier
    }
}

/// Verifies session tokens in an async program, with keys that it fetches over a transport. The async form of [`Authenticator`].
///
/// ```no_run
/// # use clerk_sessions_auth::{AsyncAuthenticator, Claims};
/// # use clerk_sessions_core::transport::{AsyncTransport, WallClock};
/// /// The user's claims, or the status of the response.
/// async fn signed_in<T: AsyncTransport + WallClock>(clerk: &AsyncAuthenticator<T>, token: &str) -> Result<Claims, u16> {
///     let verified = clerk.verify(token).await.map_err(|_unavailable| 503_u16)?;
///     verified.map_err(|_rejected| 401_u16)?.signed_in().ok_or(401)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct AsyncAuthenticator<T> {
    verifier: JwksVerifier,
    transport: T,
}

impl<T: AsyncTransport + WallClock> AsyncAuthenticator<T> {
    /// Creates it from a verifier and a transport.
    #[must_use]
    pub fn new(verifier: JwksVerifier, transport: T) -> Self {
        Self { verifier, transport }
    }

    /// Verifies a token at the time of the transport's clock. It fetches keys if they are missing or too old.
    ///
    /// The inner result is about the token: what it says, or why it was rejected. Dropping the future cancels a fetch; another call
    /// then makes it.
    ///
    /// # Errors
    /// [`Unavailable`]: the keys can't be fetched, so nobody knows whether the token is good. Respond with 503.
    pub async fn verify(&self, token: &str) -> Result<Result<Verified, Rejected>, Unavailable> {
        let flow = self.verifier.verify(token, self.transport.unix_time());
        drive_async(&self.transport, flow).await.map_err(Unavailable::from)
    }

    /// Fetches the keys before the first request.
    ///
    /// # Errors
    /// [`Unavailable`]: the keys can't be fetched. Requests will try again.
    pub async fn warm_up(&self) -> Result<(), Unavailable> {
        drive_async(&self.transport, self.verifier.warm_up()).await.map_err(Unavailable::from)
    }

    /// The verifier, to [forget its keys](JwksVerifier::forget_keys) or to verify without this transport.
    #[must_use]
    pub fn verifier(&self) -> &JwksVerifier {
        &self.verifier
    }
}
