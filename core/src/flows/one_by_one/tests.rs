//! Tests of the flow, with a server in memory and a clock that stands still.

use std::time::Duration;

use http::{Request, Response};
use serde_json::json;

use super::*;
use crate::model::tests::with_id;
use crate::{Api, CallOptions, Delivery, RetryPolicy, TransportErrorKind};

/// The outcome of one request.
type Outcome = Result<Response<Vec<u8>>, TransportError>;

fn flow(all: RevokeAll) -> RevokingOneByOne {
    let once = CallOptions::new().retry(RetryPolicy::none());
    RevokingOneByOne::new(CallContext::new(Api::new("sk_test_1").unwrap()).with_options(once), all)
}

fn of_user() -> RevokingOneByOne {
    flow(RevokeAll::of_user("user_1"))
}

fn response(status: u16, body: &serde_json::Value) -> Outcome {
    Ok(Response::builder().status(status).body(body.to_string().into_bytes()).unwrap())
}

/// The response to a list, with all sessions that are signed in, or to a revoke of one of them.
fn respond(active: &mut Vec<&str>, request: &Request<Vec<u8>>) -> Outcome {
    let Some(id) = request.uri().path().strip_suffix("/revoke").and_then(|path| path.rsplit('/').next()) else {
        let skip = if request.uri().query().unwrap().contains("offset=0") { 0 } else { 1 };
        let page: Vec<_> = active.iter().skip(skip * active.len().saturating_sub(1)).map(|id| with_id(id)).collect();
        return response(200, &json!({ "data": page, "total_count": active.len() }));
    };
    active.retain(|one| *one != id);
    response(200, &with_id(id))
}

/// Runs a flow, and returns the last path segment of each request, not counting `revoke`.
fn run(
    mut flow: RevokingOneByOne,
    mut server: impl FnMut(&Request<Vec<u8>>) -> Outcome,
) -> (Result<RevokeReport, Error>, Vec<String>) {
    let mut sent = Vec::new();
    for _ in 0..1000 {
        match flow.step(Duration::ZERO) {
            Step::Send { request, .. } => {
                let path = request.uri().path();
                sent.push(path.trim_end_matches("/revoke").rsplit('/').next().unwrap().to_owned());
                match server(&request) {
                    Ok(response) => flow.on_response(response, Duration::ZERO),
                    Err(error) => flow.on_failure(error, Duration::ZERO),
                }
            }
            Step::Wait(wait) => panic!("nothing is to be waited for: {wait:?}"),
            Step::Done => return (flow.finish(), sent),
        }
    }
    panic!("it does not end");
}

#[test]
fn sessions_are_listed_and_revoked_in_the_order_of_the_list_until_none_is_left() {
    let mut active = vec!["a", "b", "c", "d", "e", "f"];
    let (report, sent) = run(of_user(), |request| respond(&mut active, request));
    let report = report.unwrap();
    assert_eq!(report.revoked, ["a", "b", "c", "d", "e", "f"]);
    assert!(report.is_complete());
    assert_eq!(sent, ["sessions", "a", "b", "c", "d", "e", "f", "sessions"]);
}

#[test]
fn a_failed_revoke_is_reported_and_the_others_continue() {
    let mut active = vec!["a", "b", "c"];
    let (report, _) = run(of_user(), |request| match request.uri().path() {
        "/v1/sessions/a/revoke" => response(500, &json!({})),
        "/v1/sessions/b/revoke" => Err(TransportError::new(TransportErrorKind::Closed, Delivery::MaybeSent)),
        _ => respond(&mut active, request),
    });
    let report = report.unwrap();
    assert_eq!(report.revoked, ["c"]);
    let failed: Vec<_> = report.failed.iter().map(|(id, error)| (id.as_str(), error.kind())).collect();
    assert_eq!(failed, [("a", "api"), ("b", "transport")]);
    assert!(report.incomplete.is_none() && !report.is_complete());
}

#[test]
fn a_list_that_fails_ends_it() {
    let (report, sent) = run(of_user(), |_| Err(TransportError::new(TransportErrorKind::Timeout, Delivery::MaybeSent)));
    assert!(report.unwrap_err().is_timeout());
    assert_eq!(sent, ["sessions"]);
}

