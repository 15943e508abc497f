//! [`Expected`]: what the table says, and how it is compared with an outcome.

use clerk_sessions_auth::{Identity, Outcome};
use clerk_sessions_core::Error;

use super::case::Case;
use super::facts::handshake_endpoint;
use super::kinds::{Kind, Verdict};

#[derive(Debug, PartialEq)]
pub(super) struct Expected {
    who: Who,
    cookies: Vec<String>,
    location: Option<String>,
    /// Whether the headers of a handshake are there.
    has_cors: bool,
}

#[derive(Debug, PartialEq)]
enum Who {
    SignedIn {
        token: String,
        user: String,
    },
    Pending {
        token: String,
    },
    SignedOut(String),
    Handshake(String),
    /// An error: the keys can't be fetched.
    Unavailable,
    /// An error: this input or setting.
    Refused(String),
}

impl Expected {
    fn of(who: Who) -> Self {
        Self { who, cookies: Vec::new(), location: None, has_cors: false }
    }

    pub(super) fn with_cookies(self, cookies: Vec<String>) -> Self {
        Self { cookies, ..self }
    }

    /// Row B4.
    pub(super) fn with_handshake(self, case: &Case) -> Self {
        let names = ["__clerk_handshake", "__clerk_help", "__clerk_db_jwt", "__clerk_handshake_nonce"];
        let location = (!case.app.is_production).then(|| case.url_without(&names));
        Self { cookies: case.directives(), location, has_cors: true, ..self }
    }

    /// What the library says.
    pub(super) fn actual(result: Result<Outcome, Error>) -> Self {
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(Error::Build(error)) => return refused(error.field()),
            Err(_) => return unavailable(),
        };
        let token = || outcome.token().unwrap_or_default().to_owned();
        let reason = || outcome.reason().unwrap_or_default().to_owned();
        let who = match outcome.identity() {
            Identity::SignedIn(claims) => Who::SignedIn { token: token(), user: claims.user_id().to_owned() },
            Identity::Pending(_) => Who::Pending { token: token() },
            Identity::SignedOut => Who::SignedOut(reason()),
            Identity::Handshake => Who::Handshake(reason()),
        };
        let headers = outcome.headers();
        let has = |name, value| headers.contains(&(name, String::from(value)));
        // A redirect that a cache keeps would be made for ever.
        assert!(outcome.redirect().is_none() || has("cache-control", "no-store"), "{headers:?}");
        Self {
            who,
            cookies: outcome.cookies().to_vec(),
            location: outcome.redirect().map(str::to_owned),
            has_cors: has("access-control-allow-origin", "null") && has("access-control-allow-credentials", "true"),
        }
    }
}

pub(super) fn signed_out(reason: &str) -> Expected {
    Expected::of(Who::SignedOut(reason.to_owned()))
}

pub(super) fn unavailable() -> Expected {
    Expected::of(Who::Unavailable)
}

pub(super) fn refused(field: &str) -> Expected {
    Expected::of(Who::Refused(field.to_owned()))
}

/// Signed in or pending with a token that passed.
pub(super) fn verified(kind: &Kind, case: &Case) -> Expected {
    let token = kind.token(case.app.issuer);
    Expected::of(match (kind.verdict, kind.lenient) {
        (Verdict::Pending, _) | (Verdict::Rejected(_), Verdict::Pending) => Who::Pending { token },
        _ => Who::SignedIn { token, user: kind.user.to_owned() },
    })
}

/// A redirect to the handshake endpoint, where this request may be redirected.
pub(super) fn handshake(case: &Case, reason: &str) -> Expected {
    handshake_at(case, reason, handshake_endpoint(case, reason))
}

/// A redirect to this place, where this request may be redirected.
pub(super) fn handshake_at(case: &Case, reason: &str, location: String) -> Expected {
    let redirects = case.redirects();
    if !case.is_eligible() || redirects >= 3 {
        return signed_out(reason);
    }
    let count = redirects.max(0) + 1;
    Expected {
        cookies: vec![format!("__clerk_redirect_count={count}; SameSite=Lax; HttpOnly; Max-Age=2")],
        location: Some(location),
        ..Expected::of(Who::Handshake(reason.to_owned()))
    }
}
