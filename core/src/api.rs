//! [`Api`] and its builder: base URL, secret key, API version and headers of all requests.

use std::sync::Arc;

use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST,
    HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use http::{Method, Request, Response};

use crate::base_url::{BaseUrl, Use};
use crate::error::{BuildError, Error};
use crate::model::SecretKey;
use crate::operation::Operation;
use crate::request::{NOT_IN_HEADERS, RequestWriter};
use crate::response;

const API_VERSION: HeaderName = HeaderName::from_static("clerk-api-version");
const SDK: HeaderName = HeaderName::from_static("x-clerk-sdk");

/// Headers that a caller can't set: the client writes them, or they change the framing or the credentials of a request.
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

/// The API of one Clerk instance: base URL, secret key, API version and headers.
///
/// Pass it to a client, or use it to make requests and read responses yourself. It is validated when it is built. A
/// clone shares the settings and is cheap. `Debug` does not show the key.
///
/// ```
/// use clerk_sessions_core::{Api, GetSession, http};
///
/// let api = Api::new("sk_test_123")?;
/// let request = api.request(&GetSession::new("sess_123"))?;
/// assert_eq!(request.headers()["authorization"], "Bearer sk_test_123");
///
/// // … any HTTP client sends it, and returns an http::Response<Vec<u8>> …
/// let response = http::Response::builder().status(503).body(Vec::new()).unwrap();
/// assert!(api.parse::<GetSession>(response).unwrap_err().is_retryable());
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
///
/// Source: [Clerk's reference](https://clerk.com/docs/reference/backend-api).
#[derive(Clone)]
pub struct Api {
    settings: Arc<Settings>,
}

struct Settings {
    base_url: BaseUrl,
    /// All headers of a GET. There is a complete map for each kind of request, so that a request only clones it.
    plain: HeaderMap,
    /// All headers of a request with a JSON body.
    with_json: HeaderMap,
    /// All headers of a POST without a body.
    empty_post: HeaderMap,
}

impl Api {
    /// The default base URL: Clerk's Backend API, version 1.
    pub const DEFAULT_BASE_URL: &str = "https://api.clerk.com/v1";

    /// The default API version, a date. Each request has it in its `Clerk-API-Version` header.
    pub const DEFAULT_VERSION: &str = "2026-05-12";

    /// Creates the API with the [default base URL](Self::DEFAULT_BASE_URL) and [version](Self::DEFAULT_VERSION).
    ///
    /// `secret_key` is the secret key of the instance, `sk_test_…` or `sk_live_…`, from the Clerk Dashboard.
    ///
    /// # Errors
    /// [`Error::Build`]: the key is empty, is a publishable key (`pk_…`), or has white space, a control character or a
    /// character that is not ASCII.
    pub fn new(secret_key: impl Into<SecretKey>) -> Result<Self, Error> {
        Self::builder(secret_key).build()
    }

    /// Returns a builder with the defaults of [`new`](Self::new).
    pub fn builder(secret_key: impl Into<SecretKey>) -> ApiBuilder {
        ApiBuilder::new(Some(secret_key.into()), Self::DEFAULT_BASE_URL.to_owned())
    }

    /// Returns a builder for an API that needs no secret key, such as Clerk's Frontend API. Its requests have no
    /// `Authorization` header.
    ///
    /// ```
    /// use clerk_sessions_core::Api;
    ///
    /// let api = Api::without_key("https://clerk.example.com").build()?;
    /// assert_eq!(api.base_url(), "https://clerk.example.com");
    /// # Ok::<(), clerk_sessions_core::Error>(())
    /// ```
    pub fn without_key(base_url: impl Into<String>) -> ApiBuilder {
        ApiBuilder::new(None, base_url.into())
    }

    /// Returns the request of an operation, with its headers and body. Any HTTP client can send it.
    ///
    /// Do not log it: its `Debug` output shows the body, which may hold a refresh token.
    ///
    /// # Errors
    /// [`Error::Build`]: the operation refuses a parameter, see the docs of the operation.
    pub fn request<O: Operation>(&self, operation: &O) -> Result<Request<Vec<u8>>, Error> {
        let mut request = RequestWriter::run(self.url(), O::METADATA, |request| operation.write(request))?;
        *request.headers_mut() = self.headers(&request);
        Ok(request)
    }

