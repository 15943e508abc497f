//! What a user would write instead: the same requests, headers, limits and fields, straight over ureq and reqwest.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
#[allow(dead_code)]
pub(crate) struct Session {
    pub(crate) object: String,
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) client_id: String,
    pub(crate) actor: Option<serde_json::Value>,
    pub(crate) status: String,
    pub(crate) last_active_organization_id: Option<String>,
    pub(crate) last_active_at: i64,
    pub(crate) latest_activity: Option<Activity>,
    pub(crate) expire_at: i64,
    pub(crate) abandon_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) created_at: i64,
    pub(crate) tasks: Option<Vec<Task>>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
pub(crate) struct Activity {
    pub(crate) object: String,
    pub(crate) id: String,
    pub(crate) device_type: Option<String>,
    pub(crate) is_mobile: bool,
    pub(crate) browser_name: Option<String>,
    pub(crate) browser_version: Option<String>,
    pub(crate) ip_address: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) country: Option<String>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
pub(crate) struct Task {
    pub(crate) key: String,
}

#[derive(Deserialize)]
#[allow(dead_code)]
pub(crate) struct Token {
    pub(crate) object: String,
    pub(crate) jwt: String,
}

pub(crate) const HEADERS: [(&str, &str); 5] = [
    ("authorization", "Bearer sk_test_2aaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ("accept", "application/json"),
    ("clerk-api-version", "2026-05-12"),
    ("user-agent", concat!("clerk-sessions-rust/", env!("CARGO_PKG_VERSION"))),
    ("x-clerk-sdk", concat!("rust/", env!("CARGO_PKG_VERSION"))),
];

#[allow(dead_code)] // Not every bench encodes, nor goes over HTTP.
pub(crate) mod encode {
    use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
    use http::uri::{Authority, PathAndQuery, Scheme};
    use http::{Request, Uri, uri};

    use super::HEADERS;

    /// The fastest way there seems to be: all that does not change from request to request is made once.
    pub(crate) struct Prepared {
        headers: HeaderMap,
        authority: Authority,
    }

    impl Prepared {
        pub(crate) fn new() -> Self {
            let named = |(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
            let mut headers: HeaderMap = HEADERS.into_iter().map(named).collect();
            // The key and the host are not known at compile time.
            let mut key = HeaderValue::from_str(HEADERS[0].1).unwrap();
            key.set_sensitive(true);
            headers.insert(AUTHORIZATION, key);
            Self { headers, authority: "127.0.0.1:40000".parse().unwrap() }
        }

        pub(crate) fn get(&self, session_id: &str) -> Request<Vec<u8>> {
            let path = format!("/v1/sessions/{session_id}");
            let mut parts = uri::Parts::default();
            parts.scheme = Some(Scheme::HTTP);
            parts.authority = Some(self.authority.clone());
            parts.path_and_query = Some(PathAndQuery::try_from(path).unwrap());
            let mut request = Request::new(Vec::new());
            *request.uri_mut() = Uri::from_parts(parts).unwrap();
            *request.headers_mut() = self.headers.clone();
            request
        }
    }
}

#[allow(dead_code)]
pub(crate) mod over_ureq {
    use ureq::Agent;

    use super::*;

    pub(crate) fn agent() -> Agent {
        Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(Duration::from_secs(5)))
            .timeout_global(Some(Duration::from_secs(10)))
            .max_idle_connections(64)
            .max_idle_connections_per_host(64)
            .proxy(None)
            .build()
            .new_agent()
    }

    pub(crate) fn get<T: DeserializeOwned>(agent: &Agent, url: &str) -> T {
        let mut request = agent.get(url);
        for (name, value) in HEADERS {
            request = request.header(name, value);
        }
        read(request.call().unwrap())
    }

    pub(crate) fn post<T: DeserializeOwned>(agent: &Agent, url: &str, body: &[u8]) -> T {
        let mut request = agent.post(url).header("content-type", "application/json");
        for (name, value) in HEADERS {
            request = request.header(name, value);
        }
        read(request.send(body).unwrap())
    }

    fn read<T: DeserializeOwned>(mut response: ureq::http::Response<ureq::Body>) -> T {
        assert!(response.status().is_success());
        let body = response.body_mut().read_to_vec().unwrap();
        serde_json::from_slice(&body).unwrap()
    }
}

#[allow(dead_code)]
pub(crate) mod over_reqwest {
    use reqwest::{Client, redirect};

    use super::*;

    pub(crate) fn client() -> Client {
        Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(10))
            .no_proxy()
            .build()
            .unwrap()
    }

    pub(crate) async fn get<T: DeserializeOwned>(client: &Client, url: &str) -> T {
        let mut request = client.get(url);
        for (name, value) in HEADERS {
            request = request.header(name, value);
        }
        read(request.send().await.unwrap()).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(client: &Client, url: &str, body: &'static [u8]) -> T {
        let mut request = client.post(url).header("content-type", "application/json").body(body);
        for (name, value) in HEADERS {
            request = request.header(name, value);
        }
        read(request.send().await.unwrap()).await
    }

    async fn read<T: DeserializeOwned>(response: reqwest::Response) -> T {
        assert!(response.status().is_success());
        let body = response.bytes().await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }
}
