//! What the suites, examples and benches of clerk-sessions share. Not published.
//!
//! | module | what it is |
//! |---|---|
//! | `fake` | FakeClerk, a stateful Sessions API in memory |
//! | `server` | FakeClerk behind a loopback socket |
//! | `fault` | a server that misbehaves as its script says |
//! | `in_process` | FakeClerk as a transport, without a socket |
//! | `conformance` | the table of what all transports do alike, and its runner |

pub mod canned;
pub mod conformance;
pub mod fake;
pub mod fault;
pub mod in_process;
pub mod program;
pub mod server;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use fake::FakeClerk;

/// Locks a fake. A panic while it was held, as in a test that failed, has left it usable.
fn lock(fake: &Mutex<FakeClerk>) -> MutexGuard<'_, FakeClerk> {
    fake.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The clock for [`FakeClerk::handle`]: Unix milliseconds.
fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// The README's examples, which compile as tests.
#[doc = include_str!("../../README.md")]
#[cfg(doctest)]
struct Readme;
