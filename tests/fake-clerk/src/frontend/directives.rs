//! The `Set-Cookie` directives of handshakes and refreshes.

/// Ten years, in seconds. A cookie outlives its session.
const KEPT: &str = "Max-Age=315360000";
const REMOVED: &str = "Max-Age=0";

/// The values of a browser's cookies.
#[derive(Clone, Debug)]
pub(crate) struct Cookies {
    /// The session token; `None` if nobody is signed in.
    pub(crate) session: Option<String>,
    /// The time of the last sign-in in Unix seconds; 0 if nobody is signed in.
    pub(crate) client_uat: i64,
    /// The refresh token. `None` leaves the cookie as it is, unless nobody is signed in.
    pub(crate) refresh: Option<String>,
    /// The id of a development browser.
    pub(crate) dev_browser: Option<String>,
    /// Whether to remove the cookies by which a handshake passes its result in production.
    pub(crate) ends_handshake: bool,
}

/// Which names the cookies have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CookieNames {
    Plain,
    Suffixed,
    Both,
}

/// The names and attributes of cookies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style<'a> {
    pub(crate) names: CookieNames,
    pub(crate) suffix: &'a str,
    /// The domain that shares the time of the last sign-in, if the app belongs to it.
    pub(crate) domain: Option<&'a str>,
    pub(crate) same_site_none: bool,
}

impl Cookies {
    /// The directives that set the cookies.
    pub(crate) fn directives(&self, style: Style<'_>) -> Vec<String> {
        let suffixed = format!("_{}", style.suffix);
        let suffixes: &[&str] = match style.names {
            CookieNames::Plain => &[""],
            CookieNames::Suffixed => &[&suffixed],
            CookieNames::Both => &["", &suffixed],
        };
        let kept_or_removed = |value: Option<&str>| if value.is_some() { KEPT } else { REMOVED };
        let site = style.site();
        let mut directives = Vec::new();
        for suffix in suffixes {
            let session = self.session.as_deref();
            let age = kept_or_removed(session);
            directives.push(format!("__session{suffix}={}; Path=/; {age}; {site}", session.unwrap_or_default()));
            let uat = self.client_uat;
            match style.domain {
                Some(domain) => {
                    // A cookie of this host alone would hide the one of the domain.
                    directives.push(format!("__client_uat{suffix}=; Path=/; {REMOVED}; {site}"));
                    directives.push(format!("__client_uat{suffix}={uat}; Path=/; Domain={domain}; {KEPT}; {site}"));
                }
                None => directives.push(format!("__client_uat{suffix}={uat}; Path=/; {KEPT}; {site}")),
            }
        }
        if self.refresh.is_some() || self.session.is_none() {
            let (refresh, age) = (self.refresh.as_deref(), kept_or_removed(self.refresh.as_deref()));
            let refresh = refresh.unwrap_or_default();
            directives.push(format!("__refresh_{}={refresh}; Path=/; {age}; {site}; HttpOnly", style.suffix));
        }
        if let Some(id) = &self.dev_browser {
            let cookie = |suffix| format!("__clerk_db_jwt{suffix}={id}; Path=/; {KEPT}; {site}");
            directives.extend(suffixes.iter().map(cookie));
        }
        if self.ends_handshake {
            let domain = style.domain.map_or(String::new(), |domain| format!("; Domain={domain}"));
            let cookie = |name| format!("{name}=; Path=/{domain}; {REMOVED}; {site}; HttpOnly");
            directives.extend(["__clerk_handshake", "__clerk_handshake_nonce"].map(cookie));
        }
        directives
    }
}

impl Style<'_> {
    fn site(self) -> &'static str {
        if self.same_site_none { "SameSite=None" } else { "Secure; SameSite=Lax" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style<'static> =
        Style { names: CookieNames::Both, suffix: "abc", domain: Some("app.localhost"), same_site_none: false };

    #[test]
    fn a_session_sets_cookies_with_both_names() {
        let cookies = Cookies {
            session: Some("token".to_owned()),
            client_uat: 7,
            refresh: Some("rt_1".to_owned()),
            dev_browser: Some("dvb_1".to_owned()),
            ends_handshake: false,
        };
        let kept = "Max-Age=315360000; Secure; SameSite=Lax";
        let mut expected = Vec::new();
        for suffix in ["", "_abc"] {
            expected.push(format!("__session{suffix}=token; Path=/; {kept}"));
            expected.push(format!("__client_uat{suffix}=; Path=/; Max-Age=0; Secure; SameSite=Lax"));
            expected.push(format!("__client_uat{suffix}=7; Path=/; Domain=app.localhost; {kept}"));
        }
        expected.push(format!("__refresh_abc=rt_1; Path=/; {kept}; HttpOnly"));
        expected.push(format!("__clerk_db_jwt=dvb_1; Path=/; {kept}"));
        expected.push(format!("__clerk_db_jwt_abc=dvb_1; Path=/; {kept}"));
        assert_eq!(cookies.directives(STYLE), expected);

        let plain = cookies.directives(Style { names: CookieNames::Plain, domain: None, ..STYLE });
        assert_eq!(plain[1], format!("__client_uat=7; Path=/; {kept}"));
        assert_eq!(plain.len(), 4);
        let insecure = cookies.directives(Style { same_site_none: true, ..STYLE });
        assert!(insecure.iter().all(|cookie| cookie.contains("SameSite=None") && !cookie.contains("Secure")));
    }

    #[test]
    fn without_a_session_its_cookies_are_removed() {
        let out = Cookies { session: None, client_uat: 0, refresh: None, dev_browser: None, ends_handshake: true };
        let removed = "Path=/; Max-Age=0; Secure; SameSite=Lax";
        let domain = "Path=/; Domain=app.localhost; Max-Age=0; Secure; SameSite=Lax; HttpOnly";
        let directives = out.directives(Style { names: CookieNames::Suffixed, ..STYLE });
        assert_eq!(
            directives,
            [
                format!("__session_abc=; {removed}"),
                format!("__client_uat_abc=; {removed}"),
                "__client_uat_abc=0; Path=/; Domain=app.localhost; Max-Age=315360000; Secure; SameSite=Lax".to_owned(),
                format!("__refresh_abc=; {removed}; HttpOnly"),
                format!("__clerk_handshake=; {domain}"),
                format!("__clerk_handshake_nonce=; {domain}"),
            ]
        );
    }
}
