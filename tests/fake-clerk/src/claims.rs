//! The claims of tokens.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::seed::{Seed, SeedOrganization};
use super::session::{Session, UserClaims};
use super::tokens::seconds;

/// The number of seconds from `nbf` to `iat`, which allows for slow clocks.
const LEEWAY: i64 = 10;

/// The version of the claims in session tokens. In JSON it is a number.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(try_from = "u8", into = "u8")]
#[non_exhaustive]
pub enum ClaimsVersion {
    /// Version 1, which Clerk has deprecated: no `v`, `pla` or `fea`; the organization is in `org_id`, `org_slug`, `org_role` and
    /// `org_permissions`.
    V1,
    /// Version 2: `v` is 2, the organization is in `o`, and features and plans are in `fea` and `pla`.
    #[default]
    V2,
}

impl TryFrom<u8> for ClaimsVersion {
    type Error = String;

    fn try_from(number: u8) -> Result<ClaimsVersion, String> {
        match number {
            1 => Ok(ClaimsVersion::V1),
            2 => Ok(ClaimsVersion::V2),
            _ => Err(format!("claims have version 1 or 2, not {number}")),
        }
    }
}

impl From<ClaimsVersion> for u8 {
    fn from(version: ClaimsVersion) -> u8 {
        match version {
            ClaimsVersion::V1 => 1,
            ClaimsVersion::V2 => 2,
        }
    }
}

/// The claims of a session token, without `azp`. `now` is in milliseconds, everything else in seconds.
pub(super) fn session_claims(
    seed: &Seed,
    session: &Session,
    jti: String,
    now: i64,
    issued_at: i64,
    life: i64,
) -> Value {
    let mut claims = common_claims(seed, session, jti, issued_at, life);
    claims["sid"] = session.id.as_str().into();
    claims["sts"] = session.status(now).into();
    let since_creation = seconds(now.saturating_sub(session.created_at)).div_euclid(60).max(0);
    claims["fva"] = json!(session.fva.unwrap_or([since_creation, -1]));
    if let Some(actor) = session.actor.as_ref().filter(|actor| !actor.is_null()) {
        claims["act"] = actor.clone();
    }
    let organization = session.last_active_organization_id.as_ref().map(|id| {
        let known = seed.organizations.iter().find(|organization| organization.id == *id);
        known.cloned().unwrap_or_else(|| SeedOrganization::new(id))
    });
    match session.claims.version {
        ClaimsVersion::V1 => add_version_1(&mut claims, organization.as_ref()),
        ClaimsVersion::V2 => add_version_2(&mut claims, organization.as_ref(), &session.claims),
    }
    if let Some(claims) = claims.as_object_mut() {
        claims.extend(session.claims.more.clone());
    }
    claims
}

/// The claims of every token.
pub(super) fn common_claims(seed: &Seed, session: &Session, jti: String, issued_at: i64, life: i64) -> Value {
    json!({
        "iss": seed.issuer,
        "sub": session.user_id,
        "jti": jti,
        "iat": issued_at,
        "nbf": issued_at.saturating_sub(LEEWAY),
        "exp": issued_at.saturating_add(life),
    })
}

/// Adds the organization as in version 1.
fn add_version_1(claims: &mut Value, organization: Option<&SeedOrganization>) {
    let Some(organization) = organization else { return };
    claims["org_id"] = organization.id.as_str().into();
    claims["org_role"] = organization.role.as_str().into();
    if let Some(slug) = &organization.slug {
        claims["org_slug"] = slug.as_str().into();
    }
    let permissions = organization.permissions.iter().filter(|full| !full.starts_with("org:sys_"));
    claims["org_permissions"] = permissions.map(String::as_str).collect();
}

