//! Whether a browser came from another site that is not Clerk's.

use super::public_url::Origin;
use super::settings::FrontendApi;

/// Whether a `Referer` is of another origin that is not one of Clerk for this instance.
pub(super) fn is_foreign(referrer: &str, own: &Origin, frontend: &FrontendApi) -> bool {
    let scheme_end = referrer.find(':').unwrap_or(0);
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    if scheme_end == 0 || !referrer[..scheme_end].chars().all(is_scheme) {
        return false;
    }
    // A URL without an origin, such as that of an app, is foreign.
    let Some(origin) = Origin::of_url(referrer) else { return is_url_without_origin(&referrer[..scheme_end]) };
    origin != *own && !is_of_clerk(&origin, frontend)
}

fn is_url_without_origin(scheme: &str) -> bool {
    !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https")
}

fn is_of_clerk(origin: &Origin, frontend: &FrontendApi) -> bool {
    let host = origin.host();
    if host == frontend.host() || frontend.accounts_portal().is_some_and(|portal| portal == origin.as_str()) {
        return true;
    }
    let is_below = |domains: &[&'static str]| domains.iter().find(|domain| host.ends_with(*domain)).copied();
    let is_old_portal =
        host.starts_with("accounts.") && is_below(&[".lcl.dev", ".lclstage.dev", ".lclclerk.com"]).is_some();
    let is_portal = is_below(&[".accounts.dev", ".accountsstage.dev", ".accounts.lclclerk.com"])
        .is_some_and(|domain| !host.ends_with(&format!(".clerk{domain}")));
    !frontend.is_production() && (is_old_portal || is_portal)
}
