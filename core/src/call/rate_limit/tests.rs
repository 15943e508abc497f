//! Tests of the queue and the pauses, with a virtual clock.

use super::lane::LONGEST_PAUSE;
use super::*;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The turns of this number of calls of one operation.
fn turns(rate_limit: &Arc<RateLimit>, count: usize) -> Vec<Turn> {
    (0..count).map(|_| Turn::new(rate_limit, "GetSession")).collect()
}

fn grant(rate_limit: &Arc<RateLimit>, now: Duration, count: usize) {
    for mut turn in turns(rate_limit, count) {
        turn.admit(now).unwrap();
        turn.granted(now);
    }
}

/// Sends a request of this operation, which is rejected with a pause of a second.
fn reject(rate_limit: &Arc<RateLimit>, operation: &'static str, now: Duration) {
    let mut turn = Turn::new(rate_limit, operation);
    turn.admit(now).unwrap();
    turn.rejected(now, Some(ms(1000)));
}

/// A rate limit after this number of granted requests and a rejection with a pause of a second, which ends at 1 s.
fn limited(allowance: usize) -> Arc<RateLimit> {
    let rate_limit = Arc::default();
    grant(&rate_limit, ms(0), allowance);
    reject(&rate_limit, "GetSession", ms(0));
    rate_limit
}

fn admitted(turns: &mut [Turn], now: Duration) -> usize {
    turns.iter_mut().filter_map(|turn| turn.admit(now).ok()).count()
}

#[test]
fn no_call_waits_before_the_first_rejection() {
    assert_eq!(admitted(&mut turns(&Arc::default(), 1000), ms(0)), 1000);
}

#[test]
fn a_pause_delays_only_its_own_operation() {
    let rate_limit = limited(5);
    assert_eq!(Turn::new(&rate_limit, "GetSession").admit(ms(400)), Err(ms(600)));
    assert_eq!(Turn::new(&rate_limit, "RevokeSession").admit(ms(400)), Ok(()));
}

#[test]
fn a_longer_pause_extends_the_current_one_and_a_shorter_one_changes_nothing() {
    let rate_limit = limited(5);
    let [mut first, mut second] = [(); 2].map(|()| Turn::new(&rate_limit, "GetSession"));
    first.rejected(ms(500), Some(ms(100)));
    assert_eq!(first.admit(ms(600)), Err(ms(400)));
    second.rejected(ms(600), Some(ms(1000)));
    assert_eq!(first.admit(ms(600)), Err(ms(1000)));
}

#[test]
fn no_pause_exceeds_a_minute_even_if_the_clock_is_set_back() {
    let (rate_limit, hours) = (Arc::default(), Duration::from_secs(7200));
    let mut turn = Turn::new(&rate_limit, "GetSession");
    turn.admit(hours).unwrap();
    assert_eq!(turn.rejected(hours, Some(Duration::MAX)), LONGEST_PAUSE);
    assert_eq!(turn.admit(hours + ms(10_000)), Err(ms(50_000)));
    assert_eq!(turn.admit(ms(0)), Err(ms(50_000)), "a clock that was set back");
    assert_eq!(turn.admit(ms(50_000)), Ok(()));
}

#[test]
fn after_a_pause_the_previous_number_of_calls_is_sent_then_one_four_and_sixteen_more() {
    let mut waiting = turns(&limited(5), 20);
    let sent = [999, 1000, 1099, 1100, 1199, 1200].map(|now| {
        let before = waiting.len();
        waiting.retain_mut(|turn| turn.admit(ms(now)).is_err());
        before - waiting.len()
    });
    assert_eq!(sent, [0, 6, 0, 4, 0, 10]);
}

#[test]
fn each_call_waits_until_its_turn_and_is_then_sent() {
    let rate_limit = limited(2);
    let mut calls = turns(&rate_limit, 8);
    let waits: Vec<_> = calls.iter_mut().map(|turn| turn.admit(ms(400)).unwrap_err().as_millis()).collect();
    assert_eq!(waits, [600, 604, 608, 708, 712, 716, 720, 808]);
    for (turn, wait) in calls.iter_mut().zip(waits) {
        assert_eq!(turn.admit(ms(400 + u64::try_from(wait).unwrap())), Ok(()));
    }
}

