//! The helper for tests of apps.

use actix_web::test::{TestRequest, call_service};
use actix_web::{App, web};
use clerk_sessions_actix::testing::TestAuth;
use clerk_sessions_actix::{Allowed, Auth, AuthError, Clerk, Requirement, SignedIn};
use clerk_sessions_auth::{Claims, Has};

use crate::common::{World, app, call, page, seen};

struct MayRead;

impl Requirement for MayRead {
    fn asked() -> Has {
        Has::permission("org:invoices:read").and(Has::plan("pro"))
    }
}

async fn read(user: Allowed<MayRead>) -> String {
    user.user_id().to_owned()
}

fn reader() -> Claims {
    let claims = Claims::for_tests("user_1").organization("org_1", "org:member");
    claims.permissions(["org:invoices:read"]).plans(["u:pro"]).build().unwrap()
}

fn user(status: &str) -> Claims {
    Claims::for_tests("user_2").claim("sts", status).build().unwrap()
}

#[actix_web::test]
async fn the_middleware_and_the_extractors_accept_it() {
    let world = World::production();
    for (auth, expected) in [
        (TestAuth::as_user(reader()), (200, "user_1")),
        (TestAuth::as_user(user("active")), (403, "not allowed")),
        (TestAuth::as_user(user("pending")), (401, "not signed in yet: a task of the session is left to do")),
        (TestAuth::as_visitor(), (401, "not signed in")),
    ] {
        let expected = (expected.0, expected.1.to_owned());
        let handler = app!(App::new().route("/", web::get().to(read)).wrap(auth.clone()));
        assert_eq!(seen(call!(handler, page("/"))).await, expected);
        let clerk = Clerk::required(world.pages());
        let whole = app!(App::new().wrap(clerk).route("/", web::get().to(read)).wrap(auth.clone()));
        assert_eq!(seen(call!(whole, page("/"))).await, expected);
    }
    assert_eq!(world.fake.fake().requests().len(), 0);
}

#[actix_web::test]
async fn one_request_is_signed_in_and_not_the_next() {
    let world = World::production();
    let app = app!(App::new().wrap(Clerk::required(world.pages())).route("/", web::get().to(read)));
    let request = TestRequest::get().uri("/").to_request();
    TestAuth::as_user(reader()).add_to(&request);
    assert_eq!(call_service(&app, request).await.status(), 200);
    assert_eq!(call!(app, page("/")).status(), 401);
}

#[actix_web::test]
async fn handlers_are_functions() {
    async fn who(auth: Auth) -> Option<String> {
        auth.signed_in().map(|claims| claims.user_id().to_owned())
    }
    async fn me(SignedIn(claims): SignedIn) -> String {
        claims.user_id().to_owned()
    }
    assert_eq!(read(Allowed::new(reader()).unwrap()).await, "user_1");
    assert!(matches!(Allowed::<MayRead>::new(user("active")), Err(AuthError::NotAllowed)));
    assert_eq!(me(SignedIn(reader())).await, "user_1");
    assert_eq!(who(TestAuth::as_user(reader()).auth()).await.as_deref(), Some("user_1"));
    assert_eq!(who(TestAuth::as_visitor().auth()).await, None);
}
