//! Tests of a single call, with a virtual clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Response;

use super::{Call, CallContext, Flow, RawCall, Step};
use crate::error::{Error, TransportError};
use crate::{
    Api, Attempt, CallOptions, CreateSession, CreateSessionToken, Delivery, GetSession, Observer, RefreshSession,
    RetryPolicy, TransportErrorKind,
};

pub(super) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(super) fn context() -> CallContext {
    CallContext::new(Api::new("sk_test_hidden").unwrap())
}

pub(super) fn get(context: &CallContext) -> Call<GetSession> {
    context.call(GetSession::new("sess_1")).unwrap()
}

pub(super) fn create(context: &CallContext) -> Call<CreateSession> {
    context.call(CreateSession::new("user_1")).unwrap()
}

pub(super) fn response(status: u16, headers: &[(&str, &str)]) -> Response<Vec<u8>> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Vec::new()).unwrap()
}

pub(super) fn failure(kind: TransportErrorKind, delivery: Delivery) -> TransportError {
    TransportError::new(kind, delivery)
}

/// An observer that keeps all attempts.
#[derive(Clone, Default)]
pub(super) struct Seen(pub(super) Arc<Mutex<Vec<Observed>>>);

#[derive(Debug)]
pub(super) struct Observed {
    pub(super) wait: Option<Duration>,
    pub(super) trace_id: Option<String>,
    pub(super) display: String,
    pub(super) debug: String,
}

impl Observer for Seen {
    fn attempted(&self, attempt: &Attempt<'_>) {
        self.0.lock().unwrap().push(Observed {
            wait: attempt.wait,
            trace_id: attempt.trace_id.map(str::to_owned),
            display: attempt.to_string(),
            debug: format!("{attempt:?}"),
        });
    }
}

/// The time at which an attempt was sent, and its timeout.
pub(super) type Sent = (Duration, Duration);

/// Runs a call with a virtual clock. `attempt` returns the outcome and the duration of each attempt. Returns the result of the call,
/// and its attempts.
pub(super) fn run<F: Flow>(
    mut flow: F,
    mut attempt: impl FnMut(usize) -> (Result<Response<Vec<u8>>, TransportError>, Duration),
) -> (Result<F::Output, Error>, Vec<Sent>) {
    let (mut now, mut sent) = (Duration::ZERO, Vec::new());
    for _ in 0..1000 {
        match flow.step(now) {
            Step::Send { timeout, .. } => {
                sent.push((now, timeout));
                let (outcome, took) = attempt(sent.len());
                now += took;
                match outcome {
                    Ok(response) => flow.on_response(response, now),
                    Err(error) => flow.on_failure(error, now),
                }
            }
            Step::Wait(wait) => now += wait,
            Step::Done => return (flow.finish(), sent),
        }
    }
    panic!("the call does not end");
}

#[test]
fn a_response_that_is_not_retryable_ends_the_call_after_one_attempt() {
    let (outcome, sent) = run(get(&context()), |_| (Ok(response(404, &[])), ms(5)));
    let error = outcome.unwrap_err();
    assert_eq!((error.attempts(), error.status().unwrap().as_u16(), sent.len()), (1, 404, 1));
    assert_eq!(sent[0].1, Duration::from_secs(10), "the timeout of one attempt");
}

#[test]
fn each_attempt_sends_the_same_request() {
    let context = context();
    let operation = CreateSessionToken::new("sess_1").origin("https://a.b");
    let mut call = context.call(&operation).unwrap();
    let wanted = format!("{:?}", context.api().request(&operation).unwrap());
    for _ in 0..3 {
        let mut step = call.step(ms(0));
        if let Step::Wait(_) = step {
            step = call.step(ms(0));
        }
        let Step::Send { request, .. } = step else { panic!("{step:?}") };
        assert_eq!(format!("{request:?}"), wanted);
        call.on_failure(failure(TransportErrorKind::Connect, Delivery::NotSent), ms(0));
    }
    assert!(matches!(call.step(ms(0)), Step::Done));
}

#[test]
fn retryable_failures_are_retried_up_to_the_limit_and_the_last_error_is_returned() {
    let (outcome, sent) = run(get(&context()), |attempt| (Ok(response([500, 502, 503][attempt - 1], &[])), ms(5)));
    let error = outcome.unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.attempts(), sent.len()), (503, 3, 3));
    assert!(error.to_string().contains(", after 3 attempts"), "{error}");
    assert!(sent[1].0 - sent[0].0 <= ms(205) && sent[2].0 - sent[1].0 <= ms(405), "{sent:?}");

    let (outcome, sent) = run(create(&context()), |_| (Ok(response(503, &[])), ms(5)));
    assert_eq!((outcome.unwrap_err().attempts(), sent.len()), (1, 1));
    let lost = || failure(TransportErrorKind::Closed, Delivery::MaybeSent);
    assert_eq!(run(create(&context()), |_| (Err(lost()), ms(5))).1.len(), 1);
    assert_eq!(run(get(&context()), |_| (Err(lost()), ms(5))).1.len(), 3);
    let refused = || failure(TransportErrorKind::Connect, Delivery::NotSent);
    assert_eq!(run(create(&context()), |_| (Err(refused()), ms(5))).1.len(), 3);
}

