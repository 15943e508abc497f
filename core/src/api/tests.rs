//! What [`ApiBuilder`] refuses, and what each setting adds to a request.

use super::*;

fn refused(builder: ApiBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

#[test]
fn an_invalid_key_is_refused_and_not_shown() {
    for key in ["", "pk_test_hidden", "sk_test_hidden\n", " sk_test_hidden", "sk_tést_hidden", "sk_test\0hidden"] {
        let error = refused(Api::builder(key));
        assert!(error.starts_with("secret_key "), "{error}");
        assert!(!error.contains("hidden"), "{error}");
    }
}

#[test]
fn reserved_and_invalid_headers_are_refused() {
    for name in ["Authorization", "HOST", "content-length", "Transfer-Encoding", "user-agent", "Clerk-API-Version"] {
        let error = refused(Api::builder("sk_test_1").header(name, "x"));
        assert!(error.contains(&format!("header {} is set by the client", name.to_lowercase())), "{error}");
    }
    assert!(refused(Api::builder("sk_test_1").header("a b", "x")).contains("\"a b\" is not a valid header name"));
    assert!(
        refused(Api::builder("sk_test_1").header("x-a", "a\nhidden"))
            .contains("x-a has a character that is not allowed in a header")
    );
    assert!(refused(Api::builder("sk_test_1").api_version("")).contains("api_version"));
    assert!(refused(Api::builder("sk_test_1").user_agent_suffix("a\nb")).contains("user_agent_suffix"));
}

#[test]
fn every_setting_reaches_the_request() {
    let api = Api::builder("sk_test_1")
        .api_version("2025-11-10")
        .user_agent_suffix("billing/2")
        .header("X-Team", "a")
        .header("X-Team", "b")
        .build()
        .unwrap();
    let request = api.request(&crate::GetSession::new("sess_1")).unwrap();
    let all =
        |name: &str| -> Vec<&str> { request.headers().get_all(name).iter().map(|v| v.to_str().unwrap()).collect() };
    assert_eq!(all("authorization"), ["Bearer sk_test_1"]);
    assert_eq!(all("accept"), ["application/json"]);
    assert_eq!(all("clerk-api-version"), ["2025-11-10"]);
    assert_eq!(all("user-agent"), [format!("clerk-sessions-rust/{} billing/2", env!("CARGO_PKG_VERSION"))]);
    assert_eq!(all("x-clerk-sdk"), [format!("rust/{}", env!("CARGO_PKG_VERSION"))]);
    assert_eq!(all("x-team"), ["a", "b"]);
    assert_eq!(request.headers().len(), 7);
    assert!(request.headers()["authorization"].is_sensitive());
}

#[test]
fn from_vars_reads_key_and_url() {
    let read = |url: &'static str| {
        ApiBuilder::from_vars(move |name| match name {
            "CLERK_SECRET_KEY" => Some("sk_test_1".to_owned()),
            "CLERK_API_URL" => Some(url.to_owned()),
            _ => None,
        })
        .unwrap()
        .build()
        .unwrap()
        .base_url()
    };
    assert_eq!(read(""), Api::DEFAULT_BASE_URL);
    assert_eq!(read("https://api.clerk.com"), Api::DEFAULT_BASE_URL);
    assert_eq!(read("https://api.clerk.com/v1/"), Api::DEFAULT_BASE_URL);
    assert_eq!(read("http://127.0.0.1:4010/"), "http://127.0.0.1:4010/v1");
    let error = ApiBuilder::from_vars(|_| None).unwrap_err().to_string();
    assert!(error.starts_with("CLERK_SECRET_KEY is not set"), "{error}");
}

#[test]
fn debug_does_not_show_the_key() {
    let builder = Api::builder("sk_test_hidden").header("x-token", "hidden").base_url("https://u:hidden@h");
    let shown = format!("{builder:?}");
    assert!(!shown.contains("hidden") && shown.contains(Api::DEFAULT_VERSION), "{shown}");
    let api = Api::builder("sk_test_hidden").header("x-token", "hidden").build().unwrap();
    assert!(!format!("{api:?}").contains("hidden"));
    assert!(format!("{api:?}").contains("https://api.clerk.com/v1"));
}
