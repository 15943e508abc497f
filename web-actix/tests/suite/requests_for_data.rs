//! Requests for data: bearer tokens, no redirect, outages.

use actix_web::{App, web};
use clerk_sessions_actix::{Clerk, SignedIn};
use clerk_sessions_fake::{JwksContent, JwksResponse, ScriptedResponse};
use serde_json::json;

use crate::common::{World, app, call, cookies, data, page, seen, values};

async fn me(SignedIn(claims): SignedIn) -> String {
    claims.user_id().to_owned()
}

#[actix_web::test]
async fn a_bearer_token_signs_in_with_and_without_a_secret_key() {
    let world = World::development();
    let token = format!("Bearer {}", world.token(&json!({})));
    for clerk in [Clerk::required(world.pages()), Clerk::required(world.data())] {
        let app = app!(App::new().wrap(clerk).route("/me", web::get().to(me)));
        let response = call!(app, data("/me").insert_header(("authorization", token.clone())));
        assert_eq!(seen(response).await, (200, "user_1".to_owned()));
        let response = call!(app, data("/me").insert_header(("authorization", "Bearer x.y.z")));
        assert_eq!(response.status(), 401);
    }
    // Header values of any bytes are no error.
    let app = app!(App::new().wrap(Clerk::required(world.data())).route("/me", web::get().to(me)));
    let odd = actix_web::http::header::HeaderValue::from_bytes(b"Bearer \xff\xfe").unwrap();
    assert_eq!(call!(app, data("/me").insert_header(("authorization", odd))).status(), 401);
}

#[actix_web::test]
async fn without_a_secret_key_or_with_api_only_no_page_is_redirected_and_nothing_is_called() {
    let world = World::development();
    let expired = world.token(&json!({ "exp": 1_000_000_000 }));
    for clerk in [Clerk::required(world.data()), Clerk::required(world.pages()).api_only()] {
        let app = app!(App::new().wrap(clerk).route("/me", web::get().to(me)));
        let response = call!(app, page("/me").insert_header(("cookie", cookies(&world.token(&json!({}))))));
        assert_eq!(response.status(), 200);
        let refresh = format!("{}; __refresh_x=y", cookies(&expired));
        for request in
            [page("/me"), page("/me").insert_header(("cookie", refresh)), page("/me?__clerk_handshake_nonce=n")]
        {
            assert_eq!(call!(app, request).status(), 401);
        }
    }
    assert_eq!(world.calls(), 0);
}

#[actix_web::test]
async fn an_outage_is_503_for_both_kinds_and_says_when_to_retry() {
    let world = World::production();
    // Longer than the client waits.
    let headers = [("retry-after".to_owned(), "60".to_owned())].into();
    let content = JwksContent::Response(ScriptedResponse { headers, ..ScriptedResponse::new(429) });
    world.fake.fake().set_jwks_response(JwksResponse { content, delay_ms: 0 });
    let required = app!(App::new().wrap(Clerk::required(world.data())).route("/", web::get().to(me)));
    let optional = app!(App::new().wrap(Clerk::optional(world.data())).route("/", web::get().to(me)));
    let token = format!("Bearer {}", world.token(&json!({})));
    let request = || data("/").insert_header(("authorization", token.clone()));
    for response in [call!(required, request()), call!(optional, request())] {
        assert_eq!(values(response.headers(), "retry-after"), ["60"]);
        assert_eq!(seen(response).await, (503, "can't tell who is signed in".to_owned()));
    }
}

#[actix_web::test]
async fn settings_that_do_not_fit_the_request_are_500() {
    use clerk_sessions_auth::{
        AsyncRequestAuthenticator, Authentication, AuthorizedParties, AwsLcRs, Rules, Satellite,
    };

    let world = World::production();
    let rules = Rules::new(AuthorizedParties::list(["https://app.example.com"]).unwrap());
    let api = clerk_sessions_core::Api::new(world.fake.fake().secret_key().to_owned()).unwrap();
    let authentication = Authentication::builder(&world.fake.fake().publishable_key(), rules)
        .api(clerk_sessions_core::AsyncClient::new(api, world.fake.clone()).context().clone())
        .satellite(Satellite::at("satellite.example").sign_in_url("https://app.example.com/sign-in"))
        .build(AwsLcRs::new())
        .unwrap();
    let clerk = Clerk::optional(AsyncRequestAuthenticator::new(authentication, world.fake.clone()));
    let app = app!(App::new().wrap(clerk).route("/", web::get().to(me)));
    let response = call!(app, page("/").insert_header(("origin", "https://app.example.com")));
    assert_eq!(seen(response).await, (500, "can't tell who is signed in".to_owned()));
}
