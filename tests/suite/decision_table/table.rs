//! The decision table as rows: a condition and its result. The first row that fits decides.
//!
//! It is written from the description of the table, and shares no code with the library.

use super::case::{Case, HandshakeToken, Payload, Refresh};
use super::expected::{Expected, handshake, handshake_at, refused, signed_out, unavailable, verified};
use super::facts::{TIMES, encoded_back, encoded_sign_in};
use super::kinds::Verdict::{Pending, Rejected, SignedIn};

pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) when: fn(&Case) -> bool,
    pub(super) then: Then,
}

pub(super) enum Then {
    Is(fn(&Case) -> Expected),
    /// The rows of another table, and the next row if none of them fits.
    Rows(&'static [Row]),
    /// The next row.
    Next,
}

use Then::{Is, Next, Rows};

const fn row(name: &'static str, when: fn(&Case) -> bool, then: Then) -> Row {
    Row { name, when, then }
}

pub(super) const TABLE: &[Row] = &[
    row("sign-in page", |c| !c.is_api && c.is_from_sign_in_page(), Is(|_| refused("sign_in_url"))),
    row("A", |c| c.bearer.is_some(), Rows(BEARER)),
    row("api", |c| c.is_api, Rows(API)),
    row("B nonce", |c| c.is_eligible() && c.nonce.is_some(), Rows(HANDSHAKE)),
    row("B token", |c| c.is_eligible() && c.nonce.is_none() && c.handshake.is_some(), Rows(HANDSHAKE_TOKEN)),
    row("C", |c| c.app.satellite.is_some() && c.is_document() && c.synced() != Some("true"), Rows(SATELLITE)),
    row("D, E", |c| !c.app.is_production, Rows(DEVELOPMENT)),
    row("F1", |c| c.is_empty(), Is(|_| signed_out("session-token-and-uat-missing"))),
    row("F2", |c| c.session.is_some() && c.uat.seconds() == 0, Is(|c| handshake(c, "session-token-but-no-client-uat"))),
    row("F3", |c| c.session.is_none(), Is(|c| handshake(c, "client-uat-but-no-session-token"))),
    row("G1", |c| !c.judged().is_readable, Is(|_| signed_out("token-invalid"))),
    row("G2", |c| !c.judged().is_of_session, Is(|_| signed_out("token-type-mismatch"))),
    row(
        "G3",
        |c| c.judged().issued_at.is_some_and(|time| time < c.uat.seconds()),
        Is(|c| handshake(c, "session-token-iat-before-client-uat")),
    ),
    row("G no keys", |c| c.judged().needs_key && !c.has_keys, Is(|_| unavailable())),
    row("G4", |c| matches!(c.judged().verdict, Rejected(_)), Rows(REJECTED)),
    row("H", |c| c.is_visit_from_elsewhere(), Is(|c| handshake(c, "primary-domain-cross-origin-sync"))),
    row("I", |c| c.is_other_organization(), Is(|c| handshake(c, "active-organization-mismatch"))),
    row("J", |_| true, Is(|c| verified(c.judged(), c))),
];

/// Row A.
const BEARER: &[Row] = &[
    row("A1", |c| c.judged().is_readable && !c.judged().is_of_session, Is(|_| signed_out("token-type-mismatch"))),
    row("A no keys", |c| c.judged().needs_key && !c.has_keys, Is(|_| unavailable())),
    row("A2", |c| matches!(c.judged().verdict, SignedIn | Pending), Is(|c| verified(c.judged(), c))),
    row("A3 api", |c| c.is_api, Is(|c| signed_out(c.reason()))),
    row("A3", |_| true, Rows(REJECTED)),
];

/// The entry that never redirects.
const API: &[Row] = &[
    row("api: no session", |c| c.session.is_none(), Is(|_| signed_out("session-token-missing"))),
    row("api: G2", |c| c.judged().is_readable && !c.judged().is_of_session, Is(|_| signed_out("token-type-mismatch"))),
    row("api: no keys", |c| c.judged().needs_key && !c.has_keys, Is(|_| unavailable())),
    row("api: verified", |c| matches!(c.judged().verdict, SignedIn | Pending), Is(|c| verified(c.judged(), c))),
    row("api: rejected", |_| true, Is(|c| signed_out(c.reason()))),
];

/// Row B, with a handshake token.
const HANDSHAKE_TOKEN: &[Row] = &[
    row("B no keys", |c| c.handshake_needs_key() && !c.has_keys, Is(|_| unavailable())),
    row("B2", |c| !c.is_good_handshake() && !c.app.is_production, Is(|_| refused("__clerk_handshake"))),
    row("B3", |c| !c.is_good_handshake(), Next),
    row("B4 token", |c| c.is_good_handshake(), Rows(HANDSHAKE)),
];

/// Row B, from B4 on. B1 is a handshake without directives.
const HANDSHAKE: &[Row] = &[
    row(
        "B1",
        |c| c.nonce.is_some() && matches!(c.payload, Payload::Nothing),
        Is(|c| signed_out("session-token-missing").with_handshake(c)),
    ),
    row("B5", |c| c.returned().is_none(), Is(|c| signed_out("session-token-missing").with_handshake(c))),
    row("B6 no keys", |c| c.returned().is_some_and(|kind| kind.needs_key) && !c.has_keys, Is(|_| unavailable())),
    row(
        "B6",
        |c| c.returned().is_some_and(|kind| kind.is_of_session && matches!(kind.verdict, SignedIn | Pending)),
        Is(|c| c.returned().map_or_else(unavailable, |kind| verified(kind, c)).with_handshake(c)),
    ),
    row(
        "B7",
        |c| {
            let forgives = |verdict| matches!(verdict, Rejected(reason) if TIMES.contains(&reason));
            let passes = |verdict| matches!(verdict, SignedIn | Pending);
            let returned = c.returned();
            !c.app.is_production
                && returned.is_some_and(|kind| kind.is_of_session && forgives(kind.verdict) && passes(kind.lenient))
        },
        Is(|c| c.returned().map_or_else(unavailable, |kind| verified(kind, c)).with_handshake(c)),
    ),
    row("B8", |_| true, Next),
];

/// Row C.
const SATELLITE: &[Row] = &[
    row(
        "C1",
        |c| !c.syncs_always() && c.is_empty() && c.synced() != Some("false"),
        Is(|_| signed_out("session-token-and-uat-missing")),
    ),
    row(
        "C2",
        |c| c.app.is_production && (c.is_empty() || c.synced() == Some("false")),
        Is(|c| handshake(c, "satellite-needs-syncing")),
    ),
    row(
        "C2 development",
        |c| c.is_empty() || c.synced() == Some("false"),
        Is(|c| handshake_at(c, "satellite-needs-syncing", encoded_sign_in(c))),
    ),
];

/// Rows D and E.
const DEVELOPMENT: &[Row] = &[
    row(
        "D not a URL",
        |c| c.app.satellite.is_none() && c.back().is_some_and(|url| !url.contains("://")),
        Is(|_| refused("__clerk_redirect_url")),
    ),
    row(
        "D",
        |c| c.app.satellite.is_none() && c.back().is_some(),
        Is(|c| handshake_at(c, "primary-responds-to-syncing", encoded_back(c))),
    ),
    row("E1", |c| c.browser_in_query().is_some(), Is(|c| handshake(c, "dev-browser-sync"))),
    row("E2", |c| !c.browser_in_cookie, Is(|c| handshake(c, "dev-browser-missing"))),
];

/// What follows a token that was rejected, where redirects are possible.
const REJECTED: &[Row] = &[
    row("nbf", |c| c.reason() == TIMES[1], Is(|c| handshake(c, "session-token-nbf"))),
    row("iat", |c| c.reason() == TIMES[2], Is(|c| handshake(c, "session-token-iat-in-the-future"))),
    row("rejected", |c| c.reason() != TIMES[0], Is(|c| signed_out(c.reason()))),
    row("refresh: not GET", |c| c.method != "GET", Is(|c| not_refreshed(c, "non-eligible-non-get"))),
    row("refresh: no cookie", |c| !c.has_refresh_token, Is(|c| not_refreshed(c, "non-eligible-no-refresh-cookie"))),
    row(
        "refresh: not readable",
        |c| !c.refreshed_from().is_readable,
        Is(|c| not_refreshed(c, "expired-session-token-decode-failed")),
    ),
    row(
        "refresh: no session id",
        |c| !c.refreshed_from().has_session_id,
        Is(|c| not_refreshed(c, "expired-session-token-missing-sid-claim")),
    ),
    row(
        "refresh: network",
        |c| matches!(c.refresh, Refresh::Lost | Refresh::Unexpected | Refresh::BrokenJson),
        Is(|c| not_refreshed(c, "fetch-error")),
    ),
    row(
        "refresh: refused",
        |c| matches!(c.refresh, Refresh::Refused),
        Is(|c| not_refreshed(c, "refresh_token_expired")),
    ),
    row(
        "refresh: no cookies",
        |c| matches!(c.refresh, Refresh::NoCookies),
        Is(|c| not_refreshed(c, "unexpected-sdk-error")),
    ),
    row(
        "refresh: invalid",
        |c| match c.refresh {
            Refresh::Session(kind) => {
                let is_good = kind.is_of_session && matches!(kind.verdict, SignedIn | Pending);
                !is_good || kind.user != c.refreshed_from().user
            }
            _ => true,
        },
        Is(|c| not_refreshed(c, "invalid-session-token")),
    ),
    row(
        "refreshed",
        |_| true,
        Is(|c| match c.refresh {
            Refresh::Session(kind) => verified(kind, c).with_cookies(c.refreshed_cookies()),
            _ => unavailable(),
        }),
    ),
];

fn not_refreshed(case: &Case, error: &str) -> Expected {
    handshake(case, &format!("session-token-expired-refresh-{error}"))
}

impl Case {
    fn is_good_handshake(&self) -> bool {
        self.handshake.is_some_and(|(_, quality)| quality == HandshakeToken::Good)
    }

    fn handshake_needs_key(&self) -> bool {
        let is_refused_before = |quality| matches!(quality, HandshakeToken::Unreadable | HandshakeToken::OfTemplate);
        self.handshake.is_some_and(|(_, quality)| !is_refused_before(quality))
    }
}
