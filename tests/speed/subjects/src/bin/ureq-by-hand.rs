//! The calls by ureq alone. Variants: `bare`, the least that one can write; `headers`, with the headers of
//! clerk-sessions-ureq; `limits`, with its headers and limits.

use std::error::Error;
use std::time::Duration;

use clerk_sessions_subjects::by_hand::{HEADERS, Session, Token};
use clerk_sessions_subjects::job::{Call, Job};
use serde::de::DeserializeOwned;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

fn main() -> Result<(), Box<dyn Error>> {
    let job = Job::from_args()?;
    // One for each thread. With ureq's default of 3, most calls of 64 threads would open a new connection.
    let mut config = Agent::config_builder().max_idle_connections(64).max_idle_connections_per_host(64);
    if let Some(pem) = &job.certificate {
        let roots = RootCerts::new_with_certs(&[Certificate::from_pem(pem)?]);
        config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
    }
    if job.variant == "limits" {
        config = config
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_resolve(Some(Duration::from_secs(5)))
            .timeout_connect(Some(Duration::from_secs(5)))
            .timeout_global(Some(Duration::from_secs(10)))
            .max_idle_age(Duration::from_secs(15));
    }
    let headers = if job.variant == "bare" { &HEADERS[..1] } else { &HEADERS };
    let subject = ByHand { agent: config.build().new_agent(), headers };
    let url = job.url();
    job.run(|| match job.call {
        Call::Get => drop(subject.get::<Session>(&url)),
        Call::Token => drop(subject.post::<Token>(&url)),
        Call::List => drop(subject.get::<Vec<Session>>(&url)),
    });
    Ok(())
}

struct ByHand {
    agent: Agent,
    headers: &'static [(&'static str, &'static str)],
}

impl ByHand {
    fn get<T: DeserializeOwned>(&self, url: &str) -> T {
        let mut request = self.agent.get(url);
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        read(request.call().unwrap())
    }

    fn post<T: DeserializeOwned>(&self, url: &str) -> T {
        let mut request = self.agent.post(url).header("content-type", "application/json");
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        read(request.send("{}").unwrap())
    }
}

/// Does not use `read_json`, which is slower, because it reads from a reader.
fn read<T: DeserializeOwned>(mut response: ureq::http::Response<ureq::Body>) -> T {
    assert!(response.status().is_success());
    serde_json::from_slice(&response.body_mut().read_to_vec().unwrap()).unwrap()
}
