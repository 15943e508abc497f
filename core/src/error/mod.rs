//! The one [`Error`]: what failed, why, and what can be done about it.
//!
//! No message, `Debug` output or source holds a secret key, a token or a body. Where the server echoes what the call sent as a
//! secret, it is redacted, also if it is percent-encoded or cut; so is whatever else looks like a key or a token. Secrets are the
//! values of headers and fields whose names say so, such as `authorization`, `cookie` and `refresh_token`, if they have at least
//! six characters. What the server sent is there for whoever asks: [`Error::body`], [`ErrorItem::message`].

mod api;
mod build;
mod decode;
mod item;
mod report;
mod text;
mod transport;

use std::fmt;
use std::time::Duration;

use http::StatusCode;

pub use api::ApiError;
pub use build::BuildError;
pub use decode::{DecodeError, Mismatch};
pub use item::ErrorItem;
pub(crate) use text::trace_id_of;
pub use transport::{CallFailed, TransportError};

use crate::attempt::{AttemptOutcome, Delivery, TransportErrorKind};
use crate::metadata::{Idempotency, Metadata};

/// Why a call did not return what was asked for.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The call could not be made of what was given. Nothing was sent.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The server responded, with a status that is not 2xx.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// The server responded with 2xx and a body that can't be read as what was asked for.
    #[error(transparent)]
    Decode(Box<DecodeError>),
    /// No complete response came.
    #[error(transparent)]
    Transport(Box<CallFailed>),
}

