//! Drives a flow with the exchanges of a vector in the place of a network.

use std::time::Duration;

use clerk_sessions_auth::AwsLcRs;
use clerk_sessions_core::call::{Flow, Step};
use clerk_sessions_core::http::{Request, Response};
use clerk_sessions_core::{Delivery, Error, TransportError, TransportErrorKind};
use serde_json::Value;

pub(super) fn crypto() -> AwsLcRs {
    AwsLcRs::new()
}

/// What a flow sent.
pub(super) struct Traffic {
    /// The number of requests.
    pub(super) requests: usize,
    /// Method and URL of each.
    pub(super) sent: Vec<String>,
    /// The first difference between a request and the expected one.
    pub(super) difference: Option<String>,
}

/// Drives a flow, beginning at this time. Each request gets the response of the next exchange, and the last one again where there are
/// no more. Time passes only by waiting.
pub(super) fn drive<F: Flow>(mut flow: F, exchanges: &[Value], start: Duration) -> (Result<F::Output, Error>, Traffic) {
    let mut traffic = Traffic { requests: 0, sent: Vec::new(), difference: None };
    let mut now = start;
    let mut used = 0;
    loop {
        match flow.step(now) {
            Step::Send { request, .. } => {
                let exchange = next_exchange(exchanges, &mut used, &request);
                traffic.requests += 1;
                traffic.sent.push(format!("{} {}", request.method(), request.uri()));
                let difference = difference(&request, &exchange["request"]);
                traffic.difference = traffic.difference.or(difference);
                match response(&exchange["response"]) {
                    Some(response) => flow.on_response(response, now),
                    None => flow.on_failure(TransportError::new(TransportErrorKind::Closed, Delivery::MaybeSent), now),
                }
            }
            Step::Wait(wait) => now += wait,
            Step::Done => return (flow.finish(), traffic),
        }
    }
}

/// The exchange for a request: the next one with its URL, or the last one with it where there is none left.
fn next_exchange<'a>(exchanges: &'a [Value], used: &mut usize, request: &Request<Vec<u8>>) -> &'a Value {
    let url = request.uri().to_string();
    let is_it = |exchange: &&Value| exchange["request"]["url"] == *url;
    let next = exchanges.iter().enumerate().skip(*used).find(|(_, exchange)| is_it(exchange));
    if let Some((at, exchange)) = next {
        *used = at + 1;
        return exchange;
    }
    exchanges.iter().rev().find(is_it).or(exchanges.get(*used)).or(exchanges.last()).unwrap_or(&Value::Null)
}

/// How a request differs from the expected one, if it does.
fn difference(request: &Request<Vec<u8>>, expected: &Value) -> Option<String> {
    let header = |name| request.headers().get(name).map_or(Value::Null, |value| value.to_str().unwrap_or("?").into());
    let pairs = [
        ("method", Value::from(request.method().as_str()), &expected["method"]),
        ("url", Value::from(request.uri().to_string()), &expected["url"]),
        ("authorization", header("authorization"), &expected["headers"]["authorization"]),
        ("clerk-api-version", header("clerk-api-version"), &expected["headers"]["clerk-api-version"]),
    ];
    let body: Value = serde_json::from_slice(request.body()).unwrap_or(Value::Null);
    if expected["body"].is_object() && body != expected["body"] {
        return Some(format!("the body of a request is {body}, expected {}", expected["body"]));
    }
    let plain = |value: &Value| value.as_str().unwrap_or_default().replace("%20", "+");
    let different = pairs.into_iter().find(|(_, actual, expected)| plain(actual) != plain(expected))?;
    Some(format!("the {} of a request is {}, expected {}", different.0, different.1, different.2))
}

/// The response of an exchange; `None` for a network error.
fn response(exchange: &Value) -> Option<Response<Vec<u8>>> {
    let status = u16::try_from(exchange["status"].as_u64()?).ok()?;
    let mut response = Response::builder().status(status);
    for (name, value) in exchange["headers"].as_object().into_iter().flatten() {
        response = response.header(name, value.as_str()?);
    }
    let body = exchange["body_text"].as_str().map_or_else(|| exchange["body"].to_string(), str::to_owned);
    response.body(body.into_bytes()).ok()
}
