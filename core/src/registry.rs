//! All operations by their operationId, with JSON parameters and JSON results.
//!
//! Use it where the operation is known only at run time: in bindings to other languages, command lines and test tables. In Rust
//! programs, use the typed methods of a [`Client`](crate::Client).
//!
//! | you want to | see |
//! |---|---|
//! | call an operation by name | [`call`](fn@call) |
//! | list the operations | [`OPERATIONS`], [`find`] |
//! | read settings from JSON with the same errors | [`read_object`] |
//!
//! The parameters are a flat JSON object with the names of the official OpenAPI description. The result is the body that the
//! server sent, unchanged, after a check that it can be read.
//!
//! ```
//! use std::time::Duration;
//!
//! use clerk_sessions_core::call::{CallContext, Flow, Step};
//! use clerk_sessions_core::{Api, registry};
//!
//! let context = CallContext::new(Api::new("sk_test_123")?);
//! let mut call = registry::call(&context, "GetSession", br#"{"session_id": "sess_1"}"#)?;
//! let Step::Send { request, .. } = call.step(Duration::ZERO) else { unreachable!() };
//! assert_eq!(request.uri().path(), "/v1/sessions/sess_1");
//!
//! let error = registry::call(&context, "GetSession", b"{}").unwrap_err();
//! assert_eq!(error.to_string(), "GetSession: session_id is missing (nothing was sent)");
//! # Ok::<(), clerk_sessions_core::Error>(())
//! ```

// `#[inline]` saves compile time: only programs that use this code compile it.

use serde::de::DeserializeOwned;

use crate::call::{CallContext, RawCall};
use crate::error::{BuildError, Error};
use crate::json::{self, Fault};
use crate::metadata::Metadata;
use crate::operation::Operation;
use crate::operations::{
    CreateSession, CreateSessionToken, CreateSessionTokenFromTemplate, GetSession, ListSessions, RefreshSession,
    RevokeSession,
};

/// One operation of the registry. [`find`] and [`OPERATIONS`] return it.
#[derive(Debug)]
pub struct Entry {
    metadata: &'static Metadata,
    call: fn(&CallContext, &[u8]) -> Result<RawCall, Error>,
}

impl Entry {
    const fn new<O: Operation + DeserializeOwned + Send + Sync + 'static>() -> Self {
        Self { metadata: O::METADATA, call: call_of::<O> }
    }

    /// The id, method, path and idempotency of the operation.
    #[must_use]
    pub fn metadata(&self) -> &'static Metadata {
        self.metadata
    }

    /// Creates a call of the operation with these parameters, a flat JSON object.
    ///
    /// Drive the call as a [`Flow`](crate::call::Flow), or with [`transport::drive`](crate::transport::drive). Its result is the
    /// response of the server, unchanged. A response that can't be read, or is for something else, is an [`Error::Decode`].
    ///
    /// # Errors
    /// [`Error::Build`]: the parameters are not a JSON object, or one of them is unknown, missing or invalid. The message names
    /// it.
    pub fn call(&self, context: &CallContext, parameters: &[u8]) -> Result<RawCall, Error> {
        (self.call)(context, parameters)
    }
}

/// All seven operations of the Sessions API.
// A `const`, because a `static` and everything that it refers to is compiled even if nothing uses it.
pub const OPERATIONS: &[Entry] = &[
    Entry::new::<ListSessions>(),
    Entry::new::<CreateSession>(),
    Entry::new::<GetSession>(),
    Entry::new::<RefreshSession>(),
    Entry::new::<RevokeSession>(),
    Entry::new::<CreateSessionToken>(),
    Entry::new::<CreateSessionTokenFromTemplate>(),
];

/// Finds an operation by its operationId, such as `GetSession`.
///
/// ```
/// use clerk_sessions_core::registry;
///
/// assert_eq!(registry::find("GetSession").unwrap().metadata().path, "/sessions/{session_id}");
/// assert!(registry::find("get").is_none());
/// ```
#[must_use]
#[inline]
pub fn find(operation_id: &str) -> Option<&'static Entry> {
    OPERATIONS.iter().find(|entry| entry.metadata.id == operation_id)
}

/// Creates a call of the operation with this operationId. Same as [`find`] and [`Entry::call`].
///
/// # Errors
/// [`Error::Build`]: there is no such operation, or the parameters are invalid, as for [`Entry::call`].
#[inline]
pub fn call(context: &CallContext, operation_id: &str, parameters: &[u8]) -> Result<RawCall, Error> {
    find(operation_id).ok_or_else(|| unknown(operation_id))?.call(context, parameters)
}

