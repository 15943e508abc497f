use serde_json::{Value, json};

use super::*;

fn claims(payload: Value) -> Claims {
    Claims::from_trusted_json(payload.to_string()).unwrap()
}

#[test]
fn both_versions_have_the_same_view() {
    let v1 = claims(json!({
        "sub": "user_1", "sid": "sess_1", "org_id": "org_1", "org_slug": "acme", "org_role": "org:admin",
        "org_permissions": ["org:invoices:read"],
    }));
    let v2 = claims(json!({
        "v": 2, "sub": "user_1", "sid": "sess_1", "fea": "o:invoices",
        "o": { "id": "org_1", "slg": "acme", "rol": "admin", "per": "read", "fpm": "1" },
    }));
    assert_eq!((v1.version(), v2.version()), (1, 2));
    let organization = v1.organization().unwrap();
    assert_eq!(v2.organization().as_ref(), Some(&organization));
    assert_eq!(
        (&*organization.id, organization.slug.as_deref(), organization.role.as_deref()),
        ("org_1", Some("acme"), Some("org:admin"))
    );
    assert_eq!(organization.permissions, Some(vec!["org:invoices:read".to_owned()]));
}

#[test]
fn a_version_2_token_ignores_the_claims_of_version_1() {
    assert_eq!(claims(json!({ "v": 2, "sub": "user_1", "org_id": "org_1" })).organization(), None);
    for version in [json!(1), json!("2"), json!(3), json!(null)] {
        assert_eq!(
            claims(json!({ "v": version, "org_id": "org_1", "o": { "id": "org_2" } })).organization().unwrap().id,
            "org_1"
        );
    }
}

#[test]
fn a_claim_of_the_wrong_type_is_missing() {
    let wrong = claims(json!({
        "v": 2, "sub": 1, "sid": [], "sts": {}, "iss": true, "azp": null, "exp": "1", "o": [], "fva": [1], "act": "x", "fea": 1,
        "pla": [],
    }));
    assert_eq!((wrong.user_id(), wrong.session_id(), wrong.session_status()), ("", None, None));
    assert_eq!((wrong.issuer(), wrong.authorized_party(), wrong.expires_at()), (None, None, None));
    assert_eq!((wrong.organization(), wrong.features(), wrong.plans()), (None, None, None));
    assert!(wrong.factor_ages().is_none() && wrong.actor().is_none());
    assert_eq!(
        claims(json!({ "org_id": "org_1", "org_permissions": "all", "org_role": 1 }))
            .organization()
            .unwrap()
            .permissions,
        None
    );
}

#[test]
fn times_ages_and_actor_are_read() {
    let read = claims(json!({
        "exp": 1_700_000_060.5, "nbf": 1_700_000_000, "iat": -1, "fva": [3, -1],
        "act": { "sub": "user_2", "iss": "https://dashboard.clerk.com", "sid": "sess_2", "x": 1 },
    }));
    assert_eq!(read.expires_at(), Some(UnixMillis::new(1_700_000_060_500)));
    assert_eq!(read.not_before(), Some(UnixMillis::new(1_700_000_000_000)));
    assert_eq!(read.issued_at(), Some(UnixMillis::new(-1000)));
    assert_eq!(read.factor_ages(), Some(FactorAges { first: Some(3.0), second: None }));
    let actor = read.actor().unwrap();
    assert_eq!((&*actor.id, actor.session_id.as_deref(), actor.kind), ("user_2", Some("sess_2"), None));
    let agent = claims(json!({ "act": { "sub": "agent_1", "type": "agent" } })).actor().unwrap();
    assert_eq!((&*agent.id, agent.kind.as_deref()), ("agent_1", Some("agent")));
}

#[test]
fn factor_ages_are_two_numbers() {
    let ages = |fva: Value| claims(json!({ "fva": fva })).factor_ages();
    assert_eq!(ages(json!([0, 2.5])), Some(FactorAges { first: Some(0.0), second: Some(2.5) }));
    for wrong in [
        json!([]),
        json!([1]),
        json!([1, 2, 3]),
        json!([1, 2, [3]]),
        json!([1, "2"]),
        json!([[1], 2]),
        json!([1, {}]),
        json!([1, -2]),
        json!({ "0": 1, "1": 2 }),
        json!("1,2"),
        json!(1),
        json!(null),
    ] {
        assert_eq!(ages(wrong.clone()), None, "{wrong}");
    }
}

#[test]
fn escapes_are_read() {
    let claims =
        Claims::from_trusted_json(r#"{"s\u0075b": "user\u005f1", "o": {"id": "o\u0072g_1"}, "v": 2}"#).unwrap();
    assert_eq!((claims.user_id(), &*claims.organization().unwrap().id), ("user_1", "org_1"));
}

#[test]
fn own_claims_are_read_and_a_fault_names_the_claim_only() {
    #[derive(Debug, serde::Deserialize)]
    struct Own {
        team: String,
    }
    assert_eq!(claims(json!({ "team": "blue" })).custom::<Own>().unwrap().team, "blue");
    let fault = claims(json!({ "team": 7 })).custom::<Own>().unwrap_err().to_string();
    assert!(fault.starts_with("at team: invalid type: integer, expected a string"), "{fault}");
    let fault = claims(json!({ "team": ["hidden"] })).custom::<Own>().unwrap_err().to_string();
    assert!(!fault.contains("hidden"), "{fault}");
}

#[test]
fn a_member_twice_is_refused_in_every_claim() {
    for text in [
        r#"{"sub": "a", "sub": "a"}"#,
        r#"{"sub": "a", "su\u0062": "b"}"#,
        r#"{"o": {}, "o": {}}"#,
        r#"{"o": {"id": "a", "id": "b"}}"#,
        r#"{"act": {"x": [{"y": 1, "y": 2}]}}"#,
        r#"{"fva": [1, 2], "fva": [1, 2]}"#,
        r#"{"fva": [{"y": 1, "y": 2}, 1]}"#,
        r#"{"fva": [1, 2, {"y": 1, "y": 2}]}"#,
        r#"{"sub": {"y": 1, "y": 2}}"#,
        r#"{"own": 1, "own": 2}"#,
        "[]",
        "",
    ] {
        assert!(Claims::from_trusted_json(text).is_err(), "{text}");
    }
}

#[test]
fn debug_shows_no_claim() {
    let shown = format!("{:?}", claims(json!({ "sub": "user_hidden", "email": "hidden" })));
    assert_eq!(shown, "Claims { version: 1, .. }");
}
