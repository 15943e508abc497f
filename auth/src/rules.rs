//! [`Rules`]: which tokens are accepted, besides a valid signature.

use std::time::Duration;

use clerk_sessions_core::{BuildError, Error};

use crate::claims::{Claims, WrongType};
use crate::error::Rejected;
use crate::reason::Reason;
use crate::time::UnixTime;
use crate::token::{Category, Header, TokenType, is_of_session};

/// The origins whose tokens are accepted: the claim `azp`.
///
/// A token of another app on a sibling domain of yours may reach your app in a cookie. This check refuses it.
///
/// ```
/// use clerk_sessions_auth::AuthorizedParties;
///
/// let mine = AuthorizedParties::list(["https://app.example.com", "http://localhost:3000"])?;
/// assert!(AuthorizedParties::list([""; 0]).is_err()); // nothing is accepted by accident
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
///
/// Source: [Clerk on authorized parties](https://clerk.com/docs/guides/sessions/manual-jwt-verification).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizedParties(Option<Vec<String>>);

impl AuthorizedParties {
    /// Accepts tokens of these origins only, such as `https://app.example.com`. They are compared byte by byte. An empty entry
    /// matches nothing: a list of only such entries rejects all tokens. A token without `azp` is rejected.
    ///
    /// # Errors
    /// [`Error::Build`]: the list is empty. To accept all origins, use [`any`](Self::any).
    pub fn list<T: Into<String>>(origins: impl IntoIterator<Item = T>) -> Result<Self, Error> {
        let origins: Vec<String> = origins.into_iter().map(Into::into).collect();
        if origins.is_empty() {
            let empty = BuildError::new(
                "authorized_parties",
                "is empty: list the origins of your app, or use AuthorizedParties::any()",
            );
            return Err(Error::Build(empty));
        }
        // Empty entries are no error, as they accept nothing. Clerk's own library rejects each token for them, too.
        Ok(Self(Some(origins)))
    }

    /// Accepts tokens of all origins. Use it only if no other app shares a parent domain with yours, or for tokens that come in
    /// the `Authorization` header.
    #[must_use]
    pub fn any() -> Self {
        Self(None)
    }
}

/// Which tokens are accepted, besides a valid signature.
///
/// ```
/// use std::time::Duration;
///
/// use clerk_sessions_auth::{AuthorizedParties, Rules};
///
/// let rules = Rules::new(AuthorizedParties::list(["https://app.example.com"])?)
///     .audience(["https://api.example.com"])?
///     .clock_skew(Duration::from_secs(10));
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    parties: AuthorizedParties,
    audience: Vec<String>,
    issuers: Vec<String>,
    tolerance: Tolerance,
    requires_session: bool,
    sessions_only: bool,
    allows_machines: bool,
    token_types: Vec<String>,
}

impl Rules {
    /// The default clock skew: 5 s.
    pub const DEFAULT_CLOCK_SKEW: Duration = Duration::from_secs(5);

    /// Creates the rules: these authorized parties, any audience and issuer, 5 s of clock skew, and a session id is required.
    #[must_use]
    pub fn new(parties: AuthorizedParties) -> Self {
        Self {
            parties,
            audience: Vec::new(),
            issuers: Vec::new(),
            tolerance: Tolerance::Skew(Self::DEFAULT_CLOCK_SKEW),
            requires_session: true,
            sessions_only: false,
            allows_machines: false,
            token_types: Vec::new(),
        }
    }

    /// Refuses tokens whose audience, the claim `aud`, is another. A token without an audience passes, as Clerk's session tokens have
    /// none. Default: it is not checked. Empty entries don't count.
    ///
    /// # Errors
    /// [`Error::Build`]: there is no entry that counts, as with a variable of the environment that is empty. The audience would not
    /// be checked.
    pub fn audience<T: Into<String>>(mut self, audience: impl IntoIterator<Item = T>) -> Result<Self, Error> {
        self.audience = not_empty("audience", "list what the tokens have to be for", audience)?;
        Ok(self)
    }

    /// Accepts only tokens of these issuers, the claim `iss`: the Frontend API URL, such as `https://clerk.example.com`. Default: it
    /// is not checked, as the key belongs to one instance. Empty entries don't count.
    ///
    /// # Errors
    /// [`Error::Build`]: there is no entry that counts. The issuer would not be checked.
    pub fn issuer<T: Into<String>>(mut self, issuers: impl IntoIterator<Item = T>) -> Result<Self, Error> {
        self.issuers = not_empty("issuer", "list the Frontend API URLs of your instances", issuers)?;
        Ok(self)
    }

