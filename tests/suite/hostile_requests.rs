//! Hostile requests: whatever a request says, a browser is sent only to Clerk or back to where it came from, and nothing is leaked.

use std::time::Duration;

use clerk_sessions_auth::{Authentication, AuthorizedParties, Outcome, RequestView, Rules};
use clerk_sessions_core::call::CallContext;
use clerk_sessions_core::{Api, Error};
use http::Response;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::select;
use url::Url;

use crate::requests::network::{drive, json};
use crate::requests::tokens::{HashCrypto, key_set};

const LIVE: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
const TEST: &str = "pk_test_aGFwcHktaGlwcG8tMS5jbGVyay5hY2NvdW50cy5kZXYk";
const NOW: Duration = Duration::from_secs(1_700_000_000);
/// It is planted in the request and must not be printed.
const SECRET: &str = "eyJsecretmarker";

/// Parts of hostile texts.
const PARTS: [&str; 34] = [
    "//evil.example",
    "/\\evil.example",
    "\\",
    "@evil.example",
    "https://evil.example",
    "javascript:",
    "app.example.com",
    "user:pw@",
    "\r\nset-cookie: a=b",
    "\n",
    "\0",
    "\t",
    " ",
    "%0d%0a",
    "%00",
    "#",
    "?",
    "&",
    "=",
    ";",
    ",",
    ":",
    "/",
    ".",
    "é",
    "\u{202e}",
    "__clerk_handshake=",
    "__clerk_redirect_url=https://evil.example",
    "__clerk_handshake_nonce=",
    "__clerk_db_jwt=",
    "__session=",
    "__client_uat=1",
    "__clerk_redirect_count=2",
    SECRET,
];
const NAMES: [&str; 12] = [
    "host",
    "x-forwarded-host",
    "x-forwarded-proto",
    "forwarded",
    "cookie",
    "authorization",
    "referer",
    "origin",
    "accept",
    "sec-fetch-dest",
    "user-agent",
    "x-é\n",
];

fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![4 => select(&PARTS[..]).prop_map(str::to_owned), 1 => any::<String>()];
    vec(part, 0..6).prop_map(|parts| parts.concat())
}

fn app(key: &str) -> Authentication {
    let rules = Rules::new(AuthorizedParties::list(["https://app.example.com"]).unwrap());
    let api = CallContext::new(Api::new("sk_test_1").unwrap());
    Authentication::builder(key, rules).api(api).build(HashCrypto::new()).unwrap()
}

fn outcome(app: &Authentication, is_api: bool, request: &RequestView<'_>, body: &str) -> Result<Outcome, Error> {
    let flow = if is_api { app.api_request(request, NOW) } else { app.browser(request, NOW)? };
    drive(flow, &mut Duration::from_secs(1), |request, _| {
        let is_of_keys = request.uri().path() == "/v1/jwks";
        Some(if is_of_keys { json(200, key_set()) } else { Response::new(body.as_bytes().to_vec()) })
    })
}

/// Whether a URL is of one of these origins, as a browser reads it.
fn is_of(location: &str, origins: &[&str]) -> bool {
    let parsed = Url::parse(location).unwrap_or_else(|error| panic!("{location}: {error}"));
    origins.contains(&parsed.origin().ascii_serialization().as_str()) && parsed.username().is_empty()
}

