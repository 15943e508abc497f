//! Lists of features and plans, such as `o:reports,u:beta`: each entry belongs to organizations, users, or both.

/// The entries of a list: scope and name. An entry without a colon grants nothing.
pub(super) fn entries(list: &str) -> impl Iterator<Item = (&str, &str)> {
    list.split(',').filter_map(|entry| entry.trim().split_once(':'))
}

/// Whether the organization may use an entry of this scope.
pub(super) fn is_of_organization(scope: &str) -> bool {
    scope.contains('o')
}

/// Whether a list has what is asked for: `name` in any scope, or `o:name`, `org:name`, `organization:name`, `u:name`, `user:name` in
/// that scope. Any other scope is in no list, and a list with an entry that can't be read has nothing.
pub(crate) fn has(list: &str, asked: &str) -> bool {
    let (scope, name) = match asked.split_once(':') {
        None => (None, asked),
        Some(("o" | "org" | "organization", name)) => (Some('o'), name),
        Some(("u" | "user", name)) => (Some('u'), name),
        Some(_) => return false,
    };
    if name.is_empty() || list.split(',').any(|entry| !entry.contains(':')) {
        return false;
    }
    entries(list).any(|(entry_scope, entry)| entry == name && scope.is_none_or(|scope| entry_scope.contains(scope)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_its_scope() {
        let list = "o:dash,u:widgets,ou:both";
        for asked in [
            "dash",
            "o:dash",
            "org:dash",
            "organization:dash",
            "widgets",
            "u:widgets",
            "user:widgets",
            "u:both",
            "o:both",
        ] {
            assert!(has(list, asked), "{asked}");
        }
        for asked in ["", "o:", "u:dash", "o:widgets", "x:dash", "users:both", "das", "dash,u", "other"] {
            assert!(!has(list, asked), "{asked}");
        }
        assert!(!has("o:dash,junk", "dash") && !has("", "dash"));
    }
}
