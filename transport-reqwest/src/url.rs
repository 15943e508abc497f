//! Converts the URI of a request into the URL that reqwest takes.

use std::error::Error;
use std::sync::{Arc, OnceLock};

use clerk_sessions_core::http::Uri;
use clerk_sessions_core::{Delivery, TransportError, TransportErrorKind};
use reqwest::Url;

/// Makes URLs. All requests of a client go to one server, so scheme, host and port are parsed only once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Urls {
    server: Arc<OnceLock<Server>>,
}

/// A request to the server, as both types.
#[derive(Debug)]
struct Server {
    uri: Uri,
    url: Url,
}

impl Urls {
    /// The URL. An error if the parser changed path or query: it resolves dot segments, which would call another operation.
    pub(crate) fn url(&self, uri: &Uri) -> Result<Url, TransportError> {
        let url = match self.server.get() {
            Some(server) if server.is_of(uri) => server.url(uri),
            _ => self.parse(uri)?,
        };
        if uri.path() == url.path() && uri.query() == url.query() {
            return Ok(url);
        }
        Err(rejected("the URL parser would send it to another path"))
    }

    fn parse(&self, uri: &Uri) -> Result<Url, TransportError> {
        let url: Url = uri.to_string().parse().map_err(rejected)?;
        self.server.get_or_init(|| Server { uri: uri.clone(), url: url.clone() });
        Ok(url)
    }
}

impl Server {
    fn is_of(&self, uri: &Uri) -> bool {
        self.uri.scheme() == uri.scheme() && self.uri.authority() == uri.authority()
    }

    fn url(&self, uri: &Uri) -> Url {
        let mut url = self.url.clone();
        url.set_path(uri.path());
        url.set_query(uri.query());
        url
    }
}

fn rejected(reason: impl Into<Box<dyn Error + Send + Sync>>) -> TransportError {
    TransportError::new(TransportErrorKind::Rejected, Delivery::NotSent).with_source(reason)
}

#[cfg(test)]
mod tests {
    use clerk_sessions_core::http::uri::PathAndQuery;

    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn a_url_of_the_same_server_is_the_one_that_parsing_gives() {
        let urls = Urls::default();
        urls.url(&uri("https://api.clerk.com/v1")).unwrap();
        let characters = (0x21..0x7f_u8).map(char::from);
        for character in characters.filter(|character| !matches!(character, '?' | '#')) {
            let texts = ["/v1/a{}b", "/v1/sessions/{}/tokens/x", "/v1?user_id={}&limit=1", "/{}"];
            let uris = texts.map(|text| text.replace("{}", &character.to_string()).parse::<PathAndQuery>().ok());
            for path in ["/".parse().ok()].into_iter().chain(uris).flatten() {
                let uri = Uri::builder().scheme("https").authority("api.clerk.com").path_and_query(path);
                let uri = uri.build().unwrap();
                let parsed = Urls::default().url(&uri).map_err(|_| ());
                assert_eq!(urls.url(&uri).map_err(|_| ()), parsed, "{uri}");
            }
        }
    }

    #[test]
    fn another_server_is_not_taken_for_the_first() {
        let urls = Urls::default();
        for text in
            ["https://one.example/v1", "http://one.example/v1", "https://one.example:8443/v1", "https://two.example/v1"]
        {
            assert_eq!(urls.url(&uri(text)).unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_path_that_the_parser_changes_is_rejected() {
        let urls = Urls::default();
        for _ in ["the first request", "a later one"] {
            for text in ["https://api.clerk.com/v1/sessions/..", "https://api.clerk.com/v1/%2e%2e/users"] {
                let error = urls.url(&uri(text)).unwrap_err();
                assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Rejected, Delivery::NotSent));
            }
        }
    }
}
