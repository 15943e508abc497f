//! Machines made of several calls, without I/O: [`Paging`] and [`Revoking`].
//!
//! They say which operation to call next and are told what came of it. The clients run them as `sessions().pages(…)` and
//! `sessions().revoke_all(…)`; a binding runs them over its own calls.

mod paging;
mod revoking;

pub use paging::Paging;
pub use revoking::{RevokeAll, RevokeReport, Revoking, Work};
