//! The phases: the faults and calls of each, and a check of each phase as a whole.

use std::ops::Range;
use std::time::Duration;

use clerk_sessions_core::{CallOptions, RetryPolicy};
use clerk_sessions_fake::{RateLimit, RateLimitScope};

use super::call::Reason;
use super::model::{Check, ensure};
use super::network::Fate;
use super::world::Report;

pub(super) struct Phase {
    pub(super) name: &'static str,
    /// The fates of attempts, with their weights.
    pub(super) fates: &'static [(u64, Fate)],
    pub(super) rate_limit: Option<RateLimit>,
    pub(super) rate_limit_scope: RateLimitScope,
    pub(super) operations: &'static [&'static str],
    /// Whether each worker calls the operations in turn instead of randomly.
    pub(super) in_turns: bool,
    /// The options, of which each call gets one.
    pub(super) options: &'static [fn() -> CallOptions],
    pub(super) workers: usize,
    /// The normal round trip of an attempt.
    pub(super) latency: Range<Duration>,
    /// The pause of a worker between two calls.
    pub(super) think: Range<Duration>,
    /// The maximum delay of a sleep.
    pub(super) oversleep: Duration,
    pub(super) given_up_per_mille: u64,
    /// The check of the phase as a whole.
    pub(super) promises: fn(&Report) -> Check,
}

const ALL_OPERATIONS: &[&str] = &[
    "GetSessionList",
    "createSession",
    "GetSession",
    "RefreshSession",
    "RevokeSession",
    "CreateSessionToken",
    "CreateSessionTokenFromTemplate",
];

const ALL_OPTIONS: &[fn() -> CallOptions] =
    &[CallOptions::new, CallOptions::new, once, five_attempts, hurried, retry_non_idempotent, patient];

fn once() -> CallOptions {
    CallOptions::new().retry(RetryPolicy::none())
}

fn five_attempts() -> CallOptions {
    let policy = RetryPolicy::new().max_attempts(5).backoff(ms(50), 3, ms(100));
    CallOptions::new().attempt_timeout(ms(2000)).deadline(ms(8000)).retry(policy)
}

fn hurried() -> CallOptions {
    CallOptions::new().deadline(ms(150))
}

fn retry_non_idempotent() -> CallOptions {
    CallOptions::new().retry(RetryPolicy::new().retry_non_idempotent(true).max_total_wait(ms(3000)))
}

/// Options that allow longer waits than any pause.
fn patient() -> CallOptions {
    let policy = RetryPolicy::new().max_retry_after(ms(100_000)).max_total_wait(ms(200_000));
    CallOptions::new().deadline(ms(300_000)).retry(policy)
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A phase without faults.
const QUIET: Phase = Phase {
    name: "healthy",
    fates: &[(1, Fate::Responded)],
    rate_limit: None,
    rate_limit_scope: RateLimitScope::Key,
    operations: ALL_OPERATIONS,
    in_turns: false,
    options: ALL_OPTIONS,
    workers: 64,
    latency: ms(20)..ms(60),
    think: ms(0)..ms(100),
    oversleep: ms(0),
    given_up_per_mille: 0,
    promises: each_call_is_sent_once_and_succeeds,
};

/// 64 workers that call the operations in turn, with a rate limit far below what they could send.
pub(super) const CROWD: Phase = Phase {
    name: "crowd",
    rate_limit: Some(RateLimit { requests: 100, per_ms: 10_000 }),
    operations: &["GetSession", "CreateSessionToken"],
    in_turns: true,
    options: &[CallOptions::new],
    think: ms(0)..ms(0),
    promises: |_| Ok(()),
    ..QUIET
};

pub(super) const PHASES: &[Phase] = &[
    QUIET,
    Phase {
        name: "flaky",
        fates: &[
            (60, Fate::Responded),
            (4, Fate::Slow),
            (6, Fate::Unsent),
            (6, Fate::ResponseLost),
            (6, Fate::FailedBefore),
            (6, Fate::FailedAfter),
            (3, Fate::TimedOut),
            (3, Fate::Refused),
            (3, Fate::Garbled),
        ],
        latency: ms(1)..ms(400),
        oversleep: ms(15),
        given_up_per_mille: 20,
        promises: |_| Ok(()),
        ..QUIET
    },
    Phase {
        name: "rate-limited",
        fates: &[(96, Fate::Responded), (1, Fate::Slow), (1, Fate::Unsent), (2, Fate::FailedAfter)],
        rate_limit: Some(RateLimit { requests: 50, per_ms: 2000 }),
        workers: 16,
        given_up_per_mille: 20,
        promises: |_| Ok(()),
        ..QUIET
    },
    Phase {
        name: "rate limited at random",
        fates: &[
            (80, Fate::Responded),
            (1, Fate::Slow),
            (3, Fate::Unsent),
            (4, Fate::FailedBefore),
            (2, Fate::ResponseLost),
            (10, Fate::RateLimited),
        ],
        workers: 8,
        latency: ms(1)..ms(400),
        think: ms(0)..ms(3000),
        oversleep: ms(15),
        given_up_per_mille: 20,
        promises: |_| Ok(()),
        ..QUIET
    },
    Phase {
        name: "responding nothing but errors",
        fates: &[(3, Fate::FailedBefore), (1, Fate::FailedAfter), (1, Fate::TimedOut)],
        promises: retries_are_a_tenth_of_the_responses,
        ..QUIET
    },
    Phase { name: "dead", fates: &[(3, Fate::Unsent), (1, Fate::ResponseLost)], promises: retries_are_ten, ..QUIET },
];

fn each_call_is_sent_once_and_succeeds(report: &Report) -> Check {
    let succeeded = report.ended.get(&Reason::Succeeded).copied().unwrap_or_default();
    ensure!(report.calls == succeeded && report.waits == 0, "not all calls succeeded in one attempt: {report:?}");
    ensure!(report.calls == report.sends && report.sends == report.traffic.seen, "not all were sent once: {report:?}");
    Ok(())
}

/// A retry costs as much as ten responses add, including its own response. The first ten retries are free.
fn retries_are_a_tenth_of_the_responses(report: &Report) -> Check {
    let retries = report.sends - report.calls;
    ensure!(10 * retries <= 100 + report.sends, "a storm of {retries} retries: {report:?}");
    Ok(())
}

fn retries_are_ten(report: &Report) -> Check {
    let retries = report.sends - report.calls;
    ensure!(retries <= 10, "a storm of {retries} retries: {report:?}");
    Ok(())
}
