//! An async client for Clerk's Sessions API, over [reqwest].
//!
//! ```no_run
//! use clerk_sessions_reqwest::{ListSessions, SessionStatus, client_from_env};
//!
//! # async fn run() -> Result<(), clerk_sessions_reqwest::Error> {
//! let clerk = client_from_env()?;
//! let active = ListSessions::new().user_id("user_123").status(SessionStatus::Active).limit(100);
//! for session in clerk.sessions().list(active).await? {
//!     println!("{} last active {}", session.id, session.last_active_at);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Everything of the core is here as well, so this crate is the only dependency a program needs.
//!
//! It runs inside a tokio runtime with its I/O and time drivers on. Blocking programs have `clerk-sessions-ureq`; to call
//! this one from such a program, hand its futures to a runtime of your own by `block_on`.
//!
//! # Features
//! | feature | default | |
//! |---|---|---|
//! | `rustls` | yes | TLS by rustls with aws-lc and the operating system's certificate verifier |
//! | `rustls-no-provider` | | the same with a crypto provider that the program installs |
//! | `native-tls` | | TLS by the operating system's library |
//! | `gzip` | yes | asks for compressed answers |
//! | `http2` | | HTTP/2 where the server offers it |
//! | `socks` | | proxies that speak SOCKS |
//! | `system-proxy` | | the operating system's proxy settings, besides the environment's |

mod adapter;
mod failure;

pub use adapter::{ReqwestTransport, ReqwestTransportBuilder};
pub use clerk_sessions_core::*;
pub use reqwest;

/// A client over reqwest. Cheap to clone: the clones share their connections.
pub type Client = AsyncClient<ReqwestTransport>;

/// A client of this API with the defaults of [`ReqwestTransportBuilder`].
///
/// # Errors
/// [`Error::Build`]: reqwest can't be set up, as where TLS needs the system's certificates and there are none.
pub fn client(api: Api) -> Result<Client, Error> {
    Ok(Client::new(api, ReqwestTransport::builder().build()?))
}

/// A client of the instance that the environment names: `CLERK_SECRET_KEY`, and `CLERK_API_URL` where it is set.
///
/// # Errors
/// [`Error::Build`]: `CLERK_SECRET_KEY` is not set, or either can't be used, see [`ApiBuilder::from_vars`]; or as for
/// [`client`](fn@client).
pub fn client_from_env() -> Result<Client, Error> {
    client(ApiBuilder::from_vars(variable)?.build()?)
}

/// A variable of the environment. One that is not UTF-8 is not taken for unset, but made one that is refused.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
