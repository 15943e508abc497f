//! Reads `Retry-After`: a number of seconds, or a date. A date is compared with the response's `Date`, as the core has
//! no clock.

use std::time::Duration;

use http::header::{DATE, HeaderMap, RETRY_AFTER};

/// Returns the wait of the first valid `Retry-After` header; `None` if there is none. A date in the past is a wait of 0
/// s.
pub(crate) fn read(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(RETRY_AFTER).iter().filter_map(|value| value.to_str().ok());
    values.map(str::trim).find_map(|value| seconds(value).or_else(|| until(value, headers)))
}

/// Reads a number of seconds.
fn seconds(value: &str) -> Option<Duration> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    // A number that is too large for `u64` becomes the longest wait.
    digits.then(|| Duration::from_secs(value.parse().unwrap_or(u64::MAX)))
}

/// Reads a date, and returns the time from the response's `Date` to it.
fn until(value: &str, headers: &HeaderMap) -> Option<Duration> {
    let then = unix_seconds(value)?;
    let now = unix_seconds(headers.get(DATE)?.to_str().ok()?)?;
    Some(Duration::from_secs(u64::try_from(then.saturating_sub(now)).unwrap_or(0)))
}

/// Returns the Unix seconds of an HTTP date (RFC 9110, section 5.6.7) in any of its three forms.
///
/// All forms begin with the weekday, name the month by three letters, write the time with colons, and have the day
/// before the year. So the words are recognized by their form, not by their position.
fn unix_seconds(date: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = date.split([' ', ',', '-']).filter(|word| !word.is_empty());
    let weekday = words.next()?;
    if weekday.len() < 3 || !weekday.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let (mut month, mut time, mut numbers) = (None, None, Vec::with_capacity(2));
    for word in words {
        if let Some(index) = MONTHS.iter().position(|name| *name == word) {
            month = Some(index);
        } else if word.contains(':') {
            time = Some(word);
        } else if word != "GMT" {
            numbers.push(number(word)?);
        }
    }
    let ([day, year], Some(month), Some(time)) = (numbers.as_slice(), month, time) else { return None };
    let mut time = time.split(':').map(number);
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    // 60 is a leap second.
    if time.next().is_some() || !(1..=31).contains(day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Only RFC 850 has two digits. The date is a few minutes from now, so it is in this century.
    let year = if *year < 100 { year + 2000 } else { *year };
    let month = i64::try_from(month).ok()? + 1;
    Some(((days_since_1970(year, month, *day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// Reads a number of 1 to 4 digits.
fn number(digits: &str) -> Option<i64> {
    let digits_only = (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if digits_only { digits.parse().ok() } else { None }
}

/// Returns the days from 1970-01-01 to a date. Years begin with March here, so that the leap day is the last of its
/// year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap_days = year / 4 - year / 100 + year / 400;
    // `(month * 306 + 5) / 10` is the number of days before a month. From 0000-03-01 to 1970-01-01 it is 719,468 days;
    // one more is subtracted because `day` starts at 1.
    year * 365 + leap_days + (month * 306 + 5) / 10 + day - 719_469
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn asked(date: Option<&str>, retry_after: &[&str]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for value in retry_after {
            headers.append(RETRY_AFTER, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_bytes(date.as_bytes()).unwrap());
        }
        read(&headers).map(|wait| wait.as_secs())
    }

    const DATE_NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    #[test]
    fn a_number_of_seconds_is_read() {
        for (value, wait) in [("0", 0), ("7", 7), (" 7 ", 7), ("007", 7), ("99999999999999999999999", u64::MAX)] {
            assert_eq!(asked(None, &[value]), Some(wait), "{value}");
        }
        for value in ["", "-1", "+1", "1.5", "1 s", "soon", "0x10", "é"] {
            assert_eq!(asked(Some(DATE_NOW), &[value]), None, "{value}");
        }
    }

    #[test]
    fn a_date_is_compared_with_the_date_of_the_response() {
        for date in ["Sun, 06 Nov 1994 08:50:07 GMT", "Sunday, 06-Nov-94 08:50:07 GMT", "Sun Nov  6 08:50:07 1994"] {
            let date_header = if date.contains("-94") { "Sun, 06 Nov 2094 08:49:37 GMT" } else { DATE_NOW };
            assert_eq!(asked(Some(date_header), &[date]), Some(30), "{date}");
        }
        assert_eq!(
            asked(Some(DATE_NOW), &["Sun, 06 Nov 1994 08:49:30 GMT"]),
            Some(0),
            "a date in the past is a wait of 0 s"
        );
        assert_eq!(asked(None, &["Sun, 06 Nov 1994 08:50:07 GMT"]), None, "without a `Date`");
        assert_eq!(asked(Some("now"), &["Sun, 06 Nov 1994 08:50:07 GMT"]), None);
    }

    #[test]
    fn the_first_valid_header_is_used() {
        assert_eq!(asked(None, &["soon", "7", "9"]), Some(7));
        assert_eq!(asked(Some(DATE_NOW), &["Sun, 06 Nov 1994 08:50:07 GMT", "9"]), Some(30));
        assert_eq!(asked(None, &["Sun, 06 Nov 1994 08:50:07 GMT", "9"]), Some(9));
        assert_eq!(asked(None, &[]), None);
    }

    #[test]
    fn valid_dates_convert_and_invalid_dates_do_not() {
        for (date, seconds) in [
            ("Fri, 01 Jan 0100 00:00:00 GMT", -59_011_459_200),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
            ("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ] {
            assert_eq!(unix_seconds(date), Some(seconds), "{date}");
        }
        for date in [
            "",
            "Sun",
            "Sun, 06 Nov 1994",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:00 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Su, 06 Nov 1994 08:49:37 GMT",
            "S-n, 06 Nov 1994 08:49:37 GMT",
            "S1n, 06 Nov 1994 08:49:37 GMT",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 19940 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37:00 GMT",
            "06 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(unix_seconds(date), None, "{date}");
        }
    }

    proptest! {
        #[test]
        fn read_does_not_panic_for_any_text(date in "\\PC*", value in "[A-Za-z0-9:, -]*") {
            let mut headers = HeaderMap::new();
            for (name, text) in [(DATE, &date), (RETRY_AFTER, &date), (RETRY_AFTER, &value)] {
                if let Ok(text) = HeaderValue::from_str(text) {
                    headers.append(name, text);
                }
            }
            let _ = read(&headers);
        }
    }
}
