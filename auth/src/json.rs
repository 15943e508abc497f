//! Strict JSON objects: one object, valid UTF-8, no member twice at any depth, at most 127 levels.
//!
//! Parsers differ in which of two members of the same name they use. A token that two parsers read differently could pass the checks
//! of one and carry other claims for the other.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// The fault of a JSON text. It is not told which, so that no value gets into a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotStrict;

/// Receives the members of an object.
pub(crate) trait Members<'de> {
    /// Takes the value of `name` from `map`, and returns true; or returns false to skip the value.
    ///
    /// # Errors
    /// The error of `map`, or an error if the member was there before.
    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error>;
}

/// Reads the members of the object that `text` is. Members that are skipped are checked, too.
pub(crate) fn read_object<'de>(text: &'de str, members: &mut impl Members<'de>) -> Result<(), NotStrict> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    (&mut deserializer).deserialize_map(Object(members)).map_err(|_| NotStrict)?;
    deserializer.end().map_err(|_| NotStrict)
}

/// Checks any JSON value.
pub(crate) fn check(text: &str) -> Result<(), NotStrict> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    AnyWith(&mut Nothing).deserialize(&mut deserializer).map_err(|_| NotStrict)?;
    deserializer.end().map_err(|_| NotStrict)
}

/// The error for a member that is there twice.
pub(crate) fn twice<E: de::Error>() -> E {
    E::custom("a member is there twice")
}

/// The names of an object's members so far.
#[derive(Default)]
struct Names<'de> {
    few: Vec<Cow<'de, str>>,
    /// Used from [`Self::FEW`] names on, so that the time for a large object stays in proportion to its length.
    many: BTreeSet<Cow<'de, str>>,
}

impl<'de> Names<'de> {
    const FEW: usize = 16;

    /// Adds a name, and returns whether it is new.
    fn add(&mut self, name: Cow<'de, str>) -> bool {
        if self.few.contains(&name) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(name);
            return true;
        }
        self.many.insert(name)
    }
}

struct Object<'m, M>(&'m mut M);

impl<'de, M: Members<'de>> Visitor<'de> for Object<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut others = Names::default();
        while let Some(name) = map.next_key_seed(Name)? {
            if self.0.take(&name, &mut map)? {
                continue;
            }
            if !others.add(name) {
                return Err(twice());
            }
            map.next_value_seed(AnyWith(&mut Nothing))?;
        }
        Ok(())
    }
}

/// The name of a member. It is borrowed unless it has an escape.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// Any value, which is checked and dropped. If it is an object, its members are received first.
pub(crate) struct AnyWith<'m, M>(pub(crate) &'m mut M);

impl<'de, M: Members<'de>> DeserializeSeed<'de> for AnyWith<'_, M> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// No member is taken.
pub(crate) struct Nothing;

impl<'de> Members<'de> for Nothing {
    fn take<A: MapAccess<'de>>(&mut self, _: &str, _: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de, M: Members<'de>> Visitor<'de> for AnyWith<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(AnyWith(&mut Nothing))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        Object(self.0).visit_map(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_object(text: &str) -> bool {
        read_object(text, &mut Nothing).is_ok()
    }

    #[test]
    fn one_object_is_accepted() {
        for text in ["{}", " {\"a\": 1, \"b\": [1.5, -2, true, null, \"x\\u0041\"]}\n", "{\"a\": {\"a\": {\"a\": 1}}}"]
        {
            assert!(is_object(text), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "[]", "null", "1", "\"a\"", "{} {}", "{},", "{\"a\": 1,}", "\u{feff}{}", "{'a': 1}", "{\"a\": NaN}"]
        {
            assert!(!is_object(text), "{text}");
        }
    }

    #[test]
    fn a_member_twice_is_refused_at_any_depth() {
        let many: Vec<_> = (0..40).map(|n| format!("\"m{n}\": 0")).collect();
        let many = many.join(", ");
        for text in [
            "{\"a\": 1, \"a\": 1}".to_owned(),
            "{\"a\": 1, \"\\u0061\": 1}".to_owned(),
            "{\"x\": [{\"y\": {\"a\": 1, \"b\": 2, \"a\": 3}}]}".to_owned(),
            format!("{{{many}, \"m3\": 0}}"),
            format!("{{{many}, \"m39\": 0}}"),
        ] {
            assert!(!is_object(&text), "{text}");
        }
        assert!(is_object(&format!("{{{many}}}")));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |levels| format!("{{\"a\": {}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(is_object(&nested(110)));
        assert!(!is_object(&nested(200)) && !is_object(&nested(10_000)));
        assert!(check(&"[".repeat(10_000)).is_err());
    }
}
