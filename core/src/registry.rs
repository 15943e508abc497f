//! Every operation by its operationId, with JSON in and the server's bytes out: what bindings and command lines drive.
//!
//! ```
//! use std::time::Duration;
//!
//! use clerk_sessions_core::{Api, Caller, Flow, Step, registry};
//!
//! let caller = Caller::new(Api::new("sk_test_123")?);
//! let mut call = registry::exchange(&caller, "GetSession", br#"{"session_id": "sess_1"}"#)?;
//! let Step::Send { request, .. } = call.step(Duration::ZERO) else { unreachable!() };
//! assert_eq!(request.uri().path(), "/v1/sessions/sess_1");
//!
//! let error = registry::exchange(&caller, "GetSession", b"{}").unwrap_err();
//! assert_eq!(error.to_string(), "GetSession: session_id is missing (nothing was sent)");
//! # Ok::<(), clerk_sessions_core::Error>(())
//! ```

// `#[inline]` is here for compile time: it leaves this code to those programs that call it.

use serde::de::DeserializeOwned;

use crate::caller::Caller;
use crate::error::{BuildError, Error};
use crate::exchange::RawExchange;
use crate::json;
use crate::operation::{Meta, Operation};
use crate::operations::{self, for_each_operation};

/// An operation of the registry.
#[derive(Debug)]
pub struct Entry {
    meta: &'static Meta,
    exchange: fn(&Caller, &[u8]) -> Result<RawExchange, Error>,
}

impl Entry {
    const fn new<O: Operation + DeserializeOwned>() -> Self {
        Self { meta: O::META, exchange: exchange_of::<O> }
    }

    /// The operation's fixed facts.
    #[must_use]
    pub fn meta(&self) -> &'static Meta {
        self.meta
    }

    /// The call of the operation with these parameters, a flat JSON object with the names of the official description.
    ///
    /// It comes to the server's own bytes, once the operation has found that it can read them.
    ///
    /// # Errors
    /// [`Error::Build`]: the parameters are no such object, or one is unknown, missing or out of bounds.
    pub fn exchange(&self, caller: &Caller, parameters: &[u8]) -> Result<RawExchange, Error> {
        (self.exchange)(caller, parameters)
    }
}

macro_rules! entries {
    ($($name:ident: $operation:ident,)+) => {
        /// Every operation there is.
        // A static would be compiled, with all that it refers to, whether it is used or not.
        pub const OPERATIONS: &[Entry] = &[$(Entry::new::<operations::$operation>()),+];
    };
}
for_each_operation!(entries);

/// The operation of this operationId, such as `GetSession`.
#[must_use]
#[inline]
pub fn find(operation_id: &str) -> Option<&'static Entry> {
    OPERATIONS.iter().find(|entry| entry.meta.id == operation_id)
}

/// The call of the operation of this operationId; see [`Entry::exchange`].
///
/// # Errors
/// [`Error::Build`]: there is no such operation, or as for [`Entry::exchange`].
#[inline]
pub fn exchange(caller: &Caller, operation_id: &str, parameters: &[u8]) -> Result<RawExchange, Error> {
    find(operation_id).ok_or_else(|| unknown(operation_id))?.exchange(caller, parameters)
}

#[inline]
fn unknown(operation_id: &str) -> Error {
    let known: Vec<_> = OPERATIONS.iter().map(|entry| entry.meta.id).collect();
    let named = OPERATIONS.iter().find(|entry| entry.meta.name == operation_id);
    let meant = named.map(|entry| format!("; did you mean {}?", entry.meta.id)).unwrap_or_default();
    BuildError::new("operation_id", format!("is not one of {}{meant}", known.join(", "))).into()
}

fn exchange_of<O: Operation + DeserializeOwned>(caller: &Caller, parameters: &[u8]) -> Result<RawExchange, Error> {
    let operation: O = json::object("parameters", parameters).map_err(|error| Error::Build(error.of(O::META)))?;
    Ok(caller.raw(&operation)?.checked::<O>())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::api::Api;
    use crate::exchange::{Flow, Step};
    use crate::model::tests::minimal;

    fn caller() -> Caller {
        Caller::new(Api::new("sk_test_1").unwrap())
    }

    fn refused(operation_id: &str, parameters: &str) -> String {
        exchange(&caller(), operation_id, parameters.as_bytes()).unwrap_err().to_string()
    }

    fn answered(operation_id: &str, parameters: &str, body: &[u8]) -> Result<Vec<u8>, Error> {
        let mut call = exchange(&caller(), operation_id, parameters.as_bytes()).unwrap();
        assert!(matches!(call.step(Duration::ZERO), Step::Send { .. }));
        call.on_response(http::Response::new(body.to_vec()), Duration::ZERO);
        call.finish().map(http::Response::into_body)
    }

    #[test]
    fn there_are_seven_with_names_of_their_own() {
        assert_eq!(OPERATIONS.len(), 7);
        let ids: std::collections::BTreeSet<_> = OPERATIONS.iter().map(|entry| entry.meta().id).collect();
        let names: std::collections::BTreeSet<_> = OPERATIONS.iter().map(|entry| entry.meta().name).collect();
        assert_eq!((ids.len(), names.len()), (7, 7));
    }

    #[test]
    fn the_server_s_bytes_are_handed_back_as_they_came() {
        let mut session = minimal();
        session["brand_new"] = serde_json::json!([1.0, {"a": null}]);
        let body = serde_json::to_vec_pretty(&session).unwrap();
        assert_eq!(answered("GetSession", r#"{"session_id":"sess_1"}"#, &body).unwrap(), body);
    }

    #[test]
    fn an_answer_that_the_operation_can_not_read_is_an_error() {
        let error = answered("GetSession", r#"{"session_id":"sess_1"}"#, b"{\"object\":\"session\"}").unwrap_err();
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
            ("GetSessionList", r#"{"limit":0}"#, "GetSessionList: limit is not within 1..=500"),
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

    /// Bytes that no decoder has seen: noise, and answers that are almost right.
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
        fn no_answer_makes_a_decoder_panic(status in 100..=999_u16, body in body(), header in "[ -~]{0,16}") {
            for entry in OPERATIONS {
                let required = match entry.meta().name {
                    "list" => "{}",
                    "create" => r#"{"user_id":"u"}"#,
                    "refresh" => r#"{"session_id":"s","expired_token":"a","refresh_token":"b","request_origin":"c"}"#,
                    "create_token_from_template" => r#"{"session_id":"s","template_name":"t"}"#,
                    _ => r#"{"session_id":"s"}"#,
                };
                let mut call = entry.exchange(&caller(), required.as_bytes()).unwrap();
                let step = call.step(Duration::ZERO);
                prop_assert!(matches!(step, Step::Send { .. }), "{:?}", step);
                let answer = http::Response::builder().status(status).header("retry-after", &header).header("cf-ray", &header);
                call.on_response(answer.body(body.clone()).unwrap(), Duration::ZERO);
                call.step(Duration::from_secs(9));
                if let Err(error) = call.finish() {
                    let shown = format!("{error} {error:?} {}", serde_json::to_string(&error).unwrap());
                    prop_assert!(!shown.is_empty());
                }
            }
        }
    }

    #[test]
    fn null_is_as_good_as_absent() {
        let mut call =
            exchange(&caller(), "GetSessionList", br#"{"user_id":"user_1","limit":null,"status":null}"#).unwrap();
        let Step::Send { request, .. } = call.step(Duration::ZERO) else { panic!() };
        assert_eq!(request.uri().query(), Some("user_id=user_1"));
    }
}