/// Adds `v`, the organization, and the features and plans of it and of the user, as in version 2.
fn add_version_2(claims: &mut Value, organization: Option<&SeedOrganization>, user: &UserClaims) {
    claims["v"] = 2.into();
    let packed = organization.map(|organization| Packed::new(&organization.permissions)).unwrap_or_default();
    // Features with permissions come first, so that each mask belongs to one of the first features.
    let mut features: Vec<&str> = packed.features.iter().map(|(feature, _)| *feature).collect();
    let without_permissions = organization.map_or(&[][..], |organization| &organization.features);
    for feature in without_permissions {
        if !features.contains(&feature.as_str()) {
            features.push(feature);
        }
    }
    if let Some(organization) = organization {
        let role = organization.role.strip_prefix("org:").unwrap_or(&organization.role);
        let mut o = json!({ "id": organization.id, "rol": role });
        if let Some(slug) = &organization.slug {
            o["slg"] = slug.as_str().into();
        }
        if !packed.features.is_empty() {
            let mut masks: Vec<_> = packed.features.iter().map(|(_, mask)| mask.to_string()).collect();
            masks.resize(features.len(), "0".to_owned());
            o["per"] = packed.permissions.join(",").into();
            o["fpm"] = masks.join(",").into();
        }
        claims["o"] = o;
    }

    let of_user = |feature: &str| user.features.iter().any(|known| known == feature);
    let scope = |feature: &str| if of_user(feature) { "uo" } else { "o" };
    let scoped = features.iter().map(|feature| format!("{}:{feature}", scope(feature)));
    let only_of_user = user.features.iter().filter(|feature| !features.contains(&feature.as_str()));
    let all: Vec<_> = scoped.chain(only_of_user.map(|feature| format!("u:{feature}"))).collect();
    if !all.is_empty() {
        claims["fea"] = all.join(",").into();
    }

    let of_organization = organization.map_or(&[][..], |organization| &organization.plans);
    let plans: Vec<_> = (user.plans.iter().map(|plan| format!("u:{plan}")))
        .chain(of_organization.iter().map(|plan| format!("o:{plan}")))
        .collect();
    if !plans.is_empty() {
        claims["pla"] = plans.join(",").into();
    }
}

/// Permissions as tokens contain them: their names, and for each feature a bit mask of its permissions. The lowest bit is the first
/// name.
#[derive(Default)]
struct Packed<'a> {
    permissions: Vec<&'a str>,
    features: Vec<(&'a str, u128)>,
}

impl<'a> Packed<'a> {
    fn new(permissions: &'a [String]) -> Packed<'a> {
        let mut packed = Packed { permissions: Vec::new(), features: Vec::new() };
        for (feature, name) in permissions.iter().filter_map(|full| full.strip_prefix("org:")?.split_once(':')) {
            if feature.starts_with("sys_") {
                continue;
            }
            let bit = packed.permissions.iter().position(|known| *known == name).unwrap_or_else(|| {
                packed.permissions.push(name);
                packed.permissions.len() - 1
            });
            let mask = u32::try_from(bit).ok().and_then(|bit| 1_u128.checked_shl(bit)).unwrap_or(0);
            match packed.features.iter_mut().find(|(known, _)| *known == feature) {
                Some((_, known)) => *known |= mask,
                None => packed.features.push((feature, mask)),
            }
        }
        packed
    }
}

#[cfg(test)]
mod tests {
    use super::super::seed::SeedSession;
    use super::super::testing::{Client, NOW, claims_of};
    use super::*;

    #[test]
    fn permissions_are_packed_as_in_version_2() {
        let table: [(&[&str], Value, Value); 4] = [
            (&[], json!({ "id": "org_1", "rol": "member" }), Value::Null),
            (&["org:sys_memberships:read", "read", "org:read"], json!({ "id": "org_1", "rol": "member" }), Value::Null),
            (
                &["org:dashboard:manage", "org:teams:read", "org:dashboard:read"],
                json!({ "id": "org_1", "rol": "member", "per": "manage,read", "fpm": "3,2" }),
                json!("o:dashboard,o:teams"),
            ),
            (
                &["org:a:x", "org:a:x", "org:b:y"],
                json!({ "id": "org_1", "rol": "member", "per": "x,y", "fpm": "1,2" }),
                json!("o:a,o:b"),
            ),
        ];
        for (permissions, o, fea) in table {
            let mut claims = json!({});
            let organization = SeedOrganization {
                role: "org:member".to_owned(),
                permissions: permissions.iter().map(ToString::to_string).collect(),
                ..SeedOrganization::new("org_1")
            };
            add_version_2(&mut claims, Some(&organization), &UserClaims::default());
            assert_eq!((&claims["o"], &claims["fea"]), (&o, &fea), "{permissions:?}");
        }
    }

    #[test]
    fn a_token_holds_at_most_128_permissions() {
        let permissions: Vec<_> = (0..130).map(|number| format!("org:f:p{number}")).collect();
        let packed = Packed::new(&permissions);
        assert_eq!(packed.features, [("f", u128::MAX)]);
    }

    /// The claims of a new token of the session `s` in this seed.
    fn minted(seed: Value) -> Value {
        let mut client = Client::new(serde_json::from_value(seed).unwrap());
        claims_of(client.post("/v1/sessions/s/tokens", "").json["jwt"].as_str().unwrap())
    }

