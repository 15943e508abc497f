//! The tests of the middleware and the extractors, against FakeClerk in this process.

#![allow(clippy::unwrap_used, reason = "a test may panic outside of the test functions, too")]

mod common;
mod extractors;
mod headers;
mod nesting;
mod pages;
mod requests_for_data;
mod streams;
mod test_auth;
