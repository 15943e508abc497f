//! Verification of session tokens: who is asking, without a request to Clerk for each request.
//!
//! It has all types of `clerk-sessions-auth`, and [`Authenticator`] over reqwest.
//!
//! | you have | call |
//! |---|---|
//! | a client, with the secret key | [`authenticator`] |
//! | only the publishable key | [`public_authenticator`] |
//! | the public key of the instance | [`Verifier::pem`] with [`crypto`] |
//!
//! ```no_run
//! use clerk_sessions_reqwest::auth::{AuthorizedParties, Rules, Verified, authenticator};
//! use clerk_sessions_reqwest::client_from_env;
//!
//! # async fn run(token: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let rules = Rules::new(AuthorizedParties::list(["https://app.example.com"])?);
//! let clerk = authenticator(&client_from_env()?, rules)?;
//!
//! match clerk.verify(token).await? { // `?`: the keys can't be fetched, respond with 503
//!     Ok(Verified::SignedIn(claims)) => println!("hello {}", claims.user_id()),
//!     Ok(Verified::Pending(_)) => println!("finish signing in"),
//!     Err(rejected) => println!("401: {rejected}"),
//! }
//! # Ok(())
//! # }
//! ```

pub use clerk_sessions_auth::*;

use crate::ReqwestTransport;
#[cfg(feature = "rustls")]
use crate::{Client, Error};

/// Verifies session tokens over reqwest. [`authenticator`] and [`public_authenticator`] create one.
///
/// Create it once and clone it: clones share keys and connections.
pub type Authenticator = AsyncAuthenticator<ReqwestTransport>;

/// Authenticates whole requests: bearer tokens, cookies, handshakes and refreshes. Create it with its function `new`, from an
/// [`Authentication`] and a transport.
pub type RequestAuthenticator = AsyncRequestAuthenticator<ReqwestTransport>;

/// The RSA of the rustls that reqwest uses here: aws-lc-rs.
///
/// With the feature `rustls`. With other TLS features, pass another [`Crypto`].
///
/// ```
/// use clerk_sessions_reqwest::auth::{AuthorizedParties, Rules, Verifier, crypto};
///
/// let pem = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBg…";
/// let error = Verifier::pem(pem, crypto(), Rules::new(AuthorizedParties::any())).unwrap_err();
/// assert!(error.to_string().starts_with("pem ")); // the key is checked here, not at the first token
/// ```
#[cfg(feature = "rustls")]
#[must_use]
pub fn crypto() -> Rustls {
    Rustls::new(rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.all)
}

/// Creates an authenticator that fetches keys as this client makes its calls, with its secret key.
///
/// # Errors
/// [`Error::Build`]: the implementation of RSA does not work.
#[cfg(feature = "rustls")]
pub fn authenticator(client: &Client, rules: Rules) -> Result<Authenticator, Error> {
    let verifier = JwksVerifier::new(client.context().clone(), crypto(), rules)?;
    Ok(Authenticator::new(verifier, client.transport().clone()))
}

/// Creates an authenticator that needs no secret key: it fetches keys from the Frontend API that the publishable key names.
///
/// ```no_run
/// use clerk_sessions_reqwest::auth::{AuthorizedParties, Rules, public_authenticator};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let rules = Rules::new(AuthorizedParties::list(["https://app.example.com"])?);
/// let clerk = public_authenticator("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", rules)?;
/// clerk.warm_up().await?; // fetches https://clerk.example.com/.well-known/jwks.json
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Build`]: `publishable_key` is not one (`pk_…`), or reqwest can't be set up, as for [`client`](fn@crate::client).
#[cfg(feature = "rustls")]
pub fn public_authenticator(publishable_key: &str, rules: Rules) -> Result<Authenticator, Error> {
    let verifier = JwksVerifier::public(publishable_key, crypto(), rules)?;
    Ok(Authenticator::new(verifier, ReqwestTransport::builder().build()?))
}
