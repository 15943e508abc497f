//! The word list of CONTRIBUTING.md: fails where a file uses a word that the list forbids.
//!
//! A forbidden word is one in bold in the column "not" of the table. Its inflected forms are forbidden, too. Everything is
//! checked: text, comments, string literals and names, which are split at underscores and capital letters.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::shell::Shell;

/// Where the list is. Its table is the only text that is not checked.
const LIST: &str = "CONTRIBUTING.md";

/// Its released sections are not checked: they stay as they were published.
const CHANGELOG: &str = "CHANGELOG.md";

/// The files that are checked, by the ends of their names.
const EXTENSIONS: [&str; 12] = ["md", "rs", "py", "pyi", "rb", "c", "h", "sh", "toml", "yml", "json", "mjs"];

/// Folders that hold the output of tools.
const WRITTEN_BY_TOOLS: [&str; 6] = [".git", "target", "__pycache__", "node_modules", ".mypy_cache", ".pytest_cache"];

/// The vectors of token verification, and the code that reads them. Their format is not ours, and its members have such names.
const VECTORS: [&str; 2] = ["tests/vectors/", "tests/src/vectors/"];

/// Folders whose words are given: the vectors of token verification, and their runner, which has the names of their members.
const GIVEN: [&str; 1] = ["vectors"];

/// Names of other libraries that contain a forbidden word.
const FOREIGN: [&str; 1] = ["CURLE_WEIRD_SERVER_REPLY"];

pub(crate) fn run(shell: &mut Shell) -> Result {
    println!("\n== words");
    let found = violations(shell.root())?;
    for violation in &found {
        println!("{violation}");
    }
    match found.len() {
        0 => Ok(()),
        count => Err(format!("{count} words must be replaced: see the word list in {LIST}").into()),
    }
}

/// One line for each forbidden word, such as `README.md:3: "foo": write "bar"`.
fn violations(root: &Path) -> Result<Vec<String>> {
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let forbidden = forbidden(&read(&root.join(LIST))?)?;
    let mut violations = Vec::new();
    for path in files(root)? {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        if VECTORS.iter().any(|folder| name.starts_with(folder)) {
            continue;
        }
        let text = read(&path)?;
        let checked = match name.as_str() {
            LIST => without_table(&text),
            CHANGELOG => unreleased(&text).to_owned(),
            _ => text,
        };
        for (number, word) in find(&checked, &forbidden) {
            let instead = &forbidden[&word];
            violations.push(format!("{name}:{number}: \"{word}\": write \"{instead}\""));
        }
    }
    Ok(violations)
}

/// The files that are checked, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if !WRITTEN_BY_TOOLS.iter().chain(&GIVEN).any(|name| entry.file_name() == *name) {
                found.extend(files(&path)?);
            }
        } else if path.extension().is_some_and(|end| EXTENSIONS.iter().any(|name| end == *name)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn is_row(line: &str) -> bool {
    line.starts_with('|')
}

/// The lines of the word list's table.
fn table(contributing: &str) -> impl Iterator<Item = &str> {
    let heading = contributing.lines().skip_while(|line| *line != "### Words");
    heading.skip_while(|line| !is_row(line)).take_while(|line| is_row(line))
}

/// Each forbidden form of a word, and the word to use in its place.
fn forbidden(contributing: &str) -> Result<BTreeMap<String, String>> {
    let mut forbidden = BTreeMap::new();
    for row in table(contributing) {
        let columns: Vec<_> = row.split('|').map(str::trim).collect();
        if let [_, instead, _, not, _] = columns[..] {
            // Every second part is between two `**`.
            for word in not.split("**").skip(1).step_by(2) {
                forbidden.extend(forms(word).into_iter().map(|form| (form, instead.to_owned())));
            }
        }
    }
    if forbidden.is_empty() {
        return Err(format!("{LIST} has no table under `### Words` with words in bold").into());
    }
    Ok(forbidden)
}

/// A noun's plural and a verb's forms. Some are no English words, which does no harm.
fn forms(word: &str) -> Vec<String> {
    let (stem, ends) = match word.char_indices().next_back() {
        Some((at, 'y')) => (&word[..at], ["y", "ies", "ied", "ying"]),
        Some((at, 'e')) => (&word[..at], ["e", "es", "ed", "ing"]),
        _ => (word, ["", "s", "ed", "ing"]),
    };
    ends.iter().map(|end| format!("{stem}{end}")).collect()
}

/// The text with an empty line in place of each line of the table, so that line numbers stay.
fn without_table(contributing: &str) -> String {
    let rows: Vec<_> = table(contributing).collect();
    contributing.lines().map(|line| if rows.contains(&line) { "\n".to_owned() } else { format!("{line}\n") }).collect()
}

/// The changelog up to the first released version.
fn unreleased(changelog: &str) -> &str {
    let released = changelog.match_indices("\n## ").find(|(at, _)| !changelog[*at..].starts_with("\n## Unreleased"));
    &changelog[..released.map_or(changelog.len(), |(at, _)| at)]
}

/// The forbidden words of a text, in lower case, each with its line number.
fn find(text: &str, forbidden: &BTreeMap<String, String>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        // The n of `\n` is not part of the next word.
        let line = line.replace("\\n", " ");
        let names = line.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        for word in names.filter(|name| !FOREIGN.contains(name)).flat_map(words) {
            if forbidden.contains_key(&word) {
                found.push((index + 1, word));
            }
        }
    }
    found
}

