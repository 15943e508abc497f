//! [`Has`]: what a session must have for a request to be allowed.

use crate::claims::{Claims, FactorAges, Organization, scoped};

/// What a session must have: a role, a permission, a feature, a plan, a recent proof of identity, or several of them.
///
/// Pass it to [`Claims::has`]. All that is asked for must be there. Anything that can't be read counts as missing.
///
/// ```
/// use clerk_sessions_auth::{Claims, Has, Reverification};
///
/// let claims = Claims::from_trusted_json(r#"{"sub": "user_1", "org_id": "org_1", "org_role": "org:admin"}"#)?;
/// assert!(claims.has(&Has::role("admin")));
/// assert!(!claims.has(&Has::role("admin").and(Has::feature("reports"))));
/// assert!(!claims.has(&Has::role("admin").reverified(Reverification::LAX)));
/// # Ok::<(), clerk_sessions_core::Mismatch>(())
/// ```
///
/// Source: [Clerk's `has()`](https://clerk.com/docs/references/backend/types/auth-object#has).
#[derive(Clone, Debug, PartialEq)]
pub struct Has {
    all: Vec<Asked>,
}

#[derive(Clone, Debug, PartialEq)]
enum Asked {
    Role(String),
    Permission(String),
    Feature(String),
    Plan(String),
    Reverified(Reverification),
}

impl Has {
    fn one(asked: Asked) -> Self {
        Self { all: vec![asked] }
    }

    /// Asks for a role in the active organization, such as `org:admin`. The prefix `org:` may be left out.
    #[must_use]
    pub fn role(role: impl Into<String>) -> Self {
        Self::one(Asked::Role(role.into()))
    }

    /// Asks for a permission in the active organization, such as `org:invoices:read`. The prefix `org:` may be left out.
    #[must_use]
    pub fn permission(permission: impl Into<String>) -> Self {
        Self::one(Asked::Permission(permission.into()))
    }

    /// Asks for a feature of the user or the active organization. A scope limits it to one of them: `user:beta`, `org:reports`.
    #[must_use]
    pub fn feature(feature: impl Into<String>) -> Self {
        Self::one(Asked::Feature(feature.into()))
    }

    /// Asks for a plan of the user or the active organization. A scope limits it to one of them: `user:pro`, `org:team`.
    #[must_use]
    pub fn plan(plan: impl Into<String>) -> Self {
        Self::one(Asked::Plan(plan.into()))
    }

    /// Asks that the user proved who they are not long ago.
    #[must_use]
    pub fn reverification(reverification: Reverification) -> Self {
        Self::one(Asked::Reverified(reverification))
    }

    /// Asks for all that `other` asks for, too.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.all.extend(other.all);
        self
    }

    /// Asks that the user proved who they are not long ago, too.
    #[must_use]
    pub fn reverified(self, reverification: Reverification) -> Self {
        self.and(Self::reverification(reverification))
    }

    pub(crate) fn is_met_by(&self, claims: &Claims) -> bool {
        let needs_organization = self.all.iter().any(|asked| matches!(asked, Asked::Role(_) | Asked::Permission(_)));
        let organization = if needs_organization { claims.organization() } else { None };
        claims.has_user()
            && !self.all.is_empty()
            && self.all.iter().all(|asked| asked.is_met(claims, organization.as_ref()))
    }
}

impl Claims {
    /// Whether the session has everything that is asked for. It is false for anything that can't be read.
    ///
    /// ```
    /// # use clerk_sessions_auth::Claims;
    /// use clerk_sessions_auth::{Has, Reverification};
    ///
    /// fn may_delete(claims: &Claims) -> bool {
    ///     claims.has(&Has::permission("org:invoices:delete").and(Has::plan("org:pro")).reverified(Reverification::STRICT))
    /// }
    /// # let claims = Claims::from_trusted_json(r#"{"sub": "user_1"}"#).unwrap();
    /// # assert!(!may_delete(&claims));
    /// ```
    #[must_use]
    pub fn has(&self, asked: &Has) -> bool {
        asked.is_met_by(self)
    }
}

