//! Outages, settings that don't fit, and what is shown of them.

use super::*;
use axum::body::Body;
use clerk_sessions_auth::Satellite;
use clerk_sessions_fake::{JwksContent, JwksResponse, ScriptedResponse};
use clerk_sessions_tower::{AuthError, ClerkLayer};
use std::error::Error as _;

fn down(status: u16, headers: &[(&str, &str)]) -> JwksResponse {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let body = "the server is down, sk_test_echo".to_owned();
    JwksResponse { content: JwksContent::Response(ScriptedResponse { status, headers, body }), delay_ms: 0 }
}

#[tokio::test]
async fn an_outage_is_a_503_for_everybody_with_a_token_and_signs_nobody_out() {
    for (response, retry_after) in [(down(429, &[("retry-after", "17")]), Some("17")), (down(500, &[]), None)] {
        let clerk = Clerk::production();
        clerk.fake.fake().set_jwks_response(response);
        let token = clerk.token(json!({}));
        for app in [
            pages().layer(ClerkLayer::required(clerk.authenticator()).sign_in_url("/sign-in").unwrap()),
            pages().layer(ClerkLayer::optional(clerk.authenticator())),
        ] {
            for request in [open("/me"), fetch("/"), request("POST", "/me", &[])] {
                let response = send(&app, with(request, "cookie", &clerk.cookies(&token))).await;
                assert_eq!(response.seen(), (503, "can't tell who is signed in"));
                assert_eq!(response.header("retry-after"), retry_after);
                for name in ["set-cookie", "location", "www-authenticate", "x-clerk-auth-reason"] {
                    assert_eq!(response.header(name), None);
                }
            }
            assert_ne!(send(&app, fetch("/")).await.status, 503, "nobody has to be known");
        }
    }
}

#[tokio::test]
async fn the_cause_of_an_outage_is_in_the_extensions_of_the_response_without_secrets() {
    let clerk = Clerk::production();
    clerk.fake.fake().set_jwks_response(down(500, &[]));
    let layer = ClerkLayer::required(clerk.authenticator());
    let shown = format!("{layer:?}");
    assert!(shown.contains("Authentication") && !shown.contains(&clerk.secret_key), "{shown}");
    let app = pages().layer(layer);
    let token = clerk.token(json!({}));
    let request = with(fetch("/me"), "authorization", &format!("Bearer {token}"));
    let response = app.oneshot(request).await.unwrap();
    let error = response.extensions().get::<AuthError>().unwrap();
    assert!(matches!(error, AuthError::Unknown(_)), "{error:?}");
    let shown = format!("{error} {error:?} {}", error.source().unwrap());
    assert!(shown.contains("jwk-remote-failed-to-load"), "{shown}");
    assert!(!shown.contains(&token) && !shown.contains(&clerk.secret_key), "{shown}");
}

#[tokio::test]
async fn settings_that_do_not_fit_the_request_are_a_500() {
    let clerk = Clerk::new(Seed::demo());
    let satellite = Satellite::at("app.example.com").sign_in_url("http://app.example.com/sign-in");
    let app = pages().layer(ClerkLayer::optional(clerk.authenticator_of(clerk.settings().satellite(satellite))));
    let response = send(&app, with(fetch("/"), "origin", ORIGIN)).await;
    assert_eq!(response.seen(), (500, "can't tell who is signed in"));
}

#[tokio::test]
async fn headers_that_are_no_text_and_urls_that_are_no_urls_do_no_harm() {
    let clerk = Clerk::production();
    let app =
        pages().fallback(home).layer(ClerkLayer::required(clerk.authenticator()).sign_in_url("/sign-in").unwrap());
    let mut request = open("//evil.example/@x?a=%0d%0aset-cookie:b=1");
    for value in [&b"\xff\xfe"[..], b"__session=\xff; __client_uat=1", b"__client_uat=\xf0\x9f\x8d\xaa"] {
        request.headers_mut().append("cookie", axum::http::HeaderValue::from_bytes(value).unwrap());
    }
    let response = send(&app, request).await;
    let location = response.header("location").unwrap();
    assert_eq!(response.status, 307);
    let to_clerk = format!("https://{}/v1/client/handshake?", clerk.key.frontend_api());
    assert!(location.starts_with(&to_clerk) || location.starts_with("/sign-in?"), "{location}");
    assert!(location.contains("app.example.com%2F%2Fevil.example") && !location.contains("b=1"), "{location}");

    // Without a host there is no URL to come back to.
    let mut request = open("/me");
    request.headers_mut().remove("host");
    assert_eq!(send(&app, request).await.status, 401);
    assert_eq!(send(&app, Request::options("*").body(Body::empty()).unwrap()).await.status, 401);
}
