//! [`Verifier`]: verifies tokens with keys that are known when it is made.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use clerk_sessions_core::operation::decode;
use clerk_sessions_core::{BuildError, Error};

use crate::claims::Claims;
use crate::crypto::{self, Crypto};
use crate::error::Rejected;
use crate::key_set::{Key, KeyDocument, KeySet};
use crate::keys::pem;
use crate::known_headers::KnownHeaders;
use crate::reason::Reason;
use crate::rules::Rules;
use crate::token::{Algorithm, Header, Parts, is_of_session};
use crate::verified_cache::VerifiedCache;

/// What a token that passed every check says. `match` it: a pending session is not a signed-in one.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
#[allow(clippy::exhaustive_enums)] // A program that misses a case must not compile.
pub enum Verified {
    /// The user is signed in: the status of the session, the claim `sts`, is `active`, or the token has none.
    SignedIn(Claims),
    /// The user has signed in, but must finish a task first, such as choosing an organization. Treat the request as signed out,
    /// or send the user to the task. A session of any other status than `active` is pending, too: a status that Clerk adds may mean
    /// anything.
    Pending(PendingClaims),
}

impl Verified {
    /// Sorts claims that are trusted, such as those that a gateway in front of this program has verified.
    pub fn from_trusted(claims: Claims) -> Self {
        Self::new(claims)
    }

    pub(crate) fn new(claims: Claims) -> Self {
        // Clerk may add a status, and nobody knows what it will mean: it must not admit a user by accident.
        if claims.has_active_session() { Self::SignedIn(claims) } else { Self::Pending(PendingClaims(claims)) }
    }

    /// Returns the claims of a user who is signed in; `None` if the session is pending.
    #[must_use]
    pub fn signed_in(self) -> Option<Claims> {
        match self {
            Self::SignedIn(claims) => Some(claims),
            Self::Pending(_) => None,
        }
    }

    /// Returns the claims of either case.
    #[must_use]
    pub fn claims_even_if_pending(&self) -> &Claims {
        match self {
            Self::SignedIn(claims) => claims,
            Self::Pending(pending) => pending.claims_of_pending_session(),
        }
    }
}

/// The claims of a session that is pending. The user is not signed in yet.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingClaims(Claims);

impl PendingClaims {
    /// Returns the claims, for example to find the task that is left. Do not treat the user as signed in.
    #[must_use]
    pub fn claims_of_pending_session(&self) -> &Claims {
        &self.0
    }
}

/// Verifies session tokens with keys that are known when it is made, without a network.
///
/// Create it once and clone it; a clone is cheap. [`JwksVerifier`](crate::JwksVerifier) fetches the keys instead, and so follows when
/// they change.
///
/// ```no_run
/// # fn example(crypto: impl clerk_sessions_auth::Crypto + 'static, pem: &str, token: &str) -> Result<(), clerk_sessions_core::Error> {
/// use std::time::{SystemTime, UNIX_EPOCH};
///
/// use clerk_sessions_auth::{AuthorizedParties, Rules, Verified, Verifier};
///
/// let rules = Rules::new(AuthorizedParties::list(["https://app.example.com"])?);
/// let verifier = Verifier::pem(pem, crypto, rules)?;
///
/// let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
/// match verifier.verify(token, now) {
///     Ok(Verified::SignedIn(claims)) => println!("hello {}", claims.user_id()),
///     Ok(Verified::Pending(_)) => println!("finish signing in"),
///     Err(rejected) => println!("401: {rejected}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Verifier {
    /// `None`: it rejects every token.
    source: Option<Arc<Source>>,
    checks: Checks,
}

enum Source {
    /// One key, whatever key id a token has.
    One(Arc<Key>),
    Set(KeySet),
}

impl Source {
    /// The key of this id.
    fn key(&self, id: Option<&str>) -> Result<&Arc<Key>, Rejected> {
        match self {
            Self::One(key) => Ok(key),
            Self::Set(keys) => id.and_then(|id| keys.get(id)).ok_or_else(unknown_key),
        }
    }
}