#[inline]
fn unknown(operation_id: &str) -> Error {
    let known: Vec<_> = OPERATIONS.iter().map(|entry| entry.metadata.id).collect();
    let named = OPERATIONS.iter().find(|entry| entry.metadata.name == operation_id);
    let meant = named.map(|entry| format!("; did you mean {}?", entry.metadata.id)).unwrap_or_default();
    BuildError::new("operation_id", format!("is not one of {}{meant}", known.join(", "))).into()
}

fn call_of<O>(context: &CallContext, parameters: &[u8]) -> Result<RawCall, Error>
where
    O: Operation + DeserializeOwned + Send + Sync + 'static,
{
    let operation: O = read_object("parameters", parameters).map_err(|error| Error::Build(error.of(O::METADATA)))?;
    RawCall::checked(context, operation)
}

/// Reads a JSON object, such as settings or options, with the errors of the registry.
///
/// `what` names the object in errors, in the plural.
///
/// ```
/// use clerk_sessions_core::registry;
///
/// #[derive(serde::Deserialize)]
/// struct Settings { workers: u32 }
///
/// assert_eq!(registry::read_object::<Settings>("settings", br#"{"workers": 4}"#).unwrap().workers, 4);
/// let error = registry::read_object::<Settings>("settings", b"{}").err().unwrap();
/// assert_eq!(error.to_string(), "workers is missing");
/// ```
///
/// # Errors
/// [`BuildError`]: it is not a JSON object, or a field is missing or can't be read. The error names the field, but no value.
pub fn read_object<T: DeserializeOwned>(what: &'static str, json: &[u8]) -> Result<T, BuildError> {
    // Checked here, because serde also accepts an array for a struct.
    if !json.trim_ascii_start().starts_with(b"{") {
        return Err(BuildError::new(what, "are not a JSON object"));
    }
    json::read(json).map_err(|Fault { path, reason }| {
        // The object is flat and short, so line and column say less than the field.
        let reason = reason.split(" at line ").next().unwrap_or_default();
        if reason.starts_with("missing field") {
            BuildError::new(path, "is missing")
        } else if path == "." {
            BuildError::new(what, format!("can't be read: {reason}"))
        } else {
            BuildError::new(path, format!("can't be read: {reason}"))
        }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::api::Api;
    use crate::call::{Flow, Step};
    use crate::model::tests::minimal;

    fn context() -> CallContext {
        CallContext::new(Api::new("sk_test_1").unwrap())
    }

    fn refused(operation_id: &str, parameters: &str) -> String {
        call(&context(), operation_id, parameters.as_bytes()).unwrap_err().to_string()
    }

    fn responded(operation_id: &str, parameters: &str, body: &[u8]) -> Result<Vec<u8>, Error> {
        let mut call = call(&context(), operation_id, parameters.as_bytes()).unwrap();
        assert!(matches!(call.step(Duration::ZERO), Step::Send { .. }));
        call.on_response(http::Response::new(body.to_vec()), Duration::ZERO);
        call.finish().map(http::Response::into_body)
    }

    #[test]
    fn there_are_seven_operations_with_different_names() {
        assert_eq!(OPERATIONS.len(), 7);
        let ids: std::collections::BTreeSet<_> = OPERATIONS.iter().map(|entry| entry.metadata().id).collect();
        let names: std::collections::BTreeSet<_> = OPERATIONS.iter().map(|entry| entry.metadata().name).collect();
        assert_eq!((ids.len(), names.len()), (7, 7));
    }

    #[test]
    fn the_body_of_the_server_is_returned_unchanged() {
        let mut session = minimal();
        session["brand_new"] = serde_json::json!([1.0, {"a": null}]);
        let body = serde_json::to_vec_pretty(&session).unwrap();
        assert_eq!(responded("GetSession", r#"{"session_id":"sess_1"}"#, &body).unwrap(), body);
    }

    #[test]
    fn a_response_that_the_operation_can_not_read_is_an_error() {
        let error = responded("GetSession", r#"{"session_id":"sess_1"}"#, b"{\"object\":\"session\"}").unwrap_err();
        assert_eq!((error.kind(), error.path()), ("decode", Some("id")));
    }

    #[test]
    fn bad_input_gets_a_clear_error() {
        for (id, parameters, message) in [
            (
                "get",
                "{}",
                "operation_id is not one of GetSessionList, createSession, GetSession, RefreshSession, RevokeSession, \
                 CreateSessionToken, CreateSessionTokenFromTemplate; did you mean GetSession?",
            ),
            ("GetSession", "{}", "GetSession: session_id is missing (nothing was sent)"),
            ("GetSession", "", "GetSession: parameters are not a JSON object (nothing was sent)"),
            ("GetSession", "{", "GetSession: parameters can't be read: EOF while parsing an object"),
            ("GetSession", r#"{"session_id":"s"} x"#, "GetSession: parameters can't be read: trailing characters"),
            ("GetSession", "{7:1}", "GetSession: parameters can't be read: key must be a string"),
            ("GetSession", r#"["sess_1"]"#, "GetSession: parameters are not a JSON object (nothing was sent)"),
            ("GetSession", r#""sess_1""#, "GetSession: parameters are not a JSON object (nothing was sent)"),
            (
                "GetSession",
                r#"{"session_id":7}"#,
                "GetSession: session_id can't be read: invalid type: integer, expected a string (nothing was sent)",
            ),
            (
                "GetSession",
                r#"{"session_id":"sess_1","limit":7}"#,
                "GetSession: limit can't be read: unknown field `limit`, expected `session_id` (nothing was sent)",
            ),
            ("GetSession", r#"{"session_id":".."}"#, "GetSession: session_id is a dot segment"),
            ("GetSessionList", r#"{"limit":0}"#, "GetSessionList: limit is not between 1 and 500"),
            (
                "GetSessionList",
                r#"{"limit":1.5}"#,
                "GetSessionList: limit can't be read: invalid type: floating point, expected u32",
            ),
            (
                "CreateSessionToken",
                r#"{"session_id":"sess_1","expires_in_seconds":60.0}"#,
                "CreateSessionToken: expires_in_seconds can't be read: invalid type: floating point, expected u32",
            ),
        ] {
            let error = refused(id, parameters);
            assert!(error.starts_with(message), "{id} {parameters}: {error}");
        }
    }

    #[test]
    fn no_error_quotes_a_parameter() {
        for parameters in [
            r#"{"session_id":"s","expired_token":["eyJhidden"],"refresh_token":"r","request_origin":"o"}"#,
            r#""eyJhidden""#,
            r#"{"session_id":"s","format":{"eyJhidden":1}}"#,
            r#"{"session_id":"s","request_headers":"eyJhidden"}"#,
            r#"{"session_id":"s","eyJhidden\n":1}"#,
        ] {
            let error = refused("RefreshSession", parameters);
            assert!(!error.contains("hidden") && !error.contains('\n'), "{error}");
        }
    }

    /// Bodies to test the decoders with: random bytes, and responses with one wrong byte.
    fn body() -> impl Strategy<Value = Vec<u8>> {
        let session = minimal().to_string();
        let almost = [
            &*session,
            &*format!("[{session}]"),
            r#"{"object":"token","jwt":"a.b.c"}"#,
            r#"{"errors":[{"code":"c"}]}"#,
        ]
        .map(|text| text.as_bytes().to_vec());
        let damaged = (proptest::sample::select(almost.to_vec()), any::<proptest::sample::Index>(), any::<u8>());
        let damaged = damaged.prop_map(|(mut text, at, byte)| {
            let at = at.index(text.len());
            text[at] = byte;
            text
        });
        prop_oneof![proptest::collection::vec(any::<u8>(), 0..64), damaged]
    }

    proptest! {
        #[test]
        fn no_response_makes_a_decoder_panic(status in 100..=999_u16, body in body(), header in "[ -~]{0,16}") {
            for entry in OPERATIONS {
                let required = match entry.metadata().name {
                    "list" => "{}",
                    "create" => r#"{"user_id":"u"}"#,
                    "refresh" => r#"{"session_id":"s","expired_token":"a","refresh_token":"b","request_origin":"c"}"#,
                    "create_token_from_template" => r#"{"session_id":"s","template_name":"t"}"#,
                    _ => r#"{"session_id":"s"}"#,
                };
                let mut call = entry.call(&context(), required.as_bytes()).unwrap();
                let step = call.step(Duration::ZERO);
                prop_assert!(matches!(step, Step::Send { .. }), "{:?}", step);
                let response = http::Response::builder().status(status).header("retry-after", &header).header("cf-ray", &header);
                call.on_response(response.body(body.clone()).unwrap(), Duration::ZERO);
                call.step(Duration::from_secs(9));
                if let Err(error) = call.finish() {
                    let shown = format!("{error} {error:?} {}", serde_json::to_string(&error).unwrap());
                    prop_assert!(!shown.is_empty());
                }
            }
        }
    }

    #[test]
    fn null_and_absent_parameters_are_read_alike() {
        let mut call =
            call(&context(), "GetSessionList", br#"{"user_id":"user_1","limit":null,"status":null}"#).unwrap();
        let Step::Send { request, .. } = call.step(Duration::ZERO) else { panic!() };
        assert_eq!(request.uri().query(), Some("user_id=user_1"));
    }
}
