//! [`SignInPage`]: where visitors of a page are sent who are not signed in.

use std::time::Duration;

use clerk_sessions_core::{BuildError, Error};

use super::context::Context;
use super::public_url::{Origin, PublicUrl, with_parameters};
use super::settings::Authentication;
use super::view::RequestView;

/// The URL of the sign-in page. [`location`](Self::location) returns where to redirect a visitor who is not signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInPage(String);

impl SignInPage {
    /// Reads the URL: absolute, such as the one of Clerk's own sign-in page in the Dashboard, or a path of the app.
    ///
    /// # Errors
    /// [`Error::Build`]: it is neither.
    pub fn new(url: impl Into<String>) -> Result<Self, Error> {
        let url = url.into();
        let is_path = url.starts_with('/') && !url.starts_with("//");
        let is_text = url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if is_text && (is_path || Origin::of_url(&url).is_some()) {
            return Ok(Self(url));
        }
        let reason = "is neither a path that begins with one slash nor an absolute URL of http or https";
        Err(BuildError::new("sign_in_url", reason).into())
    }

    /// Returns where to redirect the request with status 302, 303 or 307. The sign-in page finds the way back in the parameter
    /// `redirect_url`.
    ///
    /// `None` if it is not a browser that opens a page, or if the page is the sign-in page itself: respond with 401.
    #[must_use]
    pub fn location(&self, authentication: &Authentication, request: &RequestView<'_>) -> Option<String> {
        // The time decides only about cookies, which are not read here.
        let Context { url, is_eligible, .. } = Context::of(authentication.settings(), request, Duration::ZERO);
        if !is_eligible || self.is_page(&url) {
            return None;
        }
        Some(with_parameters(&self.0, &[("redirect_url", &without_tokens(&url))]))
    }

    /// Whether this is the URL of the sign-in page, with any query.
    fn is_page(&self, url: &PublicUrl) -> bool {
        let own = self.0.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        let path = url.path.trim_end_matches('/');
        if own.is_empty() || own.starts_with('/') {
            own == path
        } else {
            own == format!("{}{path}", url.origin.as_str())
        }
    }
}

/// The URL without the query parameters by which Clerk passes tokens to the app. The other parameters stay as they are.
fn without_tokens(url: &PublicUrl) -> String {
    let is_token = |pair: &&str| pair.starts_with("__clerk_") || pair.starts_with("__dev_session");
    let query = url.query.as_deref().unwrap_or_default().split('&').filter(|pair| !is_token(pair));
    let query = query.collect::<Vec<_>>().join("&");
    let (origin, path) = (url.origin.as_str(), &url.path);
    if query.is_empty() { format!("{origin}{path}") } else { format!("{origin}{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestCrypto, rules, signer};

    fn location(page: &str, request: &RequestView<'_>) -> Option<String> {
        let builder = Authentication::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", rules()).pem(signer().pem());
        SignInPage::new(page).unwrap().location(&builder.build(TestCrypto).unwrap(), request)
    }

    fn open(target: &str) -> RequestView<'_> {
        RequestView::new("GET", "https", target).header("host", "app.example.com").header("accept", "text/html")
    }

    #[test]
    fn a_sign_in_page_is_a_path_or_an_absolute_url() {
        for url in ["/sign-in", "/", "https://accounts.example.com/sign-in?a=1#b", "http://localhost:3000"] {
            assert!(SignInPage::new(url).is_ok(), "{url}");
        }
        for url in ["", "sign-in", "//evil.example", "/\\evil.example", "https://", "javascript:x", "/a b", "/a\r\nb"] {
            let error = SignInPage::new(url).unwrap_err().to_string();
            assert!(error.contains("sign_in_url"), "{error}");
        }
    }

    #[test]
    fn the_page_comes_back_with_its_query_but_without_tokens() {
        for (page, target, expected) in [
            ("/sign-in", "/p", "/sign-in?redirect_url=https%3A%2F%2Fapp.example.com%2Fp"),
            (
                "https://accounts.example.com/sign-in?a=1#b",
                "/p?q=1%202&__clerk_db_jwt=x&r&__clerk_handshake=y&__dev_session=z",
                "https://accounts.example.com/sign-in?a=1&redirect_url=https%3A%2F%2Fapp.example.com%2Fp%3Fq%3D1%25202%26r#b",
            ),
            ("/sign-in", "//evil.example", "/sign-in?redirect_url=https%3A%2F%2Fapp.example.com%2F%2Fevil.example"),
        ] {
            assert_eq!(location(page, &open(target)).as_deref(), Some(expected));
        }
    }

    #[test]
    fn only_a_browser_that_opens_another_page_is_redirected() {
        for page in ["/sign-in", "/sign-in/", "https://app.example.com/sign-in?a#b"] {
            assert_eq!(location(page, &open("/sign-in?redirect_url=x")), None);
            assert_eq!(location(page, &open("/sign-in/")), None);
            assert!(location(page, &open("/sign-in/x")).is_some());
        }
        assert_eq!(location("/", &open("/")), None);
        let post =
            RequestView::new("POST", "https", "/p").header("host", "app.example.com").header("accept", "text/html");
        assert_eq!(location("/sign-in", &post), None);
        assert_eq!(location("/sign-in", &open("/p").header("sec-fetch-dest", "empty")), None);
    }
}