    /// Sets by how much the clocks of Clerk and of this machine may differ. Default: 5 s.
    #[must_use]
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.tolerance = Tolerance::Skew(skew);
        self
    }

    /// Treats a token as expired this long before its expiry, and as not valid yet this long after its start. It replaces the
    /// [clock skew](Self::clock_skew). Use it for work that the token has to outlive. Default: none.
    #[must_use]
    pub fn margin(mut self, margin: Duration) -> Self {
        self.tolerance = Tolerance::Margin(margin);
        self
    }

    /// Accepts tokens without a session id, such as those of JWT templates. They stay valid after the user signed out.
    #[must_use]
    pub fn allow_missing_session_id(mut self) -> Self {
        self.requires_session = false;
        self
    }

    /// Accepts only tokens that Clerk made for a session, and none of a JWT template, a machine or an OAuth client. Without it, only
    /// machine tokens are refused by their category.
    #[must_use]
    pub fn sessions_only(mut self) -> Self {
        self.sessions_only = true;
        self
    }

    /// Accepts tokens that Clerk made for machines, too. Use it to verify those with the same code.
    #[must_use]
    pub fn allow_machine_tokens(mut self) -> Self {
        self.allows_machines = true;
        self
    }

    /// Accepts only tokens with one of these types, the header member `typ`, such as `at+jwt`. Default: `JWT` or none. Empty entries
    /// don't count.
    ///
    /// # Errors
    /// [`Error::Build`]: there is no entry that counts. The default would apply.
    pub fn token_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Result<Self, Error> {
        self.token_types = not_empty("token_types", "list the types (typ) that are accepted", types)?;
        Ok(self)
    }

    /// Checks what Clerk made the token for. It is the first check.
    pub(crate) fn check_category(&self, header: &Header, claims: &Claims) -> Result<(), Rejected> {
        let invalid = |message| Err(Rejected::new(Reason::TokenInvalid, message));
        match header.category {
            Category::Machine if !self.allows_machines => invalid("it is a token of a machine, and not of a session"),
            Category::Other | Category::Machine if self.sessions_only => {
                invalid("it is not a session token: its category is another")
            }
            _ if self.sessions_only && !is_of_session(header, claims) => {
                invalid("it is a token of a machine or an OAuth client, and not of a session")
            }
            _ => Ok(()),
        }
    }

    /// Checks type and algorithm, before a key is looked up.
    pub(crate) fn check_header(&self, header: &Header) -> Result<(), Rejected> {
        let allowed = match &header.token_type {
            TokenType::Absent => self.token_types.is_empty(),
            TokenType::Named(name) if self.token_types.is_empty() => name == "JWT",
            TokenType::Named(name) => self.token_types.iter().any(|allowed| allowed == name),
            TokenType::Other => false,
        };
        if !allowed {
            let expected =
                if self.token_types.is_empty() { "JWT or none".to_owned() } else { one_of(&self.token_types) };
            return Err(Rejected::new(Reason::TokenInvalid, format!("its type (typ) is wrong: expected {expected}")));
        }
        if header.algorithm.is_none() {
            let message = "its algorithm (alg) is not supported: expected RS256, RS384 or RS512";
            return Err(Rejected::new(Reason::TokenInvalidAlgorithm, message));
        }
        Ok(())
    }

    /// Checks the claims at this time. [`Verifier::verify`](crate::Verifier::verify) does it after the signature; use it for claims
    /// whose signature something else has verified.
    ///
    /// `now` is the time since 1970-01-01 00:00:00 UTC.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_sessions_auth::{AuthorizedParties, Claims, Reason, Rules};
    ///
    /// let rules = Rules::new(AuthorizedParties::any());
    /// let claims = Claims::from_trusted_json(r#"{"sub": "user_1", "sid": "sess_1", "exp": 1700000060}"#)?;
    /// assert!(rules.check_claims(&claims, Duration::from_secs(1_700_000_000)).is_ok());
    /// let rejected = rules.check_claims(&claims, Duration::from_secs(1_700_000_065)).unwrap_err();
    /// assert_eq!(rejected.reason(), Reason::TokenExpired);
    /// # Ok::<(), clerk_sessions_core::Mismatch>(())
    /// ```
    ///
    /// # Errors
    /// [`Rejected`]: the first check that failed, in the order user, audience, party, issuer, expiry, start, issue, session.
    pub fn check_claims(&self, claims: &Claims, now: Duration) -> Result<(), Rejected> {
        if !claims.has_user() {
            return failed("it has no user id (sub)");
        }
        self.check_audience(claims)?;
        self.check_party(claims)?;
        self.check_issuer(claims)?;
        self.check_times(claims, now)?;
        if self.requires_session && claims.session_id().is_none() {
            return failed("it has no session id (sid): it is not a session token");
        }
        Ok(())
    }

    fn check_audience(&self, claims: &Claims) -> Result<(), Rejected> {
        if self.audience.is_empty() {
            return Ok(());
        }
        match claims.audience() {
            Err(WrongType) => failed("its audience (aud) is neither a text nor a list of texts"),
            Ok(Some(audience)) if !audience.iter().any(|one| self.audience.contains(one)) => {
                failed(format!("its audience (aud) is another: expected {}", one_of(&self.audience)))
            }
            Ok(_) => Ok(()),
        }
    }

    fn check_party(&self, claims: &Claims) -> Result<(), Rejected> {
        let Some(parties) = &self.parties.0 else { return Ok(()) };
        let party = claims.authorized_party().unwrap_or_default();
        if !party.is_empty() && parties.iter().any(|allowed| allowed == party) {
            return Ok(());
        }
        let message = format!("its authorized party (azp) is another or missing: expected {}", one_of(parties));
        Err(Rejected::new(Reason::TokenInvalidAuthorizedParties, message))
    }

    fn check_issuer(&self, claims: &Claims) -> Result<(), Rejected> {
        let is_ours = |issuer: &str| self.issuers.iter().any(|allowed| allowed == issuer);
        if self.issuers.is_empty() || claims.issuer().is_some_and(is_ours) {
            return Ok(());
        }
        let message = format!("its issuer (iss) is another or missing: expected {}", one_of(&self.issuers));
        Err(Rejected::new(Reason::TokenInvalidIssuer, message))
    }

    /// Checks the times only, for claims that passed all other checks before.
    pub(crate) fn check_times(&self, claims: &Claims, now: Duration) -> Result<(), Rejected> {
        let now = UnixTime::after_epoch(now);
        // A token is too old if it expired by the earliest, and too new if it starts after the latest.
        let (earliest, latest) = match self.tolerance {
            Tolerance::Skew(skew) => (now.minus(skew), now.plus(skew)),
            Tolerance::Margin(margin) => (now.plus(margin), now.minus(margin)),
        };
        let Some(expiry) = claims.expiry() else {
            return failed("its expiry (exp) is missing or not a number");
        };
        if expiry <= earliest {
            let late = now.seconds_since(expiry);
            let message = format!("it expired {late} s ago (exp); {}", self.tolerance.described());
            return Err(Rejected::new(Reason::TokenExpired, message));
        }
        match claims.start() {
            Err(WrongType) => return failed("its start (nbf) is not a number"),
            Ok(Some(start)) if start > latest => {
                let early = start.seconds_since(now);
                let message = format!(
                    "it becomes valid in {early} s (nbf): check the clock of this machine; {}",
                    self.tolerance.described()
                );
                return Err(Rejected::new(Reason::TokenNotActiveYet, message));
            }
            Ok(_) => {}
        }
        match claims.issue() {
            Err(WrongType) => failed("its time of issue (iat) is not a number"),
            Ok(Some(issue)) if issue > latest => {
                let early = issue.seconds_since(now);
                let message = format!(
                    "it was issued {early} s in the future (iat): check the clock of this machine; {}",
                    self.tolerance.described()
                );
                Err(Rejected::new(Reason::TokenIatInTheFuture, message))
            }
            Ok(_) => Ok(()),
        }
    }
}

