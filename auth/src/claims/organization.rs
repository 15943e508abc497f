//! [`Organization`]: the organization that was active when a token was made.

use std::borrow::Cow;

use serde_json::Value;

use super::Claims;
use super::permissions::of_masks;

/// The organization that was active when the token was made, and what its member may do there. [`Claims::organization`] returns it.
///
/// A member that is missing, or has another type than it should, is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Organization<'a> {
    /// The id, such as `org_123`.
    pub id: Cow<'a, str>,
    /// The slug, such as `acme`.
    pub slug: Option<Cow<'a, str>>,
    /// The role of the user, such as `org:admin`.
    pub role: Option<Cow<'a, str>>,
    /// The permissions of the user, such as `org:invoices:read`. System permissions are not in session tokens.
    pub permissions: Option<Vec<String>>,
}

impl<'a> Organization<'a> {
    pub(super) fn of(claims: &'a Claims) -> Option<Self> {
        if claims.version() == 2 { Self::of_v2(claims) } else { Self::of_v1(claims) }
    }

    fn of_v1(claims: &'a Claims) -> Option<Self> {
        let index = claims.index();
        let text = |scalar: &'a super::member::Scalar| scalar.text(claims.json()).map(Cow::Borrowed);
        let permissions = claims.part(index.v1_permissions.as_ref()).and_then(|json| serde_json::from_str(json).ok());
        Some(Self {
            id: text(&index.v1_organization).filter(|id| !id.is_empty())?,
            slug: text(&index.v1_slug),
            role: text(&index.v1_role),
            permissions,
        })
    }

    fn of_v2(claims: &'a Claims) -> Option<Self> {
        let json = claims.part(claims.index().organization.as_ref())?;
        let members: serde_json::Map<String, Value> = serde_json::from_str(json).ok()?;
        let text = |name| members.get(name).and_then(Value::as_str);
        let owned = |name| text(name).map(|text| Cow::<str>::Owned(text.to_owned()));
        let permissions = match (claims.features(), text("per"), text("fpm")) {
            (Some(features), Some(permissions), Some(masks)) => of_masks(features, permissions, masks),
            _ => Vec::new(),
        };
        Some(Self {
            id: owned("id").filter(|id| !id.is_empty())?,
            slug: owned("slg"),
            role: text("rol").map(|role| Cow::Owned(format!("org:{role}"))),
            permissions: Some(permissions),
        })
    }
}
