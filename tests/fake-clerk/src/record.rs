//! The requests that arrived.

use http::{HeaderMap, Method, Request};
use serde_json::{Value, json};

/// A request as it arrived.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Recorded {
    /// The method.
    pub method: Method,
    /// The path and the query, not decoded.
    pub target: String,
    /// The headers, the secret key among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Recorded {
    /// As `GET /_fake/requests` shows it, where bytes that are not UTF-8 are replaced.
    pub(super) fn to_json(&self) -> Value {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.as_str(), text(value.as_bytes()))).collect();
        json!({
            "method": self.method.as_str(),
            "target": self.target,
            "headers": headers,
            "body": text(&self.body),
        })
    }
}

impl From<Request<Vec<u8>>> for Recorded {
    fn from(request: Request<Vec<u8>>) -> Recorded {
        let (parts, body) = request.into_parts();
        let target = parts.uri.path_and_query();
        Recorded {
            method: parts.method,
            target: target.map_or_else(String::new, ToString::to_string),
            headers: parts.headers,
            body,
        }
    }
}