    /// Decodes the response of an operation.
    ///
    /// It does not check that the response is for the requested session or user. The clients do, by
    /// [`Operation::check`].
    ///
    /// # Errors
    /// - [`Error::Api`]: the status is not 2xx.
    /// - [`Error::Decode`]: the status is 2xx, but the body can't be decoded as the operation's output.
    pub fn parse<O: Operation>(&self, response: Response<Vec<u8>>) -> Result<O::Output, Error> {
        response::read::<O>(response, self.has_key())
    }

    /// Returns the base URL: normalized, without a slash at the end, such as `https://api.clerk.com/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.settings.base_url.to_string()
    }

    pub(crate) fn url(&self) -> &BaseUrl {
        &self.settings.base_url
    }

    /// Whether requests have a secret key.
    pub(crate) fn has_key(&self) -> bool {
        self.settings.plain.contains_key(AUTHORIZATION)
    }

    /// Returns the headers of a request: those of all requests, replaced by those that the operation wrote.
    pub(crate) fn headers(&self, request: &Request<Vec<u8>>) -> HeaderMap {
        let all = match (request.body().is_empty(), request.method()) {
            (false, _) => &self.settings.with_json,
            (true, &Method::GET) => &self.settings.plain,
            // Without a content-length, some HTTP clients send an empty POST as chunked or without a length.
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

/// Builds an [`Api`] with other settings than the defaults. [`Api::builder`] and [`from_vars`](Self::from_vars) make
/// one.
///
/// ```
/// use clerk_sessions_core::{Api, GetSession};
///
/// let api = Api::builder("sk_test_123")
///     .base_url("https://api.clerk.com/v1") // the default
///     .api_version("2026-05-12") // the default
///     .user_agent_suffix("billing/2.1")
///     .header("X-Team", "billing")
///     .build()?;
/// let request = api.request(&GetSession::new("sess_123"))?;
/// assert_eq!(request.headers()["x-team"], "billing");
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
#[derive(Clone)]
pub struct ApiBuilder {
    secret_key: Option<SecretKey>,
    base_url: String,
    api_version: String,
    user_agent_suffix: Option<String>,
    headers: Vec<(String, String)>,
    allow_insecure_http: bool,
}

impl ApiBuilder {
    fn new(secret_key: Option<SecretKey>, base_url: String) -> Self {
        Self {
            secret_key,
            base_url,
            api_version: Api::DEFAULT_VERSION.to_owned(),
            user_agent_suffix: None,
            headers: Vec::new(),
            allow_insecure_http: false,
        }
    }

    /// Creates a builder from environment variables, which `lookup` returns by name.
    ///
    /// - `CLERK_SECRET_KEY`: the secret key. Required.
    /// - `CLERK_API_URL`: the URL of the server without the version. Default: `https://api.clerk.com`, also if it is
    ///   empty. `/v1` is added unless the URL ends with it.
    ///
    /// This crate does not read the environment. `client_from_env` of the adapters calls this with a `lookup` that
    /// does.
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
    /// [`Error::Build`]: `CLERK_SECRET_KEY` is not set. The values are checked by [`build`](Self::build).
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let secret_key = lookup("CLERK_SECRET_KEY").ok_or_else(|| {
            BuildError::new("CLERK_SECRET_KEY", "is not set: set it to the secret key of the instance (sk_…)")
        })?;
        let builder = Api::builder(secret_key);
        let Some(url) = lookup("CLERK_API_URL").filter(|url| !url.is_empty()) else {
            return Ok(builder);
        };
        let url = url.trim_end_matches('/');
        Ok(if url.ends_with("/v1") { builder.base_url(url) } else { builder.base_url(format!("{url}/v1")) })
    }

    /// Sets the base URL, which includes the version. Default: [`Api::DEFAULT_BASE_URL`].
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Sets the API version, a date: the `Clerk-API-Version` header. Default: [`Api::DEFAULT_VERSION`].
    #[must_use]
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = version.into();
        self
    }

    /// Sets a text that follows `clerk-sessions-rust/<version>` in the `User-Agent` header, such as `billing/2.1`.
    /// Default: none.
    #[must_use]
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = Some(suffix.into());
        self
    }

    /// Adds a header to every request. Default: none. Call it once for each value of a name.
    ///
    /// [`build`](Self::build) refuses headers that the client writes, such as `authorization`, and headers that change
    /// the framing of a request, such as `content-length`.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Allows a base URL with plain http to another machine. Default: `false`, as the secret key is then sent
    /// unencrypted, and anybody on the way can change responses. Plain http to loopback is always allowed.
    #[must_use]
    pub fn allow_insecure_http(mut self, allow: bool) -> Self {
        self.allow_insecure_http = allow;
        self
    }

    /// Checks the settings and builds the [`Api`].
    ///
    /// # Errors
    /// [`Error::Build`], which names the setting:
    /// - `secret_key`: as for [`Api::new`].
    /// - `base_url`: it is not an absolute URL with https (or http to loopback), has a user name, a query, a fragment
    ///   or a dot segment, or its host, port or path is invalid.
    /// - `api_version`: it is empty, or has a character that is not allowed in a header.
    /// - `user_agent_suffix`: it has a character that is not allowed in a header.
    /// - `header`: the name is invalid or reserved, or the value has a character that is not allowed in a header.
    pub fn build(self) -> Result<Api, Error> {
        let use_of_url = Use { has_key: self.secret_key.is_some(), allows_insecure_http: self.allow_insecure_http };
        let base_url = BaseUrl::parse(&self.base_url, use_of_url)?;
        let plain = self.headers_of_a_get()?;
        let mut with_json = plain.clone();
        with_json.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut empty_post = plain.clone();
        empty_post.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        Ok(Api { settings: Arc::new(Settings { base_url, plain, with_json, empty_post }) })
    }

    /// Returns the headers that all requests have, which are all headers of a GET.
    fn headers_of_a_get(&self) -> Result<HeaderMap, BuildError> {
        // Each request gets a clone, which has the same room. HTTP clients add headers of their own, such as Host: without room
        // for these, the map would be rehashed for each request.
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 12);
        if let Some(key) = &self.secret_key {
            headers.insert(AUTHORIZATION, authorization(key)?);
        }
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let version = HeaderValue::from_str(&self.api_version)
            .ok()
            .filter(|version| !version.is_empty())
            .ok_or_else(|| BuildError::new("api_version", "is not a valid version: use a date such as 2026-05-12"))?;
        headers.insert(API_VERSION, version);
        let user_agent = match &self.user_agent_suffix {
            None => Ok(HeaderValue::from_static(USER_AGENT_BASE)),
            Some(suffix) => HeaderValue::from_str(&format!("{USER_AGENT_BASE} {suffix}")),
        };
        let user_agent = user_agent.map_err(|_| BuildError::new("user_agent_suffix", NOT_IN_HEADERS))?;
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
        // The base URL may hold a password, which only `build` refuses. A header may hold any secret.
        f.debug_struct("ApiBuilder").field("api_version", &self.api_version).finish_non_exhaustive()
    }
}

