//! The outcome of an attempt, and the facts about it that the simulation knows without using the core.

use std::time::Duration;

use clerk_sessions_core::{Delivery, TransportError, TransportErrorKind};
use http::{Response, StatusCode};

use super::random::Random;

/// The report of the transport.
#[derive(Clone)]
pub(super) enum Outcome {
    Response(Received),
    Failure(TransportErrorKind, Delivery),
}

#[derive(Clone)]
pub(super) struct Received {
    pub(super) response: Response<Vec<u8>>,
    pub(super) trace_id: Option<String>,
    /// The wait in its `Retry-After`.
    pub(super) asked: Option<Duration>,
    /// Whether it is a 2xx with a body that the operation can read.
    pub(super) readable: bool,
}

impl Outcome {
    pub(super) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Response(received) => Some(received.response.status()),
            Self::Failure(..) => None,
        }
    }

    pub(super) fn asked(&self) -> Option<Duration> {
        match self {
            Self::Response(received) => received.asked,
            Self::Failure(..) => None,
        }
    }

    /// As the core is told.
    pub(super) fn report(&self) -> Result<Response<Vec<u8>>, TransportError> {
        match self {
            Self::Response(received) => Ok(received.response.clone()),
            Self::Failure(kind, delivery) => Err(TransportError::new(*kind, *delivery)),
        }
    }
}

impl Received {
    /// A response of FakeClerk, which always has a trace id header. Its `Retry-After` is in seconds.
    pub(super) fn of_fake(response: Response<Vec<u8>>) -> Self {
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let asked = header("retry-after").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        let trace_id = header("clerk-trace-id").map(str::to_owned);
        let readable = response.status().is_success();
        Self { response, trace_id, asked, readable }
    }

    /// A response of a proxy between the client and Clerk. `number` makes it unique.
    pub(super) fn made_up(status: u16, number: u64, random: &mut Random) -> Self {
        let (named, unnamed) = (format!("trace_{number}"), format!("ray_{number}"));
        let json = format!(r#"{{"errors":[{{"code":"made_up","message":"m"}}],"clerk_trace_id":"{named}"}}"#);
        let html = "<html><body>Something went wrong</body></html>".to_owned();
        let (body, header, trace_id) = match random.below(4) {
            0 => (json, Some(("cf-ray", unnamed)), Some(named)),
            1 => (html, Some(("cf-ray", unnamed.clone())), Some(unnamed)),
            2 => (String::new(), Some(("clerk-trace-id", named.clone())), Some(named)),
            _ => (html, None, None),
        };
        let (asking, asked) = retry_after(random);
        let mut response = Response::builder().status(status);
        for (name, value) in header.into_iter().chain(asking) {
            response = response.header(name, value);
        }
        let response = response.body(body.into_bytes()).expect("the headers are valid");
        Self { response, trace_id, asked, readable: false }
    }

    /// The same response with an unreadable body.
    pub(super) fn garbled(mut self, random: &mut Random) -> Self {
        let body = self.response.body_mut();
        match random.below(4) {
            0 => body.clear(),
            1 => body.truncate(body.len() / 2),
            2 => *body = b"<html>200 OK</html>".to_vec(),
            _ => *body = b"null".to_vec(),
        }
        *self.response.status_mut() = StatusCode::from_u16(random.pick(&[200, 201, 204, 299])).expect("a status");
        Self { readable: false, ..self }
    }
}

type Headers = Vec<(&'static str, String)>;

/// Valid and invalid headers that ask for a wait, and the wait that they ask for.
fn retry_after(random: &mut Random) -> (Headers, Option<Duration>) {
    let asks = |value: String| vec![("retry-after", value)];
    let few = random.below(4);
    match random.below(24) {
        0..8 => (Vec::new(), None),
        8..14 => (asks(few.to_string()), Some(Duration::from_secs(few))),
        14..16 => by_date(random.below(30)),
        16..18 => (asks(random.pick(&["soon", "-1", "1.5", ""]).to_owned()), None),
        18..20 => {
            let both = [asks("soon".to_owned()), asks(few.to_string())].concat();
            (both, Some(Duration::from_secs(few)))
        }
        20..23 => {
            let many = random.pick(&[5, 10, 15, 16, 59, 61, 86_400]);
            (asks(many.to_string()), Some(Duration::from_secs(many)))
        }
        // A number that is too large means the longest wait.
        _ => (asks("99999999999999999999999".to_owned()), Some(Duration::from_secs(u64::MAX))),
    }
}

/// A `Retry-After` with a date, relative to the server's clock, which is independent of the simulated clock.
fn by_date(seconds: u64) -> (Headers, Option<Duration>) {
    let date = |second: u64| format!("Sun, 06 Nov 1994 08:49:{second:02} GMT");
    let headers = vec![("date", date(7)), ("retry-after", date(7 + seconds))];
    (headers, Some(Duration::from_secs(seconds)))
}
