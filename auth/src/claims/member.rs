//! The claims of a payload by name, as ranges of its text, so that reading a token copies nothing.

use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::{self, Any, Members, NotStrict};

/// A claim that should be a text or a number.
#[derive(Debug, Default)]
pub(super) enum Scalar {
    #[default]
    Absent,
    /// A text without escapes: its place in the payload.
    Text(Range<usize>),
    /// A text with escapes, unescaped.
    Unescaped(Box<str>),
    Number(f64),
    /// Any other value.
    Other,
}

impl Scalar {
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    pub(super) fn text<'a>(&'a self, payload: &'a str) -> Option<&'a str> {
        match self {
            Self::Text(range) => payload.get(range.clone()),
            Self::Unescaped(text) => Some(text),
            Self::Absent | Self::Number(_) | Self::Other => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

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
    pub(super) v1_organization: Scalar,
    pub(super) v1_slug: Scalar,
    pub(super) v1_role: Scalar,
    /// The claims below are read when they are used: this is the place of their JSON.
    pub(super) v1_permissions: Option<Range<usize>>,
    pub(super) organization: Option<Range<usize>>,
    pub(super) audience: Option<Range<usize>>,
    pub(super) actor: Option<Range<usize>>,
    pub(super) factor_ages: Option<Range<usize>>,
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

/// The place of `part`, which is a part of `whole`.
fn place(part: &str, whole: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    start..start.wrapping_add(part.len())
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
            "org_id" => &mut index.v1_organization,
            "org_slug" => &mut index.v1_slug,
            "org_role" => &mut index.v1_role,
            _ => {
                let raw = match name {
                    "org_permissions" => &mut index.v1_permissions,
                    "o" => &mut index.organization,
                    "aud" => &mut index.audience,
                    "act" => &mut index.actor,
                    "fva" => &mut index.factor_ages,
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
        let value = map.next_value_seed(ScalarOf(payload))?;
        if !scalar.is_absent() {
            return Err(json::twice());
        }
        *scalar = value;
        Ok(true)
    }
}

/// Reads a [`Scalar`] of this payload.
struct ScalarOf<'de>(&'de str);

impl<'de> DeserializeSeed<'de> for ScalarOf<'de> {
    type Value = Scalar;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Scalar, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ScalarOf<'de> {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar, E> {
        Ok(Scalar::Text(place(text, self.0)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Unescaped(text.into()))
    }

    #[allow(clippy::cast_precision_loss)] // As in JSON parsers that have floats only.
    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number as f64))
    }

    #[allow(clippy::cast_precision_loss)]
    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Scalar, E> {
        Ok(Scalar::Other)
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Scalar, A::Error> {
        Any.visit_seq(list).map(|()| Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Scalar, A::Error> {
        Any.visit_map(map).map(|()| Scalar::Other)
    }
}
