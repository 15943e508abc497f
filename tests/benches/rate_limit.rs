//! Measures clients at a server's rate limit, over real sockets: 64 tasks share a client and call `get` and `create_token`
//! alternately. Run it with `cargo bench -p clerk-sessions-tests --bench rate_limit`.
//!
//! All lines are measured at the same time, because the rate limit leaves the machine mostly idle. That takes 50 s. The benchmark fails
//! if a line misses its target. The transport adds the latency, half of it in each direction.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use clerk_sessions_core::transport::{AsyncTransport, Transport};
use clerk_sessions_core::{Api, AsyncClient, Attempt, Client, Error, Observer, TransportError};
use clerk_sessions_fake::{FakeClerk, FakeServer, RateLimit, RateLimitScope, ScriptedResponse, Seed, SeedSession};
use clerk_sessions_reqwest::ReqwestTransport;
use clerk_sessions_ureq::UreqTransport;
use http::{Request, Response};
use serde_json::json;
use tokio::task::JoinSet;

const TASKS: usize = 64;
const LIMIT: RateLimit = RateLimit { requests: 100, per_ms: 10_000 };
const WINDOW: Duration = Duration::from_millis(LIMIT.per_ms);
const LENGTH: Duration = Duration::from_secs(45);
const LATENCIES: [u64; 4] = [0, 20, 60, 200];

fn main() {
    let lines: Vec<_> = [RateLimitScope::Key, RateLimitScope::Endpoint]
        .into_iter()
        .flat_map(|scope| LATENCIES.map(|latency| (scope, Duration::from_millis(latency))))
        .flat_map(|(scope, latency)| [false, true].map(|is_async| (scope, latency, is_async)))
        .map(|(scope, latency, is_async)| thread::spawn(move || at_the_limit(scope, latency, is_async)))
        .collect();
    let mixed = [false, true].map(|is_async| thread::spawn(move || slow_and_fast(is_async)));
    println!(
        "{:<10}{:<9}{:>8}{:>9}{:>8}{:>14}{:>13}{:>12}",
        "limit", "over", "latency", "calls", "failed", "most − least", "throughput", "rejected"
    );
    let mut missed = 0;
    for line in lines {
        let (text, is_met) = line.join().unwrap();
        println!("{text}{}", if is_met { "" } else { "  MISSED" });
        missed += usize::from(!is_met);
    }
    for line in mixed {
        let (text, is_met) = line.join().unwrap();
        println!("{text}{}", if is_met { "" } else { "  MISSED" });
        missed += usize::from(!is_met);
    }
    assert!(missed == 0, "{missed} targets missed");
}

/// Adds latency to a transport: `latency` for most requests, and 5 s if the path contains `slow`.
#[derive(Clone)]
struct Delayed<T> {
    inner: T,
    latency: Duration,
}

impl<T> Delayed<T> {
    fn half(&self, request: &Request<Vec<u8>>) -> Duration {
        if request.uri().path().contains("slow") { Duration::from_millis(2500) } else { self.latency / 2 }
    }
}

impl<T: Transport> Transport for Delayed<T> {
    fn send(&self, request: Request<Vec<u8>>, timeout: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        let half = self.half(&request);
        self.inner.sleep(half);
        let response = self.inner.send(request, timeout);
        self.inner.sleep(half);
        response
    }

    fn sleep(&self, duration: Duration) {
        self.inner.sleep(duration);
    }

    fn now(&self) -> Duration {
        self.inner.now()
    }
}

impl<T: AsyncTransport + Sync> AsyncTransport for Delayed<T> {
    async fn send(&self, request: Request<Vec<u8>>, timeout: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        let half = self.half(&request);
        self.inner.sleep(half).await;
        let response = self.inner.send(request, timeout).await;
        self.inner.sleep(half).await;
        response
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        self.inner.sleep(duration)
    }

    fn now(&self) -> Duration {
        self.inner.now()
    }
}

