//! Clerk sign-in for [actix-web](https://docs.rs/actix-web): a middleware and extractors.
//!
//! | you want to | see |
//! |---|---|
//! | let only users pass who are signed in | [`Clerk::required`] |
//! | let everybody pass, and know who it is | [`Clerk::optional`] |
//! | send visitors of a page to the sign-in page | [`Clerk::sign_in_url`] |
//! | read the user in a handler | [`SignedIn`], or `Option<SignedIn>` |
//! | ask for a role, permission, feature or plan | [`Allowed`] with a [`Requirement`] |
//! | read the user in another middleware | [`Auth::of`] |
//! | know why nobody is signed in, or read the token | [`Auth`] |
//! | log outages, or respond with JSON | [`AuthError`] |
//! | keep a websocket open while its user is signed in | [`LiveSession`] |
//! | test an app or a handler | [`testing::TestAuth`] |
#![doc = ""]
#![doc = include_str!("../README.md")]

mod auth;
mod clerk;
mod error;
mod gate;
mod requirement;
mod response_headers;
mod signed_in;
pub mod testing;
mod view;

pub use auth::Auth;
pub use clerk::{Clerk, ClerkService, Optional, Required};
pub use clerk_sessions_auth::{LiveSession, RenewError};
pub use error::AuthError;
pub use requirement::{Allowed, Requirement};
pub use signed_in::SignedIn;
