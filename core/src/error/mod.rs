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
        self.response().map(http::Response::status)
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

    /// Whether Clerk responded that what was asked for does not exist: a 404 with an error code, such as `resource_not_found`.
    ///
    /// A 404 without one, as from a proxy or for a wrong base URL, says nothing of the session.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND) && self.code().is_some()
    }

    /// Whether the server's rate limit is the reason: a 429, or a call that was held back for it and not sent. See
    /// [`retry_after`](Self::retry_after).
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        match self {
            Self::Api(error) => error.is_rate_limited(),
            Self::Transport(error) => error.error.kind() == TransportErrorKind::Paused,
            Self::Build(_) | Self::Decode(_) => false,
        }
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
mod tests;
