//! [`Gate`]: decides what happens to a request.

use std::fmt;
use std::sync::Arc;

use clerk_sessions_auth::{AsyncRequestAuthenticator, RequestError, SignInPage};
use clerk_sessions_core::transport::{AsyncTransport, WallClock};
use http::header::{CACHE_CONTROL, LOCATION};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};

use crate::auth::{Auth, Entry};
use crate::error::AuthError;
use crate::response_headers::ResponseHeaders;
use crate::view;

/// The settings of a layer.
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
    /// The service inside responds, and its response gets these headers.
    Pass(ResponseHeaders),
    /// This is the response.
    Stop(Response<&'static str>),
}

impl<T> Clone for Gate<T> {
    fn clone(&self) -> Self {
        let Self { clerk, entry, policy, assumes_https } = self;
        Self { clerk: Arc::clone(clerk), entry: *entry, policy: policy.clone(), assumes_https: *assumes_https }
    }
}

impl<T: AsyncTransport + WallClock> fmt::Debug for Gate<T> {
    /// Shows no transport, whose own output may be long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("authentication", self.clerk.authentication())
            .field("entry", &self.entry)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl<T: AsyncTransport + WallClock> Gate<T> {
    pub(crate) async fn decide(&self, parts: &mut Parts) -> Decision {
        let authentication = self.clerk.authentication();
        // An outer layer with the same settings has done it: a nonce or refresh token works only once.
        let known = parts.extensions.get::<Auth>().filter(|auth| auth.is_by(authentication, self.entry)).cloned();
        let (auth, headers) = match known {
            Some(auth) => (auth, ResponseHeaders::default()),
            None => {
                let auth = match self.authenticate(parts).await {
                    Ok(auth) => auth,
                    Err(error) => return Decision::Stop(AuthError::Unknown(error).into_text_response()),
                };
                let headers = ResponseHeaders::of(&auth);
                if let Some(location) = auth.redirect() {
                    return Decision::Stop(redirect(location, &headers));
                }
                parts.extensions.insert(auth.clone());
                (auth, headers)
            }
        };
        let Policy::SignedIn(page) = &self.policy else { return Decision::Pass(headers) };
        let Err(refusal) = auth.require() else { return Decision::Pass(headers) };
        let view = view::of(parts, self.assumes_https);
        Decision::Stop(match page.as_ref().and_then(|page| page.location(authentication, &view)) {
            Some(location) => redirect(&location, &headers),
            None => {
                let mut response = refusal.into_text_response();
                headers.put(response.headers_mut());
                response
            }
        })
    }

    async fn authenticate(&self, parts: &Parts) -> Result<Auth, RequestError> {
        let view = view::of(parts, self.assumes_https);
        let outcome = match self.entry {
            Entry::Api => self.clerk.api(&view).await?,
            Entry::Browser => self.clerk.browser(&view).await?,
        };
        Ok(Auth::new(outcome, self.clerk.authentication(), self.entry))
    }
}

/// A redirect with these headers.
fn redirect(location: &str, headers: &ResponseHeaders) -> Response<&'static str> {
    // A URL comes out of it encoded, or from the request, where it may have characters that no header can have.
    let Ok(location) = HeaderValue::from_str(location) else { return AuthError::InvalidRedirect.into_text_response() };
    let mut response = Response::new("");
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.put(response.headers_mut());
    response.headers_mut().insert(LOCATION, location);
    response
}
