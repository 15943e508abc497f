//! Checks that links in the documentation lead to files and headings of this repository.
//!
//! Links to the web are not checked, as tests use no network.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that contain the output of tools.
const WRITTEN_BY_TOOLS: [&str; 4] = [".git", "target", "__pycache__", "node_modules"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// All files below a folder with this extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            if !WRITTEN_BY_TOOLS.iter().any(|name| entry.file_name() == *name) {
                found.extend(files(&path, extension));
            }
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found
}

#[test]
fn links_of_markdown_files_lead_to_files_and_headings() {
    let documents = files(root(), "md");
    for expected in ["README.md", "docs/migrating/from-clerk-rs.md"] {
        assert!(documents.contains(&root().join(expected)), "{expected} is not in {documents:?}");
    }
    let mut links = 0;
    let mut broken = Vec::new();
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        for target in targets(&text) {
            links += 1;
            broken.extend(fault(&document, &target).map(|fault| format!("{}: {fault}", document.display())));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(links > 20, "only {links} links were found");
}

#[test]
fn links_of_rust_documentation_to_files_lead_to_files() {
    let mut broken = Vec::new();
    for source in files(root(), "rs") {
        let text = fs::read_to_string(&source).unwrap();
        let documentation: Vec<_> = text.lines().filter_map(documentation).collect();
        // rustdoc checks the links to items.
        let named = targets(&documentation.join("\n")).into_iter().filter(|target| names_a_file(target));
        broken.extend(named.filter_map(|target| fault(&source, &target)).map(|fault| {
            let source = source.display();
            format!("{source}: {fault}")
        }));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The text of a line of documentation.
fn documentation(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))
}

/// Whether a link's target is a file, and not an item such as `crate::Client` or `Self::call()`.
fn names_a_file(target: &str) -> bool {
    let path = target.split('#').next().unwrap_or_default();
    path.contains('/') || Path::new(path).extension().is_some()
}

/// The error in a link of a file, if there is one.
fn fault(file: &Path, target: &str) -> Option<String> {
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let destination = if path.is_empty() { file.to_owned() } else { file.parent()?.join(path) };
    if !destination.exists() {
        return Some(format!("{target} leads to no file"));
    }
    let anchor = anchor?;
    if destination.extension().is_none_or(|extension| extension != "md") {
        return Some(format!("{target} has an anchor, but {path} has no headings"));
    }
    let anchors = anchors(&fs::read_to_string(&destination).unwrap());
    (!anchors.contains(anchor)).then(|| format!("{target} leads to no heading; there are {anchors:?}"))
}

/// The targets of all links of a Markdown text, except to the web: `[text](target)` and `[name]: target`.
fn targets(markdown: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(markdown) {
        let line = without_code(&line);
        let definition = line.trim_start().strip_prefix('[').and_then(|line| line.split_once("]: "));
        found.extend(definition.and_then(|(_, target)| first_word(target)));
        for after in line.split("](").skip(1) {
            found.extend(first_word(&after[..closing_parenthesis(after)]));
        }
    }
    found.retain(|target| !["https://", "http://", "mailto:"].iter().any(|scheme| target.starts_with(scheme)));
    found
}

/// The target without a title and angle brackets.
fn first_word(text: &str) -> Option<String> {
    text.split_whitespace().next().map(|word| word.trim_matches(['<', '>']).to_owned())
}

/// The place of the parenthesis that closes the one before the text.
fn closing_parenthesis(text: &str) -> usize {
    let mut depth = 1;
    for (place, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return place;
        }
    }
    text.len()
}

/// The lines that are not in a fenced block of code.
fn prose(markdown: &str) -> Vec<String> {
    let mut fence: Option<String> = None;
    let mut lines = Vec::new();
    for line in markdown.lines() {
        let text = line.trim_start();
        match &fence {
            Some(open) if text.starts_with(open.as_str()) => fence = None,
            Some(_) => {}
            None if text.starts_with("```") || text.starts_with("~~~") => {
                let mark = text.chars().next().unwrap();
                fence = Some(text.chars().take_while(|letter| *letter == mark).collect());
            }
            None => lines.push(line.to_owned()),
        }
    }
    lines
}

/// A line without its spans of code, which contain no links.
fn without_code(line: &str) -> String {
    let parts: Vec<_> = line.split('`').collect();
    // If the number of backticks is odd, the last one is a plain letter.
    let closed = if parts.len() % 2 == 1 { parts.len() } else { parts.len() - 1 };
    let kept = parts.iter().enumerate().filter(|(index, _)| index % 2 == 0 || *index >= closed);
    kept.map(|(_, part)| *part).collect()
}

/// The anchors that GitHub gives to the headings of a Markdown text, and those that the text sets by `<a id="…">`.
fn anchors(markdown: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut anchors = BTreeSet::new();
    for line in prose(markdown) {
        let heading = line.trim_start_matches('#');
        let level = line.len() - heading.len();
        if (1..=6).contains(&level) && heading.starts_with(' ') {
            let anchor = anchor(heading.trim().trim_end_matches('#').trim_end());
            let count = seen.entry(anchor.clone()).or_default();
            anchors.insert(if *count == 0 { anchor } else { format!("{anchor}-{count}") });
            *count += 1;
        }
        anchors.extend(line.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    }
    anchors
}

/// The anchor of a heading by GitHub's rules: lower case, a hyphen for each space, and no punctuation but `-` and `_`.
fn anchor(heading: &str) -> String {
    let mut text = String::new();
    let mut rest = heading;
    // A link is replaced by its text.
    while let Some((before, after)) = rest.split_once("](") {
        text += before;
        rest = &after[closing_parenthesis(after)..];
    }
    text += rest;
    let kept = text.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.flat_map(char::to_lowercase).map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

#[test]
fn links_are_found_outside_of_code() {
    let markdown = "See [a](a.md), [`b`](b/c.rs#d \"title\") and [web](https://example.com).\n\
        `[code](no.md)` and [e](f(1).md)\n```text\n[code](no.md)\n```\n[g]: h.md\n";
    assert_eq!(targets(markdown), ["a.md", "b/c.rs#d", "f(1).md", "h.md"]);
}

#[test]
fn anchors_are_those_of_github() {
    let markdown = "# Beside Clerk's own gem\n## `cargo test`: all\n## [A link](to.md), here\n```sh\n# no heading\n```\n\
        ### Twice\n### Twice\n#no heading\n<a id=\"mine\"></a>\n";
    let expected = ["beside-clerks-own-gem", "cargo-test-all", "a-link-here", "twice", "twice-1", "mine"];
    assert_eq!(anchors(markdown), expected.map(str::to_owned).into());
}

#[test]
fn a_broken_link_is_reported() {
    let readme = root().join("README.md");
    assert_eq!(fault(&readme, "LICENSE"), None);
    assert_eq!(fault(&readme, "#use-it"), None);
    assert_eq!(fault(&readme, "NO-SUCH.md").unwrap(), "NO-SUCH.md leads to no file");
    assert!(
        fault(&readme, "README.md#no-such-heading")
            .unwrap()
            .starts_with("README.md#no-such-heading leads to no heading")
    );
    assert_eq!(fault(&readme, "LICENSE#mit").unwrap(), "LICENSE#mit has an anchor, but LICENSE has no headings");
}
