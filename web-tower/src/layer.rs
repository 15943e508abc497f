//! [`ClerkLayer`]: the layer.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use clerk_sessions_auth::{AsyncRequestAuthenticator, SignInPage};
use clerk_sessions_core::Error;
use clerk_sessions_core::transport::{AsyncTransport, WallClock};
use tower_layer::Layer;

use crate::auth::Entry;
use crate::gate::{Gate, Policy};
use crate::service::ClerkService;

/// The layer. [`ClerkLayer::required`] and [`ClerkLayer::optional`] create it. Create it once and clone it.
///
/// It authenticates pages for browsers, with redirects to Clerk and refreshes, if the authentication
/// [has an API](clerk_sessions_auth::Authentication::has_api), else requests for data only.
///
/// Both kinds respond with 307 where the browser has to ask Clerk, and with 503 in an outage. They put cookies on every response of
/// the service inside, also on errors. The request gets the extension [`Auth`](crate::Auth). A layer inside another with the same
/// authentication uses what the outer one found.
pub struct ClerkLayer<T, Kind = Required> {
    gate: Gate<T>,
    kind: PhantomData<fn() -> Kind>,
}

/// The kind of [`ClerkLayer`] that lets only users pass who are signed in.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_enums)] // It has no values.
pub enum Required {}

/// The kind of [`ClerkLayer`] that lets everybody pass.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_enums)] // It has no values.
pub enum Optional {}

impl<T: AsyncTransport + WallClock> ClerkLayer<T, Required> {
    /// Lets only users pass who are signed in. Everybody else gets a 401, or is sent to the [sign-in page](Self::sign_in_url). A user
    /// who must finish a task first is not signed in.
    #[must_use]
    pub fn required(clerk: AsyncRequestAuthenticator<T>) -> Self {
        Self::new(clerk, Policy::SignedIn(None))
    }

    /// Sends a browser that opens a page to the sign-in page if nobody is signed in, with status 307 and the URL of the page in the
    /// parameter `redirect_url`. Other requests, and those for the sign-in page itself, still get a 401. Default: none.
    ///
    /// `url` is absolute, such as the URL of Clerk's own sign-in page in the Dashboard, or a path of the app.
    ///
    /// # Errors
    /// [`Error::Build`]: it is neither.
    pub fn sign_in_url(mut self, url: impl Into<String>) -> Result<Self, Error> {
        self.gate.policy = Policy::SignedIn(Some(SignInPage::new(url)?));
        Ok(self)
    }
}

impl<T: AsyncTransport + WallClock> ClerkLayer<T, Optional> {
    /// Lets everybody pass. [`Auth`](crate::Auth) tells who it is.
    #[must_use]
    pub fn optional(clerk: AsyncRequestAuthenticator<T>) -> Self {
        Self::new(clerk, Policy::Everybody)
    }
}

impl<T: AsyncTransport + WallClock, Kind> ClerkLayer<T, Kind> {
    fn new(clerk: AsyncRequestAuthenticator<T>, policy: Policy) -> Self {
        let entry = if clerk.authentication().has_api() { Entry::Browser } else { Entry::Api };
        Self { gate: Gate { clerk: Arc::new(clerk), entry, policy, assumes_https: false }, kind: PhantomData }
    }

    /// Authenticates requests for data only, such as those of a mobile app: no redirect to Clerk, and no refresh.
    #[must_use]
    pub fn api_only(mut self) -> Self {
        self.gate.entry = Entry::Api;
        self
    }

    /// Says that browsers connect with https. Set it where a proxy in front does TLS, or browsers come back from Clerk to an `http`
    /// URL; or [trust the proxy's headers](clerk_sessions_auth::AuthenticationBuilder::trust_forwarded_headers). Default: the scheme
    /// of the request's URL, and `http` where it has none, as in HTTP/1.1.
    #[must_use]
    pub fn assume_https(mut self) -> Self {
        self.gate.assumes_https = true;
        self
    }
}

impl<T, Kind> Clone for ClerkLayer<T, Kind> {
    fn clone(&self) -> Self {
        Self { gate: self.gate.clone(), kind: PhantomData }
    }
}

impl<T: AsyncTransport + WallClock, Kind> fmt::Debug for ClerkLayer<T, Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClerkLayer").field(&self.gate).finish()
    }
}

impl<S, T, Kind> Layer<S> for ClerkLayer<T, Kind> {
    type Service = ClerkService<S, T>;

    fn layer(&self, inner: S) -> Self::Service {
        ClerkService { inner, gate: Arc::new(self.gate.clone()) }
    }
}
