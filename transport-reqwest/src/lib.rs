//! An async client for Clerk's Sessions API, over [reqwest].
//!
//! ```no_run
//! use clerk_sessions_reqwest::{ListSessions, SessionStatus, client_from_env};
//!
//! # async fn run() -> Result<(), clerk_sessions_reqwest::Error> {
//! let clerk = client_from_env()?;
//! let active = ListSessions::new().user_id("user_123").status(SessionStatus::Active).limit(100);
//! for session in clerk.sessions().list(active).await? {
//!     println!("{} last active {}", session.id, session.last_active_at);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! It re-exports what callers need of `clerk-sessions-core`, so a program needs no other dependency.
//!
//! It runs inside a tokio runtime with its I/O and time drivers on. Blocking programs have `clerk-sessions-ureq`; to call
//! this one from such a program, hand its futures to a runtime of your own by `block_on`.
//!
//! # Fork
//! In a program that forks, make the client after the fork, in each process. A client that was used before the fork shares its
//! connections with the child: each process then reads responses to requests of the other. A response that names another
//! session or user than the one asked for is an [`Error::Decode`], but not every response names one. A tokio runtime does
//! not work in a child, either.
//!
//! # Runtimes
//! A connection belongs to the runtime in which it was made: its reading is a task there. Use a client, and its clones, in one
//! runtime. In another one, a call may get a kept connection of the first, and gets no response while that runtime stands
//! still, or an error once it has ended. So programs that start a runtime for each task, as tests often do, make a client for
//! each, too, or keep no connections: [`max_idle_connections(0)`](ReqwestTransportBuilder::max_idle_connections).
//!
//! # Features
//! | feature | default | |
//! |---|---|---|
//! | `rustls` | yes | TLS by rustls with aws-lc and the operating system's certificate verifier |
//! | `rustls-no-provider` | | the same with a crypto provider that the program installs |
//! | `native-tls` | | TLS by the operating system's library |
//! | `gzip` | yes | asks for compressed responses |
//! | `http2` | | HTTP/2 where the server offers it, with [pings](ReqwestTransportBuilder#http2); without this feature it is HTTP/1.1, whatever other crates turn on |
//! | `socks` | | proxies that speak SOCKS |
//! | `stream` | | `Pages::into_stream`, a `Stream` of sessions |
//! | `system-proxy` | | the operating system's proxy settings, besides the environment's |

mod adapter;
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

/// All sessions of a list as a stream, from `Pages::into_stream`.
#[cfg(feature = "stream")]
pub type SessionStream<'a> = clerk_sessions_core::SessionStream<'a, ReqwestTransport>;

/// An async client over reqwest. Make one and keep it: clones are cheap and share connections, rate limit and retry budget.
pub type Client = clerk_sessions_core::AsyncClient<ReqwestTransport>;

/// The session operations of a [`Client`], from `client.sessions()`: a method for each.
pub type Sessions<'a> = clerk_sessions_core::AsyncSessions<'a, ReqwestTransport>;

/// All sessions of a list, from `client.sessions().pages(…)`.
pub type Pages<'a> = clerk_sessions_core::AsyncPages<'a, ReqwestTransport>;

/// A client of this API with the defaults of [`ReqwestTransportBuilder`].
///
/// # Errors
/// [`Error::Build`]: reqwest can't be set up, as where TLS needs the system's certificates and there are none.
pub fn client(api: Api) -> Result<Client, Error> {
    Ok(Client::new(api, ReqwestTransport::builder().build()?))
}

/// A client of the instance that the environment names: `CLERK_SECRET_KEY`, and `CLERK_API_URL` where it is set.
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
