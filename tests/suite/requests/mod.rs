//! Shared by the suites about authenticating requests: tokens that are cheap to sign, and a network that is a closure.

pub(crate) mod network;
pub(crate) mod tokens;
