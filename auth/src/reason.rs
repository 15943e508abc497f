//! [`Reason`]: the codes that say why a token was rejected.

use std::fmt;

/// Why a token was rejected, as a code. The codes are those of Clerk's own libraries.
///
/// ```
/// use clerk_sessions_auth::Reason;
///
/// assert_eq!(Reason::TokenExpired.as_str(), "token-expired");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// `token-invalid`: the text is not a token, or its header is not acceptable.
    TokenInvalid,
    /// `token-invalid-algorithm`: the algorithm is not RS256, RS384 or RS512.
    TokenInvalidAlgorithm,
    /// `token-invalid-signature`: the key did not sign the token, or the token was changed.
    TokenInvalidSignature,
    /// `token-verification-failed`: the key can't be used for the token, or a claim is missing or has the wrong type or audience.
    TokenVerificationFailed,
    /// `token-invalid-authorized-parties`: the token was made for another origin.
    TokenInvalidAuthorizedParties,
    /// `token-invalid-issuer`: another instance issued the token.
    TokenInvalidIssuer,
    /// `token-expired`: the token is too old.
    TokenExpired,
    /// `token-not-active-yet`: the token becomes valid later. The clock of this machine may be slow.
    TokenNotActiveYet,
    /// `token-iat-in-the-future`: the token was issued later than now. The clock of this machine may be slow.
    TokenIatInTheFuture,
    /// `jwk-kid-mismatch`: the key set has no key with the id that the token names.
    JwkKidMismatch,
    /// `jwk-failed-to-resolve`: the verifier has no key.
    JwkFailedToResolve,
}

impl Reason {
    /// Returns the code, such as `token-expired`. It is stable.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TokenInvalid => "token-invalid",
            Self::TokenInvalidAlgorithm => "token-invalid-algorithm",
            Self::TokenInvalidSignature => "token-invalid-signature",
            Self::TokenVerificationFailed => "token-verification-failed",
            Self::TokenInvalidAuthorizedParties => "token-invalid-authorized-parties",
            Self::TokenInvalidIssuer => "token-invalid-issuer",
            Self::TokenExpired => "token-expired",
            Self::TokenNotActiveYet => "token-not-active-yet",
            Self::TokenIatInTheFuture => "token-iat-in-the-future",
            Self::JwkKidMismatch => "jwk-kid-mismatch",
            Self::JwkFailedToResolve => "jwk-failed-to-resolve",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
