//! Permissions of a version 2 token: bit masks over a list of permissions, one mask for each feature.

use std::collections::BTreeSet;

use super::scoped;

/// Returns the permissions, such as `org:invoices:read`, in the order of the features, then of the bits.
///
/// `features` is the claim `fea`, `permissions` is `o.per` and `masks` is `o.fpm`. Bit 0 of a mask is the first permission of the list.
///
/// Clerk's libraries disagree about which features the masks belong to: all, or those of organizations only. The number of masks
/// tells. Where it does not, only what both readings grant is granted.
pub(super) fn of_masks(features: &str, permissions: &str, masks: &str) -> Vec<String> {
    let permissions: Vec<&str> = permissions.split(',').map(str::trim).collect();
    let masks: Vec<Vec<bool>> = if masks.trim().is_empty() { Vec::new() } else { masks.split(',').map(bits).collect() };
    let all: Vec<(&str, bool)> =
        scoped::entries(features).map(|(scope, name)| (name.trim(), scoped::is_of_organization(scope))).collect();
    let of_organizations: Vec<(&str, bool)> =
        all.iter().copied().filter(|(_, is_of_organization)| *is_of_organization).collect();
    match (all.len() == masks.len(), of_organizations.len() == masks.len()) {
        (true, false) => granted(&all, &permissions, &masks),
        (false, true) => granted(&of_organizations, &permissions, &masks),
        _ => {
            // A list would make the time grow with the square of the number of permissions.
            let other: BTreeSet<_> = granted(&of_organizations, &permissions, &masks).into_iter().collect();
            granted(&all, &permissions, &masks).into_iter().filter(|permission| other.contains(permission)).collect()
        }
    }
}

/// The permissions if the first mask belongs to the first feature, and so on. A feature of users only grants none.
fn granted(features: &[(&str, bool)], permissions: &[&str], masks: &[Vec<bool>]) -> Vec<String> {
    let mut granted = Vec::new();
    for ((feature, is_of_organization), mask) in features.iter().zip(masks) {
        let set = permissions.iter().zip(mask).filter(|(permission, bit)| **bit && !permission.is_empty());
        if *is_of_organization && !feature.is_empty() {
            granted.extend(set.map(|(permission, _)| format!("org:{feature}:{permission}")));
        }
    }
    granted
}

/// The most digits of a mask, so that a hostile one costs little: 1,000 bits. Longer masks grant nothing.
const MAX_DIGITS: usize = 301;

/// The bits of a decimal number of any length, lowest first. A text with anything but digits is 0.
fn bits(mask: &str) -> Vec<bool> {
    let mask = mask.trim();
    if mask.is_empty() || mask.len() > MAX_DIGITS || !mask.bytes().all(|byte| byte.is_ascii_digit()) {
        return Vec::new();
    }
    let mut digits: Vec<u8> = mask.bytes().map(|byte| byte - b'0').collect();
    let mut bits = Vec::new();
    while digits.iter().any(|digit| *digit != 0) {
        let mut rest = 0;
        for digit in &mut digits {
            let value = rest * 10 + *digit;
            *digit = value / 2;
            rest = value % 2;
        }
        bits.push(rest == 1);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_of_any_length_are_read() {
        assert_eq!(bits("6"), [false, true, true]);
        assert_eq!(bits(" 1 "), [true]);
        let beyond_u128 = bits("340282366920938463463374607431768211457"); // 2^128 + 1
        assert_eq!((beyond_u128.len(), beyond_u128[0], beyond_u128[128]), (129, true, true));
        for zero in ["", "0", "-1", "1e3", "0x1", "1 2", &"9".repeat(302)] {
            assert!(bits(zero).is_empty(), "{zero}");
        }
    }

    #[test]
    fn masks_belong_to_the_features_that_they_are_as_many_as() {
        let of = |features, masks| of_masks(features, "manage,read", masks);
        assert_eq!(of("o:dash,o:teams", "3,2"), ["org:dash:manage", "org:dash:read", "org:teams:read"]);
        assert_eq!(of("u:x,o:dash", "3,2"), ["org:dash:read"], "two masks for two features");
        assert_eq!(of("u:x,o:dash", "2"), ["org:dash:read"], "one mask for the only feature of organizations");
        let neither = of("o:dash,u:x,ou:teams,o:other", "2,3");
        assert_eq!(
            neither,
            ["org:dash:read"],
            "two masks for neither four nor three features: what both readings grant"
        );
        assert!(of("", "").is_empty() && of("o:dash", "").is_empty() && of("junk", "3").is_empty());
    }
}