impl Verifier {
    /// Creates a verifier with the public key of the instance in PEM: "JWKS public key" in the Clerk Dashboard. Line breaks and the
    /// two lines around the base64 may be missing. Line breaks may also be the two characters `\n`, as in variables of the
    /// environment.
    ///
    /// # Errors
    /// [`Error::Build`]: it is not an RSA public key of 2048 to 4096 bits, or `crypto` does not work.
    pub fn pem(pem: &str, crypto: impl Crypto + 'static, rules: Rules) -> Result<Self, Error> {
        let key = pem::read(pem)?;
        Self::new(|crypto| Ok(Source::One(Arc::new(Key::new(&key, Some(Algorithm::Rs256), crypto)))), crypto, rules)
    }

    /// Creates a verifier with one JSON Web Key. It is used whatever key id a token has.
    ///
    /// # Errors
    /// [`Error::Build`]: it is not a JSON object, or `crypto` does not work. A key that can't be used is no error here: it rejects
    /// all tokens.
    pub fn jwk(jwk: &str, crypto: impl Crypto + 'static, rules: Rules) -> Result<Self, Error> {
        let jwk =
            decode(jwk.as_bytes()).map_err(|fault| BuildError::new("jwk", format!("is not a JSON object: {fault}")))?;
        Self::new(|crypto| Ok(Source::One(Arc::new(Key::of_jwk(&jwk, crypto)))), crypto, rules)
    }

    /// Creates a verifier with a key set, such as the file that `https://api.clerk.com/v1/jwks` serves.
    ///
    /// # Errors
    /// [`Error::Build`]: it is not a key set, has no keys, or `crypto` does not work. A key that can't be used is no error here: it
    /// rejects the tokens that name it.
    pub fn jwks(jwks: &str, crypto: impl Crypto + 'static, rules: Rules) -> Result<Self, Error> {
        let bad = |reason: String| Error::Build(BuildError::new("jwks", reason));
        let document: KeyDocument =
            decode(jwks.as_bytes()).map_err(|fault| bad(format!("is not a key set: {fault}")))?;
        if document.is_empty() {
            return Err(bad("has no keys".to_owned()));
        }
        Self::new(|crypto| Ok(Source::Set(KeySet::new(&document, crypto))), crypto, rules)
    }

    /// Creates a verifier without a key. It rejects every token, with [`Reason::JwkFailedToResolve`]. Use it where the key is
    /// optional and the program should start without it.
    #[must_use]
    pub fn without_key(rules: Rules) -> Self {
        Self { source: None, checks: Checks::new(rules) }
    }

    fn new(
        source: impl FnOnce(&dyn Crypto) -> Result<Source, Error>,
        crypto: impl Crypto + 'static,
        rules: Rules,
    ) -> Result<Self, Error> {
        crypto::check(&crypto)?;
        Ok(Self { source: Some(Arc::new(source(&crypto)?)), checks: Checks::new(rules) })
    }

    /// Keeps about this many verified tokens, so that the next request with the same token costs no signature check. Default: none.
    ///
    /// The memory is bounded: 2 KiB for a token of usual size, and 10 KiB at most, because tokens of more than 4 KiB are not kept. The
    /// tokens that expire first make room. Times are checked again for each request.
    #[must_use]
    pub fn with_cache(mut self, tokens: usize) -> Self {
        self.checks.cache = Some(Arc::new(VerifiedCache::new(tokens)));
        self
    }

    /// Verifies a token at this time: the time since 1970-01-01 00:00:00 UTC.
    ///
    /// # Errors
    /// [`Rejected`]: the token failed a check. Its reason says which one.
    pub fn verify(&self, token: &str, now: Duration) -> Result<Verified, Rejected> {
        if let Some(claims) = self.checks.cached(token, 0, now) {
            return Ok(Verified::new(claims));
        }
        let unsigned = self.checks.unsigned(token)?;
        let source = self.source()?;
        self.checks.rules.check_header(&unsigned.header)?;
        let key = source.key(unsigned.header.key_id.as_deref())?;
        self.checks.signed(token, &unsigned, key, 0, now)
    }

    /// The key of this id.
    pub(crate) fn key(&self, id: Option<&str>) -> Result<&Arc<Key>, Rejected> {
        self.source()?.key(id)
    }

    fn source(&self) -> Result<&Source, Rejected> {
        let no_key = || Rejected::new(Reason::JwkFailedToResolve, "the verifier has no key");
        self.source.as_deref().ok_or_else(no_key)
    }

