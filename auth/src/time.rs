//! [`UnixTime`]: times of tokens, compared without overflow.

use std::time::Duration;

use clerk_sessions_core::UnixMillis;

/// A time in microseconds since 1970. A number of seconds beyond its range, which is 292,000 years, becomes its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UnixTime(i64);

impl UnixTime {
    /// The time of a number of seconds, rounded to a microsecond.
    #[allow(clippy::cast_possible_truncation)] // A float that is too large becomes the largest integer.
    pub(crate) fn from_seconds(seconds: f64) -> Self {
        Self((seconds * 1e6).round() as i64)
    }

    /// The time this long after the start of 1970.
    pub(crate) fn after_epoch(duration: Duration) -> Self {
        Self(duration.as_micros().try_into().unwrap_or(i64::MAX))
    }

    pub(crate) fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(Self::after_epoch(duration).0))
    }

    pub(crate) fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(Self::after_epoch(duration).0))
    }

    /// The seconds from `earlier` to this time.
    pub(crate) fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0) / 1_000_000
    }

    pub(crate) fn to_millis(self) -> UnixMillis {
        UnixMillis::new(self.0 / 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_overflows() {
        let now = UnixTime::after_epoch(Duration::from_secs(1_700_000_000));
        for future in [1.7e9 + 1.0, 1e20, 1e300, f64::MAX] {
            let time = UnixTime::from_seconds(future);
            assert!(time > now && time.plus(Duration::MAX) >= time, "{future}");
            assert!(time.to_millis() > now.to_millis() && time.seconds_since(now) > 0);
        }
        for past in [0.0, -1.0, -1e300, f64::MIN] {
            assert!(UnixTime::from_seconds(past) < now, "{past}");
        }
    }

    #[test]
    fn fractions_are_kept() {
        assert_eq!(UnixTime::from_seconds(1_795_386_618.554).to_millis().as_millis(), 1_795_386_618_554);
        assert_eq!(UnixTime::from_seconds(1.5), UnixTime::after_epoch(Duration::from_millis(1500)));
    }
}
