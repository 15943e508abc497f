//! State machines for tasks that take several calls, without I/O.
//!
//! Clients run them for you, as [`Sessions::pages`](crate::Sessions::pages) and
//! [`Sessions::revoke_all`](crate::Sessions::revoke_all). Use this module only where you drive calls without a client.
//!
//! | you want to | see |
//! |---|---|
//! | list all sessions, page by page | [`Paging`] |
//! | revoke all sessions, several at a time | [`Revoking`] |
//! | revoke all sessions, one by one | [`RevokingOneByOne`], a [`Flow`](crate::call::Flow) |
//!
//! [`Paging`] and [`Revoking`] do not create calls: they return which operation to call, and take its result. So they work with
//! blocking and async code alike:
//!
//! ```
//! use clerk_sessions_core::flows::Paging;
//! use clerk_sessions_core::{Error, ListSessions, Session, SessionList};
//!
//! fn all_sessions(mut list: impl FnMut(ListSessions) -> Result<SessionList, Error>) -> Result<Vec<Session>, Error> {
//!     let mut paging = Paging::new(ListSessions::new().user_id("user_123"));
//!     let mut sessions = Vec::new();
//!     while let Some(page) = paging.next_page() {
//!         sessions.extend(paging.on_page(list(page)?));
//!     }
//!     Ok(sessions)
//! }
//! # let empty = |_: ListSessions| Ok(serde_json::from_str("[]").unwrap());
//! # assert!(all_sessions(empty)?.is_empty());
//! # Ok::<(), Error>(())
//! ```

// `#[inline]` in these files saves compile time: only programs that use this code compile it.

mod listing;
mod one_by_one;
mod paging;
pub(crate) mod revoke_all;
mod revoking;

pub use one_by_one::RevokingOneByOne;
pub use paging::Paging;
pub use revoking::{Revoking, Work};
