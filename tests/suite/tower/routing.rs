//! Where the layer can be put: routes, nested routers, fallbacks, streams.

use std::sync::{Arc, Mutex};

use super::*;
use axum::body::Bytes;
use axum::extract::Request as AxumRequest;
use axum::routing::post;
use clerk_sessions_tower::ClerkLayer;
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;

fn required(clerk: &Clerk) -> ClerkLayer<InProcess> {
    ClerkLayer::required(clerk.authenticator())
}

#[tokio::test]
async fn a_layer_covers_the_fallback_and_a_route_layer_does_not() {
    let clerk = Clerk::production();
    let user = clerk.cookies(&clerk.token(json!({})));
    let missing = || async { (StatusCode::NOT_FOUND, "no such page") };
    let layered = pages().fallback(missing).layer(required(&clerk));
    let route_layered = pages().route_layer(required(&clerk)).fallback(missing);
    for (app, anonymous) in [(layered, 401), (route_layered, 404)] {
        assert_eq!(send(&app, fetch("/unknown")).await.status, anonymous);
        assert_eq!(send(&app, with(fetch("/unknown"), "cookie", &user)).await.seen(), (404, "no such page"));
        assert_eq!(send(&app, fetch("/me")).await.status, 401);
        assert_eq!(send(&app, request("DELETE", "/me", &[])).await.status, 401);
        assert_eq!(send(&app, with(fetch("/me"), "cookie", &user)).await.status, 200);
    }
}

#[tokio::test]
async fn one_method_of_a_route_can_be_required() {
    let clerk = Clerk::production();
    let route = post(me).layer(required(&clerk)).get(|| async { "for everybody" });
    let app = Router::new().route("/p", route);
    assert_eq!(send(&app, fetch("/p")).await.seen(), (200, "for everybody"));
    assert_eq!(send(&app, request("POST", "/p", &[])).await.status, 401);
}

#[tokio::test]
async fn a_nested_router_redirects_to_the_whole_url() {
    let clerk = Clerk::production();
    let cookies =
        format!("__session={}; __client_uat={}", clerk.token(json!({ "exp": clerk.now() - 10 })), clerk.now() - 60);
    let inner = pages().layer(required(&clerk).sign_in_url("/sign-in").unwrap());
    let as_service = Router::new().nest_service("/a", Router::new().nest("/b", inner.clone()));
    let as_router = Router::new().nest("/a", Router::new().nest("/b", inner));
    for app in [as_router, as_service] {
        let response = send(&app, open("/a/b/me?q=1")).await;
        let back = "http%3A%2F%2Fapp.example.com%2Fa%2Fb%2Fme%3Fq%3D1";
        assert_eq!(response.header("location"), Some(&*format!("/sign-in?redirect_url={back}")));
        let response = send(&app, with(open("/a/b/me?q=1"), "cookie", &cookies)).await;
        let location = response.header("location").unwrap();
        assert!(location.contains(&format!("/v1/client/handshake?redirect_url={back}&")), "{location}");
        let user = clerk.cookies(&clerk.token(json!({})));
        assert_eq!(send(&app, with(open("/a/b/me"), "cookie", &user)).await.seen(), (200, "user_demo"));
    }
}

#[tokio::test]
async fn http2_requests_have_the_host_in_their_url() {
    let clerk = Clerk::production();
    let app = pages().layer(required(&clerk).sign_in_url("/sign-in").unwrap());
    let mut request = open("https://app.example.com/me?q=1");
    request.headers_mut().remove("host");
    let back = "https%3A%2F%2Fapp.example.com%2Fme%3Fq%3D1";
    assert_eq!(send(&app, request).await.header("location"), Some(&*format!("/sign-in?redirect_url={back}")));
}

#[tokio::test]
async fn a_stream_is_passed_on_piece_by_piece_with_the_cookies_of_a_refresh() {
    let clerk = Clerk::production();
    let (pieces, received) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let received = Arc::new(Mutex::new(Some(received)));
    let handler = move |_: SignedIn| {
        let mut received = received.lock().unwrap().take().unwrap();
        async move { Body::from_stream(stream::poll_fn(move |context| received.poll_recv(context))) }
    };
    let app = Router::new().route("/stream", get(handler)).layer(required(&clerk));
    let response = app.oneshot(with(fetch("/stream"), "cookie", &clerk.expired_cookies())).await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers().get_all("set-cookie").iter().count()), (200, 3));
    let mut body = response.into_body().into_data_stream();
    for piece in ["first", "second"] {
        // The piece after this one does not exist yet.
        pieces.send(Ok(piece.into())).await.unwrap();
        assert_eq!(body.next().await.unwrap().unwrap(), piece);
    }
    drop(pieces);
    assert!(body.next().await.is_none());
}

#[tokio::test]
async fn the_body_of_a_request_is_not_read_by_the_layer() {
    let clerk = Clerk::production();
    let echo = |_: SignedIn, request: AxumRequest| async { request.into_body() };
    let app = Router::new().route("/echo", post(echo)).layer(required(&clerk));
    let pieces = ["a", "b", "c"].map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
    let mut request = with(request("POST", "/echo", &[]), "cookie", &clerk.cookies(&clerk.token(json!({}))));
    *request.body_mut() = Body::from_stream(stream::iter(pieces));
    assert_eq!(send(&app, request).await.seen(), (200, "abc"));

    // Nobody reads the body of a visitor.
    let mut refused = super::request("POST", "/echo", &[]);
    let never = stream::poll_fn(|_| -> std::task::Poll<Option<Result<Bytes, std::io::Error>>> { panic!("was read") });
    *refused.body_mut() = Body::from_stream(never);
    assert_eq!(send(&app, refused).await.status, 401);
}
