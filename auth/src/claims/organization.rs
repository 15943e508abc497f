//! [`Organization`]: the organization that was active when a token was made.

use std::borrow::Cow;

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
        let permissions = claims.part(index.v1_permissions.as_ref()).and_then(|json| serde_json::from_str(json).ok());
        Some(Self {
            id: claims.text(&index.v1_organization).filter(|id| !id.is_empty())?.into(),
            slug: claims.text(&index.v1_slug).map(Cow::Borrowed),
            role: claims.text(&index.v1_role).map(Cow::Borrowed),
            permissions,
        })
    }

    fn of_v2(claims: &'a Claims) -> Option<Self> {
        let index = claims.index().organization.as_ref()?;
        let permissions = match (claims.features(), claims.text(&index.permissions), claims.text(&index.masks)) {
            (Some(features), Some(permissions), Some(masks)) => of_masks(features, permissions, masks),
            _ => Vec::new(),
        };
        Some(Self {
            id: claims.text(&index.id).filter(|id| !id.is_empty())?.into(),
            slug: claims.text(&index.slug).map(Cow::Borrowed),
            role: claims.text(&index.role).map(|role| Cow::Owned(format!("org:{role}"))),
            permissions: Some(permissions),
        })
    }
}
