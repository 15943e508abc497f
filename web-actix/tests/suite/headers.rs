//! The headers of the page stay, with those of the outcome added.

use actix_web::{App, HttpResponse, web};
use clerk_sessions_actix::Clerk;

use crate::common::{NONCE, World, app, call, page, values};

#[actix_web::test]
async fn cookies_and_vary_are_added_and_the_cache_is_off() {
    let world = World::production();
    let build = |vary: &'static str| {
        move || async move {
            HttpResponse::Ok()
                .append_header(("set-cookie", "theme=dark"))
                .append_header(("vary", vary))
                .append_header(("cache-control", "public, max-age=60"))
                .finish()
        }
    };
    let app = app!(
        App::new()
            .wrap(Clerk::optional(world.pages()))
            .route("/encoding", web::get().to(build("accept-encoding")))
            .route("/cookie", web::get().to(build("Accept, Cookie")))
            .route("/all", web::get().to(build("*")))
    );
    let expected: [(&str, &[&str]); 3] =
        [("/encoding", &["accept-encoding", "cookie"]), ("/cookie", &["Accept, Cookie"]), ("/all", &["*"])];
    for (path, vary) in expected {
        world.script_handshake(&["__session=; Path=/", "__client_uat=0; Path=/"]);
        let response = call!(app, page(path).insert_header(NONCE));
        assert_eq!(response.status(), 200);
        assert_eq!(values(response.headers(), "vary"), vary, "{path}");
        assert_eq!(values(response.headers(), "cache-control"), ["no-store"]);
        let cookies = ["theme=dark", "__session=; Path=/", "__client_uat=0; Path=/"];
        assert_eq!(values(response.headers(), "set-cookie"), cookies);
    }
    // Without cookies, the page decides about caching.
    let response = call!(app, page("/encoding"));
    assert_eq!(values(response.headers(), "vary"), ["accept-encoding"]);
    assert_eq!(values(response.headers(), "cache-control"), ["public, max-age=60"]);
}

#[actix_web::test]
async fn a_cookie_with_a_line_break_is_left_out() {
    let world = World::production();
    let app = app!(App::new().wrap(Clerk::optional(world.pages())).route("/", web::get().to(HttpResponse::Ok)));
    world.script_handshake(&["a=1\r\nset-cookie: b=2", "c=3"]);
    assert_eq!(values(call!(app, page("/").insert_header(NONCE)).headers(), "set-cookie"), ["c=3"]);
}