const USER_AGENT_BASE: &str = concat!("clerk-sessions-rust/", env!("CARGO_PKG_VERSION"));

/// Returns the value of the `authorization` header.
fn authorization(key: &SecretKey) -> Result<HeaderValue, BuildError> {
    let bad = |reason| Err(BuildError::new("secret_key", reason));
    let key = key.expose();
    if key.is_empty() {
        return bad("is empty: use the secret key of the instance (sk_…)");
    }
    if key.starts_with("pk_") {
        return bad("is a publishable key (pk_…): use the secret key (sk_…)");
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return bad(
            "has white space or a character that is not printable ASCII: remove it, such as the line end of a file",
        );
    }
    let mut value =
        HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| BuildError::new("secret_key", NOT_IN_HEADERS))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Checks a header of the caller.
fn extra_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), BuildError> {
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        BuildError::new("header", format!("{name:?} is not a valid header name: use letters, digits and hyphens"))
    })?;
    if RESERVED.contains(&parsed) {
        return Err(BuildError::new("header", format!("{parsed} is set by the client or its transport: remove it")));
    }
    let value =
        HeaderValue::from_str(value).map_err(|_| BuildError::new("header", format!("{parsed} {NOT_IN_HEADERS}")))?;
    Ok((parsed, value))
}

#[cfg(test)]
mod tests;
