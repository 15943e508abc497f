//! Pages that a browser opens: handshakes, refreshes, the sign-in page.

use actix_web::{App, HttpResponse, web};
use clerk_sessions_actix::{Auth, AuthError, Clerk, SignedIn};
use serde_json::json;

use crate::common::{APP, NONCE, World, app, call, cookies, data, page, seen, values};

async fn me(SignedIn(claims): SignedIn) -> String {
    claims.user_id().to_owned()
}

async fn who(auth: Auth) -> String {
    format!("{:?} {:?}", auth.signed_in().map(|claims| claims.user_id().to_owned()), auth.reason())
}

#[actix_web::test]
async fn a_user_with_a_valid_cookie_passes_without_a_call() {
    let world = World::production();
    let app = app!(App::new().wrap(Clerk::required(world.pages())).route("/me", web::get().to(me)));
    let response = call!(app, page("/me").insert_header(("cookie", cookies(&world.token(&json!({}))))));
    assert!(values(response.headers(), "set-cookie").is_empty());
    assert_eq!(seen(response).await, (200, "user_1".to_owned()));
    assert_eq!(world.calls(), 0);
}

#[actix_web::test]
async fn nobody_passes_required_and_everybody_passes_optional() {
    let world = World::production();
    let required = app!(App::new().wrap(Clerk::required(world.pages())).route("/", web::get().to(who)));
    let response = call!(required, page("/"));
    assert_eq!(values(response.headers(), "www-authenticate"), ["Bearer"]);
    assert_eq!(values(response.headers(), "x-clerk-auth-reason"), ["session-token-and-uat-missing"]);
    assert_eq!(values(response.headers(), "cache-control"), ["no-store"]);
    assert_eq!(seen(response).await, (401, "not signed in".to_owned()));

    let optional = app!(App::new().wrap(Clerk::optional(world.pages())).route("/", web::get().to(who)));
    let response = call!(optional, page("/"));
    assert_eq!(values(response.headers(), "x-clerk-auth-status"), ["signed-out"]);
    assert_eq!(seen(response).await, (200, "None Some(\"session-token-and-uat-missing\")".to_owned()));
}

#[actix_web::test]
async fn a_page_goes_to_the_sign_in_page_and_a_script_gets_401() {
    let world = World::production();
    let clerk = Clerk::required(world.pages()).sign_in_url("/sign-in?lang=en#form").unwrap();
    let app = app!(App::new().wrap(clerk).default_service(web::to(who)));
    let response = call!(app, page("/invoices?year=2026&name=a%26b"));
    assert_eq!(response.status(), 307);
    let back = "https%3A%2F%2Fapp.example.com%2Finvoices%3Fyear%3D2026%26name%3Da%2526b";
    assert_eq!(values(response.headers(), "location"), [format!("/sign-in?lang=en&redirect_url={back}#form")]);
    assert_eq!(values(response.headers(), "cache-control"), ["no-store"]);

    for request in [data("/invoices"), page("/invoices").method(actix_web::http::Method::POST)] {
        assert_eq!(call!(app, request).status(), 401);
    }
    // Another redirect would lead here again.
    assert_eq!(call!(app, page("/sign-in?redirect_url=x")).status(), 401);
    // Without a valid host, there is no URL to come back to.
    assert_eq!(
        call!(app, page("/").insert_header(("x-forwarded-host", "a b")).insert_header(("host", "a b"))).status(),
        401
    );
}

#[actix_web::test]
async fn a_target_with_two_slashes_does_not_become_a_host() {
    let world = World::production();
    let clerk = Clerk::required(world.pages()).sign_in_url("https://accounts.example.com/sign-in").unwrap();
    let app = app!(App::new().wrap(clerk).default_service(web::to(who)));
    for path in ["//evil.example/p", "/%5Cevil.example", "/@evil.example"] {
        let response = call!(app, page(path));
        let location = &values(response.headers(), "location")[0];
        let back = "https://accounts.example.com/sign-in?redirect_url=https%3A%2F%2Fapp.example.com%2F";
        assert!(location.starts_with(back), "{location}");
    }
}

#[actix_web::test]
async fn a_browser_that_is_not_known_is_redirected_to_clerk_by_both_kinds() {
    let world = World::development();
    let required = app!(App::new().wrap(Clerk::required(world.pages())).route("/p", web::get().to(who)));
    let optional = app!(App::new().wrap(Clerk::optional(world.pages())).route("/p", web::get().to(who)));
    for response in [call!(required, page("/p?a=1")), call!(optional, page("/p?a=1"))] {
        assert_eq!(response.status(), 307);
        let location = &values(response.headers(), "location")[0];
        let start =
            "https://clerk.example.com/v1/client/handshake?redirect_url=https%3A%2F%2Fapp.example.com%2Fp%3Fa%3D1&";
        assert!(location.starts_with(start), "{location}");
        assert!(values(response.headers(), "set-cookie")[0].starts_with("__clerk_redirect_count=1;"));
        assert_eq!(values(response.headers(), "cache-control"), ["no-store"]);
        assert_eq!(values(response.headers(), "vary"), ["cookie"]);
    }
}

#[actix_web::test]
async fn a_browser_that_comes_back_gets_the_cookies_of_the_handshake() {
    let world = World::production();
    let app = app!(App::new().wrap(Clerk::required(world.pages())).route("/me", web::get().to(me)));
    let session = format!("__session={}; Path=/; Secure", world.token(&json!({})));
    world.script_handshake(&[&session, "__client_uat=5; Path=/"]);
    let response = call!(app, page("/me").insert_header(NONCE));
    assert_eq!(values(response.headers(), "set-cookie"), [session.as_str(), "__client_uat=5; Path=/"]);
    assert_eq!(seen(response).await, (200, "user_1".to_owned()));
    assert_eq!(world.calls(), 1);
}

