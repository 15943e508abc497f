//! Creating tokens, with or without a template.

use http::Request;
use http::header::ORIGIN;
use serde_json::{Value, json};

use super::claims::{common_claims, session_claims};
use super::errors::{self, Problem};
use super::jwt::{Category, Signer};
use super::request::Fields;
use super::state::State;

/// The lifetime of a token, in seconds.
pub(super) const LIFE: i64 = 60;

/// `POST /sessions/{id}/tokens`.
pub(super) fn create(
    state: &mut State,
    id: &str,
    fields: &Fields,
    origin: Option<&str>,
    now: i64,
) -> Result<Value, Problem> {
    let life = check(state, id, fields, now)?;
    let jti = state.new_token_id();
    let session = state.session(id)?;
    let claims = session_claims(&state.seed, session, jti, now, seconds(now), life);
    Ok(token(claims, origin, Category::Session, state.signer()))
}

/// `POST /sessions/{id}/tokens/{template}`.
pub(super) fn create_from_template(
    state: &mut State,
    id: &str,
    template: &str,
    fields: &Fields,
    origin: Option<&str>,
    now: i64,
) -> Result<Value, Problem> {
    let life = check(state, id, fields, now)?;
    if !state.seed.templates.iter().any(|known| known == template) {
        return Err(errors::RESOURCE_NOT_FOUND.because("There is no such JWT template."));
    }
    let jti = state.new_token_id();
    let claims = common_claims(&state.seed, state.session(id)?, jti, seconds(now), life);
    Ok(token(claims, origin, Category::Template, state.signer()))
}

/// The lifetime of the token to create, in seconds, or the error if the session or the fields do not allow a token.
fn check(state: &State, id: &str, fields: &Fields, now: i64) -> Result<i64, Problem> {
    if !state.session(id)?.is_live(now) {
        return Err(errors::RESOURCE_NOT_FOUND.because("The session has ended."));
    }
    Ok(fields.integer("expires_in_seconds", 30..=315_360_000)?.unwrap_or(LIFE))
}

fn token(mut claims: Value, origin: Option<&str>, category: Category, signer: Signer) -> Value {
    if let Some(origin) = origin {
        claims["azp"] = origin.into();
    }
    json!({ "object": "token", "jwt": signer.sign(&claims, category) })
}

/// The `Origin` header of a request.
pub(super) fn origin(request: &Request<Vec<u8>>) -> Option<&str> {
    let origin = request.headers().get(ORIGIN)?.to_str().ok()?;
    Some(origin).filter(|origin| !origin.is_empty())
}

