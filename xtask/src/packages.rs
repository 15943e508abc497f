//! Finds the published packages of the workspace in their manifests.

use std::fs;
use std::path::Path;

use crate::Result;

/// A published package: its name, and its folder below the root.
#[derive(Debug, PartialEq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) folder: String,
}

/// The published members of the workspace: those without `publish = false`.
pub(crate) fn published(root: &Path) -> Result<Vec<Package>> {
    let mut packages = Vec::new();
    for folder in members(&fs::read_to_string(root.join("Cargo.toml"))?)? {
        let path = root.join(&folder).join("Cargo.toml");
        let manifest = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if value(&manifest, "publish") != Some("false") {
            let name = value(&manifest, "name").ok_or_else(|| format!("{} has no name", path.display()))?;
            packages.push(Package { name: name.trim_matches('"').to_owned(), folder });
        }
    }
    Ok(packages)
}

/// The arguments that select packages: `-p a -p b`.
pub(crate) fn selected(packages: &[Package]) -> String {
    packages.iter().map(|package| format!("-p {}", package.name)).collect::<Vec<_>>().join(" ")
}

/// The range of the list of members in the root manifest: after `members = [`, up to `]`.
pub(crate) fn members_range(manifest: &str) -> Result<std::ops::Range<usize>> {
    const START: &str = "\nmembers = [";
    let start = manifest.find(START).ok_or("Cargo.toml has no line `members = [`")? + START.len();
    let length = manifest[start..].find(']').ok_or("the list of members in Cargo.toml has no end")?;
    Ok(start..start + length)
}

fn members(manifest: &str) -> Result<Vec<String>> {
    let list = &manifest[members_range(manifest)?];
    // Every second part is between quotes.
    Ok(list.split('"').skip(1).step_by(2).map(str::to_owned).collect())
}

/// The value of the first line `key = value`.
fn value<'a>(manifest: &'a str, key: &str) -> Option<&'a str> {
    let after = |line: &'a str| line.strip_prefix(key)?.trim_start().strip_prefix('=');
    manifest.lines().find_map(after).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_may_be_on_several_lines() {
        let manifest = "[workspace]\nmembers = [\n    \"core\",\n    \"tests\",\n]\nexclude = [\"bindings\"]\n";
        assert_eq!(members(manifest).unwrap(), ["core", "tests"]);
        assert!(members("[workspace]\n").is_err());
    }

    #[test]
    fn the_core_the_adapters_and_the_fake_are_published_but_not_the_checks() {
        let packages = published(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()).unwrap();
        let names: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
        for name in ["core", "auth", "ureq", "reqwest", "tower", "actix", "fake"] {
            assert!(names.contains(&&*format!("clerk-sessions-{name}")), "{names:?}");
        }
        for name in ["xtask", "clerk-sessions-tests"] {
            assert!(!names.contains(&name), "{names:?}");
        }
    }
}
