//! [`ErrorItem`]: one error that the server named.

use std::fmt;

use serde_json::{Map, Value};

use crate::redact::Secrets;

/// One error that the server named. Every part may be missing; what came is kept.
#[derive(Clone)]
pub struct ErrorItem {
    fields: Map<String, Value>,
    /// What the call sent, which is not shown where the server echoes it.
    secrets: Secrets,
}

impl ErrorItem {
    pub(super) fn new(fields: Map<String, Value>, secrets: Secrets) -> Self {
        Self { fields, secrets }
    }

    /// The code, made fit for a message.
    pub(super) fn code_shown(&self) -> Option<String> {
        self.code().map(|code| self.secrets.redacted(code))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    /// The stable code, such as `resource_not_found`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.text("code")
    }

    /// The short message, for people.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.text("message")
    }

    /// The long message, for people.
    #[must_use]
    pub fn long_message(&self) -> Option<&str> {
        self.text("long_message")
    }

    /// What the server added to the error, such as `param_name`.
    #[must_use]
    pub fn meta(&self) -> Option<&Value> {
        self.fields.get("meta")
    }

    /// The parameter that the error is about, of `meta`.
    #[must_use]
    pub fn param_name(&self) -> Option<&str> {
        self.meta()?.get("param_name")?.as_str()
    }

    /// The whole of what came.
    #[must_use]
    pub fn as_json(&self) -> &Map<String, Value> {
        &self.fields
    }
}

impl PartialEq for ErrorItem {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl Eq for ErrorItem {}

impl fmt::Display for ErrorItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.secrets.redact(self.code().unwrap_or("an error without a code")).fmt(f)?;
        if let Some(name) = self.param_name() {
            write!(f, " ({})", self.secrets.redact(name))?;
        }
        match self.long_message().or(self.message()) {
            Some(message) => write!(f, ": {}", self.secrets.redact(message)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ErrorItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorItem({self})")
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use serde_json::json;

    use super::*;

    fn item(json: Value, secrets: &Secrets) -> ErrorItem {
        let Value::Object(fields) = json else { panic!("{json}") };
        ErrorItem::new(fields, secrets.clone())
    }

    #[test]
    fn what_came_is_told_as_it_came() {
        let json = json!({
            "code": "c", "message": "m", "long_message": "l", "meta": { "param_name": "p", "plan": 7 }, "brand_new": true,
        });
        let all = item(json.clone(), &Secrets::default());
        assert_eq!((all.code(), all.message(), all.long_message()), (Some("c"), Some("m"), Some("l")));
        assert_eq!((all.param_name(), all.meta().unwrap()), (Some("p"), &json["meta"]));
        assert_eq!(Value::Object(all.as_json().clone()), json);

        let none = item(json!({ "meta": {}, "code": 7 }), &Secrets::default());
        assert_eq!((none.code(), none.message(), none.long_message(), none.param_name()), (None, None, None, None));
        assert_eq!(none.to_string(), "an error without a code");
        assert!(item(json!({}), &Secrets::default()).meta().is_none());
    }

    #[test]
    fn what_the_call_sent_is_left_out_in_print_only() {
        let mut headers = HeaderMap::new();
        headers.insert("x-token", HeaderValue::from_static("opaque"));
        let secrets = Secrets::of(&headers, b"");
        let json = json!({ "code": "of_opaque", "message": "opaque?", "meta": { "param_name": "opaque" } });
        let echo = item(json.clone(), &secrets);
        assert_eq!(echo.to_string(), "of_[redacted] ([redacted]): [redacted]?");
        assert_eq!(echo.code_shown().as_deref(), Some("of_[redacted]"));
        let shown = format!("{echo:?}");
        assert!(shown.contains("of_[redacted]") && !shown.contains("opaque"), "{shown}");
        assert_eq!((echo.code(), echo.message()), (Some("of_opaque"), Some("opaque?")));

        assert_eq!(echo, item(json, &Secrets::default()), "equal if the same came");
        assert_ne!(echo, item(json!({ "code": "other" }), &secrets));
    }
}
