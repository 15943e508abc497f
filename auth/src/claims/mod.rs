//! [`Claims`]: what a session token says.

mod member;
mod organization;
mod permissions;
pub(crate) mod scoped;
mod test_claims;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use clerk_sessions_core::operation::decode;
use clerk_sessions_core::{Mismatch, UnixMillis};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use self::member::Index;
pub use self::organization::Organization;
pub use self::test_claims::TestClaims;
use crate::json::NotStrict;
use crate::scalar::Scalar;
use crate::time::UnixTime;

/// What a session token says: user, session, organization, times, and all other claims.
///
/// [`Verifier::verify`](crate::Verifier::verify) returns it for a token that passed every check. A clone is cheap. Both versions of
/// Clerk's tokens have the same methods. A claim of the wrong type is `None`, as if it were missing.
///
/// `Debug` shows no claim, as they are personal data. [`json`](Self::json) returns the payload.
///
/// ```
/// use clerk_sessions_auth::Claims;
///
/// // In a test; a program gets claims from a verifier.
/// let claims = Claims::from_trusted_json(
///     r#"{"v": 2, "sub": "user_1", "sid": "sess_1", "exp": 1700000060, "o": {"id": "org_1", "rol": "admin"}}"#,
/// )?;
/// assert_eq!((claims.user_id(), claims.session_id()), ("user_1", Some("sess_1")));
/// assert_eq!(claims.expires_at().unwrap().as_millis(), 1_700_000_060_000);
/// assert_eq!(claims.organization().unwrap().role.as_deref(), Some("org:admin"));
/// # Ok::<(), clerk_sessions_core::Mismatch>(())
/// ```
///
/// Source: [Clerk's session tokens](https://clerk.com/docs/guides/sessions/session-tokens).
#[derive(Clone)]
pub struct Claims(Arc<Payload>);

struct Payload {
    json: String,
    index: Index,
}

impl Claims {
    pub(crate) fn parse(json: String) -> Result<Self, NotStrict> {
        let index = Index::of(&json)?;
        Ok(Self(Arc::new(Payload { json, index })))
    }

    /// Reads claims from JSON that is trusted, such as the claims that a gateway in front of this program has verified.
    ///
    /// # Errors
    /// [`Mismatch`]: it is not one JSON object, or has a member twice.
    pub fn from_trusted_json(json: impl Into<String>) -> Result<Self, Mismatch> {
        Self::parse(json.into())
            .map_err(|NotStrict| Mismatch::new(".", "is not one JSON object without duplicate members"))
    }

    fn index(&self) -> &Index {
        &self.0.index
    }

    fn text<'a>(&'a self, scalar: &'a Scalar) -> Option<&'a str> {
        scalar.text(&self.0.json)
    }

    /// The whole payload, as the token has it. It holds personal data.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.0.json
    }

    /// Reads claims of your own, such as those that a customized session token has.
    ///
    /// ```
    /// # use clerk_sessions_auth::Claims;
    /// #[derive(serde::Deserialize)]
    /// struct MyClaims {
    ///     team: String,
    /// }
    ///
    /// fn team(claims: &Claims) -> Result<String, clerk_sessions_core::Mismatch> {
    ///     Ok(claims.custom::<MyClaims>()?.team)
    /// }
    /// # let claims = Claims::from_trusted_json(r#"{"sub": "user_1", "team": "blue"}"#).unwrap();
    /// # assert_eq!(team(&claims).unwrap(), "blue");
    /// ```
    ///
    /// # Errors
    /// [`Mismatch`]: a claim is missing or has another type. It names the claim and quotes no value.
    pub fn custom<T: DeserializeOwned>(&self) -> Result<T, Mismatch> {
        decode(self.0.json.as_bytes())
    }

    /// The version of the token: 2, or 1 for tokens without a version or with another one.
    #[must_use]
    pub fn version(&self) -> u8 {
        if self.index().version.number() == Some(2.0) { 2 } else { 1 }
    }

    /// The id of the user, `sub`. A verified token has this claim as a text.
    ///
    /// The text may be empty: Clerk's own library accepts that, too. Clerk makes no such session token, but a JWT template may write it.
    /// For claims that were [not verified](Self::from_trusted_json), it is empty also if the claim is missing or no text.
    #[must_use]
    pub fn user_id(&self) -> &str {
        self.text(&self.index().user).unwrap_or_default()
    }

    /// The id of the session, `sid`. A verified token has one, unless the [rules](crate::Rules) allow that it is missing.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.text(&self.index().session).filter(|id| !id.is_empty())
    }

    /// The status of the session, `sts`: `active` or `pending`. Tokens of older instances have none.
    /// [`Verified`](crate::Verified) takes any other status for a session that is not active.
    #[must_use]
    pub fn session_status(&self) -> Option<&str> {
        self.text(&self.index().status)
    }

    /// Whether the status is `active`, or missing. One of the wrong type is not missing.
    pub(crate) fn has_active_session(&self) -> bool {
        self.index().status.is_absent() || self.session_status() == Some("active")
    }

    /// The issuer, `iss`: the Frontend API URL of the instance.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.text(&self.index().issuer)
    }

    /// The origin that asked for the token, `azp`.
    #[must_use]
    pub fn authorized_party(&self) -> Option<&str> {
        self.text(&self.index().authorized_party)
    }

    /// When the token expires, `exp`.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixMillis> {
        time(&self.index().expires_at)
    }

    /// When the token becomes valid, `nbf`.
    #[must_use]
    pub fn not_before(&self) -> Option<UnixMillis> {
        time(&self.index().not_before)
    }

    /// When the token was made, `iat`.
    #[must_use]
    pub fn issued_at(&self) -> Option<UnixMillis> {
        time(&self.index().issued_at)
    }

    /// The active organization, with role and permissions. It is computed at each call.
    #[must_use]
    pub fn organization(&self) -> Option<Organization<'_>> {
        Organization::of(self)
    }

    /// The features, `fea`, as the token has them: `o:reports,u:beta`. Use [`has`](Self::has) to check for one.
    #[must_use]
    pub fn features(&self) -> Option<&str> {
        self.text(&self.index().features)
    }

    /// The plans, `pla`, as the token has them: `o:team,u:pro`. Use [`has`](Self::has) to check for one.
    #[must_use]
    pub fn plans(&self) -> Option<&str> {
        self.text(&self.index().plans)
    }

    /// How long ago the user proved who they are, when the token was made.
    #[must_use]
    pub fn factor_ages(&self) -> Option<FactorAges> {
        let [first, second] = self.index().factor_ages.pair()?;
        Some(FactorAges { first: FactorAges::age(first)?, second: FactorAges::age(second)? })
    }

    /// Who acts as the user, if somebody else does: a person who impersonates the user, or an agent.
    #[must_use]
    pub fn actor(&self) -> Option<TokenActor> {
        serde_json::from_str(self.actor_json()?).ok()
    }

    pub(crate) fn has_user(&self) -> bool {
        self.text(&self.index().user).is_some()
    }

    pub(crate) fn expiry(&self) -> Option<UnixTime> {
        self.index().expires_at.number().map(UnixTime::from_seconds)
    }

    /// The time of `nbf`; an error if it is there and not a number.
    pub(crate) fn start(&self) -> Result<Option<UnixTime>, WrongType> {
        optional_time(&self.index().not_before)
    }

    /// The time of `iat`; an error if it is there and not a number.
    pub(crate) fn issue(&self) -> Result<Option<UnixTime>, WrongType> {
        optional_time(&self.index().issued_at)
    }
}

