//! LiveSession: sessions that are checked again while a connection lasts.

use super::*;
use clerk_sessions_auth::Identity;
use clerk_sessions_fake::JwksResponse;
use clerk_sessions_tower::{LiveSession, RenewError};
use std::time::Duration;

async fn begin(clerk: &Clerk, authenticator: &AsyncRequestAuthenticator<InProcess>) -> LiveSession<InProcess> {
    let token = format!("Bearer {}", clerk.token(json!({})));
    let request = clerk_sessions_auth::RequestView::new("GET", "https", "/").header("authorization", token);
    match authenticator.api(&request).await.unwrap().into_identity() {
        Identity::SignedIn(claims) => LiveSession::new(authenticator, claims),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_time_that_is_left_ends_with_the_token_and_begins_anew_with_a_new_one() {
    let clerk = Clerk::production();
    clerk.fake.fake().set_clock(1_800_000_000_000);
    let mut session = begin(&clerk, &clerk.authenticator()).await;
    assert_eq!(session.time_left(), Duration::from_secs(60));
    clerk.fake.advance_clock(59_500);
    assert_eq!(session.time_left(), Duration::from_millis(500));
    clerk.fake.advance_clock(1_000);
    assert_eq!(session.time_left(), Duration::ZERO);

    session.renew(&clerk.token(in_organization())).await.unwrap();
    assert_eq!(session.time_left(), Duration::from_millis(59_500));
    assert_eq!(session.claims().organization().unwrap().id, "org_demo");
}

#[tokio::test]
async fn a_token_that_is_not_good_leaves_the_session_as_it_was() {
    let clerk = Clerk::production();
    let mut session = begin(&clerk, &clerk.authenticator()).await;
    let before = session.claims().clone();
    for token in [
        clerk.token(json!({ "exp": clerk.now() - 10 })),
        clerk.token(json!({ "sub": "user_other" })),
        clerk.token(json!({ "azp": "http://evil.example" })),
        String::new(),
        "x y\r\n".to_owned(),
    ] {
        let error = session.renew(&token).await.unwrap_err();
        assert!(matches!(error, RenewError::SignedOut), "{error:?}");
    }
    let error = session.renew(&clerk.token(json!({ "sts": "pending" }))).await.unwrap_err();
    assert!(matches!(error, RenewError::Pending), "{error:?}");
    assert_eq!(*session.claims(), before);
}

#[tokio::test]
async fn an_outage_is_not_the_fault_of_the_token() {
    let clerk = Clerk::production();
    let mut session = begin(&clerk, &clerk.authenticator()).await;
    clerk.fake.fake().rotate_keys(true);
    clerk.fake.fake().set_jwks_response(JwksResponse::status(503));
    let error = session.renew(&clerk.token(json!({}))).await.unwrap_err();
    assert!(matches!(&error, RenewError::Unknown(outage) if outage.status() == 503), "{error:?}");
    assert!(session.time_left() > Duration::from_secs(50));
}
