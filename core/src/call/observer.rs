//! A look at the attempts of calls, for logs and metrics.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::error::TransportError;

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
#[derive(Debug)]
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
            Some(trace_id) => write!(f, " [trace {trace_id}]"),
            None => Ok(()),
        }
    }
}
