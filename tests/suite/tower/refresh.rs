//! Sessions that are refreshed while a request waits.

use super::*;
use axum::http::header;
use axum::response::IntoResponse;
use clerk_sessions_tower::{AuthError, ClerkLayer};

/// A page that fails, with a cookie of its own.
async fn failing(_: SignedIn) -> impl IntoResponse {
    (StatusCode::IM_A_TEAPOT, [(header::SET_COOKIE, "own=1"), (header::VARY, "accept")], "no coffee")
}

#[tokio::test]
async fn the_cookies_of_a_refresh_are_on_the_response_of_a_page_also_of_one_that_fails() {
    let clerk = Clerk::production();
    let shared = clerk.authenticator();
    // The inner layer uses what the outer one found: a refresh token works once.
    let app = pages()
        .route("/fails", get(failing))
        .layer(ClerkLayer::required(shared.clone()))
        .layer(ClerkLayer::optional(shared));
    for (request, expected) in [(fetch("/me"), (200, "user_demo")), (open("/fails"), (418, "no coffee"))] {
        clerk.fake.fake().take_requests();
        let response = send(&app, with(request, "cookie", &clerk.expired_cookies())).await;
        assert_eq!(response.seen(), expected);
        let cookies = response.all("set-cookie");
        let own = usize::from(expected.0 == 418);
        assert_eq!(cookies.len(), 3 + own, "{cookies:?}");
        assert!(cookies[own].starts_with("__session") && cookies[own + 1].starts_with("__client_uat"), "{cookies:?}");
        assert!(cookies[own + 2].starts_with("__refresh") && cookies[own + 2].contains("HttpOnly"), "{cookies:?}");
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!(response.all("vary"), if own == 1 { &["accept", "cookie"][..] } else { &["cookie"] });
        let refreshes = clerk.requests().into_iter().filter(|path| path.ends_with("/refresh")).count();
        assert_eq!(refreshes, 1);
    }
}

#[tokio::test]
async fn a_post_is_not_refreshed() {
    let clerk = Clerk::production();
    let app = pages().layer(ClerkLayer::required(clerk.authenticator()));
    let response = send(&app, with(request("POST", "/me", &[]), "cookie", &clerk.expired_cookies())).await;
    let reason = "session-token-expired-refresh-non-eligible-non-get";
    assert_eq!((response.status.as_u16(), response.header("x-clerk-auth-reason")), (401, Some(reason)));
}

#[tokio::test]
async fn the_token_of_a_refresh_is_the_one_that_handlers_see() {
    let clerk = Clerk::production();
    async fn token(auth: Auth) -> Result<String, AuthError> {
        auth.require()?;
        Ok(auth.token().unwrap_or_default().to_owned())
    }
    let app = Router::new().route("/token", get(token)).layer(ClerkLayer::optional(clerk.authenticator()));
    let response = send(&app, with(fetch("/token"), "cookie", &clerk.expired_cookies())).await;
    let cookie = response.all("set-cookie")[0].split_once('=').unwrap().1;
    assert_eq!(cookie.split(';').next().unwrap(), response.body);
    assert_eq!(response.body.split('.').count(), 3);
}