impl Error {
    /// The operationId of the call, such as `GetSession`; `None` where no call was being made.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.metadata().map(|metadata| metadata.id)
    }

    /// What kind of error it is, as a stable word for logs and other languages: `build`, `api`, `decode` or `transport`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Build(_) => "build",
            Self::Api(_) => "api",
            Self::Decode(_) => "decode",
            Self::Transport(_) => "transport",
        }
    }

    /// The status of the response, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Api(error) => Some(error.response.status()),
            Self::Decode(error) => Some(error.response.status()),
            Self::Build(_) | Self::Transport(_) => None,
        }
    }

    /// The code of the first error that the server named, such as `resource_not_found`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Api(error) => error.code(),
            _ => None,
        }
    }

    /// The errors that the server named; empty where it named none or did not send JSON.
    #[must_use]
    pub fn errors(&self) -> &[ErrorItem] {
        match self {
            Self::Api(error) => &error.errors,
            _ => &[],
        }
    }

    /// What to tell Clerk's support: the response's `clerk_trace_id`, or its `Clerk-Trace-Id` or `cf-ray` header.
    ///
    /// It is fit to be printed: on one line, cut at 200 characters, and redacted like a message. A trace id of Clerk's is not
    /// changed by that. [`response`](Self::response) has it as it came.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        match self {
            Self::Api(error) => error.trace_id.as_deref(),
            Self::Decode(error) => error.trace_id.as_deref(),
            Self::Build(_) | Self::Transport(_) => None,
        }
    }

    /// How long the server asked to be left alone: the response's `Retry-After`, or what is left of a pause for the sake of
    /// which nothing was sent.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api(error) => error.retry_after,
            Self::Transport(error) => error.retry_after,
            Self::Build(_) | Self::Decode(_) => None,
        }
    }

    /// The body of the response as it came, if there was one. It may hold a token.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.response().map(|response| &**response.body())
    }

    /// The response as it came, if there was one.
    #[must_use]
    pub fn response(&self) -> Option<&http::Response<Vec<u8>>> {
        match self {
            Self::Api(error) => Some(&error.response),
            Self::Decode(error) => Some(&error.response),
            Self::Build(_) | Self::Transport(_) => None,
        }
    }

    /// The place in the JSON that could not be read, such as `[3].client_id`.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Decode(error) => Some(&error.fault.path),
            _ => None,
        }
    }

    /// How often the request was sent, or tried to be; 0 if it was refused before.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        match self {
            Self::Build(_) => 0,
            Self::Api(error) => error.attempts,
            Self::Decode(error) => error.attempts,
            Self::Transport(error) => error.attempts,
        }
    }

    /// Whether the server may have processed the call, by this or an earlier attempt.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Build(_) => Delivery::NotSent,
            Self::Transport(error) => error.delivery,
            Self::Api(error) => error.delivery,
            Self::Decode(_) => Delivery::MaybeSent,
        }
    }

    /// Whether the same call may succeed later, and may be made again without doing something twice: the table of
    /// [`RetryPolicy`](crate::RetryPolicy).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let outcome = match self {
            Self::Build(_) | Self::Decode(_) => return false,
            Self::Api(error) => AttemptOutcome::Response(error.response.status()),
            Self::Transport(error) => AttemptOutcome::Failure(error.error.kind(), error.delivery),
        };
        self.metadata().is_some_and(|metadata| {
            let twice = metadata.idempotency == Idempotency::NotIdempotent && self.delivery() == Delivery::MaybeSent;
            outcome.may_be_repeated(metadata.idempotency) && !twice
        })
    }

    /// Whether a time limit ran out, on this side or (408, 504) on the server's.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Transport(error) => error.error.kind() == TransportErrorKind::Timeout,
            _ => matches!(self.status(), Some(StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT)),
        }
    }

    /// Whether the server responded with 404: what was asked for does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Api(_)) && self.status() == Some(StatusCode::NOT_FOUND)
    }

    /// Whether the operator has to act: the secret key is wrong, or of an instance that is no more.
    ///
    /// The other 401 there is, a refresh that was refused, is told by [`needs_handshake`](Self::needs_handshake).
    #[must_use]
    pub fn is_secret_key_invalid(&self) -> bool {
        matches!(self, Self::Api(error) if error.is_secret_key_invalid())
    }

    /// Whether a refresh was refused because of what the browser holds, so that the handshake is the way on.
    #[must_use]
    pub fn needs_handshake(&self) -> bool {
        matches!(self, Self::Api(error) if error.needs_handshake())
    }

    fn metadata(&self) -> Option<&'static Metadata> {
        match self {
            Self::Build(error) => error.metadata,
            Self::Api(error) => Some(error.metadata),
            Self::Decode(error) => Some(error.metadata),
            Self::Transport(error) => Some(error.metadata),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(error) => error.fmt(f),
            Self::Api(error) => error.fmt(f),
            Self::Decode(error) => error.fmt(f),
            Self::Transport(error) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;
    use crate::{CreateSession, CreateSessionToken, GetSession, RefreshSession};

    fn responded<O: Operation>(status: u16, headers: &[(&str, &str)], body: &str) -> Error {
        let mut response = http::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let response = response.body(body.as_bytes().to_vec()).unwrap();
        crate::response::read::<O>(response).err().unwrap()
    }

    fn coded<O: Operation>(status: u16, code: &str) -> Error {
        responded::<O>(status, &[], &format!(r#"{{"errors":[{{"message":"m","long_message":"l","code":"{code}"}}]}}"#))
    }

    #[test]
    fn an_error_response_is_read_completely() {
        let body = r#"{"errors":[{"message":"is invalid","long_message":"limit is invalid","code":"form_param_value_invalid",
            "meta":{"param_name":"limit"}},{"code":"other"}],"meta":{"a":1},"clerk_trace_id":"trace_1"}"#;
        let error = responded::<GetSession>(422, &[("cf-ray", "ray"), ("clerk-trace-id", "header")], body);
        assert_eq!((error.kind(), error.operation()), ("api", Some("GetSession")));
        assert_eq!(error.status().unwrap(), 422);
        assert_eq!(error.code(), Some("form_param_value_invalid"));
        assert_eq!(error.errors().len(), 2);
        assert_eq!(error.errors()[0].message(), Some("is invalid"));
        assert_eq!(error.errors()[0].long_message(), Some("limit is invalid"));
        assert_eq!(error.errors()[0].param_name(), Some("limit"));
        assert_eq!(error.errors()[1].message(), None);
        assert_eq!(error.trace_id(), Some("trace_1"));
        assert_eq!(error.body(), Some(body.as_bytes()));
        assert_eq!(error.attempts(), 1);
        assert_eq!(
            error.to_string(),
            "GetSession: 422 Unprocessable Entity, form_param_value_invalid (limit): limit is invalid (and 1 more error) \
             [trace trace_1]"
        );
    }

    #[test]
    fn any_body_makes_an_api_error() {
        let deep = "[".repeat(5000);
        for body in [
            "",
            "<html>502</html>",
            "{\"errors\":[{\"mess",
            "null",
            "[]",
            "7",
            "{}",
            r#"{"errors":null}"#,
            r#"{"errors":7}"#,
            r#"{"errors":[]}"#,
            r#"{"errors":[null,7,"x",{}]}"#,
            r#"{"errors":[{"code":7,"message":null}],"clerk_trace_id":7}"#,
            "\u{feff}{}",
            deep.as_str(),
        ] {
            let error = responded::<GetSession>(502, &[("cf-ray", "ray_1")], body);
            assert!(matches!(error, Error::Api(_)), "{body}");
            assert_eq!(error.code(), None);
            assert_eq!(error.trace_id(), Some("ray_1"));
            assert_eq!(error.body(), Some(body.as_bytes()));
            assert!(error.to_string().starts_with("GetSession: 502 Bad Gateway"), "{error}");
            assert_eq!(error.to_string().lines().count(), 1);
        }
        let error = responded::<GetSession>(500, &[], "");
        assert_eq!(error.to_string(), "GetSession: 500 Internal Server Error, with no error that could be read");
    }

    #[test]
    fn every_status_but_2xx_is_an_api_error() {
        for status in [100, 199, 300, 301, 302, 304, 307, 399, 400, 404, 499, 500, 599, 999] {
            assert!(matches!(coded::<GetSession>(status, "x"), Error::Api(_)), "{status}");
        }
        for status in [200, 201, 204, 299] {
            assert!(matches!(responded::<GetSession>(status, &[], ""), Error::Decode(_)), "{status}");
        }
    }

    #[test]
    fn the_two_kinds_of_401_are_told_apart() {
        for code in api::KEY_INVALID {
            let error = coded::<RefreshSession>(401, code);
            assert!(error.is_secret_key_invalid() && !error.needs_handshake(), "{code}");
            assert!(error.to_string().ends_with("; check the secret key"), "{error}");
        }
        for code in ["expired_session_token_invalid", "refresh_token_not_found", "a_code_of_next_year"] {
            let error = coded::<RefreshSession>(401, code);
            assert!(!error.is_secret_key_invalid() && error.needs_handshake(), "{code}");
            assert!(!coded::<GetSession>(401, code).needs_handshake(), "only a refresh");
            assert!(!coded::<RefreshSession>(400, code).needs_handshake(), "only a 401");
        }
        let unnamed = responded::<RefreshSession>(401, &[], "<html>");
        assert!(!unnamed.is_secret_key_invalid() && !unnamed.needs_handshake(), "it could be either");
    }

    #[test]
    fn what_may_be_sent_again_is_told() {
        for (status, get, create) in [
            (400, false, false),
            (401, false, false),
            (404, false, false),
            (408, true, false),
            (409, false, false),
            (429, true, true),
            (500, true, false),
            (501, false, false),
            (502, true, false),
            (503, true, false),
            (504, true, false),
        ] {
            assert_eq!(coded::<GetSession>(status, "x").is_retryable(), get, "{status}");
            assert_eq!(coded::<CreateSession>(status, "x").is_retryable(), create, "{status}");
        }
    }

    #[test]
    fn a_timeout_and_a_404_are_told_apart() {
        for (status, is_not_found, is_timeout) in
            [(404, true, false), (408, false, true), (504, false, true), (500, false, false)]
        {
            let error = coded::<GetSession>(status, "x");
            assert_eq!((error.is_not_found(), error.is_timeout()), (is_not_found, is_timeout), "{status}");
        }
    }

    #[test]
    fn retry_after_is_told() {
        let error = responded::<GetSession>(429, &[("retry-after", "7")], "");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert!(error.to_string().ends_with("; the server asks to wait 7 s"), "{error}");
    }

    #[test]
    fn no_secret_of_a_response_is_printed() {
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2ln";
        let shown = |error: Error| format!("{error} {error:?} {error:#?}");
        for body in [
            format!(r#"{{"object":"token","jwt":["{token}"]}}"#),
            format!(r#""{token}""#),
            format!(r#"{{"object":"token","JWT":"{token}"}}"#),
        ] {
            let error = responded::<CreateSessionToken>(200, &[("x-token", token)], &body);
            assert!(error.body().unwrap().windows(token.len()).any(|window| window == token.as_bytes()));
            assert!(!shown(error).contains("eyJ"), "{body}");
        }
        let echo = format!(r#"{{"errors":[{{"message":"bad Bearer sk_test_hidden in \"{token}\"","code":"c"}}]}}"#);
        let error = shown(responded::<GetSession>(400, &[], &echo));
        assert!(!error.contains("hidden") && !error.contains("eyJ"), "{error}");
        assert!(error.contains("bad Bearer [redacted] in \"[redacted]\""), "{error}");
    }

    #[test]
    fn a_message_of_the_server_stays_one_short_line() {
        let long = format!(r#"{{"errors":[{{"message":"a\nb\u001b[31m{}","code":"c\nd"}}]}}"#, "x".repeat(10_000));
        let text = responded::<GetSession>(400, &[], &long).to_string();
        assert!(text.len() < 400, "{}", text.len());
        assert!(!text.contains(char::is_control), "{text}");
    }
}
