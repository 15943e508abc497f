//! Clerk sign-in for axum and other [tower](https://docs.rs/tower-service) services: layers that authenticate requests, and
//! extractors.
//!
//! | you want to | see |
//! |---|---|
//! | let only users pass who are signed in | [`ClerkLayer::required`] |
//! | let everybody pass, and know who it is | [`ClerkLayer::optional`] |
//! | send visitors of a page to the sign-in page | [`ClerkLayer::sign_in_url`] |
//! | read the user in a handler of axum | `SignedIn`, or `Option<SignedIn>` |
//! | ask for a role, permission, feature or plan | `Allowed` with a `Requirement` |
//! | read the user in another tower service | [`Auth::of`] |
//! | know why nobody is signed in, or read the token | [`Auth`] |
//! | log outages, or respond with JSON | [`AuthError`] |
//! | keep a websocket open while its user is signed in | [`LiveSession`] |
//! | test an app or a handler | [`testing::TestAuth`] |
// Its programs need axum.
#![cfg_attr(feature = "axum", doc = "")]
#![cfg_attr(feature = "axum", doc = include_str!("../README.md"))]

mod auth;
mod error;
#[cfg(feature = "axum")]
mod extract;
mod gate;
mod layer;
#[cfg(feature = "axum")]
mod requirement;
mod response_headers;
mod service;
pub mod testing;
mod view;

pub use auth::Auth;
pub use clerk_sessions_auth::{LiveSession, RenewError};
pub use error::AuthError;
#[cfg(feature = "axum")]
pub use extract::SignedIn;
pub use layer::{ClerkLayer, Optional, Required};
#[cfg(feature = "axum")]
pub use requirement::{Allowed, Requirement};
pub use service::ClerkService;
