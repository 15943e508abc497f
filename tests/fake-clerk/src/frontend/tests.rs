//! Tests of the Frontend API: a browser signs in, and an app gets its cookies.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::Seed;
use super::super::testing::{Client as Sender, NOW, TestResponse, claims_of};
use super::*;

const HOST_OF_API: &str = "clerk.app.localhost:4000";
const APP: &str = "http://app.localhost:3000/page?q=1";
const BACK: &str = "redirect_url=http%3A%2F%2Fapp.localhost%3A3000%2Fpage%3Fq%3D1";

/// A fake, and a browser that keeps the cookies of the Frontend API's host and of the domain.
struct Visitor {
    sender: Sender,
    cookies: BTreeMap<String, String>,
    suffix: String,
}

impl Visitor {
    fn new(production: bool, frontend: SeedFrontend) -> Visitor {
        let seed = Seed { production, frontend, now: Some(NOW), ..Seed::demo() };
        let suffix = super::super::publishable_key::cookie_suffix(&seed);
        Visitor { sender: Sender::new(seed), cookies: BTreeMap::new(), suffix }
    }

    fn send(&mut self, method: &str, target: &str) -> TestResponse {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let headers = [("host", HOST_OF_API), ("cookie", &cookies.join("; "))];
        let response = self.sender.send(method, target, &headers, b"");
        for cookie in set_cookies(&response) {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        response
    }

    fn get(&mut self, target: &str) -> TestResponse {
        self.send("GET", target)
    }

    /// The directives of a handshake, after the app has redeemed or verified its result.
    fn handshake(&mut self, more: &str) -> Vec<String> {
        let response = self.get(&format!("/v1/client/handshake?{BACK}&format=nonce{more}"));
        assert_eq!((response.status, &response.headers["cache-control"]), (307, &HeaderValue::from_static("no-store")));
        let location = location(&response).to_owned();
        let result = if self.sender.fake.state.seed.production {
            assert_eq!(location, APP);
            let cookie = set_cookies(&response).remove(0);
            let attributes = "; Path=/; Domain=app.localhost; Max-Age=60; Secure; HttpOnly; SameSite=Lax";
            cookie.strip_suffix(attributes).unwrap().to_owned()
        } else {
            location.strip_prefix(&format!("{APP}&")).unwrap().to_owned()
        };
        let (name, value) = result.split_once('=').unwrap();
        if name == "__clerk_handshake" {
            return texts(&claims_of(value)["handshake"]);
        }
        assert_eq!(name, "__clerk_handshake_nonce");
        let target = format!("/v1/clients/handshake_payload?nonce={value}");
        let payload = self.sender.get(&target);
        assert_eq!((payload.status, self.sender.get(&target).status), (200, 404));
        texts(&payload.json["directives"])
    }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn set_cookies(response: &TestResponse) -> Vec<String> {
    response.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

fn location(response: &TestResponse) -> &str {
    response.headers["location"].to_str().unwrap()
}

/// The value that the last directive for that cookie sets.
fn value<'a>(directives: &'a [String], name: &str) -> &'a str {
    let prefix = format!("{name}=");
    let found = directives.iter().rev().find_map(|directive| directive.strip_prefix(&prefix));
    found.unwrap_or_else(|| panic!("no {name} in {directives:?}")).split(';').next().unwrap()
}

#[test]
fn a_user_signs_in_is_handed_over_and_signs_out() {
    for production in [true, false] {
        for handshake in [HandshakeFormat::Nonce, HandshakeFormat::Token] {
            let mut visitor = Visitor::new(production, SeedFrontend { handshake, ..SeedFrontend::default() });
            let anonymous = visitor.handshake("");
            assert_eq!((value(&anonymous, "__session"), value(&anonymous, "__client_uat")), ("", "0"));

            let response = visitor.get(&format!("/_fake/sign-in?user=user_demo&{BACK}"));
            assert_eq!(response.status, 303);
            let to_app = if production { APP.to_owned() } else { format!("{APP}&__clerk_db_jwt=") };
            assert!(location(&response).starts_with(&to_app));
            assert!(set_cookies(&response)[0].contains("HttpOnly"));
            let uat = (NOW / 1000).to_string();
            let suffixed = format!("__client_uat_{}", visitor.suffix);
            assert_eq!((&visitor.cookies["__client_uat"], &visitor.cookies[&suffixed]), (&uat, &uat));

            let signed_in = visitor.handshake("");
            let suffix = visitor.suffix.clone();
            let token = value(&signed_in, "__session");
            assert_eq!(value(&signed_in, &format!("__session_{suffix}")), token);
            assert_eq!(value(&signed_in, &suffixed), uat);
            assert!(value(&signed_in, &format!("__refresh_{suffix}")).starts_with("rt_"));
            let claims = claims_of(token);
            assert_eq!((&claims["sub"], &claims["azp"]), (&json!("user_demo"), &json!("http://app.localhost:3000")));
            let dev_browser = signed_in.iter().any(|directive| directive.starts_with("__clerk_db_jwt="));
            let ends = signed_in.iter().any(|directive| directive.starts_with("__clerk_handshake_nonce=;"));
            assert_eq!((dev_browser, ends), (!production, production));

            let response = visitor.get(&format!("/sign-out?{BACK}"));
            assert_eq!((response.status, visitor.cookies["__client_uat"].as_str()), (303, "0"));
            let out = visitor.handshake("");
            assert_eq!((value(&out, "__session"), value(&out, "__client_uat")), ("", "0"));
            let session = visitor.sender.get(&format!("/v1/sessions/{}", claims["sid"].as_str().unwrap()));
            assert_eq!(session.json["status"], "removed");
        }
    }
}

#[test]
fn the_seed_says_how_long_tokens_live_and_whether_they_can_be_refreshed() {
    let frontend =
        SeedFrontend { token_life_s: 2, refresh_cookie: false, same_site_none: true, ..SeedFrontend::default() };
    let mut visitor = Visitor::new(true, frontend);
    visitor.get("/sign-in?user=user_demo");
    let directives = visitor.handshake("");
    let claims = claims_of(value(&directives, "__session"));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 2);
    assert!(!directives.iter().any(|directive| directive.starts_with("__refresh_")));
    assert!(directives.iter().all(|directive| directive.contains("SameSite=None") && !directive.contains("Secure")));
}

