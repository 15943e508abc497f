//! Tests of the retry budget, jitter, observers, attempts and delivery.

use super::super::tests::{Seen, context, create, failure, get, ms, response, run};
use super::*;
use crate::call::{Flow as _, Step};
use crate::{Api, CallOptions, GetSession, RefreshSession, RetryPolicy, registry};

fn lost() -> TransportError {
    failure(TransportErrorKind::Closed, Delivery::MaybeSent)
}

#[test]
fn all_calls_of_a_client_share_one_retry_budget() {
    let seen = Seen::default();
    let context = context().with_observer(seen.clone());
    let attempts = || run(get(&context.clone()), |_| (Err(lost()), ms(1))).1.len();
    assert_eq!([(); 7].map(|()| attempts()), [3, 3, 3, 3, 3, 1, 1]);
    let waits: Vec<_> = seen.0.lock().unwrap().iter().map(|attempt| attempt.wait.is_some()).collect();
    assert_eq!(waits[12..], [true, true, false, false, false], "no wait is reported if no attempt follows");
    // Each response but a 429 adds a tenth of a retry.
    for _ in 0..10 {
        let _ = run(get(&context), |_| (Ok(response(404, &[])), ms(1)));
    }
    assert_eq!(attempts(), 2);
}

#[test]
fn a_429_and_the_retry_after_it_leave_the_budget_unchanged() {
    let context = context();
    let once_more = |attempt| match attempt {
        1 => (Ok(response(429, &[("retry-after", "1")])), Duration::from_secs(1)),
        _ => (Err(failure(TransportErrorKind::TooLarge, Delivery::MaybeSent)), Duration::from_secs(11)),
    };
    let lost_attempts = || run(get(&context), |_| (Err(lost()), ms(1))).1.len();
    for _ in 0..20 {
        assert_eq!(run(get(&context), once_more).1.len(), 2);
    }
    assert_eq!([(); 6].map(|()| lost_attempts()), [3, 3, 3, 3, 3, 1]);
    for _ in 0..20 {
        let _ = run(get(&context), once_more);
    }
    assert_eq!(lost_attempts(), 1);
}

#[test]
fn simultaneous_retries_wait_for_different_times_with_any_seed_and_clock() {
    const MIXED: u64 = 0x5555_5555_5555_5555;
    let waits_at = |seed, nanos| {
        let (context, now) = (
            context().with_options(CallOptions::new().retry(RetryPolicy::new().seed(seed))),
            Duration::from_nanos(nanos),
        );
        [(); 3].map(|()| {
            let mut call = get(&context);
            assert!(matches!(call.step(now), Step::Send { .. }));
            call.on_failure(lost(), now);
            let Step::Wait(wait) = call.step(now) else { panic!("no retry") };
            wait
        })
    };
    for seed in [0, MIXED, u64::MAX] {
        for nanos in [0, 1, MIXED, u64::MAX] {
            let [first, second, third] = waits_at(seed, nanos);
            assert!(first != second && second != third && third != first, "{seed:x} {nanos:x}");
        }
        assert_ne!(waits_at(seed, 0), waits_at(seed, 1), "processes with the same seed");
    }
}

#[test]
fn an_error_does_not_report_the_backoff_as_retry_after() {
    let mut call = get(&context());
    assert!(matches!(call.step(ms(0)), Step::Send { .. }));
    call.on_response(response(503, &[]), ms(0));
    // The program calls step so late that no time is left for the backoff.
    assert!(matches!(call.step(ms(18_999)), Step::Done));
    let error = call.finish().unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.retry_after()), (503, None));
}

#[test]
fn a_retry_after_of_0_s_does_not_replace_the_backoff() {
    let mut call = get(&context());
    assert!(matches!(call.step(ms(0)), Step::Send { .. }));
    call.on_response(response(503, &[("retry-after", "0")]), ms(0));
    let step = call.step(ms(0));
    assert!(matches!(step, Step::Wait(wait) if wait > ms(0)), "the backoff, and not {step:?}");
}