fn ureq(api: Api, latency: Duration) -> Client<Delayed<UreqTransport>> {
    let inner = UreqTransport::builder().no_proxy().max_idle_connections(256).build().unwrap();
    Client::new(api, Delayed { inner, latency })
}

fn reqwest(api: Api, latency: Duration) -> AsyncClient<Delayed<ReqwestTransport>> {
    let inner = ReqwestTransport::builder().no_proxy().max_idle_connections(256).build().unwrap();
    AsyncClient::new(api, Delayed { inner, latency })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The counts of all tasks.
#[derive(Default)]
struct Counts {
    /// The calls of each task that succeeded after the first window.
    by_task: Vec<AtomicUsize>,
    failed: AtomicUsize,
    /// The requests after the first window, and the rejected ones among them.
    requests: AtomicUsize,
    rejected: AtomicUsize,
}

/// Whether the time is after the first window and before the end.
fn is_counted(since: Instant) -> bool {
    (WINDOW..LENGTH).contains(&since.elapsed())
}

/// Counts the requests of a client.
struct Traffic(Arc<Counts>, Instant);

impl Observer for Traffic {
    fn attempted(&self, attempt: &Attempt<'_>) {
        if is_counted(self.1) {
            self.0.requests.fetch_add(1, SeqCst);
            let rejected = attempt.outcome.is_ok_and(|status| status.as_u16() == 429);
            self.0.rejected.fetch_add(usize::from(rejected), SeqCst);
        }
    }
}

impl Counts {
    fn count(&self, task: usize, outcome: Result<(), Error>, since: Instant) {
        match outcome {
            Ok(()) if is_counted(since) => {
                self.by_task[task].fetch_add(1, SeqCst);
            }
            Ok(()) => {}
            Err(error) => {
                println!("{error}");
                self.failed.fetch_add(1, SeqCst);
            }
        }
    }
}

fn at_the_limit(scope: RateLimitScope, latency: Duration, is_async: bool) -> (String, bool) {
    let seed = Seed { rate_limit: Some(LIMIT), rate_limit_scope: scope, ..Seed::demo() };
    let server = FakeServer::start(FakeClerk::new(seed)).unwrap();
    let api = Api::builder(server.secret_key()).base_url(server.base_url()).build().unwrap();
    let counts = Arc::new(Counts { by_task: (0..TASKS).map(|_| AtomicUsize::new(0)).collect(), ..Counts::default() });
    let started = Instant::now();
    let traffic = Traffic(Arc::clone(&counts), started);
    thread::scope(|threads| {
        if is_async {
            let (clerk, counts) = (reqwest(api, latency).with_observer(traffic), Arc::clone(&counts));
            threads.spawn(move || runtime().block_on(async_tasks(&clerk, &counts, started)));
        } else {
            let clerk = ureq(api, latency).with_observer(traffic);
            for task in 0..TASKS {
                let (clerk, counts) = (clerk.clone(), &counts);
                threads.spawn(move || blocking_task(&clerk, counts, task, started));
            }
        }
    });
    let (requests, rejected) = (counts.requests.load(SeqCst), counts.rejected.load(SeqCst));
    let calls: Vec<_> = counts.by_task.iter().map(|calls| calls.load(SeqCst)).collect();
    let spread = calls.iter().max().unwrap() - calls.iter().min().unwrap();
    let failed = counts.failed.load(SeqCst);
    let endpoints = if scope == RateLimitScope::Endpoint { 2.0 } else { 1.0 };
    // The number of windows after the first one.
    let allowed =
        f64::from(LIMIT.requests) * endpoints * ((LENGTH - WINDOW).as_secs_f64() / WINDOW.as_secs_f64()).ceil();
    let throughput = (requests - rejected) as f64 / allowed;
    let share = rejected as f64 / requests as f64;
    let text = format!(
        "{:<10}{:<9}{:>5} ms{:>9}{failed:>8}{spread:>14}{:>11.1} %{:>10.1} %",
        if endpoints > 1.0 { "endpoint" } else { "key" },
        if is_async { "reqwest" } else { "ureq" },
        latency.as_millis(),
        calls.iter().sum::<usize>(),
        throughput * 100.0,
        share * 100.0
    );
    (text, failed == 0 && spread <= 2 && throughput >= 0.9 && share <= 0.05)
}

fn blocking_task(clerk: &Client<Delayed<UreqTransport>>, counts: &Counts, task: usize, started: Instant) {
    let mut gets = task % 2 == 0;
    while started.elapsed() < LENGTH {
        let sessions = clerk.sessions();
        let outcome = match gets {
            true => sessions.get("sess_demo_active").map(drop),
            false => sessions.create_token("sess_demo_active").map(drop),
        };
        counts.count(task, outcome, started);
        gets = !gets;
    }
}

async fn async_tasks(clerk: &AsyncClient<Delayed<ReqwestTransport>>, counts: &Arc<Counts>, started: Instant) {
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (clerk, counts) = (clerk.clone(), Arc::clone(counts));
        tasks.spawn(async move {
            let mut gets = task % 2 == 0;
            while started.elapsed() < LENGTH {
                let sessions = clerk.sessions();
                let outcome = match gets {
                    true => sessions.get("sess_demo_active").await.map(drop),
                    false => sessions.create_token("sess_demo_active").await.map(drop),
                };
                counts.count(task, outcome, started);
                gets = !gets;
            }
        });
    }
    tasks.join_all().await;
}

