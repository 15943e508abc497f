//! FakeClerk, suites, examples.

pub mod fake;
pub mod server;