    #[test]
    fn version_1_has_the_organization_in_claims_of_its_own() {
        let organization = json!({
            "id": "org_1", "slug": "acme", "features": ["sso"], "plans": ["pro"],
            "permissions": ["org:a:read", "org:sys_memberships:read", "org:b:manage"],
        });
        let session = json!({
            "id": "s", "user_id": "user_1", "claims_version": 1, "user_features": ["x"], "user_plans": ["free"],
            "fva": [3, -1], "status": "pending",
        });
        let mut in_organization = session.clone();
        in_organization["last_active_organization_id"] = "org_1".into();
        let now = NOW / 1000;
        let mut expected = json!({
            "iss": "https://clerk.example.com", "sub": "user_1", "sid": "s", "sts": "pending", "fva": [3, -1], "jti": "00000000000000000001",
            "iat": now, "nbf": now - 10, "exp": now + 60,
        });
        assert_eq!(minted(json!({ "sessions": [session], "issuer": "https://clerk.example.com" })), expected);
        for (name, value) in [
            ("org_id", json!("org_1")),
            ("org_slug", json!("acme")),
            ("org_role", json!("org:admin")),
            ("org_permissions", json!(["org:a:read", "org:b:manage"])),
        ] {
            expected[name] = value;
        }
        let seed = json!({
            "sessions": [in_organization], "organizations": [organization], "issuer": "https://clerk.example.com",
        });
        assert_eq!(minted(seed.clone()), expected);
        let unknown = minted(json!({ "sessions": seed["sessions"] }));
        assert_eq!((&unknown["org_permissions"], unknown.get("org_slug")), (&json!([]), None));
    }

    #[test]
    fn features_and_plans_have_the_scope_of_their_owner() {
        let none: [&str; 0] = [];
        let table = [
            // The features of the user, then of the organization, and its permissions; then the claims `fea` and `fpm`.
            (json!(none), json!(none), json!(none), Value::Null, Value::Null),
            (json!(["x"]), json!(none), json!(none), json!("u:x"), Value::Null),
            (json!(["x"]), json!(["a"]), json!(none), json!("o:a,u:x"), Value::Null),
            (json!(["x", "a"]), json!(["a", "a"]), json!(["org:b:read"]), json!("o:b,uo:a,u:x"), json!("1,0")),
            (json!(["b"]), json!(["b", "c"]), json!(["org:b:read"]), json!("uo:b,o:c"), json!("1,0")),
        ];
        for (of_user, of_organization, permissions, fea, fpm) in table {
            let session = json!({
                "id": "s", "last_active_organization_id": "org_1", "user_features": of_user, "user_plans": ["free"],
            });
            let organization = json!({
                "id": "org_1", "features": of_organization, "plans": ["pro", "team"], "permissions": permissions,
            });
            let claims = minted(json!({ "sessions": [session], "organizations": [organization] }));
            assert_eq!((&claims["fea"], &claims["o"]["fpm"]), (&fea, &fpm));
            assert_eq!((&claims["pla"], &claims["v"]), (&json!("u:free,o:pro,o:team"), &json!(2)));
        }
        let alone = json!({ "id": "s", "user_features": ["x", "y"], "user_plans": ["free"] });
        let other = json!({ "id": "org_1", "features": ["a"], "plans": ["pro"], "permissions": ["org:b:read"] });
        let claims = minted(json!({ "sessions": [alone], "organizations": [other] }));
        assert_eq!((&claims["fea"], &claims["pla"], claims.get("o")), (&json!("u:x,u:y"), &json!("u:free"), None));
        let bare = minted(json!({ "sessions": [{ "id": "s" }] }));
        assert_eq!((bare.get("fea"), bare.get("pla")), (None, None));
    }

    #[test]
    fn claims_of_the_seed_replace_others_in_session_tokens_only() {
        let session =
            json!({ "id": "s", "claims": { "v": 3, "exp": 1.5, "plan": { "seats": 5 }, "azp": "https://seed" } });
        let seed = json!({ "sessions": [session], "templates": ["t"] });
        let claims = minted(seed.clone());
        assert_eq!((&claims["v"], &claims["exp"], &claims["plan"]), (&json!(3), &json!(1.5), &json!({ "seats": 5 })));
        assert_eq!(claims["azp"], "https://seed");
        let mut client = Client::new(serde_json::from_value(seed).unwrap());
        let response = client.post_from("/v1/sessions/s/tokens", "", &[("origin", "https://a")]);
        assert_eq!(claims_of(response.json["jwt"].as_str().unwrap())["azp"], "https://a");
        let template = client.post("/v1/sessions/s/tokens/t", "").json;
        assert_eq!(claims_of(template["jwt"].as_str().unwrap()).get("plan"), None);
    }

    #[test]
    fn a_seed_has_version_1_or_2() {
        for (text, known) in [("1", true), ("2", true), ("0", false), ("3", false), ("\"2\"", false)] {
            let seed = format!(r#"{{"sessions":[{{"claims_version":{text}}}]}}"#);
            assert_eq!(serde_json::from_str::<Seed>(&seed).is_ok(), known, "{text}");
        }
        let session = SeedSession { claims_version: ClaimsVersion::V1, ..SeedSession::new("s", "u") };
        assert_eq!(serde_json::to_value(&session).unwrap()["claims_version"], 1);
    }
}
