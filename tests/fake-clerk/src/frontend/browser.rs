//! What a request says about the browser that sent it.

use http::Request;
use http::header::COOKIE;

use super::super::request::Query;

/// The cookie of the Frontend API that names the client.
pub(super) const CLIENT: &str = "__client";
/// The cookie and parameter that names a development browser.
pub(super) const DEV_BROWSER: &str = "__clerk_db_jwt";

/// The ids that a browser sends. FakeClerk may not know them.
#[derive(Debug)]
pub(super) struct Browser {
    pub(super) client: Option<String>,
    pub(super) dev_browser: Option<String>,
}

impl Browser {
    /// Reads the cookies, and the parameter with the development browser, which takes precedence over its cookies.
    pub(super) fn of(request: &Request<Vec<u8>>, query: &Query, suffix: &str) -> Browser {
        let cookie = |name: &str| {
            let lines = request.headers().get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
            let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
            let value = pairs.find(|(own, _)| own.trim() == name).map(|(_, value)| value.trim().to_owned());
            value.filter(|value| !value.is_empty())
        };
        let named = query.text(DEV_BROWSER).map(str::to_owned);
        let dev_browser = named.or_else(|| cookie(&format!("{DEV_BROWSER}_{suffix}"))).or_else(|| cookie(DEV_BROWSER));
        Browser { client: cookie(CLIENT), dev_browser }
    }
}