#[test]
fn options_set_the_number_of_attempts_and_can_allow_retries_of_create() {
    let with = |policy| context().with_options(CallOptions::new().retry(policy));
    let attempts = |policy| run(get(&with(policy)), |_| (Ok(response(500, &[])), ms(1))).1.len();
    assert_eq!(attempts(RetryPolicy::none()), 1);
    assert_eq!(attempts(RetryPolicy::new().max_attempts(5)), 5);
    let forced = with(RetryPolicy::new().retry_non_idempotent(true));
    assert_eq!(run(create(&forced), |_| (Ok(response(500, &[])), ms(1))).1.len(), 3);
}

#[test]
fn a_call_waits_for_retry_after_and_fails_if_it_is_too_long() {
    let asked = |seconds: &'static str| move |_| (Ok(response(429, &[("retry-after", seconds)])), ms(0));
    for is_idempotent in [true, false] {
        let sent =
            if is_idempotent { run(get(&context()), asked("4")).1 } else { run(create(&context()), asked("4")).1 };
        assert_eq!(sent.iter().map(|(at, _)| at.as_secs()).collect::<Vec<_>>(), [0, 4, 8], "a 429 is always retried");
    }
    let (outcome, sent) = run(get(&context()), asked("16"));
    let error = outcome.unwrap_err();
    assert_eq!((error.retry_after(), error.attempts(), sent.len()), (Some(Duration::from_secs(16)), 1, 1));
    let (_, sent) = run(get(&context()), |_| (Ok(response(503, &[("retry-after", "3")])), ms(0)));
    assert_eq!(sent.iter().map(|(at, _)| at.as_secs()).collect::<Vec<_>>(), [0, 3, 6]);
}

#[test]
fn a_call_does_not_wait_for_a_retry_after_above_the_limit_of_its_policy() {
    let policy = RetryPolicy::new().max_retry_after(Duration::from_secs(5));
    let context = context().with_options(CallOptions::new().retry(policy));
    let attempts = |seconds| run(get(&context), |_| (Ok(response(503, &[("retry-after", seconds)])), ms(0))).1.len();
    assert_eq!([attempts("5"), attempts("6")], [3, 1]);
}

#[test]
fn waits_are_limited_by_the_total_wait_and_the_deadline() {
    let asked = |_| (Ok(response(429, &[("retry-after", "9")])), ms(0));
    let (outcome, sent) = run(get(&context()), asked);
    assert_eq!((outcome.unwrap_err().status().unwrap().as_u16(), sent.len()), (429, 2), "18 s are more than 15 s");
    let policy = RetryPolicy::new().max_total_wait(Duration::from_secs(8));
    let impatient = context().with_options(CallOptions::new().retry(policy));
    assert_eq!(run(get(&impatient), asked).1.len(), 1, "9 s are more than 8 s");

    let slow = |_| (Err(failure(TransportErrorKind::Timeout, Delivery::MaybeSent)), Duration::from_secs(10));
    let (outcome, sent) = run(get(&context()), slow);
    assert!(outcome.unwrap_err().is_timeout());
    assert_eq!(sent.len(), 2, "two attempts use up the 20 s");
    assert!(sent[1].1 < Duration::from_secs(10) && sent[1].0 + sent[1].1 == Duration::from_secs(20), "{sent:?}");

    let soon = context().with_options(CallOptions::new().deadline(ms(300)).attempt_timeout(ms(200)));
    let (_, sent) = run(get(&soon), |_| (Err(failure(TransportErrorKind::Timeout, Delivery::NotSent)), ms(200)));
    assert_eq!(sent[0].1, ms(200));
    assert!(sent.iter().all(|(at, timeout)| *at + *timeout <= ms(300)), "{sent:?}");
}

