//! The core of a client for Clerk's Sessions API: typed operations, retries and errors, without I/O.
//!
//! This crate builds the requests and reads the responses. A transport sends them. Most programs use one of the two adapters,
//! which contain a transport and re-export the types of this crate:
//!
//! - `clerk-sessions-ureq` for blocking programs
//! - `clerk-sessions-reqwest` for async programs on tokio
//!
//! Use this crate directly to bring another HTTP client.
//!
//! # Main types
//!
//! With a [transport], create a [`Client`] once and clone it. It has a method for each operation:
//!
//! ```no_run
//! use clerk_sessions_core::transport::Transport;
//! use clerk_sessions_core::{Api, Client, Error, ListSessions, SessionStatus};
//!
//! fn print_active_sessions(transport: impl Transport) -> Result<(), Error> {
//!     let clerk = Client::new(Api::new("sk_test_123")?, transport);
//!     let active = ListSessions::new().user_id("user_123").status(SessionStatus::Active);
//!     for session in clerk.sessions().list(active)? {
//!         println!("{} last active {}", session.id, session.last_active_at);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! | you want to | see |
//! |---|---|
//! | call the API | [`Client`] and [`Sessions`], or [`AsyncClient`] and [`AsyncSessions`] |
//! | handle errors | [`Error`] and [the guide to errors](guide::errors) |
//! | set time limits and retries | [`CallOptions`], [`RetryPolicy`] and [the guide to retries](guide::retries) |
//! | log or measure each attempt | [`Observer`] |
//! | list all sessions, page by page | [`Sessions::pages`], [`AsyncSessions::pages`] |
//! | sign a user out everywhere | [`Sessions::revoke_all`], [`AsyncSessions::revoke_all`] |
//! | set the base URL, the API version, more headers | [`ApiBuilder`] |
//! | use another HTTP client | [the guide to transports](guide::transports) and [`transport`] |
//! | call another endpoint of Clerk's Backend API | [`operation`] |
//! | call operations by name, with JSON | [`registry`] |
//! | drive calls yourself, without a transport | [`call`], [`flows`] |
//!
//! # Without a transport
//!
//! For a single attempt, without retries, [`Api`] builds the request and reads the response:
//!
//! ```
//! use clerk_sessions_core::{Api, GetSession, http};
//!
//! let api = Api::new("sk_test_123")?;
//! let request = api.request(&GetSession::new("sess_1"))?;
//! assert_eq!(request.uri(), "https://api.clerk.com/v1/sessions/sess_1");
//!
//! // Send the request with any HTTP client. It returns an http::Response<Vec<u8>>:
//! let response = http::Response::builder().status(404).body(b"<html>".to_vec()).unwrap();
//! let error = api.parse::<GetSession>(response).unwrap_err();
//! assert_eq!(error.status().unwrap(), 404);
//! # Ok::<(), clerk_sessions_core::Error>(())
//! ```
//!
//! This crate opens no socket and reads no clock, no environment variable and no random source. It logs nothing.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `stream` | no | `AsyncPages::into_stream`: all sessions of a list as a [`Stream`](https://docs.rs/futures-core) |

mod api;
mod attempt;
mod base_url;
pub mod call;
mod client;
mod error;
pub mod flows;
pub mod guide;
mod json;
mod metadata;
mod model;
pub mod operation;
mod operations;
mod redact;
pub mod registry;
mod request;
mod response;
mod retry_after;

pub mod transport {
    //! The traits of an HTTP client, and the functions that drive calls over them.
    //!
    //! | you want to | see |
    //! |---|---|
    //! | write a transport | [the guide](crate::guide::transports), then [`Transport`] or [`AsyncTransport`] |
    //! | limit the head of a response | [`check_head`] |
    //! | run a [`Flow`](crate::call::Flow) over a transport | [`drive`], [`drive_async`] |
    //! | know the time of day | [`WallClock`] |

    pub use crate::client::head::{MAX_HEAD_BYTES, MAX_HEADERS, check_head, head_too_large};
    pub use crate::client::transport::{AsyncTransport, Transport, WallClock, drive, drive_async};
}

pub use api::{Api, ApiBuilder};
pub use attempt::{Delivery, TransportErrorKind};
pub use call::observer::{Attempt, Observer};
pub use call::options::CallOptions;
pub use call::retry::RetryPolicy;
#[cfg(feature = "stream")]
pub use client::SessionStream;
pub use client::{AsyncClient, AsyncPages, AsyncSessions, Client, Pages, Sessions};
pub use error::{ApiError, BuildError, CallFailed, DecodeError, Error, ErrorItem, Mismatch, TransportError};
pub use flows::revoke_all::{RevokeAll, RevokeReport};
pub use model::{
    Activity, Actor, ClientId, Cookies, Jwt, OrganizationId, RefreshToken, Refreshed, SecretKey, Session, SessionId,
    SessionList, SessionStatus, SessionTask, SetCookie, TemplateName, Token, TokenFormat, UnixMillis, UnknownValue,
    UserId,
};
pub use operations::{
    CreateSession, CreateSessionToken, CreateSessionTokenFromTemplate, GetSession, ListSessions, RefreshSession,
    RevokeSession,
};

/// The crate `http`, whose types are part of this API. You need no dependency on it.
pub use http;
