//! [`Clerk`]: the middleware.

use std::fmt;
use std::future::{Future, Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::Error;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use clerk_sessions_auth::{AsyncRequestAuthenticator, SignInPage};
use clerk_sessions_core::transport::{AsyncTransport, WallClock};

use crate::auth::Entry;
use crate::gate::{Decision, Gate, Policy};

/// The middleware. Pass it to `wrap` of an app, a scope or a resource. [`Clerk::required`] and [`Clerk::optional`] create it.
///
/// It authenticates pages for browsers, with redirects to Clerk and refreshes, if the authentication
/// [has an API](clerk_sessions_auth::Authentication::has_api), else requests for data only. Create it once, before the server starts,
/// and clone it for each worker.
///
/// Both kinds respond with 307 where the browser has to ask Clerk, with 503 in an outage, and put cookies on every response, also on
/// those of errors. A middleware inside another with the same authentication uses what the outer one found.
pub struct Clerk<T, Kind = Required> {
    gate: Gate<T>,
    kind: PhantomData<fn() -> Kind>,
}

/// The kind of [`Clerk`] that lets only users pass who are signed in.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_enums)] // It has no values.
pub enum Required {}

/// The kind of [`Clerk`] that lets everybody pass.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_enums)] // It has no values.
pub enum Optional {}

impl<T: AsyncTransport + WallClock> Clerk<T, Required> {
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
    /// [`Error::Build`](clerk_sessions_core::Error::Build): it is neither.
    pub fn sign_in_url(mut self, url: impl Into<String>) -> Result<Self, clerk_sessions_core::Error> {
        self.gate.policy = Policy::SignedIn(Some(SignInPage::new(url)?));
        Ok(self)
    }
}

impl<T: AsyncTransport + WallClock> Clerk<T, Optional> {
    /// Lets everybody pass. [`Auth`](crate::Auth) tells who it is.
    #[must_use]
    pub fn optional(clerk: AsyncRequestAuthenticator<T>) -> Self {
        Self::new(clerk, Policy::Everybody)
    }
}

impl<T: AsyncTransport + WallClock, Kind> Clerk<T, Kind> {
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
    /// URL; or [trust the proxy's headers](clerk_sessions_auth::AuthenticationBuilder::trust_forwarded_headers). Default: whether this
    /// server does TLS.
    #[must_use]
    pub fn assume_https(mut self) -> Self {
        self.gate.assumes_https = true;
        self
    }
}

impl<T, Kind> Clone for Clerk<T, Kind> {
    fn clone(&self) -> Self {
        Self { gate: self.gate.clone(), kind: PhantomData }
    }
}

impl<T, Kind> fmt::Debug for Clerk<T, Kind> {
    /// Shows no transport, which may hold anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Gate { entry, policy, .. } = &self.gate;
        f.debug_struct("Clerk").field("entry", entry).field("policy", policy).finish_non_exhaustive()
    }
}

impl<S, B, T, Kind> Transform<S, ServiceRequest> for Clerk<T, Kind>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
    T: AsyncTransport + WallClock + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = ClerkService<S, T>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(ClerkService { service: Rc::new(service), gate: Rc::new(self.gate.clone()) }))
    }
}

/// The service that [`Clerk`] makes of another one.
pub struct ClerkService<S, T> {
    service: Rc<S>,
    gate: Rc<Gate<T>>,
}

impl<S, T> fmt::Debug for ClerkService<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClerkService").finish_non_exhaustive()
    }
}

impl<S, B, T> Service<ServiceRequest> for ClerkService<S, T>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
    T: AsyncTransport + WallClock + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (service, gate) = (Rc::clone(&self.service), Rc::clone(&self.gate));
        Box::pin(async move {
            let headers = match gate.decide(&request).await {
                // `request.into_response` would drop the error in it.
                Decision::Stop(response) => {
                    return Ok(ServiceResponse::new(request.into_parts().0, response).map_into_right_body());
                }
                Decision::Pass(headers) => headers,
            };
            match service.call(request).await {
                Ok(mut response) => {
                    headers.put(response.headers_mut());
                    Ok(response.map_into_left_body())
                }
                Err(error) => Err(headers.with_error(error)),
            }
        })
    }
}
