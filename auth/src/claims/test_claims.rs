//! [`TestClaims`]: claims for tests, without a key or a token.

use clerk_sessions_core::Mismatch;
use serde_json::{Map, Value};

use super::Claims;

/// Builds claims for tests of code that takes [`Claims`], without a key or a token. [`Claims::for_tests`] returns it.
///
/// ```
/// use clerk_sessions_auth::{Claims, Has};
///
/// let claims = Claims::for_tests("user_1").organization("org_1", "org:admin").claim("team", "blue").build()?;
/// assert!(claims.has(&Has::role("org:admin")));
/// # Ok::<(), clerk_sessions_core::Mismatch>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TestClaims(Map<String, Value>);

impl Claims {
    /// Builds claims for tests: of this user, with the active session `sess_test`, and without times.
    pub fn for_tests(user_id: impl Into<String>) -> TestClaims {
        TestClaims(Map::new()).claim("sub", user_id.into()).claim("sid", "sess_test").claim("sts", "active")
    }
}

impl TestClaims {
    /// Sets a claim, such as `sid`, `fva` or one of your own. With `sts` as `pending`, the session is pending.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// Sets the active organization, and the role in it, such as `org:admin`.
    pub fn organization(self, id: impl Into<String>, role: impl Into<String>) -> Self {
        self.claim("org_id", id.into()).claim("org_role", role.into())
    }

    /// Sets the permissions in the active organization, such as `org:invoices:read`. Without an
    /// [organization](Self::organization) they have no effect.
    pub fn permissions<P: Into<String>>(self, permissions: impl IntoIterator<Item = P>) -> Self {
        let list: Vec<Value> = permissions.into_iter().map(|one| Value::String(one.into())).collect();
        self.claim("org_permissions", list)
    }

    /// Sets the features, each with its scope: `u:beta` for one of the user, `o:reports` for one of the organization.
    pub fn features<F: Into<String>>(self, features: impl IntoIterator<Item = F>) -> Self {
        self.list("fea", features)
    }

    /// Sets the plans, each with its scope: `u:pro` for one of the user, `o:team` for one of the organization.
    pub fn plans<P: Into<String>>(self, plans: impl IntoIterator<Item = P>) -> Self {
        self.list("pla", plans)
    }

    fn list<I: Into<String>>(self, name: &str, items: impl IntoIterator<Item = I>) -> Self {
        self.claim(name, items.into_iter().map(Into::into).collect::<Vec<_>>().join(","))
    }

    /// Builds the claims.
    ///
    /// # Errors
    /// [`Mismatch`]: a claim is nested deeper than a token may be.
    pub fn build(self) -> Result<Claims, Mismatch> {
        Claims::from_trusted_json(Value::Object(self.0).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Has, Verified};

    #[test]
    fn the_claims_are_those_that_were_set() {
        let claims = Claims::for_tests("user_\"1\"")
            .organization("org_1", "org:admin")
            .permissions(["org:invoices:read"])
            .features(["u:beta", "o:reports"])
            .plans(["u:pro"])
            .build()
            .unwrap();
        assert_eq!((claims.user_id(), claims.session_id()), ("user_\"1\"", Some("sess_test")));
        let asked = Has::role("admin").and(Has::permission("invoices:read")).and(Has::feature("org:reports"));
        assert!(claims.has(&asked.and(Has::plan("pro"))) && !claims.has(&Has::plan("team")));
        assert!(Verified::from_trusted(claims).signed_in().is_some());
    }

    #[test]
    fn a_pending_session_is_not_signed_in() {
        let claims = Claims::for_tests("user_1").claim("sts", "pending").build().unwrap();
        assert!(matches!(Verified::from_trusted(claims), Verified::Pending(_)));
    }
}
