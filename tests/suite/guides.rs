//! The migration guides: every one is linked and compiled, its code can be pasted, and it names every operation.
//!
//! That their Rust code compiles is tested by `src/lib.rs`; that their Python and Ruby code runs, by `bindings/test.sh`.

use std::fs;
use std::path::{Path, PathBuf};

use clerk_sessions_core::registry::OPERATIONS;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Name and text of each guide.
fn guides() -> Vec<(String, String)> {
    let entries = fs::read_dir(root().join("docs/migrating")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// Label and lines of each fenced block.
fn blocks(markdown: &str) -> Vec<(&str, Vec<&str>)> {
    let mut blocks = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        if let Some(label) = line.strip_prefix("```") {
            blocks.push((label, lines.by_ref().take_while(|line| *line != "```").collect()));
        }
    }
    blocks
}

#[test]
fn each_guide_is_linked_and_compiled() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let compiled = fs::read_to_string(root().join("tests/src/lib.rs")).unwrap();
    let guides = guides();
    assert!(guides.len() >= 4, "{}", guides.len());
    for (name, _) in guides {
        assert!(readme.contains(&format!("(docs/migrating/{name})")), "README.md has no link to {name}");
        assert!(compiled.contains(&format!("/docs/migrating/{name}\")")), "tests/src/lib.rs does not include {name}");
    }
}

#[test]
fn code_of_guides_can_be_pasted_and_is_tested() {
    for (name, text) in guides() {
        for (label, lines) in blocks(&text) {
            match label {
                // Of ours. rustdoc would hide lines that begin like this.
                "rust" | "rust,no_run" => {
                    assert!(!lines.iter().any(|line| line.trim_start().starts_with("# ")), "{name}: {lines:#?}");
                }
                // Of ours; the tests of the bindings run them.
                "python" | "ruby" => {}
                // Of theirs.
                "rust,ignore" => {
                    assert!(lines.iter().any(|line| line.starts_with("use clerk_rs::")), "{name}: {lines:#?}")
                }
                "python theirs" | "ruby theirs" | "js" => {}
                _ => panic!("{name}: nothing tests a block of `{label}`"),
            }
        }
    }
}

#[test]
fn each_guide_calls_every_operation_and_revoke_all() {
    let operations = OPERATIONS.iter().map(|operation| operation.metadata().name);
    let methods: Vec<_> = operations.chain(["pages", "revoke_all"]).collect();
    for (name, text) in guides() {
        for method in &methods {
            let call = format!("sessions().{method}(");
            assert!(text.contains(&call), "{name} has no {call}");
        }
    }
}
