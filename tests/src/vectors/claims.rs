//! `claims.json`: a payload to the view of it, and what a session has.

use clerk_sessions_auth::{Claims, FactorLevel, Has, Reverification};
use serde_json::{Map, Value, json};

use super::{Outcome, same};

pub(super) fn run_claims(vector: &Value, _: &'static str, expected: &Value) -> Outcome {
    let payload = &vector["claims"];
    same(&view_of(&parse(payload)?, payload), expected)
}

/// The view of claims in the form of `claims.json`.
fn view_of(claims: &Claims, payload: &Value) -> Value {
    // The vectors have claims of the wrong type as they are. This library's view has none of them: the payload has.
    let or_raw = |view: Option<Value>, name: &str| view.or_else(|| payload.get(name).cloned()).unwrap_or(Value::Null);
    let organization = claims.organization();
    let v1 = claims.version() == 1;
    let view = |value: Option<Value>, name: &str| if v1 { or_raw(value, name) } else { value.unwrap_or(Value::Null) };
    let user_id = Some(claims.user_id()).filter(|id| !id.is_empty());
    // Clerk's library gives an empty list for an organization without an id; here, it is none.
    let none = payload["o"].is_object().then(|| json!([]));
    let permissions =
        organization.as_ref().and_then(|organization| organization.permissions.as_ref().map(|all| json!(all)));
    json!({
        "user_id": or_raw(user_id.map(Value::from), "sub"),
        "session_id": or_raw(claims.session_id().map(Value::from), "sid"),
        "session_status": or_raw(claims.session_status().map(Value::from), "sts"),
        "actor": payload.get("act").cloned().unwrap_or(Value::Null),
        "org_id": view(organization.as_ref().map(|organization| json!(organization.id)), "org_id"),
        "org_role": view(organization.as_ref().and_then(|organization| organization.role.as_ref().map(|role| json!(role))), "org_role"),
        "org_slug": view(organization.as_ref().and_then(|organization| organization.slug.as_ref().map(|slug| json!(slug))), "org_slug"),
        "org_permissions": view(permissions.or(none.filter(|_| !v1)), "org_permissions"),
        "factor_verification_age": payload.get("fva").cloned().unwrap_or(Value::Null),
    })
}

/// The auth object of a session token, in the form of `authenticate.json`.
pub(super) fn auth_object(claims: &Claims) -> Value {
    let payload: Value = serde_json::from_str(claims.json()).unwrap_or(Value::Null);
    let mut auth = view_of(claims, &payload);
    auth["is_authenticated"] = true.into();
    auth["token_type"] = "session_token".into();
    auth
}

fn parse(claims: &Value) -> Result<Claims, String> {
    Claims::from_trusted_json(claims.to_string()).map_err(|error| error.to_string())
}

pub(super) fn run_has(vector: &Value, _: &'static str, expected: &Value) -> Outcome {
    let session = &vector["session"];
    let mut claims = Map::new();
    for (claim, name) in [
        ("sub", "user_id"),
        ("org_id", "org_id"),
        ("org_role", "org_role"),
        ("org_permissions", "org_permissions"),
        ("fva", "factor_verification_age"),
        ("fea", "features"),
        ("pla", "plans"),
    ] {
        if !session[name].is_null() {
            claims.insert(claim.to_owned(), session[name].clone());
        }
    }
    let claims = parse(&Value::Object(claims))?;
    // What can't be read is not asked for, so nothing has it.
    let has = asked(&vector["params"]).is_some_and(|asked| claims.has(&asked));
    same(&json!(has), expected)
}

/// What is asked for; `None` if nothing is, or if it can't be read.
fn asked(params: &Value) -> Option<Has> {
    let mut all: Option<Has> = None;
    for (name, value) in params.as_object()?.iter().filter(|(_, value)| !value.is_null()) {
        let one = match name.as_str() {
            "role" => Has::role(value.as_str()?),
            "permission" => Has::permission(value.as_str()?),
            "feature" => Has::feature(value.as_str()?),
            "plan" => Has::plan(value.as_str()?),
            "reverification" => Has::reverification(reverification(value)?),
            _ => return None,
        };
        all = Some(match all {
            None => one,
            Some(all) => all.and(one),
        });
    }
    all
}

fn reverification(value: &Value) -> Option<Reverification> {
    if let Some(name) = value.as_str() {
        return Reverification::named(name);
    }
    let level = match value["level"].as_str()? {
        "first_factor" => FactorLevel::FirstFactor,
        "second_factor" => FactorLevel::SecondFactor,
        "multi_factor" => FactorLevel::MultiFactor,
        _ => return None,
    };
    Some(Reverification::new(level, u32::try_from(value["after_minutes"].as_u64()?).ok()?))
}