#[test]
fn calls_are_sent_in_order_of_arrival_and_a_rejected_call_is_sent_first() {
    let rate_limit = limited(1);
    let mut calls = turns(&rate_limit, 3);
    calls.iter_mut().for_each(|turn| assert!(turn.admit(ms(0)).is_err()));
    let mut late = Turn::new(&rate_limit, "GetSession");
    assert_eq!(late.admit(ms(1000)), Err(ms(108)), "three calls are before it");
    assert_eq!(calls[0].admit(ms(1000)), Ok(()));
    assert_eq!(calls[1].admit(ms(1000)), Ok(()));
    calls[0].rejected(ms(1010), Some(ms(1000)));
    assert_eq!(calls[2].admit(ms(2010)), Err(ms(100)), "the rejected call is sent first");
    assert_eq!(calls[0].admit(ms(2010)), Ok(()));
    assert_eq!(calls[2].admit(ms(2110)), Ok(()));
}

#[test]
fn a_dropped_call_gives_its_turn_to_the_next() {
    let rate_limit = limited(1);
    let mut calls = turns(&rate_limit, 4);
    calls.iter_mut().for_each(|turn| assert!(turn.admit(ms(0)).is_err()));
    assert!(calls[3].admit(ms(1000)).is_err());
    calls.drain(..2);
    assert_eq!(calls[0].admit(ms(1004)), Ok(()));
    assert_eq!(calls[1].admit(ms(1004)), Ok(()));
}

#[test]
fn slow_responses_do_not_delay_other_calls_for_long() {
    let mut calls = turns(&limited(1), 100);
    // No call gets a response.
    for probe in 0..7 {
        calls.retain_mut(|turn| turn.admit(ms(1000 + probe * 100)).is_err());
    }
    assert!(calls.is_empty(), "{}", calls.len());
}

#[test]
fn probes_for_a_higher_limit_are_two_round_trips_apart() {
    let rate_limit = Arc::default();
    let mut slow = Turn::new(&rate_limit, "GetSession");
    slow.admit(ms(0)).unwrap();
    slow.granted(ms(200));
    let mut rejected = Turn::new(&rate_limit, "GetSession");
    rejected.admit(ms(200)).unwrap();
    rejected.rejected(ms(400), Some(ms(1000)));
    drop(rejected);
    grant(&rate_limit, ms(1400), 2);
    assert_eq!(Turn::new(&rate_limit, "GetSession").admit(ms(1400)), Err(ms(400)), "two round trips");
}

#[test]
fn the_limit_is_forgotten_after_a_window_without_a_rejection() {
    let rate_limit = limited(1);
    grant(&rate_limit, ms(1000), 2);
    assert!(Turn::new(&rate_limit, "GetSession").admit(ms(1050)).is_err());
    assert_eq!(admitted(&mut turns(&rate_limit, 100), ms(11_000)), 100);
}

#[test]
fn a_late_rejection_pauses_but_does_not_end_the_round() {
    let rate_limit = Arc::default();
    let mut late = Turn::new(&rate_limit, "GetSession");
    late.admit(ms(0)).unwrap();
    grant(&rate_limit, ms(0), 5);
    reject(&rate_limit, "GetSession", ms(0));
    grant(&rate_limit, ms(1000), 1);
    grant(&rate_limit, ms(1004), 1);
    late.rejected(ms(1500), Some(ms(500)));
    drop(late);
    assert_eq!(admitted(&mut turns(&rate_limit, 100), ms(2000)), 4, "of the previous 5 and one more, 2 were sent");
}

