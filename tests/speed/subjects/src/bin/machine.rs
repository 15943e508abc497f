//! A call without HTTP, over a transport in memory. Variants: `blocking whole` and `async whole`, a call by a client; `blocking parts`
//! and `async parts`, which only encode the request, send it, and decode and check the response. The difference is the cost of the
//! core's machine: retries, time limits, clock and rate limit.

use std::error::Error;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use clerk_sessions_core::operation::Operation as _;
use clerk_sessions_core::transport::{AsyncTransport, Transport};
use clerk_sessions_core::{Api, AsyncClient, Client, GetSession, Session, TransportError};
use clerk_sessions_subjects::canned::{Canned, SESSION, SESSION_ID};
use clerk_sessions_subjects::job::{Job, SECRET_KEY};
use http::{Request, Response};
use tokio::task;

fn main() -> Result<(), Box<dyn Error>> {
    let job = Job::from_args()?;
    let (api, transport, get) = (Api::new(SECRET_KEY)?, InMemory::new(), GetSession::new(SESSION_ID));
    match &*job.variant {
        "blocking whole" => {
            let clerk = Client::new(api, transport);
            job.run(|| drop(black_box(clerk.call(&get).unwrap())));
        }
        "blocking parts" => job.run(|| {
            let request = api.request(&get).unwrap();
            let response = Transport::send(&transport, request, Duration::MAX).unwrap();
            drop(black_box(read(&api, &get, response)));
        }),
        "async whole" => {
            let clerk = AsyncClient::new(api, transport);
            job.run_async(move |calls| {
                let (clerk, get) = (clerk.clone(), get.clone());
                async move {
                    for _ in 0..calls {
                        drop(black_box(clerk.call(&get).await.unwrap()));
                    }
                }
            });
        }
        "async parts" => job.run_async(move |calls| {
            let (api, transport, get) = (api.clone(), transport.clone(), get.clone());
            async move {
                for _ in 0..calls {
                    let request = api.request(&get).unwrap();
                    let response = AsyncTransport::send(&transport, request, Duration::MAX).await.unwrap();
                    drop(black_box(read(&api, &get, response)));
                }
            }
        }),
        other => return Err(format!("no variant {other}").into()),
    }
    Ok(())
}

/// Decodes and checks a response.
fn read(api: &Api, get: &GetSession, response: Response<Vec<u8>>) -> Session {
    let session = api.parse::<GetSession>(response).unwrap();
    get.check(&session).unwrap();
    session
}

/// Always returns the same response. In async code it first yields to the other tasks, so that their calls are in flight together.
#[derive(Clone)]
struct InMemory {
    canned: Canned,
    started: Instant,
}

impl InMemory {
    fn new() -> Self {
        Self { canned: Canned::ok(SESSION), started: Instant::now() }
    }
}

impl AsyncTransport for InMemory {
    async fn send(&self, request: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        drop(black_box(request));
        task::yield_now().await;
        Ok(self.canned.response())
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Transport for InMemory {
    fn send(&self, request: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        drop(black_box(request));
        Ok(self.canned.response())
    }

    fn sleep(&self, duration: Duration) {
        thread::sleep(duration);
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}
