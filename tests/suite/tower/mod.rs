//! clerk-sessions-tower: axum apps with its layers, against FakeClerk in process and over sockets.

mod extractors;
mod failures;
mod live_session;
mod other_services;
mod redirects;
mod refresh;
mod routing;
mod sign_in;
mod sockets;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::get;
use clerk_sessions_auth::{
    AsyncRequestAuthenticator, Authentication, AuthenticationBuilder, AuthorizedParties, AwsLcRs, PublishableKey, Rules,
};
use clerk_sessions_core::call::CallContext;
use clerk_sessions_core::transport::WallClock;
use clerk_sessions_core::{Api, CallOptions, RetryPolicy};
use clerk_sessions_fake::{FakeClerk, InProcess, Seed};
use clerk_sessions_tower::{Auth, SignedIn};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// The origin of the app.
const ORIGIN: &str = "http://app.example.com";
const USER: &str = "user_demo";
const SESSION: &str = "sess_demo_active";

/// An instance of Clerk and what an app needs of it.
struct Clerk {
    fake: InProcess,
    key: PublishableKey,
    key_text: String,
    secret_key: String,
}

impl Clerk {
    fn production() -> Self {
        Self::new(Seed { production: true, ..Seed::demo() })
    }

    fn new(seed: Seed) -> Self {
        let fake = FakeClerk::new(seed);
        let (key_text, secret_key) = (fake.publishable_key(), fake.secret_key().to_owned());
        Self { fake: InProcess::new(fake), key: PublishableKey::parse(&key_text).unwrap(), key_text, secret_key }
    }

    /// The settings, with the Backend API and without retries.
    fn settings(&self) -> AuthenticationBuilder {
        let api = Api::builder(self.secret_key.as_str()).build().unwrap();
        let context = CallContext::new(api).with_options(CallOptions::new().retry(RetryPolicy::none()));
        Authentication::builder(&self.key_text, rules()).api(context)
    }

    fn authenticator(&self) -> AsyncRequestAuthenticator<InProcess> {
        self.authenticator_of(self.settings())
    }

    fn authenticator_of(&self, settings: AuthenticationBuilder) -> AsyncRequestAuthenticator<InProcess> {
        AsyncRequestAuthenticator::new(settings.build(AwsLcRs::new()).unwrap(), self.fake.clone())
    }

    fn now(&self) -> u64 {
        self.fake.unix_time().as_secs()
    }

    /// The claims of a session token that is good for a minute.
    fn claims(&self) -> Value {
        let now = self.now();
        json!({
            "azp": ORIGIN, "exp": now + 60, "iat": now, "nbf": now - 10, "sid": SESSION, "sts": "active", "sub": USER, "v": 2,
        })
    }

    /// A session token, with changes to its claims.
    fn token(&self, changes: Value) -> String {
        let mut claims = self.claims();
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        self.fake.fake().sign(&claims)
    }

    /// The cookies of a browser that is signed in with this token.
    fn cookies(&self, token: &str) -> String {
        format!("__session={token}; __client_uat={}", self.now() - 30)
    }

    /// The cookies of a browser whose session token has expired, and can be refreshed.
    fn expired_cookies(&self) -> String {
        let tokens = self.fake.handshake(SESSION, ORIGIN).unwrap();
        let (suffix, uat) = (self.key.cookie_suffix(), self.now() - 3600);
        let (token, refresh) = (tokens.expired_token, tokens.refresh_token);
        format!("__session={token}; __client_uat={uat}; __refresh_{suffix}={refresh}")
    }

    /// The paths of the requests that arrived at the Backend API.
    fn requests(&self) -> Vec<String> {
        self.fake.fake().requests().iter().map(|request| request.target.clone()).collect()
    }
}

fn rules() -> Rules {
    Rules::new(AuthorizedParties::list([ORIGIN]).unwrap())
}

/// A request of a browser that opens a page.
fn open(path: &str) -> Request<Body> {
    request("GET", path, &[("sec-fetch-dest", "document"), ("accept", "text/html")])
}

/// A request of a script.
fn fetch(path: &str) -> Request<Body> {
    request("GET", path, &[("sec-fetch-dest", "empty"), ("accept", "*/*")])
}

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let all = headers.iter().chain(&[("host", "app.example.com")]);
    all.fold(Request::builder().method(method).uri(path), |request, (name, value)| request.header(*name, *value))
        .body(Body::empty())
        .unwrap()
}

fn with(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().append(name, value.parse().unwrap());
    request
}

/// A response with its body.
struct Response {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Response {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// Status and body.
    fn seen(&self) -> (u16, &str) {
        (self.status.as_u16(), &self.body)
    }
}

async fn send(app: &Router, request: Request<Body>) -> Response {
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Response { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// An app with a page for everybody and one for users.
fn pages() -> Router {
    Router::new().route("/", get(home)).route("/me", get(me).post(me))
}

async fn home(auth: Auth, user: Option<SignedIn>) -> String {
    match user {
        Some(SignedIn(claims)) => format!("hello {}", claims.user_id()),
        None => format!("hello stranger, {}", auth.reason().unwrap_or("pending")),
    }
}

async fn me(SignedIn(claims): SignedIn) -> String {
    claims.user_id().to_owned()
}

/// A session of the demo user in the demo organization.
fn in_organization() -> Value {
    json!({ "o": { "id": "org_demo", "rol": "admin", "slg": "demo" } })
}
