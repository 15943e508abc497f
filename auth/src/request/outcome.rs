//! [`Outcome`]: who is asking, and what to send back.

use std::borrow::Cow;
use std::fmt;

use crate::claims::Claims;
use crate::verifier::{PendingClaims, Verified};

/// Who is asking, and the headers to send back.
///
/// If there is a [`redirect`](Self::redirect), respond with 307 and all [`headers`](Self::headers), whoever is asking. Otherwise add
/// the headers to the response of the page.
#[derive(Clone)]
#[must_use]
pub struct Outcome {
    identity: Identity,
    reason: Option<Cow<'static, str>>,
    message: Option<String>,
    headers: Vec<(&'static str, String)>,
    cookies: Vec<String>,
    location: Option<String>,
    token: Option<String>,
}

/// Who is asking.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::exhaustive_enums)] // A program that misses a case must not compile.
pub enum Identity {
    /// A user who is signed in.
    SignedIn(Claims),
    /// A user who must finish a task before they are signed in, such as choosing an organization.
    Pending(PendingClaims),
    /// Nobody who is known.
    SignedOut,
    /// It is not known yet: the browser has to ask Clerk, and comes back. There is a [`redirect`](Outcome::redirect).
    Handshake,
}

impl From<Verified> for Identity {
    fn from(verified: Verified) -> Self {
        match verified {
            Verified::SignedIn(claims) => Self::SignedIn(claims),
            Verified::Pending(claims) => Self::Pending(claims),
        }
    }
}

impl Outcome {
    pub(super) fn verified(verified: Verified, token: String) -> Self {
        Self { token: Some(token), ..Self::new(verified.into(), None, None) }
    }

    pub(super) fn signed_out(reason: impl Into<Cow<'static, str>>, message: Option<String>) -> Self {
        Self::new(Identity::SignedOut, Some(reason.into()), message)
    }

    pub(super) fn handshake(reason: Cow<'static, str>, message: Option<String>, location: String) -> Self {
        let mut outcome = Self::new(Identity::Handshake, Some(reason), message);
        outcome.location = Some(location);
        outcome.headers.push(("cache-control", "no-store".to_owned()));
        outcome
    }

    fn new(identity: Identity, reason: Option<Cow<'static, str>>, message: Option<String>) -> Self {
        Self { identity, reason, message, headers: Vec::new(), cookies: Vec::new(), location: None, token: None }
    }

    pub(super) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn with_location(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }

    pub(super) fn with_cookies(mut self, cookies: impl IntoIterator<Item = String>) -> Self {
        self.cookies.extend(cookies);
        self
    }

    /// Who is asking.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns who is asking, and drops the rest.
    #[must_use]
    pub fn into_identity(self) -> Identity {
        self.identity
    }

    /// The claims of a user who is signed in.
    #[must_use]
    pub fn signed_in(&self) -> Option<&Claims> {
        match &self.identity {
            Identity::SignedIn(claims) => Some(claims),
            _ => None,
        }
    }

    /// Why nobody is signed in, as a code such as `session-token-missing`. Signed-in and pending outcomes have none.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Which check of the token failed, if one did.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The session token, of the request or new. It is a secret.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Where to redirect the browser with status 307, if it has to be.
    #[must_use]
    pub fn redirect(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// The `Set-Cookie` values.
    #[must_use]
    pub fn cookies(&self) -> &[String] {
        &self.cookies
    }

    /// All headers of the response, with the cookies and the redirect. Add them: `set-cookie` is there several times.
    ///
    /// A response with cookies also gets `cache-control: no-store` and `vary: cookie`, so that no cache gives them to somebody else.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut all = self.protocol_headers();
        if !self.cookies.is_empty() {
            if !all.iter().any(|(name, _)| *name == "cache-control") {
                all.push(("cache-control", "no-store".to_owned()));
            }
            all.push(("vary", "cookie".to_owned()));
        }
        all.extend(self.cookies.iter().map(|cookie| ("set-cookie", cookie.clone())));
        all
    }

    /// The headers that Clerk's own libraries send, without the cookies.
    #[must_use]
    pub fn protocol_headers(&self) -> Vec<(&'static str, String)> {
        let mut all = self.headers.clone();
        all.extend(self.location.iter().map(|location| ("location", location.clone())));
        if let Some(reason) = &self.reason {
            let status = if matches!(self.identity, Identity::Handshake) { "handshake" } else { "signed-out" };
            all.push(("x-clerk-auth-status", status.to_owned()));
            all.push(("x-clerk-auth-reason", visible(reason)));
            all.extend(self.message.iter().map(|message| ("x-clerk-auth-message", visible(message))));
        }
        all
    }
}

/// The text with only characters that a header may have.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect()
}

impl fmt::Debug for Outcome {
    /// Shows no token, cookie or redirect, which holds a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("identity", &self.identity)
            .field("reason", &self.reason)
            .field("cookies", &self.cookies.len())
            .field("redirects", &self.location.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_with_cookies_is_not_cached_for_others() {
        let outcome = Outcome::signed_out("session-token-missing", Some("line\nbreak é".to_owned()));
        let plain = [
            ("x-clerk-auth-status", "signed-out".to_owned()),
            ("x-clerk-auth-reason", "session-token-missing".to_owned()),
            ("x-clerk-auth-message", "line?break ?".to_owned()),
        ];
        assert_eq!(outcome.headers(), plain);
        let headers = outcome.with_cookies(["a=1".to_owned(), "b=2".to_owned()]).headers();
        for header in [("cache-control", "no-store"), ("vary", "cookie"), ("set-cookie", "a=1"), ("set-cookie", "b=2")]
        {
            assert!(headers.iter().any(|(name, value)| (*name, value.as_str()) == header), "{header:?}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let outcome = Outcome::handshake("r".into(), None, "https://x.example/?__session=hidden".to_owned());
        let shown = format!("{:?}", outcome.with_cookies(["__session=hidden".to_owned()]));
        assert!(!shown.contains("hidden") && shown.contains("redirects: true"), "{shown}");
    }
}
