//! An async client for Clerk's Sessions API, over [reqwest](https://docs.rs/reqwest).
//!
//! It runs inside a tokio runtime with I/O and time enabled. For blocking programs, use `clerk-sessions-ureq`.
//!
//! ```no_run
//! use clerk_sessions_reqwest::{ListSessions, SessionStatus, client_from_env};
//!
//! # async fn run() -> Result<(), clerk_sessions_reqwest::Error> {
//! let clerk = client_from_env()?; // reads CLERK_SECRET_KEY
//! let active = ListSessions::new().user_id("user_123").status(SessionStatus::Active);
//! for session in clerk.sessions().list(active).await? {
//!     println!("{} last active {}", session.id, session.last_active_at);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Create one client and clone it: clones share connections, the rate limit and the retry budget.
//!
//! # Where to start
//!
//! | you want to | see |
//! |---|---|
//! | create a client | [`client_from_env`], or [`client`](fn@client) with an [`Api`] |
//! | call the API | [`Client::sessions`](clerk_sessions_core::AsyncClient::sessions), which returns [`Sessions`] with [a method for each operation](clerk_sessions_core::AsyncSessions#implementations) |
//! | handle errors | [`Error`] and [the guide to errors](clerk_sessions_core::guide::errors) |
//! | set time limits and retries | [`CallOptions`], [`RetryPolicy`] and [the guide to retries](clerk_sessions_core::guide::retries) |
//! | log or measure each attempt | [`Observer`] |
//! | list all sessions, page by page | [`pages`](clerk_sessions_core::AsyncSessions::pages) |
//! | sign a user out everywhere | [`revoke_all`](clerk_sessions_core::AsyncSessions::revoke_all), [`RevokeAll`] |
//! | set a proxy, TLS, connections, response size | [`ReqwestTransportBuilder`] |
//! | set the base URL, the API version, more headers | [`ApiBuilder`] |
//! | call another endpoint of Clerk's Backend API | [`operation`] |
//! | verify session tokens | the module `auth`, with the feature `auth` |
//!
//! All types that a program needs are re-exported from `clerk-sessions-core`. You need no dependency on it.
//!
//! # One runtime
//!
//! Use a client and its clones in one tokio runtime. A connection belongs to the runtime in which it was made. In another
//! runtime, a call may get a kept connection of the first. Then it gets no response while the first runtime is idle, and an
//! error after it has ended.
//!
//! Programs that start a runtime for each task, as many tests do, should create a client for each runtime. Or keep no
//! connections: [`max_idle_connections(0)`](ReqwestTransportBuilder::max_idle_connections).
//!
//! To use this crate in a blocking program, run its futures with `block_on` of a runtime of your own.
//!
//! # Logs
//!
//! This crate logs nothing; set an [`Observer`] to see the attempts. reqwest logs with the crate `log`: the hosts and proxies that it
//! connects to, and no headers and no bodies. But if [`configure`](ReqwestTransportBuilder::configure) turns on reqwest's
//! `connection_verbose`, its target `reqwest::connect::verbose` logs all bytes sent and received at the level `TRACE`, **including
//! the secret key**. Then keep that target at `DEBUG`.
//!
//! # Fork
//!
//! In a program that forks, create the client after the fork, in each process. Otherwise the processes share connections, and
//! each may read responses meant for the other. A response for another session or user is an [`Error::Decode`], but not every
//! response names one. Also, a tokio runtime does not work in a forked child.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `rustls` | yes | TLS by rustls, with aws-lc and the certificates of the operating system |
//! | `rustls-no-provider` | no | the same, with a crypto provider that the program installs |
//! | `native-tls` | no | TLS by the library of the operating system |
//! | `gzip` | yes | compressed responses |
//! | `auth` | no | the module `auth`, which verifies session tokens |
//! | `http2` | no | HTTP/2, if the server offers it, with [pings](ReqwestTransportBuilder#http2); without this feature, HTTP/1.1 only |
//! | `socks` | no | SOCKS proxies |
//! | `stream` | no | `Pages::into_stream`: all sessions of a list as a `Stream` |
//! | `system-proxy` | no | the proxy settings of the operating system, in addition to the environment |

mod adapter;
#[cfg(feature = "auth")]
pub mod auth;
mod builder;
mod failure;
mod http2;
mod proxy;
mod url;

pub use adapter::ReqwestTransport;
pub use builder::ReqwestTransportBuilder;
pub use clerk_sessions_core::{
    Activity, Actor, Api, ApiBuilder, ApiError, Attempt, BuildError, CallFailed, CallOptions, ClientId, Cookies,
    CreateSession, CreateSessionToken, CreateSessionTokenFromTemplate, DecodeError, Delivery, Error, ErrorItem,
    GetSession, Jwt, ListSessions, Mismatch, Observer, OrganizationId, RefreshSession, RefreshToken, Refreshed,
    RetryPolicy, RevokeAll, RevokeReport, RevokeSession, SecretKey, Session, SessionId, SessionList, SessionStatus,
    SessionTask, SetCookie, TemplateName, Token, TokenFormat, TransportError, TransportErrorKind, UnixMillis,
    UnknownValue, UserId, call, flows, http, operation, registry, transport,
};
pub use reqwest;

/// All sessions of a list as a `Stream`. [`Pages::into_stream`](clerk_sessions_core::AsyncPages::into_stream) returns it.
///
/// It borrows the client. For a spawned task, move a clone of the client into the task, and call `pages` there.
#[cfg(feature = "stream")]
pub type SessionStream<'a> = clerk_sessions_core::SessionStream<'a, ReqwestTransport>;

/// An async client over reqwest. [`client_from_env`] and [`client`](fn@client) create one.
///
/// Create it once and clone it: clones are cheap and share connections, the rate limit and the retry budget.
pub type Client = clerk_sessions_core::AsyncClient<ReqwestTransport>;

/// The session operations of a [`Client`]: a method for each. `client.sessions()` returns it.
pub type Sessions<'a> = clerk_sessions_core::AsyncSessions<'a, ReqwestTransport>;

/// All sessions of a list, page by page. `client.sessions().pages(…)` returns it.
pub type Pages<'a> = clerk_sessions_core::AsyncPages<'a, ReqwestTransport>;

/// Creates a client for this API, with the defaults of [`ReqwestTransportBuilder`].
///
/// ```no_run
/// use clerk_sessions_reqwest::{Api, client};
///
/// # async fn run() -> Result<(), clerk_sessions_reqwest::Error> {
/// let clerk = client(Api::new("sk_test_123")?)?;
/// println!("{}", clerk.sessions().get("sess_123").await?.status);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Build`]: reqwest can't be set up, for example because TLS needs the certificates of the operating system, and there
/// are none.
pub fn client(api: Api) -> Result<Client, Error> {
    Ok(Client::new(api, ReqwestTransport::builder().build()?))
}

/// Creates a client with the settings of the environment, and the defaults of [`ReqwestTransportBuilder`].
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `CLERK_SECRET_KEY` | the secret key, such as `sk_test_…` | required |
/// | `CLERK_API_URL` | the URL of the server, without the version | `https://api.clerk.com` |
///
/// # Errors
/// [`Error::Build`]: `CLERK_SECRET_KEY` is not set, or one of the variables is invalid; see [`ApiBuilder::from_vars`]. Or reqwest
/// can't be set up, as for [`client`](fn@client).
pub fn client_from_env() -> Result<Client, Error> {
    client(ApiBuilder::from_vars(variable)?.build()?)
}

/// Reads an environment variable. If it is not UTF-8, it returns an invalid value, so that it is an error and not "not set".
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
