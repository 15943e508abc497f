//! The cookies of a browser for the app.

use std::collections::BTreeMap;
use std::time::Duration;

/// Names and values, and when each is dropped.
#[derive(Debug, Default)]
pub(super) struct Jar(BTreeMap<String, (String, Option<Duration>)>);

impl Jar {
    /// Takes a `Set-Cookie` value.
    pub(super) fn set(&mut self, directive: &str, now: Duration) {
        let mut parts = directive.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let age = parts.find_map(|attribute| attribute.strip_prefix("Max-Age=")?.parse::<u64>().ok());
        if age == Some(0) {
            self.0.remove(name);
        } else {
            self.0.insert(name.to_owned(), (value.to_owned(), age.map(|age| now + Duration::from_secs(age))));
        }
    }

    /// The header `Cookie`.
    pub(super) fn header(&self, now: Duration) -> String {
        let alive = self.0.iter().filter(|(_, (_, end))| end.is_none_or(|end| now < end));
        alive.map(|(name, (value, _))| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }
}
