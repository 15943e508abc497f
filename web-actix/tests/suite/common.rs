//! A FakeClerk, authenticators over it, and requests of a browser.

use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::HeaderMap;
use actix_web::test::TestRequest;
use clerk_sessions_auth::{
    AsyncRequestAuthenticator, Authentication, AuthenticationBuilder, AuthorizedParties, AwsLcRs, Rules,
};
use clerk_sessions_core::{Api, AsyncClient};
use clerk_sessions_fake::{FakeClerk, InProcess, ScriptedResponse, Seed, SeedSession};
use serde_json::{Value, json};

pub(crate) const APP: &str = "https://app.example.com";
/// The cookie of a browser that comes back from a handshake.
pub(crate) const NONCE: (&str, &str) = ("cookie", "__clerk_handshake_nonce=n1");
pub(crate) const ISSUER: &str = "https://clerk.example.com";

pub(crate) type Authenticator = AsyncRequestAuthenticator<InProcess>;

/// A FakeClerk with an app.
pub(crate) struct World {
    pub(crate) fake: InProcess,
}

impl World {
    pub(crate) fn production() -> Self {
        Self::new(true)
    }

    pub(crate) fn development() -> Self {
        Self::new(false)
    }

    fn new(production: bool) -> Self {
        let sessions = vec![SeedSession::new("sess_1", "user_1")];
        let (issuer, users) = (ISSUER.to_owned(), vec!["user_1".to_owned()]);
        let seed = Seed { production, issuer, users, sessions, ..Seed::default() };
        Self { fake: InProcess::new(FakeClerk::new(seed)) }
    }

    fn builder(&self) -> AuthenticationBuilder {
        let rules = Rules::new(AuthorizedParties::list([APP]).unwrap());
        Authentication::builder(&self.fake.fake().publishable_key(), rules)
    }

    /// An authenticator for pages.
    pub(crate) fn pages(&self) -> Authenticator {
        let api = Api::new(self.fake.fake().secret_key().to_owned()).unwrap();
        let client = AsyncClient::new(api, self.fake.clone());
        let authentication = self.builder().api(client.context().clone()).trust_forwarded_headers();
        AsyncRequestAuthenticator::new(authentication.build(AwsLcRs::new()).unwrap(), self.fake.clone())
    }

    /// An authenticator without a secret key.
    pub(crate) fn data(&self) -> Authenticator {
        let authentication = self.builder().build(AwsLcRs::new()).unwrap();
        AsyncRequestAuthenticator::new(authentication, self.fake.clone())
    }

    /// A session token with these claims besides, or in place of, the usual ones.
    pub(crate) fn token(&self, more: &Value) -> String {
        let now = now();
        let mut claims = json!({
            "iss": ISSUER, "sub": "user_1", "sid": "sess_1", "azp": APP,
            "iat": now - 5, "nbf": now - 15, "exp": now + 55,
        });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.fake.fake().sign(&claims)
    }

    /// Makes these directives the cookies of the next handshake. A browser comes back from it with [`NONCE`].
    pub(crate) fn script_handshake(&self, directives: &[&str]) {
        let body = json!({ "directives": directives }).to_string();
        self.fake.fake().script(vec![ScriptedResponse { body, ..ScriptedResponse::new(200) }]);
    }

    /// The requests that FakeClerk got, besides those for keys.
    pub(crate) fn calls(&self) -> usize {
        self.fake.fake().requests().iter().filter(|request| !request.target.contains("jwks")).count()
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The cookies of a browser with this session token.
pub(crate) fn cookies(token: &str) -> String {
    format!("__session={token}; __client_uat={}", now() - 100)
}

/// A request of a browser that opens a page at this path, behind a proxy that speaks TLS.
pub(crate) fn page(path: &str) -> TestRequest {
    data(path).insert_header(("accept", "text/html")).insert_header(("sec-fetch-dest", "document"))
}

/// A request of a script at this path.
pub(crate) fn data(path: &str) -> TestRequest {
    TestRequest::get()
        .uri(path)
        .insert_header(("host", "app.example.com"))
        .insert_header(("x-forwarded-proto", "https"))
        .insert_header(("x-forwarded-host", "app.example.com"))
}

/// Status and text of a response.
pub(crate) async fn seen(response: ServiceResponse<impl MessageBody>) -> (u16, String) {
    let status = response.status().as_u16();
    let body = actix_web::test::read_body(response).await;
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// All values of a header.
pub(crate) fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).map(|value| value.to_str().unwrap().to_owned()).collect()
}

/// Calls an app, and returns the response, which an app of actix-web may return as an error.
macro_rules! call {
    ($app:expr, $request:expr) => {
        actix_web::test::call_service(&$app, $request.to_request()).await
    };
}
pub(crate) use call;

/// Starts an app.
macro_rules! app {
    ($app:expr) => {
        actix_web::test::init_service($app).await
    };
}
pub(crate) use app;