/// Converts milliseconds to whole seconds.
pub(super) fn seconds(milliseconds: i64) -> i64 {
    milliseconds.div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

    use super::super::seed::{Seed, SeedSession};
    use super::super::testing::{Client, NOW, claims_of};
    use super::*;

    const PATH: &str = "/v1/sessions/sess_demo_active/tokens";

    /// The claims of the token, after another implementation has verified it with the served key set.
    fn verified(client: &mut Client, jwt: &str) -> Option<Value> {
        let keys = client.get("/v1/jwks").json;
        let header = decode_header(jwt).unwrap();
        let key = &keys["keys"][0];
        assert_eq!(header.kid.as_deref(), key["kid"].as_str());
        assert_eq!(header.typ.as_deref(), Some("JWT"));
        let part = |name: &str| key[name].as_str().unwrap();
        let key = DecodingKey::from_rsa_components(part("n"), part("e")).unwrap();
        let mut validation = Validation::new(Algorithm::RS256);
        // The tests do not run at the time of the system clock.
        validation.validate_exp = false;
        Some(decode::<Value>(jwt, &key, &validation).ok()?.claims)
    }

    #[test]
    fn a_token_verifies_against_the_served_keys_unless_tampered_with() {
        let mut client = Client::demo();
        let response = client.post(PATH, "");
        assert_eq!(response.json["object"], "token");
        let jwt = response.json["jwt"].as_str().unwrap();
        let now = NOW / 1000;
        assert_eq!(
            verified(&mut client, jwt).unwrap(),
            json!({
                "iss": "https://fake.clerk.accounts.dev", "sub": "user_demo", "sid": "sess_demo_active", "sts": "active", "v": 2, "fva": [0, -1],
                "iat": now, "nbf": now - 10, "exp": now + 60, "jti": "00000000000000000001",
                "o": { "id": "org_demo", "slg": "demo", "rol": "admin", "per": "read,manage", "fpm": "3" },
                "fea": "o:invoices",
            })
        );

        let other = client.post("/v1/sessions/sess_demo_pending/tokens", "");
        let other: Vec<_> = other.json["jwt"].as_str().unwrap().split('.').collect();
        let parts: Vec<_> = jwt.split('.').collect();
        let tampered = [parts[0], other[1], parts[2]].join(".");
        assert_eq!(verified(&mut client, &tampered), None);
    }

    /// The claims of a new token of a demo session.
    fn claims(client: &mut Client, session: &str) -> Value {
        let response = client.post(&format!("/v1/sessions/{session}/tokens"), "");
        claims_of(response.json["jwt"].as_str().unwrap())
    }

    #[test]
    fn the_claims_follow_the_request() {
        let mut client = Client::demo();
        let template = format!("{PATH}/demo");
        let origin = "https://app.example.com";
        let table = [
            (PATH, "{}", "", 60, None),
            (PATH, "null", "", 60, None),
            (PATH, r#"{"expires_in_seconds":null}"#, "", 60, None),
            (PATH, r#"{"expires_in_seconds":30,"more":1}"#, origin, 30, Some(origin)),
            (&template, r#"{"expires_in_seconds":315360000}"#, "", 315_360_000, None),
            (&template, "", origin, 60, Some(origin)),
        ];
        for (target, body, origin, life, azp) in table {
            let response = client.post_from(target, body, &[("origin", origin)]);
            let claims = claims_of(response.json["jwt"].as_str().unwrap());
            assert_eq!(claims["exp"], NOW / 1000 + life);
            assert_eq!(claims["azp"].as_str(), azp);
        }
    }

    #[test]
    fn a_token_from_a_template_has_no_session_claims() {
        let mut client = Client::demo();
        let response = client.post(&format!("{PATH}/demo"), "");
        let jwt = response.json["jwt"].as_str().unwrap();
        let now = NOW / 1000;
        assert_eq!(
            verified(&mut client, jwt).unwrap(),
            json!({
                "iss": "https://fake.clerk.accounts.dev", "sub": "user_demo", "jti": "00000000000000000001",
                "iat": now, "nbf": now - 10, "exp": now + 60,
            })
        );
        assert_eq!(client.fake.state.signer().verify(jwt).unwrap().0, Category::Template);
    }

    #[test]
    fn a_token_of_a_pending_session_has_that_status() {
        let mut client = Client::demo();
        assert_eq!(claims(&mut client, "sess_demo_pending")["sts"], "pending");
    }

    #[test]
    fn a_token_of_an_impersonated_session_names_its_actor() {
        let mut client = Client::demo();
        let claims = claims(&mut client, "sess_demo_impersonated");
        assert_eq!(claims["act"], json!({ "sub": "user_support" }));
        assert_eq!((claims.get("o"), claims.get("fea")), (None, None));
    }

    #[test]
    fn each_token_has_a_unique_id() {
        let mut client = Client::demo();
        let first = claims(&mut client, "sess_demo_active");
        assert_ne!(first["jti"], claims(&mut client, "sess_demo_active")["jti"]);
        assert_eq!(claims(&mut client, "sess_demo_pending").get("act"), None);
    }

    #[test]
    fn the_age_of_the_factors_is_computed_or_taken_from_the_seed() {
        let seed = Seed {
            users: vec!["user_1".to_owned()],
            sessions: vec![
                SeedSession { created_at: Some(NOW - 150_000), ..SeedSession::new("counted", "") },
                SeedSession { fva: Some([7, 3]), ..SeedSession::new("given", "") },
            ],
            ..Seed::default()
        };
        let mut client = Client::new(seed);
        assert_eq!(claims(&mut client, "counted")["fva"], json!([2, -1]));
        assert_eq!(claims(&mut client, "given")["fva"], json!([7, 3]));
    }
}
