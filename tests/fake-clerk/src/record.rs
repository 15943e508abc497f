//! The recorded requests: only the newest, with truncated bodies.

use std::collections::VecDeque;

use http::{HeaderMap, Method, Request};
use serde_json::{Value, json};

use super::seed::Seed;

/// A request as it arrived.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Recorded {
    /// The method.
    pub method: Method,
    /// The path and the query, undecoded.
    pub target: String,
    /// The headers, including the secret key.
    pub headers: HeaderMap,
    /// The body, truncated to [`Seed::keep_body_bytes`].
    pub body: Vec<u8>,
    /// The length of the whole body in bytes.
    pub body_length: usize,
}

impl Recorded {
    /// Records a request, and the first bytes of its body.
    fn new(request: Request<Vec<u8>>, keep_body_bytes: usize) -> Recorded {
        let (parts, mut body) = request.into_parts();
        let body_length = body.len();
        body.truncate(keep_body_bytes);
        body.shrink_to_fit();
        let target = parts.uri.path_and_query();
        Recorded {
            method: parts.method,
            target: target.map_or_else(String::new, ToString::to_string),
            headers: parts.headers,
            body,
            body_length,
        }
    }

    /// The JSON of `GET /_fake/requests`. Bytes that are not UTF-8 are replaced.
    pub(super) fn to_json(&self) -> Value {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.as_str(), text(value.as_bytes()))).collect();
        json!({
            "method": self.method.as_str(),
            "target": self.target,
            "headers": headers,
            "body": text(&self.body),
            "body_length": self.body_length,
        })
    }
}

/// The newest requests, and the number of older ones that were dropped.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) kept: VecDeque<Recorded>,
    pub(super) dropped: u64,
}

impl Log {
    /// Adds a request, and drops the oldest one if there are more than the seed allows.
    pub(super) fn add(&mut self, request: Request<Vec<u8>>, seed: &Seed) {
        self.kept.push_back(Recorded::new(request, seed.keep_body_bytes));
        while self.kept.len() > seed.keep_requests {
            self.kept.pop_front();
            self.dropped += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Client;
    use super::*;

    #[test]
    fn the_newest_requests_are_kept_and_long_bodies_are_truncated() {
        let seed = Seed { keep_requests: 2, keep_body_bytes: 3, ..Seed::default() };
        let mut client = Client::new(seed);
        for target in ["/1", "/2", "/3", "/4", "/5"] {
            client.post(target, "12345");
        }
        assert_eq!(client.fake.requests_dropped(), 3);
        let response = client.get("/_fake/requests");
        assert_eq!(response.headers["x-requests-dropped"], "3");
        assert_eq!((&response.json[0]["target"], &response.json[1]["target"]), (&json!("/4"), &json!("/5")));
        assert_eq!((&response.json[0]["body"], &response.json[0]["body_length"]), (&json!("123"), &json!(5)));

        let taken = client.fake.take_requests();
        assert_eq!(taken.iter().map(|request| request.target.as_str()).collect::<Vec<_>>(), ["/4", "/5"]);
        assert_eq!((client.fake.requests().len(), client.fake.requests_dropped()), (0, 0));
    }

    #[test]
    fn keep_requests_can_be_zero() {
        let mut client = Client::new(Seed { keep_requests: 0, ..Seed::default() });
        client.get("/");
        assert_eq!((client.fake.requests().len(), client.fake.requests_dropped()), (0, 1));
    }
}
