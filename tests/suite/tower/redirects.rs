//! Redirects to Clerk and to the sign-in page.

use super::*;
use axum::response::IntoResponse;
use clerk_sessions_fake::ScriptedResponse;
use clerk_sessions_tower::ClerkLayer;

#[tokio::test]
async fn a_browser_is_sent_to_the_sign_in_page_and_nobody_else_is() {
    let clerk = Clerk::production();
    let layer =
        ClerkLayer::required(clerk.authenticator()).sign_in_url("https://accounts.example.com/sign-in").unwrap();
    let app = pages().layer(layer);
    let response = send(&app, open("/me?year=2026&q=a%20b")).await;
    assert_eq!(response.seen(), (307, ""));
    let back = "http%3A%2F%2Fapp.example.com%2Fme%3Fyear%3D2026%26q%3Da%2520b";
    let location = format!("https://accounts.example.com/sign-in?redirect_url={back}");
    assert_eq!(response.header("location"), Some(&*location));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    for request in
        [fetch("/me"), request("POST", "/me", &[("sec-fetch-dest", "document")]), request("HEAD", "/me", &[])]
    {
        assert_eq!(send(&app, request).await.status, 401);
    }
    // Somebody with a task to finish is sent there, too.
    let cookies = clerk.cookies(&clerk.token(json!({ "sts": "pending" })));
    let response = send(&app, with(open("/"), "cookie", &cookies)).await;
    let location = "https://accounts.example.com/sign-in?redirect_url=http%3A%2F%2Fapp.example.com%2F";
    assert_eq!(response.header("location"), Some(location));
}

#[tokio::test]
async fn the_sign_in_page_of_the_app_is_not_redirected_to_itself() {
    let clerk = Clerk::production();
    let app = pages().layer(ClerkLayer::required(clerk.authenticator()).sign_in_url("/").unwrap().assume_https());
    assert_eq!(send(&app, open("/?a=1")).await.status, 401);
    let response = send(&app, open("/me")).await;
    assert_eq!(response.header("location"), Some("/?redirect_url=https%3A%2F%2Fapp.example.com%2Fme"));
    let error = ClerkLayer::required(clerk.authenticator()).sign_in_url("//evil.example").unwrap_err().to_string();
    assert!(error.contains("sign_in_url"), "{error}");
}

#[tokio::test]
async fn a_browser_with_an_expired_token_asks_clerk_and_a_script_does_not() {
    let clerk = Clerk::production();
    let cookies =
        format!("__session={}; __client_uat={}", clerk.token(json!({ "exp": clerk.now() - 10 })), clerk.now() - 60);
    for app in [
        pages().layer(ClerkLayer::required(clerk.authenticator())),
        pages().layer(ClerkLayer::optional(clerk.authenticator())),
    ] {
        let response = send(&app, with(open("/me?q=1"), "cookie", &cookies)).await;
        assert_eq!(response.seen(), (307, ""));
        let location = response.header("location").unwrap();
        let expected = format!(
            "https://{}/v1/client/handshake?redirect_url=http%3A%2F%2Fapp.example.com%2Fme%3Fq%3D1&",
            clerk.key.frontend_api()
        );
        assert!(location.starts_with(&expected), "{location}");
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert!(response.header("set-cookie").unwrap().starts_with("__clerk_redirect_count=1;"));
        assert_eq!(response.all("vary"), ["cookie"]);

        for request in
            [fetch("/me"), request("POST", "/me", &[("sec-fetch-dest", "document")]), request("HEAD", "/me", &[])]
        {
            let response = send(&app, with(request, "cookie", &cookies)).await;
            assert_eq!((response.status.as_u16(), response.header("location")), (401, None));
        }
    }
    let api = pages().layer(ClerkLayer::required(clerk.authenticator()).api_only());
    let response = send(&api, with(open("/me"), "cookie", &cookies)).await;
    assert_eq!((response.status.as_u16(), response.header("x-clerk-auth-reason")), (401, Some("token-expired")));
}

/// A page with a cookie of its own.
async fn page(_: SignedIn) -> impl IntoResponse {
    ([("set-cookie", "own=1"), ("cache-control", "public"), ("vary", "accept")], "page")
}

/// Responds to the next request to Clerk with a handshake's cookies.
fn script_handshake(clerk: &Clerk) {
    let directives = json!([format!("__session={}; Path=/", clerk.token(json!({}))), "__client_uat=1; Path=/"]);
    let body = json!({ "directives": directives }).to_string();
    clerk.fake.fake().script(vec![ScriptedResponse { body, ..ScriptedResponse::new(200) }]);
}

#[tokio::test]
async fn a_nonce_is_used_once_and_its_cookies_are_put_on_the_page() {
    let clerk = Clerk::production();
    let shared = clerk.authenticator();
    let nested = Router::new().route("/p", get(page)).layer(ClerkLayer::required(shared.clone()));
    let app = Router::new().nest("/x", nested).layer(ClerkLayer::optional(shared));
    script_handshake(&clerk);
    let response = send(&app, open("/x/p?__clerk_handshake_nonce=abc")).await;
    assert_eq!(response.seen(), (200, "page"));
    let cookies = response.all("set-cookie");
    assert!(cookies.len() == 3 && cookies[0] == "own=1" && cookies[1].starts_with("__session=ey"), "{cookies:?}");
    assert_eq!(cookies[2], "__client_uat=1; Path=/");
    assert_eq!(response.all("cache-control"), ["no-store"]);
    assert_eq!(response.all("vary"), ["accept", "cookie"]);
    assert_eq!(clerk.requests(), ["/v1/clients/handshake_payload?nonce=abc", "/v1/jwks"]);
}

#[tokio::test]
async fn in_development_the_nonce_is_removed_from_the_url_also_for_a_user() {
    let clerk = Clerk::new(Seed::demo());
    let app = pages().layer(ClerkLayer::required(clerk.authenticator()));
    script_handshake(&clerk);
    let response = send(&app, open("/me?q=1&__clerk_handshake_nonce=abc")).await;
    assert_eq!(response.seen(), (307, ""));
    assert_eq!(response.header("location"), Some("http://app.example.com/me?q=1"));
    assert!(response.header("set-cookie").unwrap().starts_with("__session="));
}
