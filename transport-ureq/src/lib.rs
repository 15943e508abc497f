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
//! It re-exports what callers need of `clerk-sessions-core`, so a program needs no other dependency.
//!
//! Each call blocks its thread. In an async program, use `clerk-sessions-reqwest`, or a thread for blocking work such as
//! tokio's `spawn_blocking`.
//!
//! # Logs
//! These crates log nothing, see [`Observer`]. ureq logs by the `log` crate, without secrets but for one place: at level
//! `TRACE`, the target `ureq_proto` dumps what goes over the wire, the secret key included. Keep that target at `DEBUG`.
//!
//! # Fork
//! In a program that forks, make the client after the fork, in each process. A client that was used before the fork shares its
//! connections with the child: each process then reads responses to requests of the other. A response that names another
//! session or user than the one asked for is an [`Error::Decode`], but not every response names one.
//!
//! # Features
//! | feature | default | |
//! |---|---|---|
//! | `rustls` | yes | TLS by rustls with ring and the root certificates that are compiled in |
//! | `rustls-no-provider` | | the same with a crypto provider that the program installs |
//! | `platform-verifier` | | the operating system's certificate verifier in place of the compiled-in roots; brings no TLS of its own, so use it with another TLS feature |
//! | `native-tls` | | TLS by the operating system's library, where no rustls feature is on |
//! | `gzip` | yes | asks for compressed responses |
//! | `socks-proxy` | | proxies that speak SOCKS |

mod adapter;
mod builder;
mod connect;
mod connection;
mod failure;
mod lookup;
mod proxy;
mod socket;
mod tls;
mod to_proxy;
mod usable;

pub use adapter::UreqTransport;
pub use builder::UreqTransportBuilder;
pub use clerk_sessions_core::{
    Activity, Actor, Api, ApiBuilder, ApiError, Attempt, BuildError, CallFailed, CallOptions, ClientId, Cookies,
    CreateSession, CreateSessionToken, CreateSessionTokenFromTemplate, DecodeError, Delivery, Error, ErrorItem,
    GetSession, Jwt, ListSessions, Mismatch, Observer, OrganizationId, RefreshSession, RefreshToken, Refreshed,
    RetryPolicy, RevokeAll, RevokeReport, RevokeSession, SecretKey, Session, SessionId, SessionList, SessionStatus,
    SessionTask, SetCookie, TemplateName, Token, TokenFormat, TransportError, TransportErrorKind, UnixMillis,
    UnknownValue, UserId, call, flows, http, operation, registry, transport,
};
pub use ureq;

/// A blocking client over ureq. Make one and keep it: clones are cheap and share connections, rate limit and retry budget.
pub type Client = clerk_sessions_core::Client<UreqTransport>;

/// The session operations of a [`Client`], from `client.sessions()`: a method for each.
pub type Sessions<'a> = clerk_sessions_core::Sessions<'a, UreqTransport>;

/// All sessions of a list, from `client.sessions().pages(…)`.
pub type Pages<'a> = clerk_sessions_core::Pages<'a, UreqTransport>;

/// A client of this API with the defaults of [`UreqTransportBuilder`].
///
/// # Errors
/// [`Error::Build`]: ureq can't be set up, as where TLS has no crypto provider.
pub fn client(api: Api) -> Result<Client, Error> {
    Ok(Client::new(api, UreqTransport::builder().build()?))
}

/// A client of the instance that the environment names: `CLERK_SECRET_KEY`, and `CLERK_API_URL` if it is set.
///
/// # Errors
/// [`Error::Build`]: `CLERK_SECRET_KEY` is not set, or either can't be used, see [`ApiBuilder::from_vars`]; or as for
/// [`client`](fn@client).
pub fn client_from_env() -> Result<Client, Error> {
    client(ApiBuilder::from_vars(variable)?.build()?)
}

/// A variable of the environment. One that is not UTF-8 is not taken for unset, but made one that is refused.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
