//! `publishable_key.json`: what a publishable key says.

use clerk_sessions_auth::PublishableKey;
use serde_json::{Value, json};

use super::options::text;
use super::{Outcome, same};

pub(super) fn run(vector: &Value, _: &'static str, expected: &Value) -> Outcome {
    let options = &vector["options"];
    let Ok(mut key) = PublishableKey::parse(vector["key"].as_str().unwrap_or_default()) else {
        return same(&Value::Null, expected);
    };
    if options["is_satellite"] == true {
        key = key.for_satellite(text(options, "domain").unwrap_or_default());
    }
    let proxy = text(options, "proxy_url");
    let actual = json!({
        "instance_type": if key.is_production() { "production" } else { "development" },
        // Behind a proxy, the account portal is not known.
        "frontend_api": proxy.unwrap_or(key.frontend_api()),
        "cookie_suffix": key.cookie_suffix(),
        "accounts_portal": if proxy.is_some() { Value::Null } else { key.accounts_portal().into() },
    });
    same(&actual, expected)
}