    pub(crate) fn checks(&self) -> &Checks {
        &self.checks
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("rules", &self.checks.rules).finish_non_exhaustive()
    }
}

/// The rejection of a token whose key is not in the set. It names no key id: those of the set are ids of instances.
pub(crate) fn unknown_key() -> Rejected {
    Rejected::new(
        Reason::JwkKidMismatch,
        "the key set has no key with the id (kid) that it names: is it of another instance?",
    )
}

/// The checks that are the same for every source of keys.
#[derive(Clone)]
pub(crate) struct Checks {
    pub(crate) rules: Arc<Rules>,
    pub(crate) cache: Option<Arc<VerifiedCache>>,
    known_headers: Arc<KnownHeaders>,
}

/// A token whose signature is not checked yet.
#[derive(Clone)]
pub(crate) struct Unsigned<'h> {
    /// The parts of the token: how long its header is, and how much of the token is signed.
    header_length: usize,
    signed: usize,
    signature: Vec<u8>,
    /// It is borrowed if it is known.
    pub(crate) header: Cow<'h, Header>,
    claims: Claims,
}

impl Checks {
    pub(crate) fn new(rules: Rules) -> Self {
        Self { rules: Arc::new(rules), cache: None, known_headers: Arc::default() }
    }

    /// Returns the claims of a token that was verified before, if its times are still right.
    pub(crate) fn cached(&self, token: &str, epoch: u64, now: Duration) -> Option<Claims> {
        let claims = self.cache.as_ref()?.get(token, epoch)?;
        self.rules.check_times(&claims, now).is_ok().then_some(claims)
    }

    /// Takes a token apart, and checks what Clerk made it for. That is the first check.
    pub(crate) fn unsigned(&self, token: &str) -> Result<Unsigned<'_>, Rejected> {
        let unsigned = self.decode(token)?;
        self.check_category(&unsigned)?;
        Ok(unsigned)
    }

    /// Checks what Clerk made a token for.
    pub(crate) fn check_category(&self, unsigned: &Unsigned<'_>) -> Result<(), Rejected> {
        self.rules.check_category(&unsigned.header, &unsigned.claims)
    }

    /// Takes a token apart.
    pub(crate) fn decode(&self, token: &str) -> Result<Unsigned<'_>, Rejected> {
        let mut parts = Parts::of(token)?;
        let header = match self.known_headers.get(parts.header) {
            Some(header) => Cow::Borrowed(header),
            None => Cow::Owned(Header::parse(&parts.header_json()?)?),
        };
        let (header_length, signed) = (parts.header.len(), parts.signed.len());
        let signature = std::mem::take(&mut parts.signature);
        Ok(Unsigned { header_length, signed, signature, header, claims: parts.claims()? })
    }

    /// Makes the checks of the signature and the claims of a token that was [taken apart](Self::unsigned).
    pub(crate) fn signed(
        &self,
        token: &str,
        unsigned: &Unsigned<'_>,
        key: &Key,
        epoch: u64,
        now: Duration,
    ) -> Result<Verified, Rejected> {
        unsigned.check_signature(token, key)?;
        if let (Cow::Owned(header), Some(text)) = (&unsigned.header, token.get(..unsigned.header_length)) {
            self.known_headers.keep(text, header);
        }
        self.rules.check_claims(&unsigned.claims, now)?;
        if let Some(cache) = &self.cache {
            cache.put(token, &unsigned.claims, epoch);
        }
        Ok(Verified::new(unsigned.claims.clone()))
    }
}

impl Unsigned<'_> {
    pub(crate) fn into_owned(self) -> Unsigned<'static> {
        Unsigned { header: Cow::Owned(self.header.into_owned()), ..self }
    }

    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Whether it is a token of a session, and not of a template, a machine or an OAuth client.
    pub(crate) fn is_of_session(&self) -> bool {
        is_of_session(&self.header, &self.claims)
    }

    /// Checks that this key signed the token.
    pub(crate) fn check_signature(&self, token: &str, key: &Key) -> Result<(), Rejected> {
        let signed = token.as_bytes().get(..self.signed).unwrap_or_default();
        // `check_header` has refused other algorithms.
        let algorithm = self.header.algorithm.unwrap_or(Algorithm::Rs256);
        key.verify(algorithm, signed, &self.signature)
    }
}

#[cfg(test)]
mod tests;
