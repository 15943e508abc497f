//! The calls by reqwest alone. Variants: `bare`, the least that one can write; `headers`, with the headers of
//! clerk-sessions-reqwest; `limits`, with its headers and limits.

use std::error::Error;
use std::time::Duration;

use clerk_sessions_subjects::by_hand::{HEADERS, Session, Token};
use clerk_sessions_subjects::job::{Call, Job};
use reqwest::{Certificate, Client, RequestBuilder, redirect};
use serde::de::DeserializeOwned;

fn main() -> Result<(), Box<dyn Error>> {
    let job = Job::from_args()?;
    let mut client = Client::builder();
    if let Some(pem) = &job.certificate {
        client = client.tls_certs_only([Certificate::from_pem(pem)?]);
    }
    if job.variant == "limits" {
        client = client
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(10))
            .pool_idle_timeout(Duration::from_secs(15));
    }
    let headers = if job.variant == "bare" { &HEADERS[..1] } else { &HEADERS };
    let subject = ByHand { client: client.build()?, headers };
    let (call, url) = (job.call, job.url());
    job.run_async(move |calls| {
        let (subject, url) = (subject.clone(), url.clone());
        async move {
            for _ in 0..calls {
                match call {
                    Call::Get => drop(subject.read::<Session>(subject.client.get(&url)).await),
                    Call::Token => {
                        let request = subject.client.post(&url).header("content-type", "application/json").body("{}");
                        drop(subject.read::<Token>(request).await);
                    }
                    Call::List => drop(subject.read::<Vec<Session>>(subject.client.get(&url)).await),
                }
            }
        }
    });
    Ok(())
}

#[derive(Clone)]
struct ByHand {
    client: Client,
    headers: &'static [(&'static str, &'static str)],
}

impl ByHand {
    async fn read<T: DeserializeOwned>(&self, mut request: RequestBuilder) -> T {
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }
}
