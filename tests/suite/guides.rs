//! The README and the migration guides: their code can be pasted. Every guide is linked and compiled, and calls every operation.
//!
//! `src/lib.rs` compiles their Rust code; `bindings/test.sh` runs the Python and Ruby code of the guides.

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

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// Whether rustdoc leaves a line out of what it shows: a reader of the Markdown file would paste it.
fn is_hidden(line: &str) -> bool {
    let line = line.trim();
    line == "#" || line.starts_with("# ")
}

#[test]
fn each_guide_is_linked_and_compiled() {
    let readme = readme();
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
                // Of ours.
                "rust" | "rust,no_run" => {
                    assert!(!lines.iter().any(|line| is_hidden(line)), "{name}: {lines:#?}");
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
fn rust_code_of_the_readmes_can_be_pasted_and_is_compiled() {
    let compiled = fs::read_to_string(root().join("tests/src/lib.rs")).unwrap();
    for (name, least) in [("README.md", 10), ("auth/README.md", 8)] {
        let text = fs::read_to_string(root().join(name)).unwrap();
        let rust: Vec<_> = blocks(&text).into_iter().filter(|(label, _)| label.starts_with("rust")).collect();
        assert!(rust.len() >= least, "{name}: {}", rust.len());
        for (label, lines) in rust {
            assert!(["rust", "rust,no_run"].contains(&label), "rustdoc does not compile `{label}`: {lines:#?}");
            assert!(!lines.iter().any(|line| is_hidden(line)), "{lines:#?}");
            // A block is complete: it imports what it uses, and has no statement outside of a function.
            assert!(lines[0].starts_with("use "), "{lines:#?}");
            let items = ["use ", "fn ", "async fn ", "struct ", "impl", "#[", "///", " ", "}"];
            let is_item = |line: &&str| line.is_empty() || items.iter().any(|start| line.starts_with(start));
            assert!(lines.iter().all(is_item), "{lines:#?}");
        }
        assert!(
            compiled.contains(&format!("include_str!(\"../../{name}\")")),
            "tests/src/lib.rs does not include {name}"
        );
    }
}

#[test]
fn lines_that_rustdoc_hides_are_found() {
    assert_eq!(["# fn main() {", "    # }", "#", "# "].map(is_hidden), [true; 4]);
    assert_eq!(["#[test]", "    #[derive(Debug)]", "let a = 1; // # 1", ""].map(is_hidden), [false; 4]);
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