/// How exactly the times of a token are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tolerance {
    /// The clocks may differ by this much.
    Skew(Duration),
    /// The token has to be valid for this much longer.
    Margin(Duration),
}

impl Tolerance {
    fn described(self) -> String {
        match self {
            Self::Skew(skew) => format!("a clock skew of {skew:?} is allowed"),
            Self::Margin(margin) => format!("a margin of {margin:?} is required"),
        }
    }
}

fn failed(message: impl Into<std::borrow::Cow<'static, str>>) -> Result<(), Rejected> {
    Err(Rejected::new(Reason::TokenVerificationFailed, message))
}

/// The texts that are not empty. Without one, a check that the caller asked for would not be made.
fn not_empty<T: Into<String>>(
    setting: &'static str,
    advice: &str,
    texts: impl IntoIterator<Item = T>,
) -> Result<Vec<String>, Error> {
    let texts: Vec<String> = texts.into_iter().map(Into::into).filter(|text| !text.is_empty()).collect();
    if texts.is_empty() {
        return Err(Error::Build(BuildError::new(setting, format!("is empty: {advice}, or don't set it"))));
    }
    Ok(texts)
}

/// The texts for a message: `"a"` or `one of "a", "b"`.
fn one_of(texts: &[String]) -> String {
    let quoted: Vec<_> = texts.iter().map(|text| format!("{text:?}")).collect();
    if quoted.len() == 1 { quoted.concat() } else { format!("one of {}", quoted.join(", ")) }
}

#[cfg(test)]
mod tests;