#[test]
fn a_handshake_activates_an_organization_by_id_or_slug() {
    let mut visitor = Visitor::new(true, SeedFrontend::default());
    visitor.get("/sign-in?user=user_demo");
    let demo = json!("org_demo");
    for (organization, expected) in [("org_demo", &demo), ("", &Value::Null), ("demo", &demo), ("org_unknown", &demo)] {
        let directives = visitor.handshake(&format!("&organization_id={organization}"));
        assert_eq!(claims_of(value(&directives, "__session"))["o"]["id"], *expected, "{organization}");
    }
    visitor.get("/sign-in?user=user_demo");
    assert_eq!(claims_of(value(&visitor.handshake(""), "__session")).get("o"), None);
    visitor.get("/sign-in?user=user_demo&organization=demo");
    assert_eq!(claims_of(value(&visitor.handshake(""), "__session"))["o"]["id"], demo);
}

#[test]
fn a_browser_signs_in_with_a_session_of_the_seed() {
    for production in [true, false] {
        let mut visitor = Visitor::new(production, SeedFrontend::default());
        visitor.get("/_fake/sign-in?session=sess_demo_pending");
        let claims = claims_of(value(&visitor.handshake(""), "__session"));
        assert_eq!((&claims["sid"], &claims["sts"]), (&json!("sess_demo_pending"), &json!("pending")));
        // Somebody else on the same browser replaces it.
        visitor.get("/_fake/sign-in?user=user_demo");
        let session = visitor.sender.get("/v1/sessions/sess_demo_pending").json;
        assert_eq!(session["status"], "replaced");
    }
}

#[test]
fn another_browser_is_not_signed_in() {
    for production in [true, false] {
        let mut visitor = Visitor::new(production, SeedFrontend::default());
        visitor.get("/sign-in?user=user_demo");
        let own = std::mem::take(&mut visitor.cookies);
        assert_eq!(value(&visitor.handshake(""), "__session"), "");
        visitor.cookies.clear();
        visitor.cookies.insert("__client".to_owned(), "client_unknown".to_owned());
        assert_eq!(value(&visitor.handshake("&__clerk_db_jwt=dvb_unknown"), "__session"), "");
        visitor.cookies = own;
        assert_ne!(value(&visitor.handshake(""), "__session"), "");
    }
}

#[test]
fn a_development_browser_names_its_client() {
    let mut visitor = Visitor::new(false, SeedFrontend::default());
    let made = visitor.send("POST", "/v1/dev_browser").json;
    let id = made["id"].as_str().unwrap().to_owned();
    let directives = visitor.handshake(&format!("&__clerk_db_jwt={id}"));
    assert_eq!(value(&directives, "__clerk_db_jwt"), id);
    visitor.cookies.clear();
    visitor.get(&format!("/sign-in?user=user_demo&__clerk_db_jwt={id}"));
    visitor.cookies.clear();
    assert_ne!(value(&visitor.handshake(&format!("&__clerk_db_jwt={id}")), "__session"), "");

    let mut production = Visitor::new(true, SeedFrontend::default());
    assert_eq!(production.send("POST", "/v1/dev_browser").code(), "request_invalid_for_environment");
}

