//! Times as the API gives them.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
///
/// Every time of the Sessions API has this unit, whatever the description of a field says. An integral float is read as
/// the integer it stands for; anything else that is not an integer is an error, never a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UnixMillis(i64);

impl UnixMillis {
    /// The point that many milliseconds after the Unix epoch.
    #[must_use]
    pub const fn new(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The same point as a [`SystemTime`], or `None` where the system's time type can't hold it.
    #[must_use]
    pub fn to_system_time(self) -> Option<SystemTime> {
        match u64::try_from(self.0) {
            Ok(after) => SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(after)),
            Err(_) => SystemTime::UNIX_EPOCH.checked_sub(Duration::from_millis(self.0.unsigned_abs())),
        }
    }
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for UnixMillis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        integer(deserializer).map(Self)
    }
}

/// Reads an integer that a server may have written as an integral float.
pub(super) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    deserializer.deserialize_i64(IntegerVisitor)
}

struct IntegerVisitor;

impl Visitor<'_> for IntegerVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<i64, E> {
        Ok(value)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<i64, E> {
        i64::try_from(value).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<i64, E> {
        // Beyond 2^53 a float no longer names one integer, so reading it would be a guess.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if value.fract() == 0.0 && value.abs() <= EXACT {
            #[allow(clippy::cast_possible_truncation)]
            Ok(value as i64)
        } else {
            Err(E::invalid_value(de::Unexpected::Float(value), &self))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_however_they_are_written() {
        for (json, millis) in [
            ("1716883200123", 1_716_883_200_123),
            ("1716883200123.0", 1_716_883_200_123),
            ("1.7e12", 1_700_000_000_000),
            ("0", 0),
            ("-1", -1),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(serde_json::from_str::<UnixMillis>(json).unwrap(), UnixMillis::new(millis), "{json}");
        }
    }

    #[test]
    fn nothing_else_is_taken_for_a_time() {
        for json in ["1.5", "1e300", "9223372036854775808", "9007199254740994.0", "\"1\"", "null", "true", "[]", "{}"] {
            assert!(serde_json::from_str::<UnixMillis>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_time_before_the_epoch_is_a_system_time_too() {
        let before = UnixMillis::new(-1500).to_system_time().unwrap();
        assert_eq!(SystemTime::UNIX_EPOCH.duration_since(before).unwrap(), Duration::from_millis(1500));
    }

    #[test]
    fn a_time_is_told_in_milliseconds_and_as_a_system_time() {
        let time = UnixMillis::new(1500);
        assert_eq!((time.as_millis(), time.to_string().as_str()), (1500, "1500"));
        let passed = |millis| UnixMillis::new(millis).to_system_time().unwrap().duration_since(SystemTime::UNIX_EPOCH);
        assert_eq!((passed(1500).unwrap(), passed(0).unwrap()), (Duration::from_millis(1500), Duration::ZERO));
        let error = serde_json::from_str::<UnixMillis>("\"1\"").unwrap_err().to_string();
        assert!(error.contains("expected a whole number"), "{error}");
    }
}
