//! The seven session operations, one file each: its request, its response, its tests.
//!
//! Each is an owned struct of its parameters. `new` takes the required ones, setters take the optional ones. As JSON it
//! is one flat object with the parameter names of Clerk's reference.

// `#[inline]` in these files saves compile time: only programs that use an operation compile it.

mod create;
mod create_token;
mod create_token_from_template;
mod get;
mod list;
mod refresh;
mod revoke;

pub use create::CreateSession;
pub use create_token::CreateSessionToken;
pub use create_token_from_template::CreateSessionTokenFromTemplate;
pub use get::GetSession;
pub use list::ListSessions;
pub use refresh::RefreshSession;
pub use revoke::RevokeSession;

use std::borrow::Cow;

use http::header::ORIGIN;
use serde::Serialize;

use crate::error::{BuildError, Mismatch};
use crate::model::{Jwt, Session, SessionId, UserId, sid_is};
use crate::request::RequestWriter;

/// Implements `From` for an operation with one required parameter, so that `sessions.get("sess_…")` compiles.
macro_rules! from_its_only_parameter {
    ($operation:ident, $parameter:ty) => {
        from_its_only_parameter!($operation: &str, String, &String, $parameter, &$parameter);
    };
    ($operation:ident: $($from:ty),+) => {
        $(impl From<$from> for $operation {
            fn from(parameter: $from) -> Self {
                Self::new(parameter)
            }
        })+
    };
}
use from_its_only_parameter;

/// Writes the parameters that both token operations have besides their path: the JSON body and the `Origin` header.
#[inline]
fn write_token_options(
    request: &mut RequestWriter<'_>,
    expires_in_seconds: Option<u32>,
    origin: Option<&str>,
) -> Result<(), BuildError> {
    #[derive(Serialize)]
    struct Body {
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_in_seconds: Option<u32>,
    }
    if expires_in_seconds.is_some_and(|seconds| !(30..=315_360_000).contains(&seconds)) {
        return Err(BuildError::new("expires_in_seconds", "is not between 30 and 315360000"));
    }
    if let Some(origin) = origin {
        request.header("origin", ORIGIN, origin)?;
    }
    request.json(&Body { expires_in_seconds })
}

/// Refuses an empty parameter. A server may treat it as absent, and then list or change more than the caller wants.
#[inline]
fn not_empty(field: &'static str, value: Option<&str>) -> Result<(), BuildError> {
    match value {
        Some("") => Err(BuildError::new(field, "is empty")),
        _ => Ok(()),
    }
}

/// Checks that a response has the requested session.
#[inline]
fn check_session(session: &Session, asked_for: &SessionId) -> Result<(), Mismatch> {
    if session.id == *asked_for {
        Ok(())
    } else {
        Err(Mismatch::new("id", "is another session than the one asked for"))
    }
}

/// The reason of a mismatch where the response names another user.
const OTHER_USER: &str = "is another user than the one asked for";

/// Checks that the session of a response belongs to the requested user.
#[inline]
fn check_user(session: &Session, asked_for: &UserId) -> Result<(), Mismatch> {
    if session.user_id == *asked_for { Ok(()) } else { Err(Mismatch::new("user_id", OTHER_USER)) }
}

/// Checks that a token belongs to the requested session. A token without a readable `sid` claim passes.
#[inline]
fn check_token(jwt: &Jwt, asked_for: &SessionId) -> Result<(), Mismatch> {
    if is_of_other_session(jwt.expose(), asked_for) { Err(other_token("jwt")) } else { Ok(()) }
}

/// Whether a token has a `sid` claim that names another session.
#[inline]
fn is_of_other_session(token: &str, asked_for: &SessionId) -> bool {
    sid_is(token, |sid| sid != asked_for.as_str().as_bytes())
}

#[inline]
fn other_token(field: impl Into<Cow<'static, str>>) -> Mismatch {
    Mismatch::new(field, "is a token of another session than the one asked for")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use http::header::{ACCEPT, AUTHORIZATION, USER_AGENT};

    use crate::api::Api;
    use crate::call::{CallContext, Flow as _};
    use crate::operation::Operation;

    /// Returns the request of an operation as text: the request line, the operation's headers, the body. It also checks
    /// the five headers that every request has.
    pub(super) fn sent<O: Operation>(operation: &O) -> String {
        let mut request = Api::new("sk_test_1").unwrap().request(operation).unwrap();
        let version = env!("CARGO_PKG_VERSION");
        for (name, expected) in [
            (AUTHORIZATION.as_str(), "Bearer sk_test_1".to_owned()),
            (ACCEPT.as_str(), "application/json".to_owned()),
            ("clerk-api-version", Api::DEFAULT_VERSION.to_owned()),
            (USER_AGENT.as_str(), format!("clerk-sessions-rust/{version}")),
            ("x-clerk-sdk", format!("rust/{version}")),
        ] {
            assert_eq!(request.headers_mut().remove(name).unwrap(), expected, "{name}");
        }
        let own: BTreeMap<_, _> = request.headers().iter().map(|(n, v)| (n.as_str(), v.to_str().unwrap())).collect();
        let own: String = own.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let body = std::str::from_utf8(request.body()).unwrap();
        format!("{} {}\n{own}{body}", request.method(), request.uri())
    }

    /// Returns the message of the `BuildError` of an operation.
    pub(super) fn refused<O: Operation>(operation: &O) -> String {
        Api::new("sk_test_1").unwrap().request(operation).unwrap_err().to_string()
    }

    /// Returns the place and reason in the message of a 200 with this body that the operation's check refuses; `None`
    /// if the operation accepts it.
    pub(super) fn mismatch<O: Operation>(operation: O, body: impl AsRef<[u8]>) -> Option<String> {
        let mut call = CallContext::new(Api::new("sk_test_1").unwrap()).call(operation).unwrap();
        call.step(Duration::ZERO);
        call.on_response(http::Response::new(body.as_ref().to_vec()), Duration::ZERO);
        let error = call.finish().err()?;
        assert!(matches!(error, crate::Error::Decode(_)), "{error}");
        let text = error.to_string();
        let fault = text.split_once(" bytes can't be used: ").unwrap().1;
        Some(fault.strip_suffix("; report it if it persists").unwrap().to_owned())
    }

    /// Decodes a 200 with this body as the operation's output, without its check.
    pub(super) fn responded<O: Operation>(body: impl AsRef<[u8]>) -> Result<O::Output, crate::Error> {
        Api::new("sk_test_1").unwrap().parse::<O>(http::Response::new(body.as_ref().to_vec()))
    }
}
