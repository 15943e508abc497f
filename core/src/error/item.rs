//! [`ErrorItem`]: one error in an error response.

use std::fmt;

use serde_json::{Map, Value};

use crate::redact::Secrets;

/// One error in an error response of Clerk: an element of [`Error::errors`](crate::Error::errors).
///
/// Each part may be missing. `Display` and `Debug` redact secrets that the server echoes. The other methods return what
/// the server sent, unchanged: do not print it where it may echo a secret.
///
/// ```
/// use clerk_sessions_core::{Api, ListSessions, http};
///
/// let body = br#"{"errors":[{"code":"form_param_value_invalid","message":"is invalid","meta":{"param_name":"limit"}}]}"#;
/// let response = http::Response::builder().status(422).body(body.to_vec()).unwrap();
/// let error = Api::new("sk_test_123")?.parse::<ListSessions>(response).unwrap_err();
/// let item = &error.errors()[0];
/// assert_eq!((item.code(), item.param_name()), (Some("form_param_value_invalid"), Some("limit")));
/// assert_eq!(item.to_string(), "form_param_value_invalid (limit): is invalid");
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
#[derive(Clone)]
pub struct ErrorItem {
    fields: Map<String, Value>,
    /// The secrets of the call, which `Display` and `Debug` redact.
    secrets: Secrets,
}

impl ErrorItem {
    pub(super) fn new(fields: Map<String, Value>, secrets: Secrets) -> Self {
        Self { fields, secrets }
    }

    /// Returns the code, redacted and truncated for a message.
    pub(super) fn code_shown(&self) -> Option<String> {
        self.code().map(|code| self.secrets.redacted(code))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    /// Returns the stable code, such as `resource_not_found`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.text("code")
    }

    /// Returns the short message, for people.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.text("message")
    }

    /// Returns the long message, for people.
    #[must_use]
    pub fn long_message(&self) -> Option<&str> {
        self.text("long_message")
    }

    /// Returns the details, a JSON object with members such as `param_name`.
    #[must_use]
    pub fn meta(&self) -> Option<&Value> {
        self.fields.get("meta")
    }

    /// Returns the name of the parameter that the error is about: `param_name` of [`meta`](Self::meta).
    #[must_use]
    pub fn param_name(&self) -> Option<&str> {
        self.meta()?.get("param_name")?.as_str()
    }

    /// Returns the JSON object as the server sent it.
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
    fn each_part_is_returned_as_the_server_sent_it() {
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
    fn secrets_of_the_call_are_redacted_only_in_print() {
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

        assert_eq!(echo, item(json, &Secrets::default()), "equal if the server sent the same");
        assert_ne!(echo, item(json!({ "code": "other" }), &secrets));
    }
}
