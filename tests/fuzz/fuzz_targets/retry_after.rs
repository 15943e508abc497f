//! Parses the headers `Retry-After` and `Date` of a response. They are the two lines of the input.
//!
//! - Digits are a number of seconds, limited to the maximum of the type.
//! - A date is relative to the `Date` of the response. The difference is the same as with the `httpdate` crate. This is checked for two
//!   lines that are dates, and in all three formats for the dates that are derived from any two lines.

#![no_main]

use std::time::{Duration, SystemTime};

use clerk_sessions_core::http::header::{DATE, RETRY_AFTER};
use clerk_sessions_core::http::{HeaderValue, Response, StatusCode};
use clerk_sessions_core::{Api, GetSession};
use clerk_sessions_fuzz::{lines, number};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let ([value, date], _) = lines(input);
    as_times(time(number(value)), time(number(date)));
    if let (Ok(value), Ok(date)) = (HeaderValue::from_bytes(value), HeaderValue::from_bytes(date)) {
        as_they_are(&value, &date);
    }
});

fn as_they_are(value: &HeaderValue, date: &HeaderValue) {
    let read = retry_after(value, Some(date));
    let without_date = retry_after(value, None);
    let value = value.as_bytes().trim_ascii();
    if !value.is_empty() && value.iter().all(u8::is_ascii_digit) {
        assert_eq!((read, without_date), (Some(seconds(value)), Some(seconds(value))));
    } else {
        assert_eq!(without_date, None);
    }
    if let (Some(then), Some(now)) = (imf_fixdate(value), imf_fixdate(date.as_bytes())) {
        assert_eq!(read, Some(then.duration_since(now).unwrap_or_default()));
    }
}

fn as_times(then: SystemTime, now: SystemTime) {
    let expected = Some(then.duration_since(now).unwrap_or_default());
    for then in forms(then) {
        for now in forms(now) {
            assert_eq!(retry_after(&then, Some(&now)), expected, "{then:?}, {now:?}");
        }
    }
}

/// The parsed `Retry-After` of a response with these headers.
fn retry_after(value: &HeaderValue, date: Option<&HeaderValue>) -> Option<Duration> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(RETRY_AFTER, value.clone());
    response.headers_mut().extend(date.map(|date| (DATE, date.clone())));
    let error = Api::new("sk_test_fuzz").unwrap().parse::<GetSession>(response).unwrap_err();
    error.retry_after()
}

fn seconds(digits: &[u8]) -> Duration {
    let digit = |byte: &u8| u64::from(byte - b'0');
    Duration::from_secs(digits.iter().fold(0, |sum: u64, byte| sum.saturating_mul(10).saturating_add(digit(byte))))
}

/// Parses an IMF-fixdate. This format is unambiguous, so two parsers can be compared with it.
fn imf_fixdate(text: &[u8]) -> Option<SystemTime> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() == "Sun, 06 Nov 1994 08:49:37 GMT".len())?;
    httpdate::parse_http_date(text).ok().filter(|time| httpdate::fmt_http_date(*time) == text)
}

/// The time this number of seconds after 1970, modulo the time until the year 10000, because dates end there.
fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds % 253_402_300_800)
}

/// The time as an IMF-fixdate, in asctime format and, if it is in this century, in RFC 850 format.
fn forms(time: SystemTime) -> Vec<HeaderValue> {
    let imf_fixdate = httpdate::fmt_http_date(time);
    let words: Vec<_> = imf_fixdate.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let [weekday, day, month, year, time, _] = words[..] else { unreachable!("{imf_fixdate}") };
    let asctime = format!("{weekday} {month} {:>2} {time} {year}", day.trim_start_matches('0'));
    let rfc850 = year.strip_prefix("20").map(|year| format!("{}, {day}-{month}-{year} {time} GMT", long(weekday)));
    let forms = [Some(imf_fixdate), Some(asctime), rfc850].into_iter().flatten();
    forms.map(|form| form.parse().unwrap()).collect()
}

fn long(weekday: &str) -> &str {
    const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    WEEKDAYS.into_iter().find(|long| long.starts_with(weekday)).unwrap()
}