#[test]
fn invalid_ids_are_not_sent() {
    let (report, sent) = run(flow(RevokeAll::of_user("")), |_| response(200, &json!([])));
    assert_eq!((report.unwrap_err().kind(), sent.len()), ("build", 0));

    // A server may list ids that are not valid in a path.
    let mut active = vec!["..", "a"];
    let (report, sent) = run(of_user(), |request| respond(&mut active, request));
    let report = report.unwrap();
    assert_eq!(report.revoked, ["a"]);
    assert_eq!((report.failed[0].0.as_str(), report.failed[0].1.kind()), ("..", "build"));
    assert!(!sent.contains(&"..".to_owned()), "{sent:?}");
}

#[test]
fn a_step_returns_a_request_once_until_its_report() {
    let mut flow = of_user();
    assert!(matches!(flow.step(Duration::ZERO), Step::Send { .. }));
    assert!(matches!(flow.step(Duration::ZERO), Step::Done), "the list is awaited");
    flow.on_response(response(200, &json!([with_id("a")])).unwrap(), Duration::ZERO);
    let is_revoke =
        |step: &Step| matches!(step, Step::Send { request, .. } if request.uri().path().ends_with("/revoke"));
    let revokes = (0..10).any(|_| {
        let step = flow.step(Duration::ZERO);
        if !is_revoke(&step) {
            flow.on_response(response(200, &json!([])).unwrap(), Duration::ZERO);
        }
        is_revoke(&step)
    });
    assert!(revokes, "after the pages of the list");
    assert!(matches!(flow.step(Duration::ZERO), Step::Done), "the revoke is awaited");
    flow.on_failure(TransportError::new(TransportErrorKind::Closed, Delivery::MaybeSent), Duration::ZERO);
    assert!(matches!(flow.step(Duration::ZERO), Step::Done), "no revoke got a response");
    assert!(flow.finish().unwrap().incomplete.is_some());
}

#[test]
fn an_early_finish_reports_the_completed_revokes() {
    let report = of_user().finish().unwrap();
    assert!(report.revoked.is_empty() && report.incomplete.is_none() && !report.is_complete());

    let mut active = vec!["a", "b", "c"];
    let mut flow = of_user();
    for sent in ["sessions", "a", "b"] {
        let Step::Send { request, .. } = flow.step(Duration::ZERO) else { panic!("{sent} is not sent") };
        assert_eq!(request.uri().path().trim_end_matches("/revoke").rsplit('/').next(), Some(sent));
        if sent != "b" {
            flow.on_response(respond(&mut active, &request).unwrap(), Duration::ZERO);
        }
    }
    let report = flow.finish().unwrap();
    assert_eq!(report.revoked, ["a"], "b is in flight, c has not begun");
    assert!(report.failed.is_empty() && report.incomplete.is_none() && !report.is_complete());
}

#[test]
fn reports_before_the_first_step_are_harmless() {
    let mut flow = of_user();
    flow.on_response(response(404, &json!({})).unwrap(), Duration::ZERO);
    flow.on_failure(TransportError::new(TransportErrorKind::Closed, Delivery::MaybeSent), Duration::ZERO);
    let (report, sent) = run(flow, |_| response(200, &json!([])));
    assert!(report.unwrap().is_complete());
    assert_eq!(sent, ["sessions"]);
}

#[test]
fn it_waits_as_long_as_its_call_waits() {
    let context = CallContext::new(Api::new("sk_test_1").unwrap());
    let mut flow = RevokingOneByOne::new(context, RevokeAll::of_user("user_1"));
    assert!(matches!(flow.step(Duration::ZERO), Step::Send { .. }));
    let rejected = Response::builder().status(429).header("retry-after", "4").body(Vec::new()).unwrap();
    flow.on_response(rejected, Duration::ZERO);
    let step = flow.step(Duration::ZERO);
    assert!(matches!(step, Step::Wait(wait) if wait == Duration::from_secs(4)), "{step:?}");
    assert!(matches!(flow.step(Duration::from_secs(4)), Step::Send { .. }));
}
