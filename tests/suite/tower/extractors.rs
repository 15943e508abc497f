//! The extractors, and TestAuth.

use super::*;
use axum::extract::Path;
use clerk_sessions_auth::{Claims, Has, Reverification};
use clerk_sessions_tower::testing::TestAuth;
use clerk_sessions_tower::{Allowed, AuthError, ClerkLayer, Requirement};

struct Admin;

impl Requirement for Admin {
    fn asked() -> Has {
        Has::role("org:admin")
    }
}

/// An admin who proved who they are a moment ago.
struct RecentAdmin;

impl Requirement for RecentAdmin {
    fn asked() -> Has {
        Admin::asked().reverified(Reverification::STRICT)
    }
}

async fn settings(admin: Allowed<Admin>) -> String {
    format!("settings of {}", admin.organization().unwrap().id)
}

async fn wipe(admin: Allowed<RecentAdmin>) -> String {
    format!("wiped by {}", admin.clone().into_claims().user_id())
}

async fn item(Path(id): Path<u32>, auth: Auth) -> Result<String, AuthError> {
    let claims = auth.require_has(&Has::role("org:admin"))?;
    Ok(format!("{id} for {}", claims.user_id()))
}

fn app() -> Router {
    pages().route("/settings", get(settings)).route("/wipe", get(wipe)).route("/items/{id}", get(item))
}

#[tokio::test]
async fn a_missing_layer_is_a_500_that_says_what_to_do_and_never_a_visitor() {
    let clerk = Clerk::production();
    let only_home = Router::new().route("/x", get(home)).layer(ClerkLayer::optional(clerk.authenticator()));
    let app = app().merge(only_home);
    let user = clerk.cookies(&clerk.token(in_organization()));
    for path in ["/", "/me", "/settings", "/items/1"] {
        for request in [fetch(path), with(fetch(path), "cookie", &user)] {
            let response = send(&app, request).await;
            assert_eq!(response.status, 500, "{path}");
            assert!(response.body.contains("add ClerkLayer::required or ClerkLayer::optional"), "{}", response.body);
        }
    }
    assert_eq!(send(&app, fetch("/x")).await.status, 200);
}

#[tokio::test]
async fn a_user_who_lacks_what_is_asked_for_gets_a_403_and_a_visitor_a_401() {
    let clerk = Clerk::production();
    let member = clerk.cookies(&clerk.token(json!({})));
    let admin = clerk.cookies(&clerk.token(in_organization()));
    let mut recent = in_organization();
    recent["fva"] = json!([1, 1]);
    let recent = clerk.cookies(&clerk.token(recent));
    let mut pending = in_organization();
    pending["sts"] = json!("pending");
    let pending = clerk.cookies(&clerk.token(pending));
    let layered = app().layer(ClerkLayer::optional(clerk.authenticator()));
    for (path, member_sees, admin_sees, recent_sees) in [
        ("/settings", (403, "not allowed"), (200, "settings of org_demo"), (200, "settings of org_demo")),
        ("/items/7", (403, "not allowed"), (200, "7 for user_demo"), (200, "7 for user_demo")),
        ("/wipe", (403, "not allowed"), (403, "not allowed"), (200, "wiped by user_demo")),
    ] {
        assert_eq!(send(&layered, fetch(path)).await.seen(), (401, "not signed in"));
        assert_eq!(send(&layered, with(fetch(path), "cookie", &pending)).await.status, 401);
        assert_eq!(send(&layered, with(fetch(path), "cookie", &member)).await.seen(), member_sees);
        assert_eq!(send(&layered, with(fetch(path), "cookie", &admin)).await.seen(), admin_sees);
        assert_eq!(send(&layered, with(fetch(path), "cookie", &recent)).await.seen(), recent_sees);
    }
}

#[tokio::test]
async fn a_test_says_who_is_asking_and_needs_no_clerk() {
    let clerk = Clerk::production();
    let user = Claims::for_tests("user_7").organization("org_7", "org:admin").build().unwrap();
    let layered = app().layer(ClerkLayer::required(clerk.authenticator()).sign_in_url("/sign-in").unwrap());
    let as_user = layered.clone().layer(TestAuth::as_user(user.clone()));
    assert_eq!(send(&as_user, fetch("/me")).await.seen(), (200, "user_7"));
    assert_eq!(send(&as_user, fetch("/settings")).await.seen(), (200, "settings of org_7"));
    assert_eq!(send(&as_user, fetch("/wipe")).await.status, 403);

    let as_visitor = layered.clone().layer(TestAuth::as_visitor());
    assert_eq!(send(&as_visitor, with(fetch("/me"), "cookie", &clerk.expired_cookies())).await.status, 401);
    assert!(send(&as_visitor, open("/me")).await.header("location").unwrap().starts_with("/sign-in?"));
    let pending = Claims::for_tests("user_7").claim("sts", "pending").build().unwrap();
    assert_eq!(send(&layered.clone().layer(TestAuth::as_user(pending)), fetch("/me")).await.status, 401);

    // Without a layer, as a layer of its own; for one request; and as a function.
    assert_eq!(send(&app().layer(TestAuth::as_user(user.clone())), fetch("/me")).await.status, 200);
    let mut request = fetch("/me");
    TestAuth::as_user(user.clone()).add_to(request.extensions_mut());
    assert_eq!(send(&layered, request).await.seen(), (200, "user_7"));
    assert_eq!(send(&layered, fetch("/me")).await.status, 401);
    assert_eq!(me(SignedIn(user.clone())).await, "user_7");
    assert_eq!(settings(Allowed::new(user.clone()).unwrap()).await, "settings of org_7");
    assert!(matches!(Allowed::<RecentAdmin>::new(user.clone()), Err(AuthError::NotAllowed)));
    let auth = TestAuth::as_user(user).auth();
    assert!(!format!("{auth:?}").contains("user_7"), "{auth:?}");
    assert!(clerk.requests().is_empty());
}