#[test]
fn a_429_without_retry_after_pauses_for_1_s_and_doubles_until_a_request_is_granted() {
    let rate_limit = Arc::default();
    grant(&rate_limit, ms(0), 1);
    let mut turn = Turn::new(&rate_limit, "GetSession");
    let mut now = ms(0);
    let pauses = [(); 8].map(|()| {
        turn.admit(now).unwrap();
        let pause = turn.rejected(now, None);
        now += pause;
        pause.as_secs()
    });
    assert_eq!(pauses, [1, 1, 2, 4, 8, 16, 32, 60]);
    // After a granted request, the pause starts at 1 s again.
    turn.admit(now).unwrap();
    turn.granted(now);
    turn.admit(now + ms(1000)).unwrap();
    assert_eq!(turn.rejected(now + ms(1000), None), ms(1000));
    // The limit has been forgotten.
    now += Duration::from_secs(3600);
    turn.admit(now).unwrap();
    assert_eq!(turn.rejected(now, Some(ms(0))), ms(1000), "a Retry-After of 0 s becomes 1 s");
}

#[test]
fn a_new_call_does_not_overtake_older_calls_of_another_limited_operation() {
    let rate_limit = limited(1);
    reject(&rate_limit, "CreateSessionToken", ms(0));
    let mut gets = turns(&rate_limit, 4);
    gets.iter_mut().for_each(|turn| assert!(turn.admit(ms(900)).is_err()));
    assert_eq!(gets[0].admit(ms(1000)), Ok(()));
    let mut token = Turn::new(&rate_limit, "CreateSessionToken");
    let last_get = gets[3].admit(ms(1000)).unwrap_err();
    assert_eq!(token.admit(ms(1000)), Err(last_get), "not before the gets");
    let mut unlimited = Turn::new(&rate_limit, "RevokeSession");
    assert_eq!(unlimited.admit(ms(1000)), Ok(()));
    gets[1].rejected(ms(1050), Some(ms(5000)));
    assert_eq!(token.admit(ms(1050)), Ok(()), "a pause of the others does not hold it back");
}

#[test]
fn a_limit_is_remembered_while_another_operation_is_rejected() {
    let rate_limit = limited(1);
    grant(&rate_limit, ms(1000), 1);
    reject(&rate_limit, "CreateSessionToken", ms(9000));
    assert_eq!(admitted(&mut turns(&rate_limit, 100), ms(11_000)), 2);
    assert_eq!(admitted(&mut turns(&rate_limit, 100), ms(21_000)), 100);
}

fn tokens(rate_limit: &Arc<RateLimit>, count: usize) -> Vec<Turn> {
    (0..count).map(|_| Turn::new(rate_limit, "CreateSessionToken")).collect()
}

fn grant_tokens(rate_limit: &Arc<RateLimit>, now: Duration, count: usize) {
    for mut token in tokens(rate_limit, count) {
        token.admit(now).unwrap();
        token.granted(now);
    }
}

/// Gets and tokens share a limit of five. This is detected at 1 s, when they are paused for a second.
fn sharing() -> Arc<RateLimit> {
    let rate_limit = limited(4);
    grant_tokens(&rate_limit, ms(0), 1);
    reject(&rate_limit, "CreateSessionToken", ms(0));
    // Four gets and one token were granted before. Now three gets and two tokens are granted.
    grant_tokens(&rate_limit, ms(1000), 2);
    grant(&rate_limit, ms(1000), 3);
    reject(&rate_limit, "GetSession", ms(1000));
    rate_limit
}

/// The number of calls that may be sent, of ten tokens and ten gets.
fn admitted_of_both(rate_limit: &Arc<RateLimit>, now: Duration) -> usize {
    let both = tokens(rate_limit, 10).into_iter().chain(turns(rate_limit, 10));
    both.filter_map(|mut turn| turn.admit(now).ok()).count()
}

#[test]
fn operations_found_to_share_a_limit_share_a_queue() {
    let rate_limit = sharing();
    assert_eq!(tokens(&rate_limit, 1)[0].admit(ms(1500)), Err(ms(500)), "the pause applies to both");
    assert_eq!(Turn::new(&rate_limit, "RevokeSession").admit(ms(1500)), Ok(()), "it applies to no other operation");
    assert_eq!(admitted_of_both(&rate_limit, ms(2000)), 6, "five, and one more");
}