#[actix_web::test]
async fn an_expired_session_is_refreshed_and_its_cookies_are_on_every_response() {
    async fn fails(_: SignedIn) -> Result<String, actix_web::Error> {
        Err(actix_web::error::ErrorNotFound("no such invoice"))
    }
    let world = World::production();
    let app = app!(
        App::new()
            .wrap(Clerk::required(world.pages()))
            .route("/me", web::get().to(me))
            .route("/fails", web::get().to(fails))
            .service(web::resource("/inner").wrap(actix_web::middleware::from_fn(refuse)).to(HttpResponse::Ok))
    );
    for (path, status) in [("/me", 200), ("/fails", 404), ("/no-route", 404), ("/inner", 418)] {
        let cookies = expired(&world);
        // A middleware that returns an error makes the whole service return one.
        let result =
            actix_web::dev::Service::call(&app, page(path).insert_header(("cookie", cookies)).to_request()).await;
        let (code, headers) = match result {
            Ok(response) => (response.status(), response.headers().clone()),
            Err(error) => {
                let response = error.error_response();
                (response.status(), response.headers().clone())
            }
        };
        assert_eq!(code, status, "{path}");
        let set = values(&headers, "set-cookie");
        assert!(set.len() == 3 && set.iter().any(|cookie| cookie.starts_with("__session")), "{path}: {set:?}");
        assert_eq!(values(&headers, "cache-control"), ["no-store"], "{path}");
    }
    assert_eq!(world.calls(), 4);
}

async fn refuse<B: actix_web::body::MessageBody + 'static>(
    _: actix_web::dev::ServiceRequest,
    _: actix_web::middleware::Next<B>,
) -> Result<actix_web::dev::ServiceResponse<B>, actix_web::Error> {
    Err(actix_web::error::ErrorImATeapot("no coffee"))
}

/// The cookies of a browser whose session token has expired.
fn expired(world: &World) -> String {
    let handshake = world.fake.handshake("sess_1", APP).unwrap();
    let suffix = world.pages().authentication().publishable_key().cookie_suffix();
    let (session, refresh) = (handshake.expired_token, handshake.refresh_token);
    format!("__session={session}; __client_uat=1; __refresh_{suffix}={refresh}")
}

#[actix_web::test]
async fn an_expired_session_without_a_refresh_goes_through_clerk() {
    let world = World::production();
    let clerk = Clerk::required(world.pages()).sign_in_url("/sign-in").unwrap();
    let app = app!(App::new().wrap(clerk).route("/me", web::get().to(me)));
    let token = world.fake.handshake("sess_1", APP).unwrap().expired_token;
    let cookie = format!("__session={token}; __client_uat=1");
    let response = call!(app, page("/me").insert_header(("cookie", cookie.clone())));
    assert!(values(response.headers(), "location")[0].starts_with("https://clerk.example.com/v1/client/handshake?"));
    // A script can't follow.
    let response = call!(app, data("/me").insert_header(("cookie", cookie)));
    assert_eq!(response.status(), 401);
}

#[actix_web::test]
async fn control_characters_of_a_redirect_are_encoded() {
    let world = World::development();
    let app = app!(App::new().wrap(Clerk::optional(world.pages())).route("/sign-in", web::get().to(who)));
    for (control, encoded) in [("%0d%0aset-cookie:%20a=1", "%0D%0Aset-cookie:%20a=1"), ("%00", "%00")] {
        let response = call!(app, page(&format!("/sign-in?__clerk_redirect_url=https://satellite.example/{control}")));
        assert_eq!(response.status(), 307, "{:?}", response.headers());
        let location = format!("https://satellite.example/{encoded}?__clerk_synced=true");
        assert_eq!(values(response.headers(), "location"), [location]);
        assert!(values(response.headers(), "set-cookie").iter().all(|cookie| cookie.starts_with("__clerk_")));
    }
}

#[actix_web::test]
async fn browsers_come_back_to_https_where_the_app_says_so() {
    let world = World::development();
    let clerk = || Clerk::optional(world.pages());
    for (clerk, scheme) in [(clerk(), "http"), (clerk().assume_https(), "https")] {
        let app = app!(App::new().wrap(clerk).route("/p", web::get().to(who)));
        // Without a proxy in front.
        let request = actix_web::test::TestRequest::with_uri("/p").insert_header(("accept", "text/html"));
        let response = call!(app, request.insert_header(("host", "app.example.com")));
        let back = format!("handshake?redirect_url={scheme}%3A%2F%2Fapp.example.com%2Fp&");
        assert!(values(response.headers(), "location")[0].contains(&back), "{:?}", response.headers());
    }
}

#[actix_web::test]
async fn the_host_of_http_2_is_in_the_target() {
    let world = World::development();
    let app = app!(App::new().wrap(Clerk::optional(world.pages())).route("/p", web::get().to(who)));
    let request = actix_web::test::TestRequest::with_uri("https://two.example.com/p?a=1");
    let response = call!(app, request.insert_header(("accept", "text/html")));
    let location = &values(response.headers(), "location")[0];
    assert!(location.contains("%3A%2F%2Ftwo.example.com%2Fp%3Fa%3D1"), "{location}");
}

#[actix_web::test]
async fn the_error_of_a_refusal_is_in_the_response() {
    let world = World::production();
    let app = app!(App::new().wrap(Clerk::required(world.pages())).route("/", web::get().to(who)));
    let response = call!(app, page("/"));
    let error = response.response().error().and_then(|error| error.as_error::<AuthError>());
    assert!(matches!(error, Some(AuthError::SignedOut)), "{error:?}");
}