#[test]
fn a_refresh_sets_cookies_of_the_domain() {
    let mut visitor = Visitor::new(true, SeedFrontend::default());
    visitor.get("/sign-in?user=user_demo");
    visitor.sender.fake.advance_clock(5000, NOW);
    let directives = visitor.handshake("");
    let refresh_token = value(&directives, &format!("__refresh_{}", visitor.suffix));
    let token = value(&directives, "__session");
    let sid = claims_of(token)["sid"].as_str().unwrap().to_owned();
    let body = json!({
        "expired_token": token, "refresh_token": refresh_token, "request_origin": "http://app.localhost:3000",
        "format": "cookie",
    });
    let target = format!("/v1/sessions/{sid}/refresh?suffixed_cookies=true");
    let cookies = texts(&visitor.sender.post(&target, &body.to_string()).json["cookies"]);
    let uat = format!("__client_uat_{}={}; Path=/; Domain=app.localhost;", visitor.suffix, NOW / 1000);
    assert!(cookies[2].starts_with(&uat), "{cookies:?}");
}

#[test]
fn the_page_lists_users_and_escapes_what_it_shows() {
    let mut visitor = Visitor::new(true, SeedFrontend::default());
    visitor.sender.fake.state.seed.users.push("<user>\"".to_owned());
    let response = visitor.get(&format!("/sign-in?{BACK}%26%22%3E%3Cscript%3E"));
    assert_eq!(response.code(), "form_param_format_invalid");
    let response = visitor.get(&format!("/sign-in?{BACK}%26x"));
    assert_eq!((response.status, &response.headers["content-type"].to_str().unwrap()[..9]), (200, "text/html"));
    let html = String::from_utf8(response.body).unwrap();
    for text in [
        "Nobody is signed in.",
        "value=\"user_demo\"",
        "&lt;user&gt;&quot;",
        "name=\"redirect_url\" value=\"http://app.localhost:3000/page?q=1&amp;x\"",
        "<option>org_demo</option>",
    ] {
        assert!(html.contains(text), "{text}: {html}");
    }
    let response = visitor.get("/sign-in?user=user_demo");
    assert_eq!(location(&response), "/sign-in");
    let html = String::from_utf8(visitor.get("/sign-in").body).unwrap();
    assert!(html.contains("Signed in as user_demo.") && html.contains("action=\"/sign-out\""), "{html}");
}

#[test]
fn the_host_tells_the_two_apis_apart() {
    let mut sender = Sender::demo();
    let key = format!("Bearer {}", sender.fake.secret_key());
    let mut status = |method: &str, target: &str, host: &str| {
        sender.send(method, target, &[("host", host), ("authorization", &key)], b"").status
    };
    let handshake = format!("/v1/client/handshake?{BACK}");
    for (method, target, host, expected) in [
        ("GET", &*handshake, "clerk.app.localhost", 307),
        ("GET", &handshake, "CLERK.other.localhost:80", 307),
        ("HEAD", &handshake, "clerk.app.localhost", 405),
        ("POST", &handshake, "clerk.app.localhost", 405),
        ("GET", &handshake, "127.0.0.1", 404),
        ("GET", "/v1/client/handshake", "clerk.app.localhost", 422),
        ("GET", "/v1/client/handshake?redirect_url=%2Fpage", "clerk.app.localhost", 422),
        ("GET", "/v1/sessions", "clerk.app.localhost", 404),
        ("GET", "/v1/sessions", "localhost", 200),
        ("GET", "/.well-known/jwks.json", "clerk.app.localhost", 200),
        ("GET", "/_fake/sign-in?user=user_demo", "clerk.app.localhost", 303),
        ("GET", "/_fake/sign-in?user=user_x", "clerk.app.localhost", 404),
        ("GET", "/_fake/sign-in?session=sess_x", "clerk.app.localhost", 404),
        ("GET", "/_fake/sign-in?user=user_demo&organization=org_x", "clerk.app.localhost", 404),
        ("GET", "/_fake/sign-in?user=user_demo", "127.0.0.1", 404),
        ("POST", "/sign-out", "clerk.app.localhost", 405),
        ("GET", "/_fake/clock", "clerk.app.localhost", 200),
        ("GET", "/v1/clients/handshake_payload", "127.0.0.1", 422),
        ("GET", "/v1/clients/handshake_payload?nonce=x", "127.0.0.1", 404),
        ("POST", "/v1/clients/handshake_payload?nonce=x", "127.0.0.1", 405),
    ] {
        assert_eq!(status(method, target, host), expected, "{method} {target} {host}");
    }
    let handshake = sender.send("GET", "/v1/clients/handshake_payload?nonce=x", &[("host", "127.0.0.1")], b"");
    assert_eq!(handshake.code(), "authorization_header_format_invalid");
}
