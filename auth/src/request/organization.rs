//! [`OrganizationPatterns`]: which organization a path belongs to.

use clerk_sessions_core::{BuildError, Error};

/// The organization that a path asks for. [`OrganizationPatterns::target`] returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OrganizationTarget {
    /// The organization with this id.
    Id(String),
    /// The organization with this slug.
    Slug(String),
    /// The personal account, without an organization.
    Personal,
}

/// The paths that belong to an organization or to the personal account, such as `/orgs/:slug/(.*)`. The session is switched to it.
///
/// A pattern has literal text, `:id` or `:slug` for one segment, and `(.*)` for anything. It matches the whole path, in any case,
/// with or without a slash at the end. Patterns of organizations come before those of the personal account.
///
/// ```
/// use clerk_sessions_auth::OrganizationPatterns;
///
/// let patterns = OrganizationPatterns::new(["/orgs/:slug", "/orgs/:slug/(.*)"], ["/me"])?;
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct OrganizationPatterns {
    organization: Vec<Pattern>,
    personal: Vec<Pattern>,
}

impl OrganizationPatterns {
    /// Parses the patterns.
    ///
    /// # Errors
    /// [`Error::Build`]: a pattern has a character of the pattern language that is not supported: one of `()[]{}?+*\`, or a `:` that
    /// no name follows.
    pub fn new<'a>(
        organization: impl IntoIterator<Item = &'a str>,
        personal: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Error> {
        let parse = |pattern: &str| {
            let wrong = || {
                BuildError::new(
                    "organization_patterns",
                    format!("has an invalid pattern {pattern:?}: use text, :id, :slug and (.*)"),
                )
            };
            Pattern::parse(pattern).ok_or_else(|| Error::Build(wrong()))
        };
        Ok(Self {
            organization: organization.into_iter().map(parse).collect::<Result<_, _>>()?,
            personal: personal.into_iter().map(parse).collect::<Result<_, _>>()?,
        })
    }

    /// What this path asks for; `None` if no pattern matches.
    #[must_use]
    pub fn target(&self, path: &str) -> Option<OrganizationTarget> {
        if let Some(found) = self.organization.iter().find_map(|pattern| pattern.matches(path)) {
            let named = |name: &str| found.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
            if let Some(target) =
                named("id").map(OrganizationTarget::Id).or_else(|| named("slug").map(OrganizationTarget::Slug))
            {
                return Some(target);
            }
        }
        self.personal.iter().any(|pattern| pattern.matches(path).is_some()).then_some(OrganizationTarget::Personal)
    }
}

#[derive(Clone, Debug)]
struct Pattern(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    /// One segment, by name.
    Segment(String),
    Anything,
}

impl Pattern {
    fn parse(pattern: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = pattern;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("(.*)") {
                parts.push(Part::Anything);
                rest = after;
            } else if let Some(after) = rest.strip_prefix(':') {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                let (name, after) = after.split_at(end);
                if name.is_empty() {
                    return None;
                }
                parts.push(Part::Segment(name.to_owned()));
                rest = after;
            } else {
                let end = rest.find([':', '(']).unwrap_or(rest.len());
                let (text, after) = rest.split_at(end);
                if text.is_empty() || text.contains(['(', ')', '[', ']', '{', '}', '?', '+', '*', '\\']) {
                    return None;
                }
                parts.push(Part::Text(text.to_owned()));
                rest = after;
            }
        }
        Some(Self(parts))
    }

    /// The named segments, if the pattern matches the whole path. The time is in proportion to the length of the path.
    fn matches(&self, path: &str) -> Option<Vec<(String, String)>> {
        let bytes = path.as_bytes();
        let end = bytes.len();
        // `fits[at]`: whether the parts so far, from the last one on, match the path from `at` on.
        let mut fits: Vec<bool> = (0..=end).map(|at| matches!(&bytes[at..], [] | [b'/'])).collect();
        // For each part, what fits after it.
        let mut after = Vec::with_capacity(self.0.len());
        for part in self.0.iter().rev() {
            let mut with_part = vec![false; end + 1];
            let mut is_inside = false;
            for at in (0..=end).rev() {
                with_part[at] = match part {
                    Part::Text(text) => {
                        let there = bytes[at..]
                            .get(..text.len())
                            .is_some_and(|there| there.eq_ignore_ascii_case(text.as_bytes()));
                        there && fits[at + text.len()]
                    }
                    Part::Segment(_) => {
                        is_inside = at < end && !b"/#?".contains(&bytes[at]) && (fits[at + 1] || is_inside);
                        is_inside
                    }
                    Part::Anything => fits[at] || (at < end && with_part[at + 1]),
                };
            }
            after.push(std::mem::replace(&mut fits, with_part));
        }
        if !fits[0] {
            return None;
        }
        let mut found = Vec::new();
        let mut at = 0;
        for (part, after) in self.0.iter().zip(after.iter().rev()) {
            let next = match part {
                Part::Text(text) => at + text.len(),
                // As short as possible, but not empty.
                Part::Segment(name) => {
                    let next = (at + 1..=end).find(|next| after[*next])?;
                    found.push((name.clone(), path.get(at..next)?.to_owned()));
                    next
                }
                // As long as possible.
                Part::Anything => (at..=end).rev().find(|next| after[*next])?,
            };
            at = next;
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(organization: &[&str], path: &str) -> Option<OrganizationTarget> {
        OrganizationPatterns::new(organization.iter().copied(), ["/me"]).unwrap().target(path)
    }

    #[test]
    fn a_pattern_matches_the_whole_path() {
        let id = |id: &str| Some(OrganizationTarget::Id(id.to_owned()));
        for (pattern, path, expected) in [
            ("/orgs/:id", "/orgs/a", id("a")),
            ("/orgs/:id", "/ORGS/A/", id("A")),
            ("/orgs/:id", "/orgs/a/b", None),
            ("/orgs/:id", "/orgs/", None),
            ("/orgs/:id", "/x/orgs/a", None),
            ("/orgs/:id/(.*)", "/orgs/a/b/c", id("a")),
            ("/:lang/orgs/:id-(.*)", "/en/orgs/a-b-c", id("a")),
            ("/orgs/:id", "/orgs/a%2Fb", id("a%2Fb")),
        ] {
            assert_eq!(target(&[pattern], path), expected, "{pattern} {path}");
        }
        assert_eq!(target(&["/orgs/:slug"], "/orgs/acme"), Some(OrganizationTarget::Slug("acme".to_owned())));
        assert_eq!(target(&["/orgs/:slug"], "/me/"), Some(OrganizationTarget::Personal));
    }

    #[test]
    fn a_pattern_that_is_not_supported_is_refused() {
        for pattern in ["/a/((", "/a/:", "/a/:id?", "/a/*", "/a/{b}", "/a/(b|c)", "/a\\:b"] {
            let error = OrganizationPatterns::new([pattern], []).unwrap_err().to_string();
            assert!(error.starts_with("organization_patterns has an invalid pattern"), "{pattern}: {error}");
        }
    }

    #[test]
    fn a_hostile_path_takes_time_in_proportion_to_its_length() {
        let path = "/a".repeat(5_000);
        assert_eq!(target(&["/(.*)a/(.*)a/(.*)a/(.*)b/:id"], &path), None);
    }
}
