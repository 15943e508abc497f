//! The modules of the core import each other in one order, and its files are short.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the core. Each imports only modules that come before it in this list.
const ORDER: [&str; 19] = [
    "metadata",
    "redact",
    "retry_after",
    "attempt",
    "json",
    "model",
    "error",
    "base_url",
    "request",
    "operation",
    "operations",
    "response",
    "api",
    "call",
    "flows",
    "registry",
    "client",
    "guide",
    "lib",
];

/// The files that may be longer than [`MOST_LINES`]: each has a method with docs for every operation.
const FACADES: [&str; 2] = ["client/blocking.rs", "client/asynchronous.rs"];
const MOST_LINES: usize = 400;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("core/src")
}

/// The text of each source file of the core, by its path below `core/src`.
fn files() -> BTreeMap<String, String> {
    let (root, mut found, mut folders) = (source(), BTreeMap::new(), vec![source()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// The code of a file without comments and tests.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

/// The names after a prefix, also in braces: `a` and `b` of `crate::{a, b::C}`.
fn names_after(code: &str, prefix: &str) -> BTreeSet<String> {
    let first_word = |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            None => {
                names.insert(first_word(rest));
            }
            Some(list) => {
                let mut depth = 0;
                let end = |c| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    depth < 0
                };
                let list = &list[..list.find(end).unwrap()];
                let mut depth = 0;
                let parts = list.split(|c| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    c == ',' && depth == 0
                });
                names.extend(parts.map(|part| first_word(part.trim())).filter(|name| !name.is_empty()));
            }
        }
    }
    names
}

#[test]
fn no_module_imports_a_later_one() {
    let place = |module: &str| ORDER.iter().position(|name| *name == module);
    let mut wrong = Vec::new();
    for (file, text) in files() {
        if file.ends_with("tests.rs") {
            continue;
        }
        let module = file.split(['/', '.']).next().unwrap();
        let at = place(module).unwrap_or_else(|| panic!("{module} is not in ORDER: add it"));
        for name in names_after(&code(&text), "crate::") {
            // Other names are re-exports of lib.rs, so the file imports lib.rs.
            let imported = place(&name).unwrap_or(ORDER.len() - 1);
            if imported > at {
                wrong.push(format!("{file} imports {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "imports of a later module:\n{}", wrong.join("\n"));
}

#[test]
fn files_of_a_folder_have_no_circular_imports() {
    let all = files();
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in &all {
        if let Some((folder, _)) = file.rsplit_once('/').filter(|_| !file.ends_with("tests.rs")) {
            let siblings = names_after(&code(text), "super::").into_iter().map(|name| format!("{folder}/{name}.rs"));
            arrows.insert(file.clone(), siblings.filter(|name| all.contains_key(name)).collect());
        }
    }
    // Removes files without imports until only circles are left.
    while let Some(file) = arrows.iter().find(|(_, to)| to.is_empty()).map(|(file, _)| file.clone()) {
        arrows.remove(&file);
        for to in arrows.values_mut() {
            to.remove(&file);
        }
    }
    assert!(arrows.is_empty(), "circles among {arrows:#?}");
}

#[test]
fn no_file_is_longer_than_400_lines() {
    for (file, text) in files() {
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES || FACADES.contains(&&*file), "{file} has {lines} lines");
    }
}

#[test]
fn names_are_found_in_paths_and_in_braces() {
    let code = "use crate::a::B;\nuse crate::{c, d::{E, F}, g as h};\nlet x = crate::i::j();";
    assert_eq!(names_after(code, "crate::"), ["a", "c", "d", "g", "i"].map(str::to_owned).into());
}

#[test]
fn architecture_lists_the_modules_in_this_order() {
    let architecture = fs::read_to_string(source().join("../../ARCHITECTURE.md")).unwrap();
    let line = |module: &str| {
        let place = |end| architecture.find(&format!("\n  {module}{end} "));
        place(".rs").or_else(|| place("/")).unwrap_or_else(|| panic!("{module} is not in the tree of ARCHITECTURE.md"))
    };
    let lines = ORDER.map(line);
    assert!(lines.is_sorted(), "{lines:?}");
}
