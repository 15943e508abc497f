//! What the suites and benches of clerk-sessions share. Not published.
//!
//! | module | what it is |
//! |---|---|
//! | `fault` | a server that misbehaves as its script says |
//! | `by_hand` | the models and headers that a user would write instead of the core's |
//! | `canned` | a transport that gives the same response to everything, and responses of usual size |
//! | `conformance` | the table of what all transports do alike, and its runner |
//! | `program` | a program of any language as a subject of that table |
//! | `vectors` | the vectors of token verification, and their runner |

pub mod by_hand;
pub mod canned;
pub mod conformance;
pub mod fault;
pub mod program;
pub mod vectors;

/// The README's code, which is compiled as tests; blocks without `no_run` also run. The suite `guides` checks that no line of it is
/// hidden.
#[doc = include_str!("../../README.md")]
#[cfg(doctest)]
struct Readme;

/// The code of the auth crate's README, in the same way.
#[doc = include_str!("../../auth/README.md")]
#[cfg(doctest)]
struct AuthReadme;

/// The migration guides' examples, which compile as tests. The suite `guides` checks that no guide is missing here.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../../docs/migrating/from-clerk-sdk-ruby.md")]
    struct FromClerkSdkRuby;
    #[doc = include_str!("../../docs/migrating/from-clerk-backend-api.md")]
    struct FromClerkBackendApi;
    #[doc = include_str!("../../docs/migrating/from-clerk-rs.md")]
    struct FromClerkRs;
    #[doc = include_str!("../../docs/migrating/from-clerk-backend-js.md")]
    struct FromClerkBackendJs;
}
