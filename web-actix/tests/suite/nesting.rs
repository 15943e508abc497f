//! Apps, scopes, resources and default services.

use actix_web::{App, web};
use clerk_sessions_actix::{Auth, Clerk, SignedIn};
use serde_json::json;

use crate::common::{NONCE, World, app, call, cookies, data, page, seen, values};

async fn me(SignedIn(claims): SignedIn) -> String {
    claims.user_id().to_owned()
}

async fn who(auth: Auth) -> String {
    auth.signed_in().map_or("nobody".to_owned(), |claims| claims.user_id().to_owned())
}

#[actix_web::test]
async fn a_scope_a_resource_and_a_default_service_can_be_wrapped() {
    let world = World::production();
    let clerk = Clerk::required(world.pages());
    let app = app!(
        App::new()
            .route("/public", web::get().to(|| async { "hello" }))
            .service(web::scope("/account").wrap(clerk.clone()).route("/me", web::get().to(me)))
            .service(web::resource("/invoices/{id}").wrap(clerk.clone()).route(web::get().to(me)))
            .service(web::scope("").wrap(Clerk::optional(world.pages())).default_service(web::to(who)))
    );
    let cookie = cookies(&world.token(&json!({})));
    assert_eq!(seen(call!(app, page("/public"))).await, (200, "hello".to_owned()));
    for path in ["/account/me", "/invoices/1"] {
        assert_eq!(call!(app, page(path)).status(), 401, "{path}");
        let response = call!(app, page(path).insert_header(("cookie", cookie.clone())));
        assert_eq!(seen(response).await, (200, "user_1".to_owned()), "{path}");
    }
    // A path of the scope that has no route is behind the middleware, too.
    assert_eq!(call!(app, page("/account/other")).status(), 401);
    assert_eq!(seen(call!(app, page("/elsewhere"))).await, (200, "nobody".to_owned()));
}

#[actix_web::test]
async fn an_inner_middleware_with_the_same_settings_uses_what_the_outer_one_found() {
    let world = World::production();
    let authenticator = world.pages();
    let inner = Clerk::required(authenticator.clone()).sign_in_url("/sign-in").unwrap();
    let app = app!(
        App::new()
            .wrap(Clerk::optional(authenticator))
            .route("/", web::get().to(who))
            .service(web::scope("/account").wrap(inner).route("/me", web::get().to(me)))
    );
    world.script_handshake(&[&format!("__session={}", world.token(&json!({})))]);
    let response = call!(app, page("/account/me").insert_header(NONCE));
    assert_eq!(values(response.headers(), "set-cookie").len(), 1);
    assert_eq!(seen(response).await, (200, "user_1".to_owned()));
    // The nonce works once.
    assert_eq!(world.calls(), 1);
    assert_eq!(call!(app, page("/account/me")).status(), 307);
    assert_eq!(call!(app, data("/account/me")).status(), 401);
}

#[actix_web::test]
async fn an_inner_middleware_with_other_settings_decides_for_itself() {
    let (outer, inner) = (World::production(), World::production());
    inner.fake.fake().rotate_keys(false);
    let app = app!(
        App::new()
            .wrap(Clerk::required(outer.pages()))
            .service(web::scope("/other").wrap(Clerk::required(inner.pages())).route("/me", web::get().to(me)))
    );
    let of_outer = cookies(&outer.token(&json!({})));
    assert_eq!(call!(app, page("/other/me").insert_header(("cookie", of_outer))).status(), 401);
}
