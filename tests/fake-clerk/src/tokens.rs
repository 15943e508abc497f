//! Minting tokens, from a template or without.

use http::Request;
use http::header::ORIGIN;
use serde_json::{Value, json};

use super::errors::{self, Problem};
use super::jwt;
use super::request::Fields;
use super::session::Session;
use super::state::State;

/// Who issues the tokens.
const ISSUER: &str = "https://fake.clerk.accounts.dev";
/// How long a token lives, in seconds.
pub(super) const LIFE: i64 = 60;
/// How long before its issue a token is valid, in seconds, for clocks that run behind.
const LEEWAY: i64 = 10;

/// `POST /sessions/{id}/tokens` and, with a name, `POST /sessions/{id}/tokens/{template}`.
pub(super) fn create(
    state: &State,
    id: &str,
    template: Option<&str>,
    fields: &Fields,
    origin: Option<&str>,
    now: i64,
) -> Result<Value, Problem> {
    let session = state.session(id)?;
    if !session.is_live(now) {
        return Err(errors::RESOURCE_NOT_FOUND.because("The session has ended."));
    }
    let life = fields.integer("expires_in_seconds", 30..=315_360_000)?.unwrap_or(LIFE);
    let known = |name: &str| state.seed.templates.iter().any(|known| known == name);
    if template.is_some_and(|name| !known(name)) {
        return Err(errors::RESOURCE_NOT_FOUND.because("There is no such JWT template."));
    }

    let mut claims = claims(session, now, seconds(now), life);
    if let Some(origin) = origin {
        claims["azp"] = origin.into();
    }
    if let Some(name) = template {
        claims["template"] = name.into();
    }
    let jwt = jwt::sign(&claims, state.seed.signature);
    Ok(json!({ "object": "token", "jwt": jwt }))
}

/// The claims every token has. `now` is in milliseconds, the rest in seconds.
pub(super) fn claims(session: &Session, now: i64, issued_at: i64, life: i64) -> Value {
    json!({
        "iss": ISSUER,
        "sub": session.user_id,
        "sid": session.id,
        "sts": session.status(now),
        "iat": issued_at,
        "nbf": issued_at.saturating_sub(LEEWAY),
        "exp": issued_at.saturating_add(life),
    })
}

/// The `Origin` a request carries.
pub(super) fn origin(request: &Request<Vec<u8>>) -> Option<&str> {
    let origin = request.headers().get(ORIGIN)?.to_str().ok()?;
    Some(origin).filter(|origin| !origin.is_empty())
}

/// Whole seconds of a time in milliseconds.
pub(super) fn seconds(milliseconds: i64) -> i64 {
    milliseconds.div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

    use super::super::testing::{Client, NOW, claims_of};
    use super::*;

    const PATH: &str = "/v1/sessions/sess_demo_active/tokens";

    /// The claims, once another implementation has verified the token against the served key set.
    fn verified(client: &mut Client, jwt: &str) -> Option<Value> {
        let keys = client.get("/v1/jwks").json;
        let header = decode_header(jwt).unwrap();
        let key = &keys["keys"][0];
        assert_eq!(header.kid.as_deref(), key["kid"].as_str());
        assert_eq!(header.typ.as_deref(), Some("JWT"));
        let part = |name: &str| key[name].as_str().unwrap();
        let key = DecodingKey::from_rsa_components(part("n"), part("e")).unwrap();
        let mut validation = Validation::new(Algorithm::RS256);
        // The time of the tests is not the time of the clock.
        validation.validate_exp = false;
        Some(decode::<Value>(jwt, &key, &validation).ok()?.claims)
    }

    #[test]
    fn a_token_verifies_against_the_served_keys_unless_tampered_with() {
        let mut client = Client::demo();
        let reply = client.post(PATH, "");
        assert_eq!(reply.json["object"], "token");
        let jwt = reply.json["jwt"].as_str().unwrap();
        let now = NOW / 1000;
        assert_eq!(
            verified(&mut client, jwt).unwrap(),
            json!({
                "iss": ISSUER, "sub": "user_demo", "sid": "sess_demo_active", "sts": "active",
                "iat": now, "nbf": now - 10, "exp": now + 60,
            })
        );

        let other = client.post("/v1/sessions/sess_demo_pending/tokens", "");
        let other: Vec<_> = other.json["jwt"].as_str().unwrap().split('.').collect();
        let parts: Vec<_> = jwt.split('.').collect();
        let tampered = [parts[0], other[1], parts[2]].join(".");
        assert_eq!(verified(&mut client, &tampered), None);
    }

    #[test]
    fn the_claims_follow_the_request() {
        let mut client = Client::demo();
        let template = format!("{PATH}/demo");
        let origin = "https://app.example.com";
        let long = 315_360_000;
        let table = [
            (PATH, "{}", "", 60, None, None),
            (PATH, r#"{"expires_in_seconds":null}"#, "", 60, None, None),
            (PATH, r#"{"expires_in_seconds":30,"more":1}"#, origin, 30, Some(origin), None),
            (&template, r#"{"expires_in_seconds":315360000}"#, "", long, None, Some("demo")),
        ];
        for (target, body, origin, life, azp, template) in table {
            let reply = client.post_from(target, body, &[("origin", origin)]);
            let claims = claims_of(reply.json["jwt"].as_str().unwrap());
            assert_eq!(claims["exp"], NOW / 1000 + life);
            assert_eq!((claims["azp"].as_str(), claims["template"].as_str()), (azp, template));
        }
    }

    #[test]
    fn a_pending_session_says_so() {
        let mut client = Client::demo();
        let reply = client.post("/v1/sessions/sess_demo_pending/tokens", "");
        assert_eq!(claims_of(reply.json["jwt"].as_str().unwrap())["sts"], "pending");
    }
}
