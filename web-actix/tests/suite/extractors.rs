//! The extractors.

use actix_web::{App, web};
use clerk_sessions_actix::{Allowed, Auth, Clerk, Requirement, SignedIn};
use clerk_sessions_auth::{Has, Identity};
use serde_json::{Value, json};

use crate::common::{World, app, call, data, seen};

struct Admin;

impl Requirement for Admin {
    fn asked() -> Has {
        Has::role("org:admin")
    }
}

async fn me(SignedIn(claims): SignedIn) -> String {
    claims.user_id().to_owned()
}

async fn maybe(user: Option<SignedIn>) -> String {
    user.map_or("nobody".to_owned(), |SignedIn(claims)| claims.user_id().to_owned())
}

async fn admin(admin: Allowed<Admin>) -> String {
    assert_eq!(admin.clone().into_claims(), *admin);
    admin.user_id().to_owned()
}

async fn whole(auth: Auth) -> String {
    let who = match auth.identity() {
        Identity::SignedIn(_) => "in",
        Identity::Pending(_) => "pending",
        Identity::SignedOut => "out",
        Identity::Handshake => "handshake",
    };
    format!("{who} {:?} {}", auth.reason(), auth.token().is_some())
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/me", web::get().to(me))
        .route("/maybe", web::get().to(maybe))
        .route("/admin", web::get().to(admin))
        .route("/whole", web::get().to(whole));
}

const PATHS: [&str; 4] = ["/me", "/maybe", "/admin", "/whole"];

#[actix_web::test]
async fn extractors_respond_as_they_say() {
    let world = World::production();
    let app = app!(App::new().wrap(Clerk::optional(world.pages())).configure(routes));
    let member = json!({ "org_id": "org_1", "org_role": "org:member" });
    let admin = json!({ "v": 2, "o": { "id": "org_1", "rol": "admin" } });
    type Seen = (u16, &'static str);
    let table: [(Option<Value>, [Seen; 4]); 4] = [
        (
            None,
            [
                (401, "not signed in"),
                (200, "nobody"),
                (401, "not signed in"),
                (200, "out Some(\"session-token-and-uat-missing\") false"),
            ],
        ),
        (
            Some(json!({ "sts": "pending" })),
            [
                (401, "not signed in yet: a task of the session is left to do"),
                (200, "nobody"),
                (401, "not signed in yet: a task of the session is left to do"),
                (200, "pending None true"),
            ],
        ),
        (Some(member), [(200, "user_1"), (200, "user_1"), (403, "not allowed"), (200, "in None true")]),
        (Some(admin), [(200, "user_1"), (200, "user_1"), (200, "user_1"), (200, "in None true")]),
    ];
    for (claims, expected) in table {
        for (path, (status, body)) in PATHS.into_iter().zip(expected) {
            let mut request = data(path);
            if let Some(claims) = &claims {
                request = request.insert_header(("authorization", format!("Bearer {}", world.token(claims))));
            }
            assert_eq!(seen(call!(app, request)).await, (status, body.to_owned()), "{path} {claims:?}");
        }
    }
}

#[actix_web::test]
async fn required_refuses_a_pending_session() {
    let world = World::production();
    let app = app!(App::new().wrap(Clerk::required(world.pages())).configure(routes));
    let token = format!("Bearer {}", world.token(&json!({ "sts": "pending" })));
    assert_eq!(call!(app, data("/whole").insert_header(("authorization", token))).status(), 401);
}

#[actix_web::test]
async fn a_missing_middleware_is_500_and_says_so() {
    let app = app!(App::new().configure(routes));
    for path in ["/me", "/admin", "/whole"] {
        let (status, body) = seen(call!(app, data(path))).await;
        assert_eq!(status, 500, "{path}");
        assert!(body.contains("no Clerk middleware on this route"), "{body}");
    }
}

#[actix_web::test]
async fn debug_shows_no_token_and_no_claim() {
    async fn shown(auth: Auth) -> String {
        assert!(auth.token().is_some());
        format!("{auth:?}")
    }
    let world = World::production();
    let app = app!(App::new().wrap(Clerk::optional(world.pages())).route("/", web::get().to(shown)));
    let token = world.token(&json!({}));
    let (_, body) = seen(call!(app, data("/").insert_header(("authorization", format!("Bearer {token}"))))).await;
    assert!(body.starts_with("Auth {") && !body.contains(&token) && !body.contains("user_1"), "{body}");
    let clerk = format!("{:?}", Clerk::required(world.pages()));
    assert!(!clerk.contains(world.fake.fake().secret_key()), "{clerk}");
}
