//! The whole way over sockets: a client, the app behind axum's server, and FakeClerk behind its own.

use super::*;
use clerk_sessions_fake::{FakeServer, JwksResponse};
use clerk_sessions_reqwest::auth::{RequestAuthenticator, crypto};
use clerk_sessions_reqwest::{Client, ReqwestTransport};
use clerk_sessions_tower::ClerkLayer;

struct Running {
    clerk: FakeServer,
    app: String,
    http: reqwest::Client,
    uat: u64,
}

impl Running {
    async fn start() -> Self {
        let clerk = FakeServer::start(FakeClerk::new(Seed { production: true, ..Seed::demo() })).unwrap();
        let api = Api::builder(clerk.secret_key()).base_url(clerk.base_url()).build().unwrap();
        let transport = ReqwestTransport::builder().no_proxy().build().unwrap();
        let client = Client::new(api, transport).with_options(CallOptions::new().retry(RetryPolicy::none()));
        let key = clerk.fake().publishable_key();
        let settings = Authentication::builder(&key, rules()).api(client.context().clone());
        let authenticator = RequestAuthenticator::new(settings.build(crypto()).unwrap(), client.transport().clone());
        let app = pages()
            .route_layer(ClerkLayer::required(authenticator.clone()))
            .route("/open", get(home).layer(ClerkLayer::optional(authenticator)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let uat = clerk.unix_time().as_secs() - 3600;
        Self { clerk, app: address, http, uat }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        let request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.app));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        // The connection is one to a loopback address; the name is that of the app.
        let response = request.header("host", "app.example.com").send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Response { status, headers, body: response.text().await.unwrap() }
    }

    fn token(&self) -> String {
        let now = self.clerk.unix_time().as_secs();
        let claims = json!({ "azp": ORIGIN, "exp": now + 60, "iat": now, "sid": SESSION, "sub": USER });
        self.clerk.fake().sign(&claims)
    }
}

#[tokio::test]
async fn an_app_over_sockets_signs_in_refreshes_and_survives_an_outage() {
    let running = Running::start().await;
    let page = [("sec-fetch-dest", "document")];
    for method in ["GET", "POST", "HEAD"] {
        let response = running.send(method, "/me", &page).await;
        assert_eq!(response.status, 401, "{method}");
        assert_eq!(response.body, if method == "HEAD" { "" } else { "not signed in" });
    }
    assert_eq!(running.send("GET", "/unknown", &page).await.status, 404);
    assert_eq!(running.send("GET", "/open", &page).await.status, 200);

    let token = running.token();
    let (bearer, cookies) = (format!("Bearer {token}"), format!("__session={token}; __client_uat={}", running.uat));
    for header in [("authorization", &*bearer), ("cookie", &*cookies)] {
        for method in ["GET", "POST"] {
            assert_eq!(running.send(method, "/me", &[header]).await.seen(), (200, "user_demo"));
        }
        assert_eq!(running.send("HEAD", "/me", &[header]).await.seen(), (200, ""));
    }

    let tokens = running.clerk.handshake(SESSION, ORIGIN).unwrap();
    let suffix = PublishableKey::parse(&running.clerk.fake().publishable_key()).unwrap().cookie_suffix();
    let expired = format!("__session={}; __client_uat={}", tokens.expired_token, running.uat);
    let refreshable = format!("{expired}; __refresh_{suffix}={}", tokens.refresh_token);
    let response = running.send("GET", "/me", &[("cookie", &refreshable), page[0]]).await;
    assert_eq!(response.seen(), (200, "user_demo"));
    assert_eq!(response.all("set-cookie").len(), 3);
    let response = running.send("GET", "/me", &[("cookie", &expired), page[0]]).await;
    assert_eq!(response.status, 307);
    assert!(response.header("location").unwrap().contains("/v1/client/handshake?"));

    running.clerk.fake().rotate_keys(false);
    running.clerk.fake().set_jwks_response(JwksResponse::status(503));
    let bearer = format!("Bearer {}", running.token());
    assert_eq!(running.send("GET", "/me", &[("authorization", &bearer)]).await.status, 503);
    assert_eq!(running.send("GET", "/open", &page).await.status, 200);
}
