//! Where requests go and what they carry: base URL, secret key, API version, extra headers.

use std::net::IpAddr;
use std::sync::Arc;

use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST,
    HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use http::uri::{Authority, Scheme};
use http::{Method, Request, Response, Uri};

use crate::answer;
use crate::error::{BuildError, Error};
use crate::model::SecretKey;
use crate::operation::{Encoded, Encoder, Operation};

/// The base URL of Clerk's Backend API.
pub const DEFAULT_BASE_URL: &str = "https://api.clerk.com/v1";

/// The API version that is asked for by default, a date.
pub const DEFAULT_API_VERSION: &str = "2026-05-12";

const API_VERSION: HeaderName = HeaderName::from_static("clerk-api-version");
const SDK: HeaderName = HeaderName::from_static("x-clerk-sdk");

/// Headers that a caller may not set: the client writes them, or they would change how the message is framed or secured.
const RESERVED: [HeaderName; 17] = [
    AUTHORIZATION,
    HOST,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    CONTENT_TYPE,
    CONTENT_ENCODING,
    ACCEPT,
    ACCEPT_ENCODING,
    CONNECTION,
    EXPECT,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    UPGRADE,
    USER_AGENT,
    API_VERSION,
    SDK,
];

/// The API of one instance: where it is and how requests to it are signed.
///
/// Validated once, when it is built; cloning is cheap and shares the same settings. `Debug` never shows the key.
#[derive(Clone)]
pub struct Api {
    settings: Arc<Settings>,
}

struct Settings {
    scheme: Scheme,
    authority: Authority,
    /// The base URL's path, without a slash at its end.
    base_path: String,
    /// One ready-made map for each kind of request, so that encoding clones it and adds nothing.
    plain: HeaderMap,
    with_json: HeaderMap,
    empty_post: HeaderMap,
}

impl Api {
    /// The API at its [default base URL](DEFAULT_BASE_URL) and [version](DEFAULT_API_VERSION).
    ///
    /// # Errors
    /// The key is empty, is a publishable key, or holds white space or characters that can't stand in a header.
    pub fn new(secret_key: impl Into<SecretKey>) -> Result<Self, Error> {
        Self::builder(secret_key).build()
    }

    /// Starts from the defaults of [`new`](Self::new).
    pub fn builder(secret_key: impl Into<SecretKey>) -> ApiBuilder {
        ApiBuilder {
            secret_key: secret_key.into(),
            base_url: DEFAULT_BASE_URL.to_owned(),
            api_version: DEFAULT_API_VERSION.to_owned(),
            user_agent_suffix: None,
            headers: Vec::new(),
            allow_insecure_http: false,
        }
    }

    /// The request of an operation, to be sent by whatever HTTP client.
    ///
    /// Its `Debug` output would show the body, and so a refresh token: don't log it.
    ///
    /// # Errors
    /// [`Error::Build`]: a parameter that the server would refuse or misread.
    pub fn request<O: Operation>(&self, operation: &O) -> Result<Request<Vec<u8>>, Error> {
        Ok(self.encode(operation)?.take(self))
    }

    pub(crate) fn encode<O: Operation>(&self, operation: &O) -> Result<Encoded, Error> {
        let mut encoder = Encoder::new(self, O::META);
        operation.encode(&mut encoder).and_then(|()| encoder.finish()).map_err(|error| Error::Build(error.of(O::META)))
    }

    /// Reads the answer to an operation.
    ///
    /// # Errors
    /// [`Error::Api`] for any status but 2xx, [`Error::Decode`] for a 2xx that can't be read.
    pub fn parse<O: Operation>(&self, response: Response<Vec<u8>>) -> Result<O::Output, Error> {
        answer::read::<O>(response, 1)
    }

    /// The base URL, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> String {
        let Settings { scheme, authority, base_path, .. } = &*self.settings;
        format!("{scheme}://{authority}{base_path}")
    }

    pub(crate) fn scheme(&self) -> &Scheme {
        &self.settings.scheme
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.settings.authority
    }

    pub(crate) fn base_path(&self) -> &str {
        &self.settings.base_path
    }

    pub(crate) fn headers(&self, method: &Method, has_body: bool) -> &HeaderMap {
        match (has_body, method) {
            (true, _) => &self.settings.with_json,
            (false, &Method::GET) => &self.settings.plain,
            // Without it, some HTTP clients send an empty POST chunked or with no length at all.
            (false, _) => &self.settings.empty_post,
        }
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api")
            .field("base_url", &self.base_url())
            .field("api_version", &self.settings.plain.get(API_VERSION))
            .finish_non_exhaustive()
    }
}

