//! The modules of the crates without I/O import each other in one order, and their files are short.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A crate whose modules have an order.
struct Crate {
    folder: &'static str,
    /// Each module imports only modules that come before it in this list.
    order: &'static [&'static str],
    /// The files that may be longer than [`MOST_LINES`].
    long: &'static [&'static str],
}

const CRATES: [Crate; 2] = [
    Crate {
        folder: "core/src",
        order: &[
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
        ],
        // Each has a method with docs for every operation.
        long: &["client/blocking.rs", "client/asynchronous.rs"],
    },
    Crate {
        folder: "auth/src",
        order: &[
            "base64url",
            "json",
            "scalar",
            "time",
            "reason",
            "error",
            "claims",
            "has",
            "token",
            "known_headers",
            "keys",
            "crypto",
            "key_set",
            "publishable_key",
            "rules",
            "verified_cache",
            "verifier",
            "jwks",
            "authenticator",
            "request",
            "request_authenticator",
            "live_session",
            "lib",
        ],
        long: &[],
    },
];

const MOST_LINES: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

impl Crate {
    /// The text of each source file, by its path below the folder.
    fn files(&self) -> BTreeMap<String, String> {
        let source = root().join(self.folder);
        let (mut found, mut folders) = (BTreeMap::new(), vec![source.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&source).unwrap().to_str().unwrap().to_owned();
                    found.insert(name, fs::read_to_string(&path).unwrap());
                }
            }
        }
        found
    }

    fn place(&self, module: &str) -> Option<usize> {
        self.order.iter().position(|name| *name == module)
    }
}

/// Whether a file is only compiled for tests, which may import everything.
fn is_of_tests(file: &str) -> bool {
    file.ends_with("tests.rs") || file == "testing.rs"
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
    for one in CRATES {
        let mut wrong = Vec::new();
        for (file, text) in one.files() {
            if is_of_tests(&file) {
                continue;
            }
            let module = file.split(['/', '.']).next().unwrap();
            let at =
                one.place(module).unwrap_or_else(|| panic!("{}: {module} is not in the order: add it", one.folder));
            for name in names_after(&code(&text), "crate::") {
                // Other names are re-exports of lib.rs, so the file imports lib.rs.
                let imported = one.place(&name).unwrap_or(one.order.len() - 1);
                if imported > at {
                    wrong.push(format!("{file} imports {name}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}: imports of a later module:\n{}", one.folder, wrong.join("\n"));
    }
}

#[test]
fn files_of_a_folder_have_no_circular_imports() {
    for one in CRATES {
        let all = one.files();
        let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (file, text) in &all {
            if let Some((folder, _)) = file.rsplit_once('/').filter(|_| !is_of_tests(file)) {
                let siblings = names_after(&code(text), "super::").into_iter();
                let siblings = siblings.map(|name| format!("{folder}/{name}.rs"));
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
        assert!(arrows.is_empty(), "{}: circles among {arrows:#?}", one.folder);
    }
}

#[test]
fn no_file_is_longer_than_400_lines() {
    for one in CRATES {
        for (file, text) in one.files() {
            let lines = text.lines().count();
            assert!(lines <= MOST_LINES || one.long.contains(&&*file), "{}/{file} has {lines} lines", one.folder);
        }
    }
}

#[test]
fn names_are_found_in_paths_and_in_braces() {
    let code = "use crate::a::B;\nuse crate::{c, d::{E, F}, g as h};\nlet x = crate::i::j();";
    assert_eq!(names_after(code, "crate::"), ["a", "c", "d", "g", "i"].map(str::to_owned).into());
}

#[test]
fn architecture_lists_the_modules_in_this_order() {
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for one in CRATES {
        // The tree of a crate begins with its folder, and its modules are indented.
        let start = architecture.find(&format!("\n{}/ ", one.folder)).unwrap() + 1;
        let tree: Vec<_> = architecture[start..]
            .lines()
            .skip(1)
            .take_while(|line| line.starts_with(' '))
            .map(str::trim_start)
            .collect();
        let line = |module: &&str| {
            let is_it = |line: &&str| [".rs ", "/ "].iter().any(|end| line.starts_with(&format!("{module}{end}")));
            let found = tree.iter().position(is_it);
            found.unwrap_or_else(|| panic!("{module} is not in the tree of {} in ARCHITECTURE.md", one.folder))
        };
        let lines: Vec<_> = one.order.iter().map(line).collect();
        assert!(lines.is_sorted(), "{}: {lines:?}", one.folder);
    }
}
