//! Bodies are passed on as they come.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use actix_web::{App, HttpResponse, web};
use clerk_sessions_actix::{Clerk, SignedIn};
use serde_json::json;

use crate::common::{World, app, call, cookies, page};

/// A body that never ends.
struct Endless;

impl MessageBody for Endless {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(Some(Ok(Bytes::from_static(b"tick\n"))))
    }
}

async fn endless(_: SignedIn) -> HttpResponse {
    HttpResponse::Ok().body(Endless)
}

async fn echo(_: SignedIn, body: Bytes) -> Bytes {
    body
}

#[actix_web::test]
async fn a_response_that_never_ends_is_not_collected() {
    let world = World::production();
    let app = app!(App::new().wrap(Clerk::required(world.pages())).route("/", web::get().to(endless)));
    let cookie = cookies(&world.token(&json!({})));
    let response = call!(app, page("/").insert_header(("cookie", cookie)));
    let mut body = std::pin::pin!(response.into_body());
    for _ in 0..3 {
        let chunk = std::future::poll_fn(|context| body.as_mut().poll_next(context)).await.unwrap().ok();
        assert_eq!(chunk.as_deref(), Some(&b"tick\n"[..]));
    }
}

#[actix_web::test]
async fn the_body_of_a_request_reaches_the_handler() {
    let world = World::production();
    let app = app!(App::new().wrap(Clerk::required(world.pages())).route("/", web::post().to(echo)));
    let token = format!("Bearer {}", world.token(&json!({})));
    let request = page("/").method(actix_web::http::Method::POST).set_payload("a body");
    let response = call!(app, request.insert_header(("authorization", token)));
    assert_eq!(actix_web::test::read_body(response).await, "a body");
}
