//! A call without HTTP, over a transport in memory. Variants: `whole`, a call by a client, and `parts`, which only encodes the
//! request, sends it, and decodes and checks the response. The difference is the cost of the core's machine: retries, time limits,
//! clock and rate limit.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use clerk_sessions_core::operation::Operation as _;
use clerk_sessions_core::transport::AsyncTransport;
use clerk_sessions_core::{Api, AsyncClient, GetSession, TransportError};
use clerk_sessions_subjects::canned::{Canned, SESSION, SESSION_ID};
use clerk_sessions_subjects::job::{Job, SECRET_KEY};
use http::{Request, Response};
use tokio::task;

fn main() -> Result<(), Box<dyn Error>> {
    let job = Job::from_args()?;
    let (api, transport, get) = (Api::new(SECRET_KEY)?, Yielding::new(), GetSession::new(SESSION_ID));
    if job.variant == "whole" {
        let clerk = AsyncClient::new(api, transport);
        job.run_async(move |calls| {
            let (clerk, get) = (clerk.clone(), get.clone());
            async move {
                for _ in 0..calls {
                    drop(black_box(clerk.call(&get).await.unwrap()));
                }
            }
        });
    } else {
        job.run_async(move |calls| {
            let (api, transport, get) = (api.clone(), transport.clone(), get.clone());
            async move {
                for _ in 0..calls {
                    let request = api.request(&get).unwrap();
                    let response = transport.send(request, Duration::MAX).await.unwrap();
                    let session = api.parse::<GetSession>(response).unwrap();
                    get.check(&session).unwrap();
                    drop(black_box(session));
                }
            }
        });
    }
    Ok(())
}

/// Yields to the other tasks before it responds, so that their calls are in flight together.
#[derive(Clone)]
struct Yielding {
    canned: Canned,
    started: Instant,
}

impl Yielding {
    fn new() -> Self {
        Self { canned: Canned::ok(SESSION), started: Instant::now() }
    }
}

impl AsyncTransport for Yielding {
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
