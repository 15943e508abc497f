//! The layer around services of tower that are not axum's.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use super::*;
use axum::http;
use clerk_sessions_tower::ClerkLayer;
use tower::{Layer as _, Service as _};

/// A service that must be ready before each call, as one behind a limit of concurrency. A clone is not ready.
#[derive(Default)]
struct Careful {
    is_ready: bool,
}

impl Clone for Careful {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl tower::Service<http::Request<u32>> for Careful {
    type Response = http::Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<u32>) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "call before poll_ready");
        let auth = Auth::of(request.extensions()).unwrap();
        let user = auth.signed_in().map_or("nobody", |claims| claims.user_id());
        ready(Ok(http::Response::new(format!("{user} {}", request.body()))))
    }
}

#[tokio::test]
async fn the_service_that_is_ready_makes_the_call_and_bodies_keep_their_type() {
    let clerk = Clerk::production();
    let mut service = ClerkLayer::optional(clerk.authenticator()).layer(Careful::default());
    for (token, expected) in [(Some(clerk.token(json!({}))), "user_demo 7"), (None, "nobody 7")] {
        let request = http::Request::get("/").header("host", "app.example.com");
        let request =
            token.iter().fold(request, |request, token| request.header("authorization", format!("Bearer {token}")));
        let ready = service.ready().await.unwrap();
        assert_eq!(ready.call(request.body(7).unwrap()).await.unwrap().into_body(), expected);
    }
    let mut required = ClerkLayer::required(clerk.authenticator()).layer(Careful::default());
    let response = required.ready().await.unwrap().call(http::Request::new(7)).await.unwrap();
    assert_eq!((response.status().as_u16(), &**response.body()), (401, "not signed in"));
}
