//! Parts of messages that several errors share.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderMap, HeaderName};

/// Prints a status with its name, such as `404 Not Found`.
pub(super) struct Status(pub(super) StatusCode);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())?;
        match self.0.canonical_reason() {
            Some(reason) => write!(f, " {reason}"),
            None => Ok(()),
        }
    }
}

/// Writes the number of attempts, if there was more than one.
pub(super) fn after_attempts(f: &mut fmt::Formatter<'_>, attempts: u32) -> fmt::Result {
    if attempts > 1 { write!(f, ", after {attempts} attempts") } else { Ok(()) }
}

/// Writes a trace id, which is redacted already.
pub(super) fn traced(f: &mut fmt::Formatter<'_>, trace_id: Option<&str>) -> fmt::Result {
    match trace_id {
        Some(trace_id) => write!(f, " [trace {trace_id}]"),
        None => Ok(()),
    }
}

/// Rounds a wait up to whole seconds, so that no message says 0 s for a wait.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}

/// What to do about a failure that may have taken effect, where a second run has another effect.
pub(super) const CHECK_EFFECT: &str = "check whether it took effect before you retry";

/// Returns the trace id in the headers of a response: `Clerk-Trace-Id`, else `cf-ray`.
pub(crate) fn trace_id_of(headers: &HeaderMap) -> Option<&str> {
    const NAMES: [HeaderName; 2] = [HeaderName::from_static("clerk-trace-id"), HeaderName::from_static("cf-ray")];
    NAMES.iter().find_map(|name| headers.get(name)?.to_str().ok())
}
