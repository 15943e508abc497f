//! Scripted responses, which replace the usual ones.

use std::collections::BTreeMap;

use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::errors;

/// A scripted response. It is sent unchanged; no header is added.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::exhaustive_structs, reason = "tests write it as a literal")]
pub struct ScriptedResponse {
    /// The status, at least 200.
    pub status: u16,
    /// The headers; in JSON, default none. `Content-Length` and `Transfer-Encoding` are refused, because the server sets them.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body; in JSON, default empty.
    #[serde(default)]
    pub body: String,
}

impl ScriptedResponse {
    /// A response with this status, no headers and an empty body.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self { status, headers: BTreeMap::new(), body: String::new() }
    }

    /// Checks that the response can be sent.
    pub(super) fn check(&self) -> Result<(), String> {
        self.build().map(drop)
    }

    /// The response, or a 500 with the reason why it can't be sent.
    pub(super) fn into_response(self) -> Response<Vec<u8>> {
        self.build().unwrap_or_else(|why| {
            let body = json!({ "message": format!("scripted response: {why}") });
            errors::json_response(StatusCode::INTERNAL_SERVER_ERROR, &body)
        })
    }

    fn build(&self) -> Result<Response<Vec<u8>>, String> {
        if self.status < 200 {
            return Err(format!("status {} is below 200", self.status));
        }
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            if ["content-length", "transfer-encoding"].contains(&name.to_lowercase().as_str()) {
                return Err(format!("header {name} is set by the server"));
            }
            response = response.header(name, value);
        }
        let body = self.body.clone().into_bytes();
        response.body(body).map_err(|error| error.to_string())
    }
}
