//! ARCHITECTURE.md names every dependency, every suite, and every module of the published crates without FakeClerk.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ARCHITECTURE: &str = include_str!("../../ARCHITECTURE.md");

/// The dependencies that need no reason in the table.
const GIVEN: [&str; 7] = ["http", "proptest", "reqwest", "serde", "serde_json", "thiserror", "ureq"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The folders with a manifest, below the root.
fn packages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
            found.extend(packages(&path));
        } else if path.ends_with("Cargo.toml") {
            found.push(folder.to_owned());
        }
    }
    found
}

/// The names in the dependency sections of a manifest, without this project's own crates.
fn dependencies(manifest: &str) -> BTreeSet<&str> {
    let mut is_inside = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_inside = line.ends_with("dependencies]") && line != "[workspace.dependencies]";
        } else if is_inside && line.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
            names.extend(line.split([' ', '.', '=']).next());
        }
    }
    names.retain(|name| !name.starts_with("clerk-sessions"));
    names
}

/// The crates in the first column of the dependency table.
fn table() -> BTreeSet<&'static str> {
    let section = ARCHITECTURE.split("\n## ").find(|section| section.starts_with("Dependencies ")).unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")).skip(1);
    rows.flat_map(|row| row.split(" |").next().unwrap().split(", ")).collect()
}

#[test]
fn the_dependency_table_has_every_dependency_and_no_other() {
    let manifests: Vec<_> =
        packages(root()).iter().map(|folder| fs::read_to_string(folder.join("Cargo.toml")).unwrap()).collect();
    assert!(manifests.len() > 10, "{}", manifests.len());
    let used: BTreeSet<_> = manifests.iter().flat_map(|manifest| dependencies(manifest)).collect();
    let beyond: BTreeSet<_> = used.into_iter().filter(|name| !GIVEN.contains(name)).collect();
    let table = table();
    let missing: Vec<_> = beyond.difference(&table).collect();
    let unused: Vec<_> = table.difference(&beyond).collect();
    assert!(missing.is_empty() && unused.is_empty(), "missing: {missing:?}, not used: {unused:?}");
}

#[test]
fn every_suite_and_module_is_named() {
    for folder in [
        "core/src",
        "auth/src",
        "transport-ureq/src",
        "transport-reqwest/src",
        "web-tower/src",
        "web-actix/src",
        "tests/suite",
    ] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            // What only declares the others, or is used by them.
            let is_named = |word: &str| word == name;
            let named = ARCHITECTURE.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(is_named);
            assert!(
                named || ["main", "common", "signing"].contains(&name),
                "{folder}: {name} is not in ARCHITECTURE.md"
            );
        }
    }
}

#[test]
fn the_names_of_dependencies_are_read() {
    let manifest = "[workspace.dependencies]\na = \"1\"\n[dependencies]\n# No b.\nc.workspace = true\n\
        clerk-sessions-core.workspace = true\nd-e = { version = \"1\" }\n[features]\nf = []\n\
        [dev-dependencies]\ng=\"1\"\n";
    assert_eq!(dependencies(manifest), ["c", "d-e", "g"].into());
}
