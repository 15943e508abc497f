//! [`Scalar`]: a text, a number or a pair of numbers in a JSON object. A text is a range of the JSON, so that reading it copies nothing.

use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::json::{self, AnyWith, Nothing};

/// A member that should be a text, a number or a pair of numbers.
#[derive(Debug, Default)]
pub(crate) enum Scalar {
    #[default]
    Absent,
    /// A text without escapes: its place in the JSON.
    Text(Range<usize>),
    /// A text with escapes, unescaped.
    Unescaped(Box<str>),
    Number(f64),
    /// A list of two numbers.
    Pair([f64; 2]),
    /// Any other value.
    Other,
}

impl Scalar {
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Takes the value of the member from `map`.
    ///
    /// # Errors
    /// The error of `map`, or an error if the member was there before.
    pub(crate) fn take<'de, A: MapAccess<'de>>(&mut self, json: &'de str, map: &mut A) -> Result<(), A::Error> {
        let value = map.next_value_seed(ScalarOf(json))?;
        if !self.is_absent() {
            return Err(json::twice());
        }
        *self = value;
        Ok(())
    }

    pub(crate) fn text<'a>(&'a self, json: &'a str) -> Option<&'a str> {
        match self {
            Self::Text(range) => json.get(range.clone()),
            Self::Unescaped(text) => Some(text),
            Self::Absent | Self::Number(_) | Self::Pair(_) | Self::Other => None,
        }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn pair(&self) -> Option<[f64; 2]> {
        match self {
            Self::Pair(numbers) => Some(*numbers),
            _ => None,
        }
    }
}

/// The place of `part`, which is a part of `whole`.
pub(crate) fn place(part: &str, whole: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    start..start.wrapping_add(part.len())
}

/// Reads a [`Scalar`] of this JSON.
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

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
        let mut pair = [None; 2];
        for number in &mut pair {
            let Some(element) = list.next_element_seed(ScalarOf(self.0))? else { return Ok(Scalar::Other) };
            *number = element.number();
        }
        let mut is_longer = false;
        while list.next_element_seed(AnyWith(&mut Nothing))?.is_some() {
            is_longer = true;
        }
        Ok(match pair {
            [Some(first), Some(second)] if !is_longer => Scalar::Pair([first, second]),
            _ => Scalar::Other,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Scalar, A::Error> {
        AnyWith(&mut Nothing).visit_map(map).map(|()| Scalar::Other)
    }
}