/// Makes 20 calls that take 5 s and 200 that take 20 ms at the same time. One of them is rejected with a pause of a second.
fn slow_and_fast(is_async: bool) -> (String, bool) {
    const PAUSE: Duration = Duration::from_secs(1);
    const LATENCY: Duration = Duration::from_millis(20);
    let mut seed = Seed::demo();
    seed.sessions.push(SeedSession::new("sess_slow", "user_demo"));
    let mut fake = FakeClerk::new(seed);
    fake.script(vec![
        serde_json::from_value::<ScriptedResponse>(json!({ "status": 429, "headers": { "retry-after": "1" } }))
            .unwrap(),
    ]);
    let server = FakeServer::start(fake).unwrap();
    let api = Api::builder(server.secret_key()).base_url(server.base_url()).build().unwrap();
    let fast = Arc::new(Mutex::new(Vec::new()));
    let ids = || (0..220).map(|call| if call % 11 == 0 { "sess_slow" } else { "sess_demo_active" });
    if is_async {
        let (clerk, fast) = (reqwest(api, LATENCY), Arc::clone(&fast));
        runtime().block_on(async move {
            let mut tasks = JoinSet::new();
            for id in ids() {
                let (clerk, fast) = (clerk.clone(), Arc::clone(&fast));
                tasks.spawn(async move {
                    let started = Instant::now();
                    clerk.sessions().get(id).await.unwrap();
                    if id != "sess_slow" {
                        fast.lock().unwrap().push(started.elapsed());
                    }
                });
            }
            tasks.join_all().await;
        });
    } else {
        let clerk = ureq(api, LATENCY);
        thread::scope(|threads| {
            for id in ids() {
                let (clerk, fast) = (clerk.clone(), &fast);
                threads.spawn(move || {
                    let started = Instant::now();
                    clerk.sessions().get(id).unwrap();
                    if id != "sess_slow" {
                        fast.lock().unwrap().push(started.elapsed());
                    }
                });
            }
        });
    }
    let mut fast = fast.lock().unwrap();
    fast.sort();
    let (median, longest) = (fast[fast.len() / 2], fast[fast.len() - 1]);
    let over = if is_async { "reqwest" } else { "ureq" };
    (
        format!("slow and fast calls over {over}: fast ones take {median:.2?}, {longest:.2?} at most"),
        median <= 2 * PAUSE,
    )
}
