//! The tests of several crates together, in one binary.

mod allocations;
mod boundaries;
mod common;
mod conformance;
mod drift;
mod examples;
mod faults;
mod flows;
mod from_env;
mod guides;
mod http2;
mod jwks_simulation;
mod links;
mod modules;
mod proxies;
mod rate_limit;
mod right_session;
mod secrets;
mod signing;
mod simulation;
mod system_calls;
mod tls;
mod token_attacks;
mod token_peer;
mod vectors;
mod verify;
