//! A look at the attempts of calls, for logs and metrics.

use std::fmt;
use std::time::Duration;

use http::{Request, StatusCode};

use crate::api::Api;
use crate::error::TransportError;
use crate::redact::Secrets;

/// Is told of each attempt of each call. Set with [`Client::with_observer`](crate::Client::with_observer).
///
/// It is called on the thread that makes the call, between two attempts: it had better be quick.
///
/// ```
/// use clerk_sessions_core::{Attempt, Observer};
///
/// struct Log;
///
/// impl Observer for Log {
///     fn attempted(&self, attempt: &Attempt<'_>) {
///         // Such as: tracing::info!(operation = attempt.operation, attempt = attempt.number, "{attempt}")
///         eprintln!("{attempt}");
///     }
/// }
/// ```
pub trait Observer: Send + Sync {
    /// An attempt has ended.
    fn attempted(&self, attempt: &Attempt<'_>);
}

/// One attempt of a call. It holds no body and no query. Neither its `Display` nor its `Debug` text shows a secret of the call.
#[non_exhaustive]
pub struct Attempt<'a> {
    /// The operationId, such as `GetSession`.
    pub operation: &'static str,
    /// Which attempt of the call, the first being 1.
    pub number: u32,
    /// What came of it: the status of a response, or why there was none.
    pub outcome: Result<StatusCode, &'a TransportError>,
    /// How long it took.
    pub duration: Duration,
    /// How long the call waits before the next attempt; `None` if this was the last.
    pub wait: Option<Duration>,
    /// The trace id of the response, on one line of 200 characters at most. What looks like a key or a token, and what the call
    /// sent as a secret, is redacted.
    pub trace_id: Option<&'a str>,
    pub(super) sent: Sent<'a>,
}

/// What was sent, from which the secrets of the call are collected when something is printed.
#[derive(Clone, Copy)]
pub(super) struct Sent<'a> {
    pub(super) api: &'a Api,
    /// Without the headers that all requests carry.
    pub(super) request: &'a Request<Vec<u8>>,
}

impl Sent<'_> {
    pub(super) fn secrets(&self) -> Secrets {
        Secrets::of(&self.api.headers(self.request), self.request.body())
    }
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secrets = self.sent.secrets();
        f.debug_struct("Attempt")
            .field("operation", &self.operation)
            .field("number", &self.number)
            .field("outcome", &self.outcome)
            .field("duration", &self.duration)
            .field("wait", &self.wait)
            .field("trace_id", &self.trace_id.map(|trace_id| secrets.redacted(trace_id)))
            .finish()
    }
}

impl fmt::Display for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} attempt {}: ", self.operation, self.number)?;
        match self.outcome {
            Ok(status) => f.write_str(status.as_str())?,
            Err(error) => f.write_str(error.kind().as_str())?,
        }
        write!(f, " in {} ms", self.duration.as_millis())?;
        if let Some(wait) = self.wait {
            write!(f, ", next in {} ms", wait.as_millis())?;
        }
        match self.trace_id {
            Some(trace_id) => write!(f, " [trace {}]", self.sent.secrets().redact(trace_id)),
            None => Ok(()),
        }
    }
}