#[test]
fn only_errors_caused_by_the_rate_limit_are_rate_limited() {
    let once = CallOptions::new().retry(RetryPolicy::none());
    let outcome =
        |status| run(get(&context().with_options(once)), |_| (Ok(response(status, &[])), ms(1))).0.unwrap_err();
    assert!(outcome(429).is_rate_limited() && !outcome(503).is_rate_limited());
    let failed = run(get(&context().with_options(once)), |_| (Err(lost()), ms(1))).0.unwrap_err();
    assert!(!failed.is_rate_limited());

    let context = context();
    let mut first = get(&context);
    assert!(matches!(first.step(ms(0)), Step::Send { .. }));
    first.on_response(response(429, &[("retry-after", "5")]), ms(0));
    let mut held_back = get(&context.clone().with_options(CallOptions::new().deadline(ms(500))));
    assert!(matches!(held_back.step(ms(0)), Step::Done));
    assert!(held_back.finish().unwrap_err().is_rate_limited());
}

#[test]
fn delivery_stays_maybe_sent_when_a_later_attempt_is_not_sent() {
    let forced = context().with_options(CallOptions::new().retry(RetryPolicy::new().retry_non_idempotent(true)));
    let refused = || failure(TransportErrorKind::Connect, Delivery::NotSent);
    let first_lost = |attempt| (Err(if attempt == 1 { lost() } else { refused() }), ms(1));
    assert_eq!(run(create(&forced), first_lost).0.unwrap_err().delivery(), Delivery::MaybeSent);
    assert_eq!(run(create(&forced), |_| (Err(refused()), ms(1))).0.unwrap_err().delivery(), Delivery::NotSent);
}

#[test]
fn a_call_of_the_registry_counts_its_attempts() {
    let mut call = registry::call(&context(), "GetSession", br#"{"session_id": "sess_1"}"#).unwrap();
    assert_eq!((call.attempts(), call.metadata().id), (0, "GetSession"));
    for attempt in 1..=3 {
        while let Step::Wait(_) = call.step(ms(0)) {}
        assert_eq!(call.attempts(), attempt);
        call.on_failure(lost(), ms(0));
    }
}

#[test]
fn an_observer_never_sees_a_secret_that_the_server_echoes() {
    let (echo, jwt) = ("an-opaque-refresh-token", "eyJhbGciOiJub25lIn0.e30.");
    for (trace_id, shown) in [(echo, "[redacted]"), (jwt, "[redacted]"), ("a1b2-FRA", "a1b2-FRA")] {
        for status in [200, 404] {
            let seen = Seen::default();
            let call = context()
                .with_observer(seen.clone())
                .call(RefreshSession::new("sess_1", "expired", echo, "https://app.example.com"))
                .unwrap();
            let _ = run(call, |_| (Ok(response(status, &[("cf-ray", trace_id)])), ms(5)));
            let observed = seen.0.lock().unwrap().remove(0);
            assert_eq!(observed.display, format!("RefreshSession attempt 1: {status} in 5 ms [trace {shown}]"));
            assert!(observed.debug.contains("RefreshSession") && observed.debug.contains(shown), "{}", observed.debug);
            assert!(trace_id == shown || !observed.debug.contains(trace_id), "{}", observed.debug);
            assert_eq!(observed.trace_id.as_deref(), Some(shown), "{status}");
        }
    }
}

#[test]
fn debug_of_a_context_and_a_call_shows_their_state_but_no_key() {
    let context = context();
    let text = format!("{context:?}");
    assert!(text.contains(Api::DEFAULT_BASE_URL) && !text.contains("hidden"), "{text}");
    assert_ne!(text, format!("{:?}", context.clone().with_observer(Seen::default())), "whether it is observed");
    let mut call = context.call(GetSession::new("sess_1")).unwrap();
    let before = format!("{call:?}");
    assert!(before.contains("GetSession"), "{before}");
    call.step(ms(0));
    assert_ne!(format!("{call:?}"), before, "its state");
}
