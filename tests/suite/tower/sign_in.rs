//! Who is signed in, and who is not.

use super::*;
use clerk_sessions_tower::ClerkLayer;

#[tokio::test]
async fn a_visitor_gets_a_401_from_required_and_passes_optional() {
    let clerk = Clerk::production();
    let required = pages().layer(ClerkLayer::required(clerk.authenticator()));
    for request in [fetch("/me"), open("/me"), open("/"), request("POST", "/me", &[]), request("HEAD", "/me", &[])] {
        let response = send(&required, request).await;
        assert_eq!(response.status, 401);
        assert_eq!(response.header("www-authenticate"), Some("Bearer"));
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!(response.header("x-clerk-auth-reason"), Some("session-token-and-uat-missing"));
    }
    assert_eq!(send(&required, fetch("/me")).await.body, "not signed in");

    let optional = pages().layer(ClerkLayer::optional(clerk.authenticator()));
    let response = send(&optional, open("/")).await;
    assert_eq!(response.seen(), (200, "hello stranger, session-token-and-uat-missing"));
    assert_eq!(response.header("x-clerk-auth-status"), Some("signed-out"));
    assert_eq!(send(&optional, open("/me")).await.seen(), (401, "not signed in"));
    assert!(clerk.requests().is_empty());
}

#[tokio::test]
async fn a_user_passes_with_a_cookie_or_a_bearer_token() {
    let clerk = Clerk::production();
    let token = clerk.token(json!({}));
    for app in [
        pages().layer(ClerkLayer::required(clerk.authenticator())),
        pages().layer(ClerkLayer::optional(clerk.authenticator())),
        pages().layer(ClerkLayer::required(clerk.authenticator()).api_only()),
    ] {
        for (name, value) in [("cookie", clerk.cookies(&token)), ("authorization", format!("Bearer {token}"))] {
            for (request, expected) in [(open("/"), "hello user_demo"), (fetch("/me"), "user_demo")] {
                let response = send(&app, with(request, name, &value)).await;
                assert_eq!(response.seen(), (200, expected));
                assert_eq!(response.header("set-cookie"), None);
                assert_eq!(response.header("x-clerk-auth-status"), None);
            }
            let head = send(&app, with(request("HEAD", "/me", &[]), name, &value)).await;
            assert_eq!(head.seen(), (200, ""));
            assert_eq!(send(&app, with(request("POST", "/me", &[]), name, &value)).await.seen(), (200, "user_demo"));
        }
    }
    // One for each authenticator.
    assert_eq!(clerk.requests(), ["/v1/jwks"; 3]);
}

#[tokio::test]
async fn a_pending_session_is_not_signed_in() {
    let clerk = Clerk::production();
    let cookies = clerk.cookies(&clerk.token(json!({ "sts": "pending" })));
    let required = pages().layer(ClerkLayer::required(clerk.authenticator()));
    let response = send(&required, with(fetch("/me"), "cookie", &cookies)).await;
    assert_eq!(response.seen(), (401, "not signed in yet: a task of the session is left to do"));
    let optional = pages().layer(ClerkLayer::optional(clerk.authenticator()));
    let response = send(&optional, with(open("/"), "cookie", &cookies)).await;
    assert_eq!(response.seen(), (200, "hello stranger, pending"));
    assert_eq!(send(&optional, with(fetch("/me"), "cookie", &cookies)).await.status, 401);
}

#[tokio::test]
async fn a_token_of_a_stranger_is_rejected() {
    let clerk = Clerk::production();
    let app = pages().layer(ClerkLayer::optional(clerk.authenticator()));
    for (token, reason) in [
        (clerk.token(json!({ "azp": "http://evil.example" })), "token-invalid-authorized-parties"),
        (format!("{}x", clerk.token(json!({}))), "token-invalid"),
        ("x".to_owned(), "token-invalid"),
        (clerk.token(json!({ "sub": "mch_1" })), "token-type-mismatch"),
    ] {
        let response = send(&app, with(fetch("/me"), "authorization", &format!("Bearer {token}"))).await;
        assert_eq!((response.status.as_u16(), response.header("x-clerk-auth-reason")), (401, Some(reason)));
    }
}

#[tokio::test]
async fn without_a_secret_key_only_data_is_authenticated() {
    let clerk = Clerk::production();
    let settings = Authentication::builder(&clerk.key_text, rules()).pem(clerk.fake.fake().pem());
    let app = pages().layer(ClerkLayer::required(clerk.authenticator_of(settings)));
    let good = clerk.cookies(&clerk.token(json!({})));
    assert_eq!(send(&app, with(open("/me"), "cookie", &good)).await.status, 200);
    let expired = send(&app, with(open("/me"), "cookie", &clerk.expired_cookies())).await;
    assert_eq!((expired.status.as_u16(), expired.header("x-clerk-auth-reason")), (401, Some("token-expired")));
    assert!(clerk.requests().is_empty());
}
