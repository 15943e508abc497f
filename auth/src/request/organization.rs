//! [`OrganizationPatterns`]: which organization a path belongs to.

use std::collections::BTreeSet;

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
                parts.push(Part::Text(text.to_lowercase()));
                rest = after;
            }
        }
        Some(Self(parts))
    }

    /// The named segments, if the pattern matches the whole path.
    fn matches(&self, path: &str) -> Option<Vec<(String, String)>> {
        let mut matching = Matching { path, lower: path.to_lowercase(), found: Vec::new(), dead: BTreeSet::new() };
        // Lower case may have another length; such a path has no literal in common with a pattern at the same place.
        if matching.lower.len() != path.len() {
            matching.lower = path.to_ascii_lowercase();
        }
        matching.run(&self.0, 0).then_some(matching.found)
    }
}

/// A match under way. Places that lead nowhere are remembered, so that the time is bounded by length times parts.
struct Matching<'a> {
    path: &'a str,
    lower: String,
    found: Vec<(String, String)>,
    dead: BTreeSet<(usize, usize)>,
}

impl Matching<'_> {
    fn run(&mut self, parts: &[Part], at: usize) -> bool {
        let Some((part, after)) = parts.split_first() else {
            return matches!(self.path.get(at..), Some("" | "/"));
        };
        if self.dead.contains(&(parts.len(), at)) {
            return false;
        }
        let rest = self.path.get(at..).unwrap_or_default();
        let matched = match part {
            Part::Text(text) => {
                self.lower.get(at..).is_some_and(|rest| rest.starts_with(text.as_str()))
                    && self.run(after, at + text.len())
            }
            Part::Segment(name) => {
                let longest = rest.find(['/', '#', '?']).unwrap_or(rest.len());
                // As short as possible, but not empty.
                let ends: Vec<usize> = rest
                    .char_indices()
                    .map(|(end, _)| end)
                    .chain([rest.len()])
                    .filter(|end| (1..=longest).contains(end))
                    .collect();
                ends.into_iter().any(|end| {
                    self.run(after, at + end) && {
                        self.found.insert(0, (name.clone(), self.path[at..at + end].to_owned()));
                        true
                    }
                })
            }
            Part::Anything => {
                // As long as possible.
                let ends: Vec<usize> = rest.char_indices().map(|(end, _)| end).chain([rest.len()]).collect();
                ends.into_iter().rev().any(|end| self.run(after, at + end))
            }
        };
        if !matched {
            self.dead.insert((parts.len(), at));
        }
        matched
    }
}
