//! Where requests go and what they carry: base URL, secret key, API version, extra headers.

use std::sync::Arc;

use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST,
    HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use http::{Method, Request, Response};

use crate::base_url::BaseUrl;
use crate::error::{BuildError, Error};
use crate::model::SecretKey;
use crate::operation::Operation;
use crate::request::RequestWriter;
use crate::response;

const API_VERSION: HeaderName = HeaderName::from_static("clerk-api-version");
const SDK: HeaderName = HeaderName::from_static("x-clerk-sdk");

/// Headers that a caller may not set: the client writes them, or they would change how the request is framed or secured.
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
    base_url: BaseUrl,
    /// One complete map for each kind of request, so that making a request clones it and adds nothing.
    plain: HeaderMap,
    with_json: HeaderMap,
    empty_post: HeaderMap,
}

impl Api {
    /// The base URL of Clerk's Backend API.
    pub const DEFAULT_BASE_URL: &str = "https://api.clerk.com/v1";

    /// The API version that is asked for by default, a date.
    pub const DEFAULT_VERSION: &str = "2026-05-12";

    /// The API at its [default base URL](Self::DEFAULT_BASE_URL) and [version](Self::DEFAULT_VERSION).
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
            base_url: Self::DEFAULT_BASE_URL.to_owned(),
            api_version: Self::DEFAULT_VERSION.to_owned(),
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
        let mut request = RequestWriter::run(self.url(), O::METADATA, |request| operation.write(request))?;
        *request.headers_mut() = self.headers(&request);
        Ok(request)
    }

    /// Reads the response to an operation.
    ///
    /// # Errors
    /// [`Error::Api`] for any status but 2xx, [`Error::Decode`] for a 2xx that can't be read.
    pub fn parse<O: Operation>(&self, response: Response<Vec<u8>>) -> Result<O::Output, Error> {
        response::read::<O>(response)
    }

    /// The base URL, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.settings.base_url.to_string()
    }

    pub(crate) fn url(&self) -> &BaseUrl {
        &self.settings.base_url
    }

    /// The headers that all requests of this kind carry, with those that the operation has written in place of them.
    pub(crate) fn headers(&self, request: &Request<Vec<u8>>) -> HeaderMap {
        let all = match (request.body().is_empty(), request.method()) {
            (false, _) => &self.settings.with_json,
            (true, &Method::GET) => &self.settings.plain,
            // Without a content-length, some HTTP clients send an empty POST chunked or with no length at all.
            (true, _) => &self.settings.empty_post,
        };
        let mut headers = all.clone();
        for (name, value) in request.headers() {
            headers.insert(name, value.clone());
        }
        headers
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
    /// is taken as it is. This crate reads no environment: the adapters' `client_from_env` passes it in.
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

    /// The base URL with the version's path, [`Api::DEFAULT_BASE_URL`] by default.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// The `Clerk-API-Version`, a date, [`Api::DEFAULT_VERSION`] by default.
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
        let base_url = BaseUrl::parse(&self.base_url, self.allow_insecure_http)?;
        let plain = self.headers_of_a_get()?;
        let mut with_json = plain.clone();
        with_json.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut empty_post = plain.clone();
        empty_post.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        Ok(Api { settings: Arc::new(Settings { base_url, plain, with_json, empty_post }) })
    }

    fn headers_of_a_get(&self) -> Result<HeaderMap, BuildError> {
        // Each request gets a clone, which has the same room. HTTP clients add headers of their own, such as Host: without room
        // for these, the map would be rehashed for each request.
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 12);
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
        .map_err(|_| BuildError::new("header", format!("{name:?} is not a valid header name")))?;
    if RESERVED.contains(&parsed) {
        return Err(BuildError::new("header", format!("{parsed} can't be set: the client or its transport writes it")));
    }
    let value = HeaderValue::from_str(value)
        .map_err(|_| BuildError::new("header", format!("{parsed} has a value that can't stand in a header")))?;
    Ok((parsed, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(builder: ApiBuilder) -> String {
        builder.build().unwrap_err().to_string()
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
            assert!(error.contains(&format!("header {} can't be set", name.to_lowercase())), "{error}");
        }
        assert!(refused(Api::builder("sk_test_1").header("a b", "x")).contains("\"a b\" is not a valid header name"));
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
        assert_eq!(read(""), Api::DEFAULT_BASE_URL);
        assert_eq!(read("https://api.clerk.com"), Api::DEFAULT_BASE_URL);
        assert_eq!(read("https://api.clerk.com/v1/"), Api::DEFAULT_BASE_URL);
        assert_eq!(read("http://127.0.0.1:4010/"), "http://127.0.0.1:4010/v1");
        let error = ApiBuilder::from_vars(|_| None).unwrap_err().to_string();
        assert!(error.starts_with("CLERK_SECRET_KEY is not set"), "{error}");
    }

    #[test]
    fn debug_never_shows_the_key() {
        let builder = Api::builder("sk_test_hidden").header("x-token", "hidden").base_url("https://u:hidden@h");
        let shown = format!("{builder:?}");
        assert!(!shown.contains("hidden") && shown.contains(Api::DEFAULT_VERSION), "{shown}");
        let api = Api::builder("sk_test_hidden").header("x-token", "hidden").build().unwrap();
        assert!(!format!("{api:?}").contains("hidden"));
        assert!(format!("{api:?}").contains("https://api.clerk.com/v1"));
    }
}
