//! Many tasks at a server with a rate limit, over real sockets. `simulation` tests the same with a virtual clock.

use std::time::{Duration, Instant};

use clerk_sessions_core::Api;
use clerk_sessions_fake::{FakeClerk, FakeServer, RateLimit, Seed};
use clerk_sessions_reqwest::{Client, ReqwestTransport};
use tokio::task::JoinSet;

use crate::common::current_thread;

const TASKS: usize = 64;

/// Makes this many gets. Returns how long they took, and the share of requests that were rejected after the first window.
fn gets(calls: usize, limit: RateLimit) -> (Duration, f64) {
    let server = FakeServer::start(FakeClerk::new(Seed { rate_limit: Some(limit), ..Seed::demo() })).unwrap();
    let api = Api::builder(server.secret_key()).base_url(server.base_url()).build().unwrap();
    let clerk = Client::new(api, ReqwestTransport::builder().no_proxy().build().unwrap());
    let started = Instant::now();
    current_thread().block_on(async {
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let clerk = clerk.clone();
            tasks.spawn(async move {
                for _ in (task..calls).step_by(TASKS) {
                    clerk.sessions().get("sess_demo_active").await.unwrap();
                }
            });
        }
        tasks.join_all().await;
    });
    let took = started.elapsed();
    let arrived = server.fake().requests().len();
    // Rejections in the first window are not counted, because the client does not know the limit yet.
    let after_the_first = (arrived - limit.requests as usize).saturating_sub(TASKS);
    let rejected = (arrived - calls).saturating_sub(TASKS);
    (took, rejected as f64 / after_the_first as f64)
}

#[test]
fn tasks_that_share_a_client_share_the_rate_limit() {
    let (calls, limit) = if std::env::var_os("RATE_LIMIT_IN_FULL").is_some() {
        (1000, RateLimit { requests: 100, per_ms: 10_000 })
    } else {
        (500, RateLimit { requests: 100, per_ms: 1000 })
    };
    let (took, rejected) = gets(calls, limit);
    // The calls do not have to wait for the end of the last window.
    let windows = calls.div_ceil(limit.requests as usize) - 1;
    let imposed = Duration::from_millis(limit.per_ms) * u32::try_from(windows).unwrap();
    println!("{calls} gets took {took:?}, the limit imposes {imposed:?}; {:.1} % rejected", rejected * 100.0);
    // The fake rounds Retry-After up to whole seconds, which is a large part of a window of one second.
    let allowed = if limit.per_ms < 10_000 { imposed.mul_f64(1.5) } else { imposed.mul_f64(1.1) };
    assert!(took <= allowed, "{took:?} of {allowed:?}");
    assert!(rejected <= 0.05, "{rejected}");
}
