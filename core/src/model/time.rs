//! [`UnixMillis`]: the times of the API.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
///
/// All times of the Sessions API have this unit. A JSON number such as `1.7e12` or `1700000000000.0` is read as the
/// integer of its value. A fraction, a string or a number outside of `i64` is an error.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use clerk_sessions_core::UnixMillis;
///
/// let time = UnixMillis::new(1_700_000_000_000);
/// assert_eq!(time.to_system_time(), SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(1_700_000_000)));
/// assert_eq!(time.to_string(), "1700000000000");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UnixMillis(i64);

impl UnixMillis {
    /// Creates the time from milliseconds since the Unix epoch. Negative values are before it.
    #[must_use]
    pub const fn new(millis: i64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Converts the time into a [`SystemTime`]; `None` if it is outside of the range of that type.
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

/// Reads an integer, which the server may write as a float without a fraction.
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
        // Above 2^53 a float may stand for several integers, so its value is uncertain.
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
    fn integers_and_floats_without_a_fraction_decode() {
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
    fn fractions_strings_and_numbers_out_of_range_are_errors() {
        for json in ["1.5", "1e300", "9223372036854775808", "9007199254740994.0", "\"1\"", "null", "true", "[]", "{}"] {
            assert!(serde_json::from_str::<UnixMillis>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_time_before_the_epoch_converts_into_a_system_time() {
        let before = UnixMillis::new(-1500).to_system_time().unwrap();
        assert_eq!(SystemTime::UNIX_EPOCH.duration_since(before).unwrap(), Duration::from_millis(1500));
    }

    #[test]
    fn a_time_prints_milliseconds_and_converts_into_a_system_time() {
        let time = UnixMillis::new(1500);
        assert_eq!((time.as_millis(), time.to_string().as_str()), (1500, "1500"));
        let passed = |millis| UnixMillis::new(millis).to_system_time().unwrap().duration_since(SystemTime::UNIX_EPOCH);
        assert_eq!((passed(1500).unwrap(), passed(0).unwrap()), (Duration::from_millis(1500), Duration::ZERO));
        let error = serde_json::from_str::<UnixMillis>("\"1\"").unwrap_err().to_string();
        assert!(error.contains("expected a whole number"), "{error}");
    }
}
