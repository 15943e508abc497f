//! The claims of a payload by name, as ranges of its text, so that reading a token copies nothing.

use std::ops::Range;

use serde::de::MapAccess;
use serde_json::value::RawValue;

use crate::json::{self, AnyWith, Members, NotStrict};
use crate::scalar::{Scalar, place};

/// The claims that Clerk defines. All others are checked, and stay in the payload.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) version: Scalar,
    pub(super) issuer: Scalar,
    pub(super) user: Scalar,
    pub(super) session: Scalar,
    pub(super) authorized_party: Scalar,
    pub(super) expires_at: Scalar,
    pub(super) not_before: Scalar,
    pub(super) issued_at: Scalar,
    pub(super) status: Scalar,
    pub(super) features: Scalar,
    pub(super) plans: Scalar,
    pub(super) factor_ages: Scalar,
    pub(super) v1_organization: Scalar,
    pub(super) v1_slug: Scalar,
    pub(super) v1_role: Scalar,
    pub(super) organization: Option<OrganizationIndex>,
    /// The claims below are read when they are used: this is the place of their JSON.
    pub(super) v1_permissions: Option<Range<usize>>,
    pub(super) audience: Option<Range<usize>>,
    pub(super) actor: Option<Range<usize>>,
}

/// The members of the claim `o`. All are absent if it is no object.
#[derive(Debug, Default)]
pub(super) struct OrganizationIndex {
    pub(super) id: Scalar,
    pub(super) slug: Scalar,
    pub(super) role: Scalar,
    pub(super) permissions: Scalar,
    pub(super) masks: Scalar,
}

impl Index {
    /// Finds the claims in a payload, which has to be a strict JSON object.
    pub(super) fn of(payload: &str) -> Result<Self, NotStrict> {
        let mut reader = Reader { payload, index: Self::default() };
        json::read_object(payload, &mut reader)?;
        Ok(reader.index)
    }
}

struct Reader<'de> {
    payload: &'de str,
    index: Index,
}

impl<'de> Members<'de> for Reader<'de> {
    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        let Self { payload, index } = self;
        let scalar = match name {
            "v" => &mut index.version,
            "iss" => &mut index.issuer,
            "sub" => &mut index.user,
            "sid" => &mut index.session,
            "azp" => &mut index.authorized_party,
            "exp" => &mut index.expires_at,
            "nbf" => &mut index.not_before,
            "iat" => &mut index.issued_at,
            "sts" => &mut index.status,
            "fea" => &mut index.features,
            "pla" => &mut index.plans,
            "fva" => &mut index.factor_ages,
            "org_id" => &mut index.v1_organization,
            "org_slug" => &mut index.v1_slug,
            "org_role" => &mut index.v1_role,
            "o" => {
                let mut members = OrganizationReader { payload, index: OrganizationIndex::default() };
                map.next_value_seed(AnyWith(&mut members))?;
                let first = index.organization.replace(members.index).is_none();
                return if first { Ok(true) } else { Err(json::twice()) };
            }
            _ => {
                let raw = match name {
                    "org_permissions" => &mut index.v1_permissions,
                    "aud" => &mut index.audience,
                    "act" => &mut index.actor,
                    _ => return Ok(false),
                };
                let json = map.next_value::<&'de RawValue>()?.get();
                if raw.replace(place(json, payload)).is_some() {
                    return Err(json::twice());
                }
                json::check(json).map_err(|_| json::twice())?;
                return Ok(true);
            }
        };
        scalar.take(payload, map)?;
        Ok(true)
    }
}

struct OrganizationReader<'de> {
    payload: &'de str,
    index: OrganizationIndex,
}

impl<'de> Members<'de> for OrganizationReader<'de> {
    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        let scalar = match name {
            "id" => &mut self.index.id,
            "slg" => &mut self.index.slug,
            "rol" => &mut self.index.role,
            "per" => &mut self.index.permissions,
            "fpm" => &mut self.index.masks,
            _ => return Ok(false),
        };
        scalar.take(self.payload, map)?;
        Ok(true)
    }
}
