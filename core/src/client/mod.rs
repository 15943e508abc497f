//! The blocking and the async client, and the transport traits that they are built on.

mod asynchronous;
mod blocking;
pub(crate) mod head;
mod pages;
mod revoke_all;
#[cfg(feature = "stream")]
mod stream;
pub(crate) mod transport;

#[cfg(test)]
mod flow_tests;
#[cfg(test)]
mod tests;

pub use asynchronous::{AsyncClient, AsyncSessions};
pub use blocking::{Client, Sessions};
pub use pages::{AsyncPages, Pages};
#[cfg(feature = "stream")]
pub use stream::SessionStream;