#[test]
fn a_response_to_a_request_sent_before_the_queues_were_joined_does_not_raise_the_limit() {
    let with_one_in_flight = || {
        let rate_limit = limited(4);
        grant_tokens(&rate_limit, ms(0), 1);
        reject(&rate_limit, "CreateSessionToken", ms(0));
        grant_tokens(&rate_limit, ms(1000), 2);
        grant(&rate_limit, ms(1000), 3);
        let mut in_flight = Turn::new(&rate_limit, "GetSession");
        in_flight.admit(ms(1000)).unwrap();
        reject(&rate_limit, "GetSession", ms(1000));
        (rate_limit, in_flight)
    };
    let (rate_limit, mut in_flight) = with_one_in_flight();
    in_flight.granted(ms(1500));
    assert_eq!(admitted_of_both(&rate_limit, ms(2000)), 6, "five, and one more");

    let (rate_limit, mut in_flight) = with_one_in_flight();
    grant(&rate_limit, ms(2000), 3);
    in_flight.granted(ms(2010));
    reject(&rate_limit, "GetSession", ms(2010));
    assert_eq!(admitted_of_both(&rate_limit, ms(3010)), 4, "three, and one more");
}

#[test]
fn a_shared_limit_is_remembered_while_another_operation_is_rejected() {
    let rate_limit = sharing();
    grant(&rate_limit, ms(2000), 5);
    reject(&rate_limit, "RevokeSession", ms(9000));
    assert_eq!(admitted_of_both(&rate_limit, ms(12_000)), 6);
    assert_eq!(admitted_of_both(&rate_limit, ms(22_000)), 20, "forgotten");
}

#[test]
fn an_operation_rejected_at_its_own_limit_keeps_its_own_queue() {
    let rate_limit = limited(1);
    grant_tokens(&rate_limit, ms(0), 1);
    reject(&rate_limit, "CreateSessionToken", ms(0));
    grant(&rate_limit, ms(1000), 2);
    grant_tokens(&rate_limit, ms(1000), 1);
    reject(&rate_limit, "CreateSessionToken", ms(1000));
    assert_eq!(Turn::new(&rate_limit, "GetSession").admit(ms(1500)), Ok(()));
    assert_eq!(tokens(&rate_limit, 1)[0].admit(ms(1500)), Err(ms(500)));
}

#[test]
fn an_operation_does_not_join_operations_that_were_granted_no_more_than_before() {
    let rate_limit = limited(1);
    grant_tokens(&rate_limit, ms(0), 2);
    reject(&rate_limit, "CreateSessionToken", ms(0));
    grant(&rate_limit, ms(1000), 1);
    grant_tokens(&rate_limit, ms(1000), 1);
    reject(&rate_limit, "CreateSessionToken", ms(1000));
    assert_eq!(Turn::new(&rate_limit, "GetSession").admit(ms(1500)), Ok(()));
    assert_eq!(tokens(&rate_limit, 1)[0].admit(ms(1500)), Err(ms(500)));
}

#[test]
fn a_large_allowance_is_spread_over_a_twentieth_of_the_pause() {
    let mut calls = turns(&limited(1000), 1000);
    let waits: Vec<_> = calls.iter_mut().map(|turn| turn.admit(ms(0)).unwrap_err().as_micros()).collect();
    assert_eq!((waits[0], waits[1], waits[999]), (1_000_000, 1_000_050, 1_049_950));
}

#[test]
fn a_new_call_waits_behind_the_calls_already_waiting() {
    let rate_limit = limited(10);
    let mut calls = turns(&rate_limit, 3);
    let waits: Vec<_> = calls.iter_mut().map(|turn| turn.admit(ms(0)).unwrap_err()).collect();
    assert_eq!(waits, [ms(1000), ms(1004), ms(1008)]);
    assert_eq!(
        Turn::new(&rate_limit, "GetSession").admit(ms(1002)),
        Err(ms(10)),
        "the other calls sleep until 1004 and 1008"
    );
    assert_eq!(Turn::new(&rate_limit, "GetSession").admit(ms(1020)), Ok(()), "the other calls have missed their turns");
}

#[test]
fn a_rejection_from_hours_ago_delays_no_call() {
    let rate_limit = Arc::default();
    reject(&rate_limit, "GetSession", ms(0));
    assert_eq!(admitted(&mut turns(&rate_limit, 100), Duration::from_secs(5 * 3600)), 100);
}
