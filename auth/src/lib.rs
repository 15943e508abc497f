//! Verifies Clerk's session tokens: who is asking, without a request to Clerk for each request.
//!
//! This crate does no I/O, and reads no clock, environment or random source. A transport of `clerk-sessions-core` fetches keys.
//!
//! | you have | see |
//! |---|---|
//! | the public key of the instance | [`Verifier::pem`], [`Verifier::jwks`] |
//! | the secret key, and a client | [`JwksVerifier::new`] with an [`Authenticator`] or [`AsyncAuthenticator`] |
//! | only the publishable key | [`JwksVerifier::public`] with one of both |
//!
//! | you want to | see |
//! |---|---|
//! | read user, session, organization and your own claims | [`Claims`] |
//! | check a role, permission, feature or plan | [`Claims::has`] and [`Has`] |
//! | decide which tokens are accepted | [`Rules`] and [`AuthorizedParties`] |
//! | tell a bad token from an outage | [`Rejected`], a 401, and [`Unavailable`], a 503 |
//! | authenticate whole requests: cookies, handshakes, refreshes | [`Authentication`] with a [`RequestAuthenticator`] or [`AsyncRequestAuthenticator`] |
//! | keep a websocket open while its user is signed in | [`LiveSession`] |
//! | send visitors who are not signed in to the sign-in page | [`SignInPage`] |
//! | test code that takes claims | [`Claims::for_tests`] |
//! | choose the implementation of RSA | [`Crypto`] |
//! | look into a token without verifying it | [`UnverifiedToken`] |
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `aws-lc-rs` | no | `AwsLcRs`, the fastest implementation of RSA |

mod authenticator;
mod base64url;
mod claims;
mod crypto;
mod error;
mod has;
mod json;
mod jwks;
mod key_set;
mod keys;
mod known_headers;
mod live_session;
mod publishable_key;
mod reason;
mod request;
mod request_authenticator;
mod rules;
mod scalar;
#[cfg(test)]
mod testing;
mod time;
mod token;
mod verified_cache;
mod verifier;

pub use authenticator::{AsyncAuthenticator, Authenticator};
pub use claims::{Claims, FactorAges, Organization, TestClaims, TokenActor};
#[cfg(feature = "aws-lc-rs")]
pub use crypto::AwsLcRs;
pub use crypto::{Crypto, PublicKey, Rustls};
pub use error::{Rejected, RequestError, Unavailable};
pub use has::{FactorLevel, Has, Reverification};
pub use jwks::{JwksVerifier, KeySettings, VerifyToken, WarmUp};
pub use keys::RsaKey;
pub use live_session::{LiveSession, RenewError};
pub use publishable_key::PublishableKey;
pub use reason::Reason;
pub use request::{
    AuthenticateRequest, Authentication, AuthenticationBuilder, Identity, OrganizationPatterns, OrganizationTarget,
    Outcome, RequestFacts, RequestView, Satellite, SignInPage,
};
pub use request_authenticator::{AsyncRequestAuthenticator, RequestAuthenticator};
pub use rules::{AuthorizedParties, Rules};
pub use token::{Algorithm, MAX_TOKEN_BYTES, UnverifiedToken};
pub use verifier::{PendingClaims, Verified, Verifier};
