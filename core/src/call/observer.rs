//! [`Observer`], which receives each attempt of each call, for logs and metrics.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::error::TransportError;

/// Receives each attempt of each call, for logs and metrics.
///
/// Set it with [`Client::with_observer`](crate::Client::with_observer) or
/// [`AsyncClient::with_observer`](crate::AsyncClient::with_observer). It runs on the thread of the call, and the call waits for
/// it, so it should be quick. A call that fails without an attempt is not observed.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use clerk_sessions_core::transport::Transport;
/// use clerk_sessions_core::{Attempt, Client, Observer};
///
/// #[derive(Default)]
/// struct Metrics {
///     attempts: AtomicU64,
///     retries: AtomicU64,
/// }
///
/// struct Observe(Arc<Metrics>);
///
/// impl Observer for Observe {
///     fn attempted(&self, attempt: &Attempt<'_>) {
///         self.0.attempts.fetch_add(1, Ordering::Relaxed);
///         if attempt.wait.is_some() {
///             self.0.retries.fetch_add(1, Ordering::Relaxed);
///         }
///         // GetSession attempt 1: 503 in 12 ms, next in 140 ms [trace 8f2c]
///         eprintln!("{attempt}");
///     }
/// }
///
/// fn observed<T: Transport>(clerk: Client<T>, metrics: &Arc<Metrics>) -> Client<T> {
///     clerk.with_observer(Observe(Arc::clone(metrics)))
/// }
/// # let metrics = Arc::new(Metrics::default());
/// # use clerk_sessions_core::call::{CallContext, Flow, Step};
/// # use clerk_sessions_core::{Api, GetSession, http::Response};
/// # let context = CallContext::new(Api::new("sk_test_123")?).with_observer(Observe(Arc::clone(&metrics)));
/// # let mut call = context.call(GetSession::new("sess_1"))?;
/// # assert!(matches!(call.step(Default::default()), Step::Send { .. }));
/// # call.on_response(Response::builder().status(503).body(Vec::new()).unwrap(), Default::default());
/// # assert_eq!((metrics.attempts.load(Ordering::Relaxed), metrics.retries.load(Ordering::Relaxed)), (1, 1));
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
pub trait Observer: Send + Sync {
    /// Called after each attempt.
    fn attempted(&self, attempt: &Attempt<'_>);
}

/// One attempt of a call, for an [`Observer`].
///
/// Its `Display` text is one line for a log, such as `GetSession attempt 1: 503 in 12 ms, next in 140 ms [trace 8f2c]`, or, without
/// a complete response, `GetSession attempt 2: failed (connect) after 3 ms`. It holds no body and no query, and neither its
/// `Display` nor its `Debug` text shows a secret of the call.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt<'a> {
    /// The operationId, such as `GetSession`.
    pub operation: &'static str,
    /// The number of the attempt within the call, from 1.
    pub number: u32,
    /// The status of the response, or why no complete response arrived.
    pub outcome: Result<StatusCode, &'a TransportError>,
    /// How long the attempt took.
    pub duration: Duration,
    /// How long the call waits before the next attempt, or `None` if it was the last.
    pub wait: Option<Duration>,
    /// The trace id of the response, for Clerk's support. It is redacted, and cut to one line of 200 characters.
    pub trace_id: Option<&'a str>,
}

impl fmt::Display for Attempt<'_> {
    #[inline] // Only a program with an observer that logs compiles it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} attempt {}: ", self.operation, self.number)?;
        let took = self.duration.as_millis();
        match self.outcome {
            Ok(status) => write!(f, "{} in {took} ms", status.as_str())?,
            // "connect in 0 ms" would read like a success.
            Err(error) => write!(f, "failed ({}) after {took} ms", error.kind().as_str())?,
        }
        if let Some(wait) = self.wait {
            write!(f, ", next in {} ms", wait.as_millis())?;
        }
        match self.trace_id {
            Some(trace_id) => write!(f, " [trace {trace_id}]"),
            None => Ok(()),
        }
    }
}
