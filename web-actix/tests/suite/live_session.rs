//! A session that is checked again while a connection lasts.

use std::time::Duration;

use clerk_sessions_actix::{AuthError, LiveSession};
use clerk_sessions_auth::Claims;
use serde_json::{Value, json};

use crate::common::World;

fn claims(world: &World, more: &Value) -> Claims {
    let token = world.token(more);
    let payload = clerk_sessions_auth::UnverifiedToken::decode(&token).unwrap();
    payload.claims().clone()
}

#[actix_web::test]
async fn a_connection_lasts_as_long_as_its_newest_token() {
    let world = World::production();
    let now = clerk_sessions_core::transport::WallClock::unix_time(&world.fake).as_secs();
    let mut session = LiveSession::new(&world.data(), claims(&world, &json!({ "exp": now + 20 })));
    assert!((Duration::from_secs(18)..=Duration::from_secs(20)).contains(&session.time_left()));

    session.renew(&world.token(&json!({ "exp": now + 50 }))).await.unwrap();
    assert!(session.time_left() > Duration::from_secs(40));
    for (token, expected) in [
        (world.token(&json!({ "sub": "user_2" })), "not signed in"),
        (world.token(&json!({ "exp": now - 60 })), "not signed in"),
        (world.token(&json!({ "sts": "pending" })), "not signed in yet: a task of the session is left to do"),
        ("x".to_owned(), "not signed in"),
    ] {
        assert_eq!(session.renew(&token).await.unwrap_err().to_string(), expected);
    }
    assert_eq!(session.claims().user_id(), "user_1");
    assert!(session.time_left() > Duration::from_secs(40));

    world.fake.advance_clock(3_600_000);
    assert_eq!(session.time_left(), Duration::ZERO);
}

#[actix_web::test]
async fn an_outage_is_not_the_fault_of_the_token() {
    let world = World::production();
    let mut session = LiveSession::new(&world.data(), claims(&world, &json!({})));
    world.fake.fake().set_jwks_response(clerk_sessions_fake::JwksResponse::status(404));
    assert!(matches!(session.renew(&world.token(&json!({}))).await, Err(AuthError::Unknown(_))));
}
