//! [`Case`]: a request and the world around it, as parts that the table's conditions read.

use clerk_sessions_auth::RequestView;

use super::kinds::{AFTER, BEFORE, Kind};

/// The settings of an app.
#[derive(Debug)]
pub(super) struct App {
    pub(super) publishable_key: &'static str,
    pub(super) is_production: bool,
    pub(super) suffix: &'static str,
    /// The host of the Frontend API in tokens.
    pub(super) issuer: &'static str,
    /// The URL of the Frontend API, or of its proxy.
    pub(super) base: &'static str,
    pub(super) proxy: Option<&'static str>,
    pub(super) satellite: Option<AppSatellite>,
}

#[derive(Debug)]
pub(super) struct AppSatellite {
    pub(super) sign_in_url: Option<&'static str>,
    pub(super) syncs_always: bool,
}

/// Where a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Query,
    Cookie,
}

/// The cookie with the time of the last change of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Uat {
    Absent,
    Zero,
    Junk,
    /// Before the usual token was made.
    Before,
    /// After it.
    After,
}

impl Uat {
    pub(super) fn seconds(self) -> i64 {
        match self {
            Self::Absent | Self::Zero | Self::Junk => 0,
            Self::Before => BEFORE,
            Self::After => AFTER,
        }
    }

    fn text(self) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Junk => Some("junk".to_owned()),
            Self::Zero | Self::Before | Self::After => Some(self.seconds().to_string()),
        }
    }
}

/// What comes back from Clerk in a handshake.
#[derive(Clone, Copy, Debug)]
pub(super) enum Payload {
    /// The request failed, or the handshake token has no directives.
    Nothing,
    /// Directives that set no session token.
    SignedOut,
    Session(&'static Kind),
}

/// How good a handshake token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HandshakeToken {
    Good,
    Unreadable,
    Forged,
    OfUnknownKey,
    OfTemplate,
}

/// The response to a refresh.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refresh {
    Lost,
    Refused,
    Unexpected,
    BrokenJson,
    NoCookies,
    NoSession,
    Session(&'static Kind),
}

#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) app: &'static App,
    pub(super) is_api: bool,
    pub(super) method: &'static str,
    pub(super) fetch_dest: Option<&'static str>,
    pub(super) accept: Option<&'static str>,
    /// Whether the header `Host` is a host.
    pub(super) has_host: bool,
    pub(super) path: &'static str,
    pub(super) synced: Option<&'static str>,
    /// The parameter `__clerk_redirect_url`.
    pub(super) back: Option<&'static str>,
    pub(super) browser_in_query: Option<&'static str>,
    pub(super) browser_in_cookie: bool,
    pub(super) nonce: Option<Place>,
    pub(super) handshake: Option<(Place, HandshakeToken)>,
    pub(super) payload: Payload,
    /// The scheme in front of the token, and the token.
    pub(super) bearer: Option<(&'static str, &'static Kind)>,
    pub(super) session: Option<&'static Kind>,
    pub(super) uat: Uat,
    pub(super) is_suffixed: bool,
    /// A `Referer`, and whether it is of a site that is neither the app nor Clerk's.
    pub(super) referrer: Option<(&'static str, bool)>,
    pub(super) origin: Option<&'static str>,
    /// The cookie that counts redirects, and its number.
    pub(super) redirects: Option<(&'static str, i64)>,
    pub(super) has_refresh_token: bool,
    pub(super) refresh: Refresh,
    pub(super) has_keys: bool,
}

pub(super) const NONCE: &str = "nonce_1";
pub(super) const BROWSER_COOKIE: &str = "dvb_cookie";
pub(super) const ORIGIN: &str = "https://app.example.com";

impl Case {
    /// The parameters of the query, in their order.
    pub(super) fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = vec![("q", "a b".to_owned())];
        query.extend(self.synced.map(|value| ("__clerk_synced", value.to_owned())));
        query.extend(self.back.map(|value| ("__clerk_redirect_url", value.to_owned())));
        query.extend(self.browser_in_query.map(|value| ("__clerk_db_jwt", value.to_owned())));
        query.extend(
            self.nonce.filter(|place| *place == Place::Query).map(|_| ("__clerk_handshake_nonce", NONCE.to_owned())),
        );
        if let Some((Place::Query, quality)) = self.handshake {
            query.push(("__clerk_handshake", self.handshake_token(quality)));
        }
        query.push(("z", "1".to_owned()));
        query
    }

    pub(super) fn target(&self) -> String {
        format!("{}?{}", self.path, encoded(&self.query()))
    }

    fn cookies(&self) -> String {
        let own = if self.is_suffixed { format!("_{}", self.app.suffix) } else { String::new() };
        let token = |kind: &Kind| kind.token(self.app.issuer);
        // Those of another app on the same domain, which never count.
        let mut cookies = vec!["theme=dark".to_owned(), "__session_AAAAAAAA=x.y.z".to_owned()];
        cookies.extend(self.session.map(|kind| format!("__session{own}={}", token(kind))));
        cookies.extend(self.uat.text().map(|uat| format!("__client_uat{own}={uat}")));
        cookies.extend(self.browser_in_cookie.then(|| format!("__clerk_db_jwt{own}={BROWSER_COOKIE}")));
        cookies.extend(self.has_refresh_token.then(|| format!("__refresh_{}=refresh_1", self.app.suffix)));
        cookies.extend(self.redirects.map(|(text, _)| format!("__clerk_redirect_count={text}")));
        if self.nonce == Some(Place::Cookie) {
            cookies.push(format!("__clerk_handshake_nonce={NONCE}"));
        }
        if let Some((Place::Cookie, quality)) = self.handshake {
            cookies.push(format!("__clerk_handshake={}", self.handshake_token(quality)));
        }
        cookies.join("; ")
    }

    pub(super) fn request<'a>(&self, target: &'a str) -> RequestView<'a> {
        let mut request = RequestView::new(self.method, "https", target);
        request.add_header("Host", if self.has_host { "app.example.com" } else { "user@app.example.com" });
        request.add_header("cookie", self.cookies());
        if let Some((scheme, kind)) = self.bearer {
            request.add_header("Authorization", format!("{scheme}{}", kind.token(self.app.issuer)));
        }
        for (name, value) in [
            ("sec-fetch-dest", self.fetch_dest),
            ("accept", self.accept),
            ("referer", self.referrer.map(|(url, _)| url)),
            ("origin", self.origin),
            // Nothing trusts it here.
            ("x-forwarded-host", Some("evil.example")),
        ] {
            if let Some(value) = value {
                request.add_header(name, value);
            }
        }
        request
    }
}

/// The parameters as a query.
pub(super) fn encoded(parameters: &[(&str, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}
