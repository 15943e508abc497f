//! What comes back of an attempt, and what the simulation knows of it without reading it as the core does.

use std::time::Duration;

use clerk_sessions_core::{Delivery, TransportError, TransportErrorKind};
use http::{Response, StatusCode};

use super::random::Random;

/// What the transport reports.
#[derive(Clone)]
pub(super) enum Outcome {
    Response(Received),
    Failure(TransportErrorKind, Delivery),
}

#[derive(Clone)]
pub(super) struct Received {
    pub(super) response: Response<Vec<u8>>,
    pub(super) trace_id: Option<String>,
    /// The wait that its `Retry-After` asks for.
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
    /// A response of FakeClerk, which says its trace id in a header always, and its `Retry-After` in seconds.
    pub(super) fn of_fake(response: Response<Vec<u8>>) -> Self {
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let asked = header("retry-after").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        let trace_id = header("clerk-trace-id").map(str::to_owned);
        let readable = response.status().is_success();
        Self { response, trace_id, asked, readable }
    }

    /// A response of whatever stands between the client and Clerk. `number` tells it from all others.
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

    /// The same response with a body that nothing can be read from.
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

/// The headers that ask for a wait, or seem to, and what they ask for.
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
        // Too large a number to be read means the longest of waits.
        _ => (asks("99999999999999999999999".to_owned()), Some(Duration::from_secs(u64::MAX))),
    }
}

/// As a date, measured against the server's own clock, which has nothing to do with the simulated one.
fn by_date(seconds: u64) -> (Headers, Option<Duration>) {
    let date = |second: u64| format!("Sun, 06 Nov 1994 08:49:{second:02} GMT");
    let headers = vec![("date", date(7)), ("retry-after", date(7 + seconds))];
    (headers, Some(Duration::from_secs(seconds)))
}
