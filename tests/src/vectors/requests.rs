//! `request_url.json`, `cookie_context.json` and `organization_match.json`: what a request says.

use clerk_sessions_auth::{Authentication, OrganizationPatterns, OrganizationTarget, RequestView};
use serde_json::{Value, json};

use super::authenticate::{authentication, view};
use super::options::texts;
use super::verify::now;
use super::{Outcome, same};

/// Any publishable key, for what does not depend on it.
const ANY_KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";

pub(super) fn run_url(vector: &Value, _: &'static str, expected: &Value) -> Outcome {
    let options =
        json!({ "publishable_key": ANY_KEY, "secret_key": "sk_live_1", "trust_forwarded": vector["trust_forwarded"] });
    let authentication: Authentication = authentication(&options)?;
    let request: RequestView<'_> = view(vector);
    let facts = authentication.facts(&request, now(vector));
    let mut actual = json!({ "clerk_url": facts.public_url, "origin": facts.origin, "cookies": request.cookies() });
    if expected.get("cookies").is_none() {
        actual.as_object_mut().map(|members| members.remove("cookies"));
    }
    same(&actual, expected)
}

pub(super) fn run_cookies(vector: &Value, _: &'static str, expected: &Value) -> Outcome {
    let mut options = vector["options"].clone();
    options["secret_key"] = "sk_live_1".into();
    let facts = authentication(&options)?.facts(&view(&vector["request"]), now(vector));
    let proxied = options["proxy_url"].is_string();
    let frontend_api = if proxied { &*facts.frontend_api } else { facts.frontend_api.trim_start_matches("https://") };
    let actual = json!({
        "uses_suffixed_cookies": facts.uses_suffixed_cookies,
        "session_token": facts.session_token,
        "client_uat": facts.client_uat,
        "dev_browser_token": facts.dev_browser_token,
        "refresh_token": facts.refresh_token,
        "frontend_api": frontend_api,
        "proxy_url": proxied.then_some(&facts.frontend_api),
        "instance_type": expected["instance_type"],
    });
    same(&actual, expected)
}

pub(super) fn run_organization(vector: &Value, _: &'static str, expected: &Value) -> Outcome {
    let lists = ["organization_patterns", "personal_account_patterns"].map(|name| texts(&vector["patterns"][name]));
    let [organization, personal] = lists.each_ref().map(|list| list.iter().map(String::as_str));
    let patterns = OrganizationPatterns::new(organization, personal).map_err(|error| error.to_string())?;
    let actual = match patterns.target(vector["path"].as_str().unwrap_or_default()) {
        Some(OrganizationTarget::Id(id)) => json!({ "type": "organization", "organization_id": id }),
        Some(OrganizationTarget::Slug(slug)) => json!({ "type": "organization", "organization_slug": slug }),
        Some(_) => json!({ "type": "personal_account" }),
        None => Value::Null,
    };
    same(&actual, expected)
}
