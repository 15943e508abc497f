//! [`RequestFacts`]: what a request says, to find out why it is treated as it is.

use std::fmt;
use std::time::Duration;

use super::context::Context;
use super::settings::Authentication;
use super::view::RequestView;

/// What a request says, before any token is verified. Use it to find out why a request is treated as it is.
/// [`Authentication::facts`] returns it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestFacts {
    /// The URL as the browser sees it.
    pub public_url: String,
    /// The origin of the public URL.
    pub origin: String,
    /// The URL of the Frontend API.
    pub frontend_api: String,
    /// Whether the cookies with the suffix of the instance count, and not those without.
    pub uses_suffixed_cookies: bool,
    /// The session token of the cookies that count. It is a secret.
    pub session_token: Option<String>,
    /// The time of the last change of the client, in Unix seconds; 0 if nobody is signed in.
    pub client_uat: i64,
    /// The token of the browser, in development. It is a secret.
    pub dev_browser_token: Option<String>,
    /// The refresh token. It is a secret.
    pub refresh_token: Option<String>,
    /// Whether the response may be a redirect to Clerk.
    pub is_eligible_for_handshake: bool,
}

impl Authentication {
    /// Returns what a request says, before any token is verified. `unix_time` is the time since 1970-01-01 00:00:00 UTC.
    #[must_use]
    pub fn facts(&self, request: &RequestView<'_>, unix_time: Duration) -> RequestFacts {
        let context = Context::of(self.settings(), request, unix_time);
        RequestFacts {
            public_url: context.url.to_string(),
            origin: context.url.origin.as_str().to_owned(),
            frontend_api: context.frontend.base.clone(),
            uses_suffixed_cookies: context.cookies.uses_suffix,
            session_token: context.cookies.session.map(|token| token.text),
            client_uat: context.cookies.client_uat,
            dev_browser_token: context.dev_browser,
            refresh_token: context.refresh_token,
            is_eligible_for_handshake: context.is_eligible,
        }
    }
}

impl fmt::Debug for RequestFacts {
    /// Shows no token and no query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestFacts")
            .field("origin", &self.origin)
            .field("frontend_api", &self.frontend_api)
            .field("uses_suffixed_cookies", &self.uses_suffixed_cookies)
            .field("client_uat", &self.client_uat)
            .field("is_eligible_for_handshake", &self.is_eligible_for_handshake)
            .finish_non_exhaustive()
    }
}