proptest::proptest! {
    #[test]
    fn no_request_leads_elsewhere_or_leaks(
        is_api in any::<bool>(),
        is_production in any::<bool>(),
        method in select(&["GET", "POST", "get", "\n"][..]),
        scheme in select(&["https", "http", "javascript", ""][..]),
        target in text(),
        headers in vec((select(&NAMES[..]), text()), 0..6),
        is_page in any::<bool>(),
        body in text(),
    ) {
        let app = app(if is_production { LIVE } else { TEST });
        let mut request = RequestView::new(method, scheme, target.as_str());
        if is_page {
            request = request.header("host", "app.example.com").header("sec-fetch-dest", "document");
        }
        for (name, value) in &headers {
            request.add_header(*name, value.as_str());
        }
        let facts = app.facts(&request, NOW);
        assert!(!format!("{facts:?} {app:?}").contains(SECRET));
        match outcome(&app, is_api, &request, &body) {
            Ok(outcome) => {
                assert!(!format!("{outcome:?}").contains(SECRET), "{outcome:?}");
                assert!(!outcome.message().unwrap_or_default().contains(SECRET), "{:?}", outcome.message());
                for (name, value) in outcome.headers() {
                    assert!(!value.contains(char::is_control), "{name}: {value:?}");
                    assert!(matches!(name, "location" | "set-cookie") || !value.contains(SECRET), "{name}: {value:?}");
                }
                if let Some(location) = outcome.redirect() {
                    assert!(!is_api, "{location}");
                    // An app that is developed sends back to any satellite.
                    let is_back = !is_production && outcome.reason() == Some("primary-responds-to-syncing");
                    let origins = [facts.frontend_api.as_str(), facts.origin.as_str()];
                    assert!(is_back || is_of(location, &origins), "{location}");
                    assert!(!is_production || location.starts_with(&format!("{}/", facts.frontend_api)), "{location}");
                }
            }
            Err(error) => assert!(!format!("{error} {error:?}").contains(SECRET), "{error}"),
        }
        assert!(facts.origin.starts_with("http") && !facts.origin.contains(['@', '\\', '\r', '\n', ' ']), "{}", facts.origin);
    }
}

/// A page that a stranger makes a browser open, and where a browser would go if the URL were taken apart wrongly.
#[test]
fn the_way_back_is_the_host_of_the_request() {
    for key in [LIVE, TEST] {
        let app = app(key);
        for target in [
            "//evil.example/p",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/@evil.example",
            "@evil.example",
            ":80@evil.example/",
            ".evil.example",
            "/\r\nlocation: https://evil.example",
            "/\t/evil.example",
            "/?a=//evil.example",
            "https://evil.example/p",
            "https:evil.example",
            "/https://evil.example",
            "http://evil.example@app.example.com/",
        ] {
            let request = RequestView::new("GET", "https", target)
                .header("host", "app.example.com")
                .header("x-forwarded-host", "evil.example")
                .header("x-forwarded-proto", "javascript")
                .header("forwarded", "host=evil.example")
                .header("sec-fetch-dest", "document")
                .header("cookie", "__client_uat=1; __clerk_db_jwt=dvb");
            let outcome = outcome(&app, false, &request, "").unwrap();
            let location = outcome.redirect().unwrap_or_else(|| panic!("{target:?}: {outcome:?}"));
            let url = Url::parse(location).unwrap();
            assert!(
                url.as_str().starts_with(&format!("https://{}/v1/", app.publishable_key().frontend_api())),
                "{url}"
            );
            let back = url.query_pairs().find(|(name, _)| name == "redirect_url").unwrap().1;
            assert!(is_of(&back, &["https://app.example.com"]), "{target:?}: {back}");
        }
    }
}

/// A host that is none is not redirected to.
#[test]
fn a_host_with_anything_else_in_it_is_no_host() {
    let app = app(LIVE);
    for host in [
        "user@app.example.com",
        "app.example.com@evil.example",
        "app.example.com/evil",
        "app.example.com\\evil",
        "evil example",
        "evil\r\nexample",
        "[::1",
        "app.example.com:99999",
        "app.example.com:x",
        "",
        "é.example",
        "a,b",
    ] {
        let request = RequestView::new("GET", "https", "/")
            .header("host", host)
            .header("sec-fetch-dest", "document")
            .header("cookie", "__client_uat=1");
        let outcome = outcome(&app, false, &request, "").unwrap();
        assert_eq!((outcome.redirect(), outcome.cookies().len()), (None, 0), "{host:?}");
        assert_eq!(outcome.reason(), Some("client-uat-but-no-session-token"), "{host:?}");
    }
}
