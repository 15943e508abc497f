//! [`Gate`]: decides what happens to a request.

use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, LOCATION};
use actix_web::{HttpMessage, HttpResponse};
use clerk_sessions_auth::{AsyncRequestAuthenticator, RequestError, SignInPage};
use clerk_sessions_core::transport::{AsyncTransport, WallClock};

use crate::auth::{Auth, Entry};
use crate::error::AuthError;
use crate::response_headers::ResponseHeaders;
use crate::view;

/// The settings of a middleware.
pub(crate) struct Gate<T> {
    pub(crate) clerk: Arc<AsyncRequestAuthenticator<T>>,
    pub(crate) entry: Entry,
    pub(crate) policy: Policy,
    pub(crate) assumes_https: bool,
}

/// Who may pass.
#[derive(Clone, Debug)]
pub(crate) enum Policy {
    Everybody,
    SignedIn(Option<SignInPage>),
}

/// What happens to a request.
pub(crate) enum Decision {
    /// The handler responds, and its response gets these headers.
    Pass(ResponseHeaders),
    /// This is the response.
    Stop(HttpResponse),
}

impl<T> Clone for Gate<T> {
    fn clone(&self) -> Self {
        let Self { clerk, entry, policy, assumes_https } = self;
        Self { clerk: Arc::clone(clerk), entry: *entry, policy: policy.clone(), assumes_https: *assumes_https }
    }
}

impl<T: AsyncTransport + WallClock> Gate<T> {
    pub(crate) async fn decide(&self, request: &ServiceRequest) -> Decision {
        let authentication = self.clerk.authentication();
        // An outer middleware with the same settings has done it: a nonce or refresh token works only once.
        let known = Auth::of(request).ok().filter(|auth| auth.is_by(authentication, self.entry));
        let (auth, headers) = match known {
            Some(auth) => (auth, ResponseHeaders::default()),
            None => {
                let auth = match self.authenticate(request).await {
                    Ok(auth) => auth,
                    Err(error) => return Decision::Stop(HttpResponse::from_error(AuthError::Unknown(error))),
                };
                let headers = ResponseHeaders::of(&auth);
                if let Some(location) = auth.redirect() {
                    return Decision::Stop(redirect(location, &headers));
                }
                request.extensions_mut().insert(auth.clone());
                (auth, headers)
            }
        };
        let Policy::SignedIn(page) = &self.policy else { return Decision::Pass(headers) };
        let Err(refusal) = auth.require() else { return Decision::Pass(headers) };
        let view = view::of(request, self.assumes_https);
        Decision::Stop(match page.as_ref().and_then(|page| page.location(authentication, &view)) {
            Some(location) => redirect(&location, &headers),
            None => {
                let mut response = HttpResponse::from_error(refusal);
                headers.put(response.headers_mut());
                response
            }
        })
    }

    async fn authenticate(&self, request: &ServiceRequest) -> Result<Auth, RequestError> {
        let view = view::of(request, self.assumes_https);
        let outcome = match self.entry {
            Entry::Api => self.clerk.api(&view).await?,
            Entry::Browser => self.clerk.browser(&view).await?,
        };
        Ok(Auth::new(outcome, self.clerk.authentication(), self.entry))
    }
}

/// A redirect with these headers.
fn redirect(location: &str, headers: &ResponseHeaders) -> HttpResponse {
    // A URL comes out of it encoded, or from the request, where it may have characters that no header can have.
    let Ok(location) = HeaderValue::from_str(location) else {
        return HttpResponse::from_error(AuthError::InvalidRedirect);
    };
    let mut response = HttpResponse::TemporaryRedirect().insert_header((CACHE_CONTROL, "no-store")).finish();
    headers.put(response.headers_mut());
    response.headers_mut().insert(LOCATION, location);
    response
}
