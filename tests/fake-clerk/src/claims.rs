//! The claims of tokens.

use serde_json::{Value, json};

use super::seed::{Seed, SeedOrganization};
use super::session::Session;
use super::tokens::seconds;

/// The issuer of the tokens.
pub(super) const ISSUER: &str = "https://fake.clerk.accounts.dev";
/// The number of seconds from `nbf` to `iat`, which allows for slow clocks.
const LEEWAY: i64 = 10;

/// The claims of a session token, without `azp`. `now` is in milliseconds, everything else in seconds.
pub(super) fn session_claims(
    seed: &Seed,
    session: &Session,
    jti: String,
    now: i64,
    issued_at: i64,
    life: i64,
) -> Value {
    let mut claims = common_claims(session, jti, issued_at, life);
    claims["v"] = 2.into();
    claims["sid"] = session.id.as_str().into();
    claims["sts"] = session.status(now).into();
    let since_creation = seconds(now.saturating_sub(session.created_at)).div_euclid(60).max(0);
    claims["fva"] = json!(session.fva.unwrap_or([since_creation, -1]));
    if let Some(actor) = session.actor.as_ref().filter(|actor| !actor.is_null()) {
        claims["act"] = actor.clone();
    }
    if let Some(id) = &session.last_active_organization_id {
        let known = seed.organizations.iter().find(|organization| organization.id == *id);
        let organization = known.cloned().unwrap_or_else(|| SeedOrganization::new(id));
        add_organization(&mut claims, &organization);
    }
    claims
}

/// The claims of every token.
pub(super) fn common_claims(session: &Session, jti: String, issued_at: i64, life: i64) -> Value {
    json!({
        "iss": ISSUER,
        "sub": session.user_id,
        "jti": jti,
        "iat": issued_at,
        "nbf": issued_at.saturating_sub(LEEWAY),
        "exp": issued_at.saturating_add(life),
    })
}

/// Adds `o` and, if it grants permissions, `fea`.
fn add_organization(claims: &mut Value, organization: &SeedOrganization) {
    let role = organization.role.strip_prefix("org:").unwrap_or(&organization.role);
    let mut o = json!({ "id": organization.id, "rol": role });
    if let Some(slug) = &organization.slug {
        o["slg"] = slug.as_str().into();
    }
    let packed = Packed::new(&organization.permissions);
    if !packed.features.is_empty() {
        let features: Vec<_> = packed.features.iter().map(|(feature, _)| format!("o:{feature}")).collect();
        let masks: Vec<_> = packed.features.iter().map(|(_, mask)| mask.to_string()).collect();
        claims["fea"] = features.join(",").into();
        o["per"] = packed.permissions.join(",").into();
        o["fpm"] = masks.join(",").into();
    }
    claims["o"] = o;
}

/// Permissions as tokens contain them: their names, and for each feature a bit mask of its permissions. The lowest bit is the first
/// name.
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
            add_organization(&mut claims, &organization);
            assert_eq!((&claims["o"], &claims["fea"]), (&o, &fea), "{permissions:?}");
        }
    }

    #[test]
    fn a_token_holds_at_most_128_permissions() {
        let permissions: Vec<_> = (0..130).map(|number| format!("org:f:p{number}")).collect();
        let packed = Packed::new(&permissions);
        assert_eq!(packed.features, [("f", u128::MAX)]);
    }
}
