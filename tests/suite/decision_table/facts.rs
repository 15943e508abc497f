//! What the table's conditions ask about a case.

use super::case::{BROWSER_COOKIE, Case, ORIGIN, Payload, encoded};
use super::kinds::{Kind, Verdict};

/// The reasons that are about the time, in the order expired, too early, issued in the future.
pub(super) const TIMES: [&str; 3] = ["token-expired", "token-not-active-yet", "token-iat-in-the-future"];

/// The organization that a path asks for: by id, by slug, or none, the personal account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Id(&'static str),
    Slug(&'static str),
    Personal,
}

pub(super) const PATHS: [(&str, Option<Target>); 7] = [
    ("/", None),
    ("/invoices/2026", None),
    ("/orgs/org_a", Some(Target::Id("org_a"))),
    ("/orgs/org_b/x", Some(Target::Id("org_b"))),
    ("/teams/acme", Some(Target::Slug("acme"))),
    ("/teams/zeta", Some(Target::Slug("zeta"))),
    ("/me", Some(Target::Personal)),
];

impl Case {
    /// Whether the response may be a redirect.
    pub(super) fn is_eligible(&self) -> bool {
        let is_page = match self.fetch_dest {
            Some(dest) => dest == "document" || dest == "iframe",
            None => self.accept.is_some_and(|accept| accept.starts_with("text/html")),
        };
        self.method == "GET" && self.has_host && is_page
    }

    pub(super) fn is_document(&self) -> bool {
        self.method == "GET" && self.fetch_dest == Some("document")
    }

    pub(super) fn redirects(&self) -> i64 {
        self.redirects.map_or(0, |(_, number)| number)
    }

    /// Without a host, there is no URL, and no query.
    pub(super) fn synced(&self) -> Option<&'static str> {
        self.synced.filter(|_| self.has_host)
    }

    pub(super) fn back(&self) -> Option<&'static str> {
        self.back.filter(|url| self.has_host && !url.is_empty())
    }

    pub(super) fn browser_in_query(&self) -> Option<&'static str> {
        self.browser_in_query.filter(|_| self.has_host)
    }

    fn browser(&self) -> Option<&'static str> {
        let in_cookie = self.browser_in_cookie.then_some(BROWSER_COOKIE);
        self.browser_in_query().filter(|token| !token.is_empty()).or(in_cookie)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.session.is_none() && self.uat.seconds() == 0
    }

    pub(super) fn syncs_always(&self) -> bool {
        self.app.satellite.as_ref().is_some_and(|satellite| satellite.syncs_always)
    }

    pub(super) fn is_from_sign_in_page(&self) -> bool {
        let url = self.app.satellite.as_ref().and_then(|satellite| satellite.sign_in_url);
        url.is_some_and(|url| self.origin.is_some_and(|origin| url.starts_with(&format!("{origin}/"))))
    }

    /// The token that decides: the bearer token, otherwise the session token.
    pub(super) fn judged(&self) -> &'static Kind {
        self.bearer.map(|(_, kind)| kind).or(self.session).expect("a row before asks whether there is a token")
    }

    /// The token that a refresh is for: the session token, otherwise the bearer token.
    pub(super) fn refreshed_from(&self) -> &'static Kind {
        self.session.or(self.bearer.map(|(_, kind)| kind)).expect("there is a token that has expired")
    }

    pub(super) fn reason(&self) -> &'static str {
        match self.judged().verdict {
            Verdict::Rejected(reason) => reason,
            verdict => panic!("the token was not rejected: {verdict:?}"),
        }
    }

    /// The session token of a handshake.
    pub(super) fn returned(&self) -> Option<&'static Kind> {
        match self.payload {
            Payload::Session(kind) => Some(kind),
            Payload::Nothing | Payload::SignedOut => None,
        }
    }

    pub(super) fn is_visit_from_elsewhere(&self) -> bool {
        let is_elsewhere = self.has_host && self.referrer.is_some_and(|(_, is_foreign)| is_foreign);
        self.app.satellite.is_none() && self.is_document() && self.redirects() == 0 && is_elsewhere
    }

    fn target_organization(&self) -> Option<Target> {
        PATHS.iter().find(|(path, _)| *path == self.path && self.has_host).and_then(|(_, target)| *target)
    }

    pub(super) fn is_other_organization(&self) -> bool {
        let kind = self.judged();
        let is_other = match (self.target_organization(), kind.organization) {
            (None, _) | (Some(Target::Personal), None) => false,
            (Some(Target::Personal), Some(_)) | (Some(_), None) => true,
            (Some(Target::Id(id)), Some((own, _))) => id != own,
            (Some(Target::Slug(slug)), Some((_, own))) => slug != own,
        };
        kind.verdict == Verdict::SignedIn && is_other && self.is_eligible() && self.redirects() < 3
    }

    /// The URL without these parameters.
    pub(super) fn url_without(&self, names: &[&str]) -> String {
        let mut query = self.query();
        query.retain(|(name, _)| !names.contains(name));
        format!("{ORIGIN}{}?{}", self.path, encoded(&query))
    }
}

/// The handshake endpoint with its parameters.
pub(super) fn handshake_endpoint(case: &Case, reason: &str) -> String {
    let mut query = vec![
        ("redirect_url", case.url_without(&["__clerk_db_jwt", "__dev_session"])),
        ("__clerk_api_version", "2026-05-12".to_owned()),
        ("suffixed_cookies", case.is_suffixed.to_string()),
        ("__clerk_hs_reason", reason.to_owned()),
        ("format", "nonce".to_owned()),
    ];
    let token = case.session.or(case.bearer.map(|(_, kind)| kind));
    query.extend(token.map(|kind| ("__session", kind.token(case.app.issuer))));
    if !case.app.is_production {
        query.extend(case.browser().map(|token| ("__clerk_db_jwt", token.to_owned())));
    }
    query.extend(case.target_organization().map(|target| match target {
        Target::Id(name) | Target::Slug(name) => ("organization_id", name.to_owned()),
        Target::Personal => ("organization_id", String::new()),
    }));
    format!("{}/v1/client/handshake?{}", case.app.base, encoded(&query))
}

/// The sign-in page of the primary app, which comes back here.
pub(super) fn encoded_sign_in(case: &Case) -> String {
    let url = case.app.satellite.as_ref().and_then(|satellite| satellite.sign_in_url).unwrap_or_default();
    format!("{url}?{}", encoded(&[("__clerk_redirect_url", case.url_without(&[]))]))
}

/// The URL of the satellite that asked.
pub(super) fn encoded_back(case: &Case) -> String {
    let mut parameters = Vec::new();
    parameters.extend(case.browser().map(|token| ("__clerk_db_jwt", token.to_owned())));
    parameters.push(("__clerk_synced", "true".to_owned()));
    format!("{}&{}", case.back().unwrap_or_default(), encoded(&parameters))
}
