//! Clerk's Sessions API as a protocol core without I/O.
//!
//! This crate turns each of the seven session operations into an [`http::Request`] and reads the [`http::Response`]. It opens
//! no socket and reads no clock, no environment and no random source: a transport carries the requests. Most programs use
//! one of the adapters, which re-export what is here:
//!
//! - `clerk-sessions-ureq` for blocking programs,
//! - `clerk-sessions-reqwest` for async ones.
//!
//! Use this crate alone to bring another HTTP client, as a [`Transport`](transport::Transport) or an
//! [`AsyncTransport`](transport::AsyncTransport) of your own, or step by step:
//!
//! ```
//! use clerk_sessions_core::{Api, GetSession};
//!
//! let api = Api::new("sk_test_123")?;
//! let request = api.request(&GetSession::new("sess_1"))?;
//! assert_eq!(request.uri(), "https://api.clerk.com/v1/sessions/sess_1");
//!
//! // … any HTTP client sends it, and gives back an http::Response<Vec<u8>> …
//! let response = http::Response::builder().status(404).body(b"<html>".to_vec()).unwrap();
//! let error = api.parse::<GetSession>(response).unwrap_err();
//! assert_eq!(error.status().unwrap(), 404);
//! # Ok::<(), clerk_sessions_core::Error>(())
//! ```
//!
//! # Where to start
//! | you want to | see |
//! |---|---|
//! | call the API | [`Client`] and [`AsyncClient`]; their [`Sessions`] and [`AsyncSessions`] have a method for each operation |
//! | know why a call failed | [`Error`] |
//! | set time limits and retries | [`CallOptions`], [`RetryPolicy`] |
//! | log or measure attempts | [`Observer`] |
//! | set base URL, version, headers | [`ApiBuilder`] |
//! | bring an HTTP client | [`transport`] |
//! | drive calls without a transport trait | [`call`], [`flows`] |
//! | call another endpoint of Clerk's | [`operation`] |
//! | call operations by name, with JSON | [`registry`] |
//!
//! # Features
//! | feature | default | |
//! |---|---|---|
//! | `stream` | | `AsyncPages::into_stream`, a [`Stream`](https://docs.rs/futures-core) of sessions |

mod api;
mod attempt;
mod base_url;
pub mod call;
mod client;
mod error;
pub mod flows;
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

/// HTTP clients: the traits that they implement, and the loops that drive a flow over them.
pub mod transport {
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

/// The HTTP types of the public API, so that a caller needs no dependency of its own for them.
pub use http;
