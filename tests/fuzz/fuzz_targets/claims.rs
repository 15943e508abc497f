//! Reads claims, and asks what their session has. The first line of the input is a time in seconds, and the rest is the payload.
//!
//! - Reading twice gives the same.
//! - A payload that is read is a JSON object for another parser, too, and texts and times are the same there.
//! - The payload as the other parser writes it has the same claims.
//! - Without a user, a session has nothing. What asks for nothing or for nonsense is refused, and asking for more never gives more.

#![no_main]

use std::time::Duration;

use clerk_sessions_auth::{AuthorizedParties, Claims, FactorLevel, Has, Reverification, Rules};
use clerk_sessions_fuzz::{lines, number};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let ([seconds], payload) = lines(input);
    let Ok(payload) = std::str::from_utf8(payload) else { return };
    let now = Duration::from_secs(number(seconds));
    let Ok(claims) = Claims::from_trusted_json(payload) else {
        assert!(Claims::from_trusted_json(payload).is_err());
        return;
    };
    assert_eq!(claims.json(), payload);
    let view = view(&claims, now);
    assert_eq!(view, self::view(&claims, now));
    assert_eq!(view, self::view(&Claims::from_trusted_json(payload).unwrap(), now));

    let parsed: Value = serde_json::from_str(payload).unwrap();
    assert!(parsed.is_object());
    as_parsed(&claims, &parsed);
    let written = Claims::from_trusted_json(parsed.to_string()).unwrap();
    assert_eq!(view, self::view(&written, now));
    has_no_more_than_it_says(&claims, &parsed);
});

/// All that can be read from claims.
fn view(claims: &Claims, now: Duration) -> String {
    let actor = claims.actor().map(|actor| (actor.id, actor.issuer, actor.session_id, actor.kind));
    let rules = [
        Rules::new(AuthorizedParties::any()).allow_missing_session_id(),
        Rules::new(AuthorizedParties::list(["a", "https://app.example.com"]).unwrap())
            .audience(["a"])
            .unwrap()
            .issuer(["https://clerk.example.com"])
            .unwrap()
            .margin(Duration::MAX),
    ];
    format!(
        "{:?}",
        (
            (claims.version(), claims.user_id(), claims.session_id(), claims.session_status(), claims.issuer()),
            (claims.authorized_party(), claims.features(), claims.plans(), claims.organization(), actor),
            (claims.expires_at(), claims.not_before(), claims.issued_at(), claims.factor_ages()),
            asked(claims).map(|asked| claims.has(&asked)),
            rules.map(|rules| rules.check_claims(claims, now)),
        )
    )
}

/// Questions about what there may be, and what there is.
fn asked(claims: &Claims) -> [Has; 12] {
    let organization = claims.organization();
    let role = organization.as_ref().and_then(|organization| organization.role.as_deref()).unwrap_or_default();
    let permissions = organization.as_ref().and_then(|organization| organization.permissions.as_deref());
    let permission = permissions.and_then(<[String]>::first).map_or("", String::as_str);
    let first = |list: Option<&str>| list.and_then(|list| list.split(',').next()).unwrap_or_default().to_owned();
    [
        Has::role(""),
        Has::role(role),
        Has::role("admin"),
        Has::permission(""),
        Has::permission(permission),
        Has::permission("org:invoices:read"),
        Has::feature(""),
        Has::feature(first(claims.features())),
        Has::plan(first(claims.plans())),
        Has::plan("pro"),
        Has::reverification(Reverification::LAX),
        Has::reverification(Reverification::new(FactorLevel::FirstFactor, u32::MAX)),
    ]
}

/// Compares claims with the same JSON of another parser.
fn as_parsed(claims: &Claims, parsed: &Value) {
    let text = |name: &str| parsed[name].as_str();
    assert_eq!(claims.user_id(), text("sub").unwrap_or_default());
    assert_eq!(claims.session_id(), text("sid").filter(|id| !id.is_empty()));
    assert_eq!(claims.session_status(), text("sts"));
    assert_eq!(claims.issuer(), text("iss"));
    assert_eq!(claims.authorized_party(), text("azp"));
    assert_eq!((claims.features(), claims.plans()), (text("fea"), text("pla")));
    assert_eq!(claims.version() == 2, parsed["v"].as_f64() == Some(2.0));
    for (time, name) in [(claims.expires_at(), "exp"), (claims.not_before(), "nbf"), (claims.issued_at(), "iat")] {
        assert_eq!(time.is_some(), parsed[name].is_number());
    }
    if let Some(organization) = claims.organization() {
        let id = if claims.version() == 2 { &parsed["o"]["id"] } else { &parsed["org_id"] };
        assert_eq!(Some(&*organization.id), id.as_str());
        assert!(!organization.id.is_empty());
    }
}

fn has_no_more_than_it_says(claims: &Claims, parsed: &Value) {
    let asked = asked(claims);
    for nothing in [0, 3, 6] {
        assert!(!claims.has(&asked[nothing]), "{:?}", asked[nothing]);
    }
    for one in &asked {
        assert!(!claims.has(one) || parsed["sub"].is_string(), "{one:?} without a user");
        for other in &asked {
            assert_eq!(claims.has(&one.clone().and(other.clone())), claims.has(one) && claims.has(other));
        }
    }
    let mut stranger = parsed.clone();
    stranger.as_object_mut().unwrap().remove("sub");
    let stranger = Claims::from_trusted_json(stranger.to_string()).unwrap();
    assert!(asked.iter().all(|asked| !stranger.has(asked)));
}
