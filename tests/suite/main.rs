//! The tests of several crates together, in one binary.

mod allocations;
mod boundaries;
mod browsers;
mod common;
mod conformance;
mod decision_table;
mod drift;
mod examples;
mod faults;
mod flows;
mod from_env;
mod guides;
mod hostile_requests;
mod http2;
mod links;
mod modules;
mod proxies;
mod rate_limit;
mod requests;
mod right_session;
mod secrets;
mod simulation;
mod system_calls;
mod tls;
mod vectors;
