//! State machines made of several calls, without I/O: [`Paging`] and [`Revoking`].
//!
//! Each says which operation to call next and is told what came of it. The clients run them as `sessions().pages(…)` and
//! `sessions().revoke_all(…)`. Use them directly to drive them with an HTTP client of your own.

// `#[inline]` in the files below is for compile time: it leaves this code to the programs that call it.

mod listing;
mod one_by_one;
mod paging;
pub(crate) mod revoke_all;
mod revoking;

pub use one_by_one::RevokingOneByOne;
pub use paging::Paging;
pub use revoking::{Revoking, Work};