/// Builds an [`Api`].
#[derive(Clone)]
pub struct ApiBuilder {
    secret_key: SecretKey,
    base_url: String,
    api_version: String,
    user_agent_suffix: Option<String>,
    headers: Vec<(String, String)>,
    allow_insecure_http: bool,
}

impl ApiBuilder {
    /// Reads the ecosystem's variables through `lookup`: `CLERK_SECRET_KEY`, and `CLERK_API_URL` where it is set.
    ///
    /// `CLERK_API_URL` is the server's URL without the version, `https://api.clerk.com` by default; one that ends in `/v1`
    /// is taken as it is. This crate reads no environment: the adapters' `from_env` passes it in.
    ///
    /// ```
    /// use clerk_sessions_core::ApiBuilder;
    ///
    /// let vars = |name: &str| (name == "CLERK_SECRET_KEY").then(|| "sk_test_123".to_owned());
    /// assert_eq!(ApiBuilder::from_vars(vars)?.build()?.base_url(), "https://api.clerk.com/v1");
    /// # Ok::<(), clerk_sessions_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `CLERK_SECRET_KEY` is not set.
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let secret_key = lookup("CLERK_SECRET_KEY").ok_or_else(|| {
            BuildError::new("CLERK_SECRET_KEY", "is not set: put the instance's secret key (sk_…) there")
        })?;
        let builder = Api::builder(secret_key);
        let Some(url) = lookup("CLERK_API_URL").filter(|url| !url.is_empty()) else {
            return Ok(builder);
        };
        let url = url.trim_end_matches('/');
        Ok(if url.ends_with("/v1") { builder.base_url(url) } else { builder.base_url(format!("{url}/v1")) })
    }

    /// The base URL with the version's path, [`DEFAULT_BASE_URL`] by default.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// The `Clerk-API-Version`, a date, [`DEFAULT_API_VERSION`] by default.
    #[must_use]
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = version.into();
        self
    }

    /// What follows `clerk-sessions-rust/<version>` in the `User-Agent`, such as `billing/2.1`. None by default.
    #[must_use]
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = Some(suffix.into());
        self
    }

    /// Adds a header to every request.
    ///
    /// [`build`](Self::build) refuses the ones the client itself writes, such as `authorization`, and those that change how
    /// a message is framed, such as `content-length`.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Allows a base URL with plain http beyond loopback: the secret key then travels unencrypted. Off by default.
    #[must_use]
    pub fn allow_insecure_http(mut self, allow: bool) -> Self {
        self.allow_insecure_http = allow;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Build`] names the setting and what is wrong with it.
    pub fn build(self) -> Result<Api, Error> {
        let (scheme, authority, base_path) = parse_base_url(&self.base_url, self.allow_insecure_http)?;
        let plain = self.headers_of_a_get()?;
        let mut with_json = plain.clone();
        with_json.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut empty_post = plain.clone();
        empty_post.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        Ok(Api { settings: Arc::new(Settings { scheme, authority, base_path, plain, with_json, empty_post }) })
    }

    fn headers_of_a_get(&self) -> Result<HeaderMap, BuildError> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization(&self.secret_key)?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let version = HeaderValue::from_str(&self.api_version)
            .ok()
            .filter(|version| !version.is_empty())
            .ok_or_else(|| BuildError::new("api_version", "is not a date such as 2026-05-12"))?;
        headers.insert(API_VERSION, version);
        let user_agent = match &self.user_agent_suffix {
            None => Ok(HeaderValue::from_static(USER_AGENT_BASE)),
            Some(suffix) => HeaderValue::from_str(&format!("{USER_AGENT_BASE} {suffix}")),
        };
        let user_agent = user_agent
            .map_err(|_| BuildError::new("user_agent_suffix", "holds a character that can't stand in a header"))?;
        headers.insert(USER_AGENT, user_agent);
        headers.insert(SDK, HeaderValue::from_static(concat!("rust/", env!("CARGO_PKG_VERSION"))));
        for (name, value) in &self.headers {
            let (name, value) = extra_header(name, value)?;
            headers.append(name, value);
        }
        Ok(headers)
    }
}

impl std::fmt::Debug for ApiBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The base URL may hold a password until `build` has refused it, and a header any secret of the caller's.
        f.debug_struct("ApiBuilder").field("api_version", &self.api_version).finish_non_exhaustive()
    }
}

const USER_AGENT_BASE: &str = concat!("clerk-sessions-rust/", env!("CARGO_PKG_VERSION"));

fn authorization(key: &SecretKey) -> Result<HeaderValue, BuildError> {
    let bad = |reason| Err(BuildError::new("secret_key", reason));
    let key = key.expose();
    if key.is_empty() {
        return bad("is empty");
    }
    if key.starts_with("pk_") {
        return bad("is a publishable key (pk_…): this API needs the secret key (sk_…)");
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return bad("holds white space or a character that can't stand in a header; was a line end read with it?");
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {key}"))
        .map_err(|_| BuildError::new("secret_key", "can't stand in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn extra_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), BuildError> {
    let parsed = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| BuildError::new("header", format!("has the name {name:?}, which is not a header's")))?;
    if RESERVED.contains(&parsed) {
        return Err(BuildError::new("header", format!("would replace {parsed}, which the client itself writes")));
    }
    let value = HeaderValue::from_str(value)
        .map_err(|_| BuildError::new("header", format!("{parsed} has a value that can't stand in a header")))?;
    Ok((parsed, value))
}

fn parse_base_url(url: &str, allow_insecure_http: bool) -> Result<(Scheme, Authority, String), BuildError> {
    // No message quotes the URL: one with userinfo in it holds a password.
    let bad = |reason| Err(BuildError::new("base_url", reason));
    // Looked for in the text, as the parser drops a fragment without a word.
    if url.contains(['?', '#']) {
        return bad("has a query or a fragment: give only scheme, host and path");
    }
    let Ok(uri) = url.parse::<Uri>() else {
        return bad("is not a URL such as https://api.clerk.com/v1");
    };
    let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
        return bad("is not an absolute URL such as https://api.clerk.com/v1");
    };
    if authority.as_str().contains('@') {
        return bad("has a user or password in it: the secret key is what signs requests");
    }
    let default_port = match scheme.as_str() {
        "https" => 443,
        "http" if allow_insecure_http || is_loopback(authority.host()) => 80,
        "http" => {
            return bad("is plain http to another machine, where anyone on the way reads the secret key: use https, \
                        or allow_insecure_http if you must");
        }
        _ => return bad("is neither https nor http"),
    };
    let path = uri.path().trim_end_matches('/');
    if path.split('/').skip(1).any(is_rewritten_by_url_parsers) {
        return bad("has an empty or dot segment in its path");
    }
    let Some(authority) = normalized(authority, default_port) else {
        return bad("has no valid host and port");
    };
    Ok((scheme.clone(), authority, path.to_owned()))
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn is_rewritten_by_url_parsers(segment: &str) -> bool {
    let dots = segment.to_ascii_lowercase().replace("%2e", ".");
    matches!(&*dots, "" | "." | "..") || segment.contains('\\')
}

/// Lower case and no default port, as URL parsers write it: so the `Host` header is the same over every transport.
fn normalized(authority: &Authority, default_port: u16) -> Option<Authority> {
    let host = authority.host().to_ascii_lowercase();
    let digits = authority.as_str()[authority.host().len()..].strip_prefix(':').unwrap_or_default();
    let port = if digits.is_empty() { default_port } else { digits.parse().ok()? };
    let text = if port == default_port { host } else { format!("{host}:{port}") };
    Authority::from_maybe_shared(text.into_bytes()).ok().filter(|authority| !authority.host().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(builder: ApiBuilder) -> String {
        builder.build().unwrap_err().to_string()
    }

    fn at(url: &str) -> ApiBuilder {
        Api::builder("sk_test_1").base_url(url)
    }

    #[test]
    fn a_base_url_is_normalized() {
        for (given, kept) in [
            ("https://api.clerk.com/v1", "https://api.clerk.com/v1"),
            ("https://API.Clerk.com:443/v1/", "https://api.clerk.com/v1"),
            ("https://api.clerk.com:8443", "https://api.clerk.com:8443"),
            ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
            ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
            ("http://localhost", "http://localhost"),
        ] {
            assert_eq!(at(given).build().unwrap().base_url(), kept);
        }
    }

    #[test]
    fn a_base_url_that_would_send_the_key_astray_is_refused() {
        for (given, why) in [
            ("", "not a URL"),
            ("api.clerk.com", "absolute"),
            ("/v1", "absolute"),
            ("ftp://api.clerk.com", "neither https nor http"),
            ("http://api.clerk.com/v1", "plain http"),
            ("http://127.0.0.1.evil.example/v1", "plain http"),
            ("http://127.1/v1", "plain http"),
            ("https://user:password@api.clerk.com/v1", "user or password"),
            ("http://localhost@evil.example/v1", "user or password"),
            ("https://api.clerk.com/v1?a=b", "query or a fragment"),
            ("https://api.clerk.com/v1#a", "query or a fragment"),
            ("https://api.clerk.com/../v1", "dot segment"),
            ("https://api.clerk.com/%2E%2e/v1", "dot segment"),
            ("https://api.clerk.com//v1", "dot segment"),
            ("https://api.clerk.com:99999/v1", "no valid host and port"),
            ("https://:8080/v1", "base_url"),
        ] {
            let error = refused(at(given));
            assert!(error.starts_with("base_url ") && error.contains(why), "{given}: {error}");
            assert!(!error.contains("password@"), "{error}");
        }
        let api = at("http://clerk.internal:80/v1").allow_insecure_http(true).build().unwrap();
        assert_eq!(api.base_url(), "http://clerk.internal/v1");
    }

    #[test]
    fn a_key_that_can_not_work_is_refused_without_being_shown() {
        for key in ["", "pk_test_hidden", "sk_test_hidden\n", " sk_test_hidden", "sk_tést_hidden", "sk_test\0hidden"] {
            let error = refused(Api::builder(key));
            assert!(error.starts_with("secret_key "), "{error}");
            assert!(!error.contains("hidden"), "{error}");
        }
    }

    #[test]
    fn headers_of_the_client_can_not_be_replaced() {
        for name in ["Authorization", "HOST", "content-length", "Transfer-Encoding", "user-agent", "Clerk-API-Version"]
        {
            let error = refused(Api::builder("sk_test_1").header(name, "x"));
            assert!(error.contains(&format!("would replace {}", name.to_lowercase())), "{error}");
        }
        assert!(refused(Api::builder("sk_test_1").header("a b", "x")).contains("not a header's"));
        assert!(refused(Api::builder("sk_test_1").header("x-a", "a\nhidden")).contains("x-a has a value"));
        assert!(refused(Api::builder("sk_test_1").api_version("")).contains("api_version"));
        assert!(refused(Api::builder("sk_test_1").user_agent_suffix("a\nb")).contains("user_agent_suffix"));
    }

    #[test]
    fn every_setting_reaches_the_request() {
        let api = Api::builder("sk_test_1")
            .api_version("2025-11-10")
            .user_agent_suffix("billing/2")
            .header("X-Team", "a")
            .header("X-Team", "b")
            .build()
            .unwrap();
        let request = api.request(&crate::GetSession::new("sess_1")).unwrap();
        let all =
            |name: &str| -> Vec<&str> { request.headers().get_all(name).iter().map(|v| v.to_str().unwrap()).collect() };
        assert_eq!(all("authorization"), ["Bearer sk_test_1"]);
        assert_eq!(all("accept"), ["application/json"]);
        assert_eq!(all("clerk-api-version"), ["2025-11-10"]);
        assert_eq!(all("user-agent"), [format!("clerk-sessions-rust/{} billing/2", env!("CARGO_PKG_VERSION"))]);
        assert_eq!(all("x-clerk-sdk"), [format!("rust/{}", env!("CARGO_PKG_VERSION"))]);
        assert_eq!(all("x-team"), ["a", "b"]);
        assert_eq!(request.headers().len(), 7);
        assert!(request.headers()["authorization"].is_sensitive());
    }

    #[test]
    fn the_variables_of_the_ecosystem_are_read() {
        let read = |url: &'static str| {
            ApiBuilder::from_vars(move |name| match name {
                "CLERK_SECRET_KEY" => Some("sk_test_1".to_owned()),
                "CLERK_API_URL" => Some(url.to_owned()),
                _ => None,
            })
            .unwrap()
            .build()
            .unwrap()
            .base_url()
        };
        assert_eq!(read(""), DEFAULT_BASE_URL);
        assert_eq!(read("https://api.clerk.com"), DEFAULT_BASE_URL);
        assert_eq!(read("https://api.clerk.com/v1/"), DEFAULT_BASE_URL);
        assert_eq!(read("http://127.0.0.1:4010/"), "http://127.0.0.1:4010/v1");
        let error = ApiBuilder::from_vars(|_| None).unwrap_err().to_string();
        assert!(error.starts_with("CLERK_SECRET_KEY is not set"), "{error}");
    }

    #[test]
    fn debug_never_shows_the_key() {
        let builder = Api::builder("sk_test_hidden").header("x-token", "hidden").base_url("https://u:hidden@h");
        assert!(!format!("{builder:?}").contains("hidden"));
        let api = Api::builder("sk_test_hidden").header("x-token", "hidden").build().unwrap();
        assert!(!format!("{api:?}").contains("hidden"));
        assert!(format!("{api:?}").contains("https://api.clerk.com/v1"));
    }
}
