//! The data types of the API: sessions, tokens, typed ids, times and secrets.
//!
//! Unknown fields are ignored. An optional field may be absent or `null`. Enums keep values that they do not know. A
//! required field that is missing is an error that names the field.

mod claim;
mod id;
mod open;
mod refreshed;
mod secret;
mod session;
mod session_list;
mod time;
mod token;

pub(crate) use claim::sid_is;
pub use id::{ClientId, OrganizationId, SessionId, TemplateName, UserId};
pub use open::UnknownValue;
pub use refreshed::{Cookies, Refreshed};
pub use secret::{Jwt, RefreshToken, SecretKey, SetCookie};
pub use session::{Activity, Actor, Session, SessionStatus, SessionTask};
pub use session_list::SessionList;
pub use time::UnixMillis;
pub use token::{Token, TokenFormat};

#[cfg(test)]
pub(crate) use claim::tests::token_of;
#[cfg(test)]
pub(crate) use session::tests;