impl Asked {
    fn is_met(&self, claims: &Claims, organization: Option<&Organization<'_>>) -> bool {
        match self {
            Self::Role(role) => {
                let own = organization.and_then(|organization| organization.role.as_deref());
                let role = without_prefix(role);
                !role.is_empty() && own.is_some_and(|own| without_prefix(own) == role)
            }
            Self::Permission(permission) => {
                let own = organization.and_then(|organization| organization.permissions.as_ref());
                let permission = without_prefix(permission);
                let is_asked = |own: &String| own.strip_prefix("org:") == Some(permission);
                !permission.is_empty() && own.is_some_and(|own| own.iter().any(is_asked))
            }
            Self::Feature(feature) => claims.features().is_some_and(|list| scoped::has(list, feature)),
            Self::Plan(plan) => claims.plans().is_some_and(|list| scoped::has(list, plan)),
            Self::Reverified(reverification) => claims.factor_ages().is_some_and(|ages| reverification.is_met_by(ages)),
        }
    }
}

/// A role or permission without its prefix, which some tokens have twice.
fn without_prefix(name: &str) -> &str {
    name.trim_start_matches("org:")
}

/// How recently, and by which factor, the user must have proved who they are.
///
/// ```
/// use clerk_sessions_auth::{Claims, FactorLevel, Has, Reverification};
///
/// // The password was entered 3 minutes before the token was made, and there is no second factor.
/// let claims = Claims::from_trusted_json(r#"{"sub": "user_1", "fva": [3, -1]}"#)?;
/// assert!(claims.has(&Has::reverification(Reverification::STRICT)));
/// let within_two_minutes = Reverification::new(FactorLevel::FirstFactor, 2);
/// assert!(!claims.has(&Has::reverification(within_two_minutes)));
/// # Ok::<(), clerk_sessions_core::Mismatch>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reverification {
    level: FactorLevel,
    after_minutes: u32,
}

impl Reverification {
    /// Both factors within 10 minutes.
    pub const STRICT_MFA: Self = Self { level: FactorLevel::MultiFactor, after_minutes: 10 };
    /// The second factor within 10 minutes.
    pub const STRICT: Self = Self { level: FactorLevel::SecondFactor, after_minutes: 10 };
    /// The second factor within an hour.
    pub const MODERATE: Self = Self { level: FactorLevel::SecondFactor, after_minutes: 60 };
    /// The second factor within a day.
    pub const LAX: Self = Self { level: FactorLevel::SecondFactor, after_minutes: 1440 };

    /// Asks for a level within this many minutes. Zero minutes are never met.
    #[must_use]
    pub const fn new(level: FactorLevel, after_minutes: u32) -> Self {
        Self { level, after_minutes }
    }

    /// Returns the level of a name of Clerk: `strict_mfa`, `strict`, `moderate` or `lax`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "strict_mfa" => Some(Self::STRICT_MFA),
            "strict" => Some(Self::STRICT),
            "moderate" => Some(Self::MODERATE),
            "lax" => Some(Self::LAX),
            _ => None,
        }
    }

    fn is_met_by(self, ages: FactorAges) -> bool {
        let is_recent = |age: f64| age < f64::from(self.after_minutes);
        let (first, second) = (ages.first.is_some_and(is_recent), ages.second.is_some_and(is_recent));
        match (self.level, ages.second) {
            // A user without a second factor can only use the first.
            (FactorLevel::FirstFactor, _) | (_, None) => first,
            (FactorLevel::SecondFactor, Some(_)) => second,
            (FactorLevel::MultiFactor, Some(_)) => first && second,
        }
    }
}

/// The factors that a [`Reverification`] asks for. A user who has no second factor needs only the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FactorLevel {
    /// The first factor, such as a password.
    FirstFactor,
    /// The second factor, such as a code of an app.
    SecondFactor,
    /// Both factors.
    MultiFactor,
}
