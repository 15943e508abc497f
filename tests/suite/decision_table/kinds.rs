//! The kinds of tokens that requests carry, and what is true of each.

use std::fmt;

use serde_json::{Value, json};

use crate::requests::tokens::{forged, header, signed};

/// The time of the requests, in Unix seconds.
pub(super) const NOW: i64 = 1_700_000_000;

/// The times of the last change of the client that requests carry: before and after the usual token was made.
pub(super) const BEFORE: i64 = NOW - 1000;
pub(super) const AFTER: i64 = NOW - 1;

/// What verification makes of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    SignedIn,
    Pending,
    Rejected(&'static str),
}

pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) is_readable: bool,
    /// Whether it is a session's, by category and type.
    pub(super) is_of_session: bool,
    /// Whether a key is needed to verify it.
    pub(super) needs_key: bool,
    pub(super) verdict: Verdict,
    /// The same with a day of clock skew.
    pub(super) lenient: Verdict,
    pub(super) issued_at: Option<i64>,
    pub(super) has_session_id: bool,
    pub(super) user: &'static str,
    /// Its active organization: id and slug.
    pub(super) organization: Option<(&'static str, &'static str)>,
    /// Changes to the header and the claims of the usual token.
    header: fn() -> Value,
    claims: fn() -> Value,
}

const GOOD: Kind = Kind {
    name: "good",
    is_readable: true,
    is_of_session: true,
    needs_key: true,
    verdict: Verdict::SignedIn,
    lenient: Verdict::SignedIn,
    issued_at: Some(NOW - 10),
    has_session_id: true,
    user: "user_1",
    organization: None,
    header: || json!({}),
    claims: || json!({}),
};

const fn rejected(name: &'static str, reason: &'static str) -> Kind {
    Kind { name, verdict: Verdict::Rejected(reason), lenient: Verdict::Rejected(reason), ..GOOD }
}

/// A token that is no session's, but passes every other check.
const fn of_no_session(name: &'static str) -> Kind {
    Kind { name, is_of_session: false, ..GOOD }
}

const EXPIRED: &str = "token-expired";
const TOO_NEW: &str = "token-not-active-yet";
const FROM_THE_FUTURE: &str = "token-iat-in-the-future";

pub(super) static KINDS: [Kind; 25] = [
    GOOD,
    Kind {
        name: "pending",
        verdict: Verdict::Pending,
        lenient: Verdict::Pending,
        claims: || json!({ "sts": "pending" }),
        ..GOOD
    },
    Kind { name: "no iat", issued_at: None, claims: || json!({ "iat": null }), ..GOOD },
    Kind {
        name: "in acme",
        organization: Some(("org_a", "acme")),
        claims: || json!({ "o": { "id": "org_a", "slg": "acme", "rol": "admin" } }),
        ..GOOD
    },
    Kind {
        name: "pending in acme",
        verdict: Verdict::Pending,
        lenient: Verdict::Pending,
        organization: Some(("org_a", "acme")),
        claims: || json!({ "sts": "pending", "o": { "id": "org_a", "slg": "acme" } }),
        ..GOOD
    },
    Kind { name: "of another user", user: "user_2", claims: || json!({ "sub": "user_2" }), ..GOOD },
    Kind {
        lenient: Verdict::SignedIn,
        issued_at: Some(NOW - 120),
        claims: || json!({ "exp": NOW - 60, "iat": NOW - 120, "nbf": NOW - 130 }),
        ..rejected("expired", EXPIRED)
    },
    Kind { lenient: Verdict::SignedIn, claims: || json!({ "exp": NOW - 6 }), ..rejected("expired, but new", EXPIRED) },
    Kind { name: "expires within the skew", claims: || json!({ "exp": NOW - 4 }), ..GOOD },
    Kind {
        issued_at: Some(NOW - 200_060),
        claims: || json!({ "exp": NOW - 200_000, "iat": NOW - 200_060, "nbf": NOW - 200_070 }),
        ..rejected("expired long ago", EXPIRED)
    },
    Kind {
        lenient: Verdict::Rejected("token-verification-failed"),
        has_session_id: false,
        claims: || json!({ "exp": NOW - 60, "sid": null }),
        ..rejected("expired, without a session", EXPIRED)
    },
    Kind { lenient: Verdict::SignedIn, claims: || json!({ "nbf": NOW + 60 }), ..rejected("not active yet", TOO_NEW) },
    Kind { claims: || json!({ "nbf": NOW + 200_000 }), ..rejected("not active for days", TOO_NEW) },
    Kind {
        lenient: Verdict::SignedIn,
        issued_at: Some(NOW + 60),
        claims: || json!({ "iat": NOW + 60 }),
        ..rejected("issued in the future", FROM_THE_FUTURE)
    },
    Kind {
        is_readable: false,
        needs_key: false,
        issued_at: None,
        has_session_id: false,
        ..rejected("unreadable", "token-invalid")
    },
    Kind {
        is_of_session: false,
        needs_key: false,
        header: || json!({ "cat": "cl_B7d4PD333AAA" }),
        ..rejected("of a machine", "token-invalid")
    },
    Kind { user: "mch_1", claims: || json!({ "sub": "mch_1" }), ..of_no_session("of a machine, by its user") },
    Kind {
        is_of_session: false,
        needs_key: false,
        header: || json!({ "typ": "at+jwt" }),
        ..rejected("of an OAuth client", "token-invalid")
    },
    Kind { header: || json!({ "cat": "cl_B7d4PD222AAA" }), ..of_no_session("of a template") },
    rejected("forged", "token-invalid-signature"),
    Kind { header: || json!({ "kid": "ins_2" }), ..rejected("of an unknown key", "jwk-kid-mismatch") },
    Kind { needs_key: false, header: || json!({ "kid": null }), ..rejected("without a key", "jwk-kid-mismatch") },
    Kind {
        claims: || json!({ "azp": "https://evil.example" }),
        ..rejected("of another party", "token-invalid-authorized-parties")
    },
    Kind {
        needs_key: false,
        header: || json!({ "alg": "HS256" }),
        ..rejected("of another algorithm", "token-invalid-algorithm")
    },
    Kind {
        has_session_id: false,
        claims: || json!({ "sid": null }),
        ..rejected("without a session", "token-verification-failed")
    },
];

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The kind with this name.
pub(super) fn kind(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == name).unwrap_or_else(|| panic!("there is no kind {name:?}"))
}

impl Kind {
    /// A token of this kind, of the instance with this Frontend API.
    pub(super) fn token(&self, frontend_api: &str) -> String {
        if !self.is_readable {
            return "not.a.token".to_owned();
        }
        let claims = json!({
            "azp": "https://app.example.com", "exp": NOW + 50, "iat": NOW - 10, "iss": format!("https://{frontend_api}"),
            "nbf": NOW - 20, "sid": "sess_1", "sts": "active", "sub": "user_1", "v": 2,
        });
        let (header, claims) = (changed(header(), (self.header)()), changed(claims, (self.claims)()));
        if self.name == "forged" { forged(&header, &claims) } else { signed(&header, &claims) }
    }
}

/// The object with these members in the place of its own; `null` removes one.
fn changed(mut object: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().into_iter().flatten() {
        if value.is_null() {
            object.as_object_mut().and_then(|members| members.remove(name));
        } else {
            object[name] = value.clone();
        }
    }
    object
}
