//! The suites that cross crates, in one binary.

mod boundaries;
mod conformance;
mod drift;
mod examples;
mod from_env;
mod secrets;
