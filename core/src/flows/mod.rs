//! Machines made of several calls, without I/O: [`Paging`] and [`Revoking`].
//!
//! They say which operation to call next and are told what came of it. The clients run them as `sessions().pages(…)` and
//! `sessions().revoke_all(…)`; bindings reach them through [`binding`](crate::binding).

// `#[inline]` in the files below is for compile time: it leaves this code to those programs that call it.

mod one_by_one;
mod paging;
mod revoking;

pub use one_by_one::RevokingOneByOne;
pub use paging::Paging;
pub use revoking::{RevokeAll, RevokeReport, Revoking, Work};
