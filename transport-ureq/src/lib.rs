//! A blocking client for Clerk's Sessions API, over [ureq].
//!
//! ```no_run
//! use clerk_sessions_ureq::{ListSessions, SessionStatus, client_from_env};
//!
//! let clerk = client_from_env()?;
//! let active = ListSessions::new().user_id("user_123").status(SessionStatus::Active).limit(100);
//! for session in clerk.sessions().list(active)? {
//!     println!("{} last active {}", session.id, session.last_active_at);
//! }
//! # Ok::<(), clerk_sessions_ureq::Error>(())
//! ```
//!
//! Everything of the core is here as well, so this crate is the only dependency a program needs.
//!
//! Each call blocks its thread. In an async program, use `clerk-sessions-reqwest`, or a thread for blocking work such as
//! tokio's `spawn_blocking`.
//!
//! # Logs
//! These crates log nothing, see [`Observer`]. ureq logs by the `log` crate, without secrets but for one place: at level
//! `TRACE`, the target `ureq_proto` dumps what goes over the wire, the secret key included. Keep that target at `DEBUG`.
//!
//! # Features
//! | feature | default | |
//! |---|---|---|
//! | `rustls` | yes | TLS by rustls with ring and the root certificates that are compiled in |
//! | `rustls-no-provider` | | the same with a crypto provider that the program installs |
//! | `platform-verifier` | | the operating system's certificate verifier in place of the compiled-in roots; brings no TLS of its own, so use it with another TLS feature |
//! | `native-tls` | | TLS by the operating system's library, where no rustls feature is on |
//! | `gzip` | yes | asks for compressed answers |
//! | `socks-proxy` | | proxies that speak SOCKS |

mod adapter;
mod connect;
mod failure;

pub use adapter::{UreqTransport, UreqTransportBuilder};
pub use clerk_sessions_core::*;
pub use ureq;

/// A client over ureq. Cheap to clone: the clones share their connections.
pub type Client = clerk_sessions_core::Client<UreqTransport>;

/// A client of this API with the defaults of [`UreqTransportBuilder`].
#[must_use]
pub fn client(api: Api) -> Client {
    Client::new(api, UreqTransport::builder().build())
}

/// A client of the instance that the environment names: `CLERK_SECRET_KEY`, and `CLERK_API_URL` where it is set.
///
/// # Errors
/// [`Error::Build`]: `CLERK_SECRET_KEY` is not set, or either can't be used; see [`ApiBuilder::from_vars`].
pub fn client_from_env() -> Result<Client, Error> {
    Ok(client(ApiBuilder::from_vars(variable)?.build()?))
}

/// A variable of the environment. One that is not UTF-8 is not taken for unset, but made one that is refused.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
