//! What the suites and benches of clerk-sessions share. Not published.
//!
//! | module | what it is |
//! |---|---|
//! | `fault` | a server that misbehaves as its script says |
//! | `by_hand` | the models and headers that a user would write instead of the core's |
//! | `canned` | a transport that gives the same response to everything, and responses of usual size |
//! | `conformance` | the table of what all transports do alike, and its runner |
//! | `program` | a program of any language as a subject of that table |

pub mod by_hand;
pub mod canned;
pub mod conformance;
pub mod fault;
pub mod program;

/// The README's examples, which compile as tests.
#[doc = include_str!("../../README.md")]
#[cfg(doctest)]
struct Readme;
