//! Clerk's Sessions API as a protocol core without I/O.
//!
//! This crate turns each of the seven session operations into an [`http::Request`] and reads the
//! [`http::Response`]. It opens no socket and reads no clock, no environment and no random source:
//! an adapter carries the requests. Most programs want one of those, and get everything here re-exported:
//!
//! - `clerk-sessions-ureq` for blocking programs,
//! - `clerk-sessions-reqwest` for async ones.
//!
//! Use this crate alone to bring another HTTP client, as a [`Transport`] or an [`AsyncTransport`] of
//! your own, or step by step:
//!
//! ```
//! use clerk_sessions_core::{Api, GetSession};
//!
//! let api = Api::new("sk_test_123")?;
//! let request = api.request(&GetSession::new("sess_1"))?;
//! assert_eq!(request.uri(), "https://api.clerk.com/v1/sessions/sess_1");
//!
//! // … any HTTP client sends it, and gives back an http::Response<Vec<u8>> …
//! let answer = http::Response::builder().status(404).body(b"<html>".to_vec()).unwrap();
//! let error = api.parse::<GetSession>(answer).unwrap_err();
//! assert!(error.is_not_found());
//! # Ok::<(), clerk_sessions_core::Error>(())
//! ```
//!
//! # The map
//! | module | what it holds |
//! |---|---|
//! | [`operations`] | the seven operations: what each sends and what it reads |
//! | [`model`] | sessions, tokens, typed ids, times, secrets |
//! | [`caller`] | [`Caller`]: what makes calls, and what they learn from one another |
//! | [`options`], [`retry`] | time limits and retries |
//! | [`observe`] | a look at every attempt |
//! | [`exchange`] | the state machine of one call, and the [`Flow`] trait that the drivers run |
//! | [`transport`] | [`Transport`], [`AsyncTransport`] and the two driver loops |
//! | [`client`] | [`Client`] and [`AsyncClient`] with their `sessions()` |
//! | [`flows`] | machines made of several calls: paging, revoke-all |
//! | [`registry`] | every operation by operationId: JSON in, the server's bytes out |
//! | [`binding`] | the same and the flows as plain data: what bindings to other languages drive |
//! | [`error`] | the one [`Error`] |

pub mod api;
pub mod binding;
pub mod caller;
pub mod client;
pub mod error;
pub mod exchange;
pub mod flows;
pub mod model;
pub mod observe;
pub mod operation;
pub mod operations;
pub mod options;
pub mod registry;
pub mod retry;
pub mod transport;

mod answer;
mod json;
mod limiter;
mod meta;
mod retry_after;
mod shown;

pub use api::{Api, ApiBuilder};
pub use caller::Caller;
pub use client::{AsyncClient, AsyncPages, AsyncSessions, Client, Pages, Sessions};
pub use error::{BuildError, Delivery, Error, ErrorItem, TransportError, TransportErrorKind};
pub use exchange::{Exchange, Flow, RawExchange, Step};
pub use flows::{RevokeAll, RevokeReport};
pub use model::{
    Activity, Actor, ClientId, Cookies, Jwt, OrganizationId, RefreshToken, Refreshed, SecretKey, Session, SessionId,
    SessionList, SessionStatus, SessionTask, SetCookie, TemplateName, Token, TokenFormat, UnixMillis, UserId,
};
pub use observe::Observer;
pub use operation::{Encoder, Meta, Operation, Repeat};
pub use operations::{
    CreateSession, CreateSessionToken, CreateSessionTokenFromTemplate, GetSession, ListSessions, RefreshSession,
    RevokeSession,
};
pub use options::CallOptions;
pub use retry::RetryPolicy;
pub use transport::{AsyncTransport, Transport};

/// The HTTP types of the public API, so that a caller needs no dependency of its own for them.
pub use http;
