//! [`RequestAuthenticator`] and [`AsyncRequestAuthenticator`]: an [`Authentication`] with a transport.

use clerk_sessions_core::transport::{AsyncTransport, Transport, WallClock, drive, drive_async};

use crate::error::RequestError;
use crate::request::{Authentication, Outcome, RequestView};

/// Authenticates requests in a blocking server.
///
/// Create it once and clone it: clones share keys and connections.
///
/// ```no_run
/// # use clerk_sessions_core::transport::{Transport, WallClock};
/// use clerk_sessions_auth::{Authentication, Identity, RequestAuthenticator, RequestView};
///
/// # fn example<T: Transport + WallClock>(authentication: Authentication, transport: T) -> Result<(), Box<dyn std::error::Error>> {
/// let clerk = RequestAuthenticator::new(authentication, transport);
///
/// let request = RequestView::new("GET", "https", "/invoices").header("host", "app.example.com");
/// let outcome = clerk.browser(&request)?; // an error is a 503 or 500: see `status`
/// if let Some(location) = outcome.redirect() {
///     println!("307 to {location}, with {:?}", outcome.headers());
/// }
/// match outcome.identity() {
///     Identity::SignedIn(claims) => println!("hello {}", claims.user_id()),
///     Identity::Pending(_) | Identity::SignedOut | Identity::Handshake => println!("not signed in"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RequestAuthenticator<T> {
    authentication: Authentication,
    transport: T,
}

impl<T: Transport + WallClock> RequestAuthenticator<T> {
    /// Creates it from settings and a transport.
    #[must_use]
    pub fn new(authentication: Authentication, transport: T) -> Self {
        Self { authentication, transport }
    }

    /// Authenticates a request for a page, which a browser makes. The outcome may be a redirect.
    ///
    /// # Errors
    /// [`RequestError`]: the keys can't be fetched, or the settings don't fit the request.
    pub fn browser(&self, request: &RequestView<'_>) -> Result<Outcome, RequestError> {
        let flow = self.authentication.browser(request, self.transport.unix_time())?;
        Ok(drive(&self.transport, flow)?)
    }

    /// Authenticates a request for data. The outcome is never a redirect, and nothing but keys is fetched.
    ///
    /// # Errors
    /// [`RequestError`]: the keys can't be fetched.
    pub fn api(&self, request: &RequestView<'_>) -> Result<Outcome, RequestError> {
        let flow = self.authentication.api_request(request, self.transport.unix_time());
        Ok(drive(&self.transport, flow)?)
    }

    /// Fetches the keys before the first request.
    ///
    /// # Errors
    /// [`RequestError`]: the keys can't be fetched. Requests will try again.
    pub fn warm_up(&self) -> Result<(), RequestError> {
        self.authentication.warm_up().map_or(Ok(()), |flow| drive(&self.transport, flow).map_err(RequestError::from))
    }

    /// The settings, to compare with those of another one by [`is_same`](Authentication::is_same), or to start a flow without this
    /// transport.
    #[must_use]
    pub fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    /// The transport, to make other calls over its connections.
    #[must_use]
    pub fn transport(&self) -> &T {
        &self.transport
    }
}

/// Authenticates requests in an async server. The async form of [`RequestAuthenticator`].
#[derive(Clone, Debug)]
pub struct AsyncRequestAuthenticator<T> {
    authentication: Authentication,
    transport: T,
}

impl<T: AsyncTransport + WallClock> AsyncRequestAuthenticator<T> {
    /// Creates it from settings and a transport.
    #[must_use]
    pub fn new(authentication: Authentication, transport: T) -> Self {
        Self { authentication, transport }
    }

    /// Authenticates a request for a page, which a browser makes. The outcome may be a redirect.
    ///
    /// # Errors
    /// [`RequestError`]: the keys can't be fetched, or the settings don't fit the request.
    pub async fn browser(&self, request: &RequestView<'_>) -> Result<Outcome, RequestError> {
        let flow = self.authentication.browser(request, self.transport.unix_time())?;
        Ok(drive_async(&self.transport, flow).await?)
    }

    /// Authenticates a request for data. The outcome is never a redirect, and nothing but keys is fetched.
    ///
    /// # Errors
    /// [`RequestError`]: the keys can't be fetched.
    pub async fn api(&self, request: &RequestView<'_>) -> Result<Outcome, RequestError> {
        let flow = self.authentication.api_request(request, self.transport.unix_time());
        Ok(drive_async(&self.transport, flow).await?)
    }

    /// Fetches the keys before the first request.
    ///
    /// # Errors
    /// [`RequestError`]: the keys can't be fetched. Requests will try again.
    pub async fn warm_up(&self) -> Result<(), RequestError> {
        match self.authentication.warm_up() {
            None => Ok(()),
            Some(flow) => Ok(drive_async(&self.transport, flow).await?),
        }
    }

    /// The settings, to compare with those of another one by [`is_same`](Authentication::is_same), or to start a flow without this
    /// transport.
    #[must_use]
    pub fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    /// The transport, to make other calls over its connections.
    #[must_use]
    pub fn transport(&self) -> &T {
        &self.transport
    }
}