#[test]
fn a_pause_delays_calls_of_the_same_operation_and_fails_those_that_cannot_wait() {
    let context = context();
    let mut first = get(&context);
    assert!(matches!(first.step(ms(0)), Step::Send { .. }));
    first.on_response(response(429, &[("retry-after", "5")]), ms(10));
    let mut second = get(&context.clone());
    // The first call is sent before it, and no request has been granted yet.
    assert!(matches!(second.step(ms(1010)), Step::Wait(wait) if wait == ms(4100)));
    assert!(matches!(first.step(ms(1010)), Step::Wait(wait) if wait == ms(4000)));
    assert!(matches!(first.step(ms(5010)), Step::Send { .. }));
    assert!(matches!(second.step(ms(5110)), Step::Send { .. }));
    assert!(matches!(create(&context).step(ms(1010)), Step::Send { .. }), "another operation");

    first.on_response(response(429, &[("retry-after", "5")]), ms(5110));
    let hurried = context.clone().with_options(CallOptions::new().deadline(ms(500)));
    let mut third = get(&hurried);
    assert!(matches!(third.step(ms(7110)), Step::Done));
    let error = third.finish().unwrap_err();
    assert_eq!(error.retry_after(), Some(ms(3100)), "the first call is sent before it");
    assert_eq!((error.attempts(), error.delivery(), error.is_retryable()), (0, Delivery::NotSent, true));
    let text = "GetSession: the server's rate limit holds this call back for longer than it may wait \
                (nothing was sent; retry after 4 s)";
    assert_eq!(error.to_string(), text);
}

#[test]
fn no_retry_starts_with_less_than_a_second_left() {
    let nearly = |outcome: fn() -> Result<Response<Vec<u8>>, TransportError>, took| {
        run(create(&context()), move |_| (outcome(), Duration::from_millis(took)))
    };
    let rejected = || Ok(response(429, &[("retry-after", "1")]));
    assert_eq!(nearly(rejected, 18_000).1.len(), 2, "1 s left");
    let (outcome, sent) = nearly(rejected, 18_001);
    let error = outcome.unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.delivery(), sent.len()), (429, Delivery::NotSent, 1));
    let refused = || Err(failure(TransportErrorKind::Connect, Delivery::NotSent));
    assert_eq!(nearly(refused, 19_001).1.len(), 1);
}

#[test]
fn a_rejected_call_that_gives_up_in_the_queue_reports_its_current_wait() {
    let context = context();
    let (mut first, mut second) = (get(&context), get(&context));
    assert!(
        [&mut first, &mut second].map(|call| call.step(ms(0))).iter().all(|step| matches!(step, Step::Send { .. }))
    );
    for call in [&mut first, &mut second] {
        call.on_response(response(429, &[("retry-after", "4")]), ms(0));
    }
    assert!(matches!(second.step(ms(0)), Step::Wait(wait) if wait == ms(4100)));
    assert!(matches!(first.step(ms(4000)), Step::Send { .. }));
    first.on_response(response(429, &[("retry-after", "60")]), ms(4050));
    assert!(matches!(second.step(ms(4100)), Step::Done));
    let error = second.finish().unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (429, 1));
    assert_eq!(error.retry_after(), Some(ms(59_950)), "the first has left the queue");
}

#[test]
fn delivery_is_maybe_sent_if_any_attempt_may_have_been_processed() {
    let forced = context().with_options(CallOptions::new().retry(RetryPolicy::new().retry_non_idempotent(true)));
    for first in [500, 429] {
        let outcome = |attempt| match attempt {
            1 => (Ok(response(first, &[])), ms(1)),
            _ => (Err(failure(TransportErrorKind::Connect, Delivery::NotSent)), ms(1)),
        };
        let error = run(create(&forced), outcome).0.unwrap_err();
        let refused = |attempt| (Ok(response([first, 429, 429][attempt - 1], &[])), ms(1));
        let rejected = run(create(&forced), refused).0.unwrap_err();
        assert_eq!((rejected.delivery(), rejected.is_retryable()), (error.delivery(), error.is_retryable()));
        let maybe = first == 500;
        assert_eq!(error.delivery() == Delivery::MaybeSent, maybe, "{error}");
        assert_eq!(error.is_retryable(), !maybe, "{error}");
    }
}

#[test]
fn an_infinite_timeout_becomes_a_year_and_a_zero_deadline_is_a_timeout_error() {
    let endless = CallOptions::new().attempt_timeout(Duration::MAX).deadline(Duration::MAX);
    let (_, sent) = run(get(&context().with_options(endless)), |_| (Ok(response(404, &[])), ms(1)));
    assert_eq!(sent[0].1, Duration::from_secs(365 * 24 * 60 * 60));
    let none = context().with_options(CallOptions::new().deadline(Duration::ZERO));
    let (outcome, sent) = run(get(&none), |_| (Ok(response(404, &[])), ms(1)));
    let error = outcome.unwrap_err();
    assert!(error.is_timeout() && error.retry_after().is_none() && sent.is_empty(), "{error}");
}

