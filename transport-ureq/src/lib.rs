//! A blocking client for Clerk's Sessions API, over [ureq](https://docs.rs/ureq).
//!
//! Each call blocks its thread. For async programs, use `clerk-sessions-reqwest`, or tokio's `spawn_blocking`.
//!
//! ```no_run
//! use clerk_sessions_ureq::{ListSessions, SessionStatus, client_from_env};
//!
//! let clerk = client_from_env()?; // reads CLERK_SECRET_KEY
//! let active = ListSessions::new().user_id("user_123").status(SessionStatus::Active);
//! for session in clerk.sessions().list(active)? {
//!     println!("{} last active {}", session.id, session.last_active_at);
//! }
//! # Ok::<(), clerk_sessions_ureq::Error>(())
//! ```
//!
//! Create one client and clone it: clones share connections, the rate limit and the retry budget.
//!
//! # Where to start
//!
//! | you want to | see |
//! |---|---|
//! | create a client | [`client_from_env`], or [`client`](fn@client) with an [`Api`] |
//! | call the API | [`Client::sessions`](clerk_sessions_core::Client::sessions), which returns [`Sessions`] with [a method for each operation](clerk_sessions_core::Sessions#implementations) |
//! | handle errors | [`Error`] and [the guide to errors](clerk_sessions_core::guide::errors) |
//! | set time limits and retries | [`CallOptions`], [`RetryPolicy`] and [the guide to retries](clerk_sessions_core::guide::retries) |
//! | log or measure each attempt | [`Observer`] |
//! | list all sessions, page by page | [`pages`](clerk_sessions_core::Sessions::pages) |
//! | sign a user out everywhere | [`revoke_all`](clerk_sessions_core::Sessions::revoke_all), [`RevokeAll`] |
//! | set a proxy, TLS, connections, response size | [`UreqTransportBuilder`] |
//! | set the base URL, the API version, more headers | [`ApiBuilder`] |
//! | call another endpoint of Clerk's Backend API | [`operation`] |
//! | verify session tokens | the module `auth`, with the feature `auth` |
//!
//! All types that a program needs are re-exported from `clerk-sessions-core`. You need no dependency on it.
//!
//! # Logs
//!
//! This crate logs nothing; set an [`Observer`] to see the attempts. ureq logs with the crate `log`. At the level `TRACE`, its
//! target `ureq_proto` logs all bytes sent and received, **including the secret key**. Keep that target at `DEBUG`.
//!
//! # Fork
//!
//! In a program that forks, create the client after the fork, in each process. Otherwise the processes share connections, and
//! each may read responses meant for the other. A response for another session or user is an [`Error::Decode`], but not every
//! response names one.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `rustls` | yes | TLS by rustls, with ring and compiled-in root certificates |
//! | `rustls-no-provider` | no | the same, with a crypto provider that the program installs |
//! | `platform-verifier` | no | the certificates of the operating system instead of the compiled-in ones; it adds no TLS, so combine it with another TLS feature |
//! | `native-tls` | no | TLS by the library of the operating system, if no rustls feature is on |
//! | `gzip` | yes | compressed responses |
//! | `auth` | no | the module `auth`, which verifies session tokens |
//! | `socks-proxy` | no | SOCKS proxies |

mod adapter;
#[cfg(feature = "auth")]
pub mod auth;
mod builder;
mod clock;
mod connect;
mod connection;
mod failure;
mod lookup;
mod proxy;
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

/// A blocking client over ureq. [`client_from_env`] and [`client`](fn@client) create one.
///
/// Create it once and clone it: clones are cheap and share connections, the rate limit and the retry budget.
pub type Client = clerk_sessions_core::Client<UreqTransport>;

/// The session operations of a [`Client`]: a method for each. `client.sessions()` returns it.
pub type Sessions<'a> = clerk_sessions_core::Sessions<'a, UreqTransport>;

/// All sessions of a list, page by page. `client.sessions().pages(…)` returns it.
pub type Pages<'a> = clerk_sessions_core::Pages<'a, UreqTransport>;

/// Creates a client for this API, with the defaults of [`UreqTransportBuilder`].
///
/// ```no_run
/// use clerk_sessions_ureq::{Api, client};
///
/// let clerk = client(Api::new("sk_test_123")?)?;
/// println!("{}", clerk.sessions().get("sess_123")?.status);
/// # Ok::<(), clerk_sessions_ureq::Error>(())
/// ```
///
/// # Errors
/// [`Error::Build`]: ureq can't be set up, for example because TLS has no crypto provider.
pub fn client(api: Api) -> Result<Client, Error> {
    Ok(Client::new(api, UreqTransport::builder().build()?))
}

/// Creates a client with the settings of the environment, and the defaults of [`UreqTransportBuilder`].
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `CLERK_SECRET_KEY` | the secret key, such as `sk_test_…` | required |
/// | `CLERK_API_URL` | the URL of the server, without the version | `https://api.clerk.com` |
///
/// # Errors
/// [`Error::Build`]: `CLERK_SECRET_KEY` is not set, or one of the variables is invalid; see [`ApiBuilder::from_vars`]. Or ureq
/// can't be set up, as for [`client`](fn@client).
pub fn client_from_env() -> Result<Client, Error> {
    client(ApiBuilder::from_vars(variable)?.build()?)
}

/// Reads an environment variable. If it is not UTF-8, it returns an invalid value, so that it is an error and not "not set".
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