/// The words of a name, in lower case: `get` and `session` of `get_session`, `GetSession` and `GET_SESSION`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower_case = false;
    for letter in name.chars() {
        if letter == '_' || (letter.is_uppercase() && after_lower_case) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter != '_', words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
        after_lower_case = letter.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRIBUTING: &str = "\
# Contributing
| use | for | not |
|---|---|---|
| cat | another table | **dog** |

### Words

| use | for | not |
|---|---|---|
| gadget | a thing | **gizmo**, device, **doohicky** |
| turn | a motion | **whirle** |
| plain | | |

The gizmo list ends here.
";

    fn found(text: &str) -> Vec<(usize, String)> {
        find(text, &forbidden(CONTRIBUTING).unwrap())
    }

    #[test]
    fn words_in_bold_are_forbidden_with_their_forms() {
        let forbidden = forbidden(CONTRIBUTING).unwrap();
        let forms: Vec<_> = forbidden.keys().map(String::as_str).collect();
        let gizmo = ["gizmo", "gizmoed", "gizmoing", "gizmos"];
        let doohicky = ["doohickied", "doohickies", "doohicky", "doohickying"];
        let whirle = ["whirle", "whirled", "whirles", "whirling"];
        assert_eq!(forms, [doohicky, gizmo, whirle].concat());
        assert_eq!(forbidden["doohickies"], "gadget");
    }

    #[test]
    fn a_list_without_words_in_bold_is_an_error() {
        let error = forbidden(&CONTRIBUTING.replace("**", "")).unwrap_err().to_string();
        assert_eq!(error, "CONTRIBUTING.md has no table under `### Words` with words in bold");
    }

    #[test]
    fn words_are_found_in_text_strings_and_names() {
        let lines =
            ["A gizmo.", "// Gizmos!", "f(\"\\ngizmo\")", "fn one_gizmo_is_kept() {", "struct GizmoList;", "MAX_GIZMO"];
        for line in lines {
            assert_eq!(found(&format!("ok\n{line}\nok")).len(), 1, "{line}");
            assert_eq!(found(&format!("ok\n{line}\nok"))[0].0, 2, "{line}");
        }
        assert!(found("gizmology, gadget, device, dog").is_empty());
    }

    #[test]
    fn the_table_itself_is_not_checked_but_the_rest_of_its_file_is() {
        let text = without_table(CONTRIBUTING);
        assert_eq!(found(&text), [(14, "gizmo".to_owned())]);
    }

    #[test]
    fn released_sections_of_the_changelog_are_not_checked() {
        let unchecked = unreleased("# Changelog\n\n## Unreleased\n- a\n\n## 0.1.0 - 2026-01-31\n- gizmo\n");
        assert_eq!(unchecked, "# Changelog\n\n## Unreleased\n- a\n");
        assert_eq!(unreleased("# Changelog\n## Unreleased\n- a\n"), "# Changelog\n## Unreleased\n- a\n");
    }

    #[test]
    fn each_violation_names_its_file_and_line() {
        let root = std::env::temp_dir().join(format!("clerk-sessions-words-{}", std::process::id()));
        for folder in ["src", "target"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join(LIST), CONTRIBUTING).unwrap();
        fs::write(root.join("src/lib.rs"), "// Fine.\n// A doohicky.\n").unwrap();
        fs::write(root.join("target/lib.rs"), "// A doohicky.\n").unwrap();
        let violations = violations(&root);
        fs::remove_dir_all(&root).unwrap();
        let expected =
            ["CONTRIBUTING.md:14: \"gizmo\": write \"gadget\"", "src/lib.rs:2: \"doohicky\": write \"gadget\""];
        assert_eq!(violations.unwrap(), expected);
    }

    #[test]
    fn the_list_of_this_repository_can_be_read() {
        let forbidden = forbidden(include_str!("../../CONTRIBUTING.md")).unwrap();
        // "response", and not the word itself, which the check would find here.
        assert!(forbidden.values().any(|word| word == "response"), "{forbidden:?}");
    }
}