#[test]
fn retries_that_are_not_made_are_not_taken_from_the_budget() {
    let context = context();
    let hurried = context.clone().with_options(CallOptions::new().deadline(ms(100)));
    for _ in 0..20 {
        let slow = |_| (Err(failure(TransportErrorKind::Timeout, Delivery::MaybeSent)), ms(100));
        assert_eq!(run(get(&hurried), slow).1.len(), 1);
        // Dropped during its backoff.
        let mut call = get(&context);
        assert!(matches!(call.step(ms(0)), Step::Send { .. }));
        call.on_failure(failure(TransportErrorKind::Closed, Delivery::MaybeSent), ms(0));
        assert!(matches!(call.step(ms(0)), Step::Wait(_)));
    }
    assert_eq!(run(get(&context), |_| (Ok(response(503, &[])), ms(1))).1.len(), 3);
}

#[test]
fn jitter_differs_between_calls_and_repeats_with_the_same_seed() {
    let waits = |seed| -> Vec<Duration> {
        let context = context().with_options(CallOptions::new().retry(RetryPolicy::new().seed(seed)));
        (0..4).map(|_| run(get(&context), |_| (Ok(response(500, &[])), ms(0))).1[1].0).collect()
    };
    assert_eq!(waits(1), waits(1));
    assert_ne!(waits(1), waits(2));
    let mut drawn = waits(1);
    drawn.sort();
    drawn.dedup();
    assert_eq!(drawn.len(), 4);
}

#[test]
fn methods_called_out_of_order_do_no_harm() {
    let early = get(&context()).finish().unwrap_err();
    assert_eq!(early.to_string(), "GetSession: finish was called before the call was done (nothing was sent)");
    let mut call = get(&context());
    call.on_response(response(200, &[]), ms(0));
    assert!(matches!(call.step(ms(0)), Step::Send { .. }));
    assert!(matches!(call.step(ms(0)), Step::Done), "an attempt is returned once");
    call.on_response(response(404, &[]), ms(0));
    call.on_response(response(500, &[]), ms(0));
    call.on_failure(failure(TransportErrorKind::Other, Delivery::MaybeSent), ms(0));
    assert_eq!(call.finish().unwrap_err().status().unwrap(), 404, "the first report counts");
    let mut in_flight = get(&context());
    in_flight.step(ms(0));
    assert_eq!(in_flight.finish().unwrap_err().kind(), "build");
}

#[test]
fn a_call_ends_even_if_the_clock_stops_or_goes_back() {
    let mut call = get(&context());
    assert!(matches!(call.step(ms(1000)), Step::Send { .. }));
    call.on_response(response(429, &[("retry-after", "5")]), ms(900));
    for _ in 0..10 {
        if matches!(call.step(ms(900)), Step::Done) {
            assert_eq!(call.finish().unwrap_err().status().unwrap(), 429);
            return;
        }
    }
    panic!("the call does not end");
}

#[test]
fn a_failure_is_returned_with_its_cause() {
    let context = context().with_options(CallOptions::new().retry(RetryPolicy::none()));
    let cause = || std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "refused");
    let refused = |_| (Err(failure(TransportErrorKind::Connect, Delivery::NotSent).with_source(cause())), ms(0));
    let error = run(get(&context), refused).0.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GetSession: could not connect to the server (nothing was sent; check the base URL, the network and any proxy)"
    );
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "refused");
    assert!(source.downcast_ref::<std::io::Error>().is_some());
}

#[test]
fn an_observer_sees_each_attempt() {
    let seen = Seen::default();
    let context = context().with_observer(seen.clone());
    let (outcome, _) = run(get(&context), |attempt| match attempt {
        1 => (Ok(response(503, &[("retry-after", "1"), ("cf-ray", "ray")])), ms(5)),
        2 => (Err(failure(TransportErrorKind::Closed, Delivery::MaybeSent)), ms(7)),
        _ => (Ok(response(404, &[])), ms(9)),
    });
    assert_eq!(outcome.unwrap_err().status().unwrap(), 404);
    let seen: Vec<_> = seen.0.lock().unwrap().drain(..).map(|attempt| attempt.display).collect();
    assert_eq!(seen[0], "GetSession attempt 1: 503 in 5 ms, next in 1000 ms [trace ray]");
    assert!(seen[1].starts_with("GetSession attempt 2: failed (closed) after 7 ms, next in "), "{}", seen[1]);
    assert_eq!(seen[2], "GetSession attempt 3: 404 in 9 ms");
}

#[test]
fn debug_never_shows_the_content_of_a_request() {
    let operation = RefreshSession::new("sess_1", "hidden", "hidden", "https://hidden");
    let mut call = context().call(&operation).unwrap();
    let step = call.step(ms(0));
    assert!(!format!("{step:?} {call:?}").contains("hidden"));
    assert_eq!(format!("{step:?}"), "Send(POST /v1/sessions/sess_1/refresh within 10s)");
}

#[test]
fn calls_can_be_sent_to_another_thread() {
    fn send<T: Send>() {}
    send::<RawCall>();
    send::<Call<CreateSession>>();
    send::<Step>();
    fn both<T: Send + Sync + Clone>() {}
    both::<CallContext>();
}