/// A claim that is there has the wrong type.
pub(crate) struct WrongType;

fn optional_time(scalar: &Scalar) -> Result<Option<UnixTime>, WrongType> {
    match scalar.number() {
        Some(seconds) => Ok(Some(UnixTime::from_seconds(seconds))),
        None if scalar.is_absent() => Ok(None),
        None => Err(WrongType),
    }
}

fn time(scalar: &Scalar) -> Option<UnixMillis> {
    scalar.number().map(|seconds| UnixTime::from_seconds(seconds).to_millis())
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims").field("version", &self.version()).finish_non_exhaustive()
    }
}

impl PartialEq for Claims {
    /// Whether both have the same payload.
    fn eq(&self, other: &Self) -> bool {
        self.0.json == other.0.json
    }
}

/// How many minutes ago the user proved who they are, when the token was made. `None`: never in this session.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct FactorAges {
    /// Minutes since the first factor, such as a password.
    pub first: Option<f64>,
    /// Minutes since the second factor, such as a code of an app.
    pub second: Option<f64>,
}

impl FactorAges {
    /// Reads an age: -1 is never, other negative numbers are wrong.
    fn age(minutes: f64) -> Option<Option<f64>> {
        if minutes == -1.0 {
            return Some(None);
        }
        (minutes >= 0.0).then_some(Some(minutes))
    }
}

/// Who acts as the user: the claim `act`. [`Claims::actor`] returns it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct TokenActor {
    /// The id of the actor.
    #[serde(rename = "sub")]
    pub id: String,
    /// The issuer of the actor's own session, for a person who impersonates the user.
    #[serde(rename = "iss", default)]
    pub issuer: Option<String>,
    /// The id of the actor's own session.
    #[serde(rename = "sid", default)]
    pub session_id: Option<String>,
    /// The type, such as `agent`.
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
}

impl fmt::Debug for TokenActor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenActor").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Claims {
    /// The part of the payload at this place.
    fn part(&self, place: Option<&Range<usize>>) -> Option<&str> {
        self.0.json.get(place?.clone())
    }

    /// The audience: `None` if there is none, an error if it is neither a text nor a list of texts. An empty text or a list of empty
    /// texts is none.
    pub(crate) fn audience(&self) -> Result<Option<Vec<String>>, WrongType> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Audience {
            One(String),
            Many(Vec<String>),
        }
        let Some(json) = self.part(self.index().audience.as_ref()) else { return Ok(None) };
        let all = match serde_json::from_str(json).map_err(|_| WrongType)? {
            Audience::One(one) => vec![one],
            Audience::Many(many) => many,
        };
        Ok(Some(all).filter(|all| all.iter().any(|one| !one.is_empty())))
    }

    fn actor_json(&self) -> Option<&str> {
        self.part(self.index().actor.as_ref())
    }
}

#[cfg(test)]
mod tests;
