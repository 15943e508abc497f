//! The calls by clerk-sessions-reqwest, with its defaults.

use std::error::Error;

use clerk_sessions_reqwest::{Api, Client, CreateSessionToken, ListSessions, ReqwestTransport};
use clerk_sessions_subjects::canned::SESSION_ID;
use clerk_sessions_subjects::job::{Call, Job, SECRET_KEY};
use reqwest::Certificate;

fn main() -> Result<(), Box<dyn Error>> {
    let job = Job::from_args()?;
    let mut transport = ReqwestTransport::builder();
    if let Some(pem) = &job.certificate {
        let certificate = Certificate::from_pem(pem)?;
        transport = transport.configure(|client| client.tls_certs_only([certificate]));
    }
    let clerk = Client::new(Api::builder(SECRET_KEY).base_url(&job.base_url).build()?, transport.build()?);
    let call = job.call;
    job.run_async(move |calls| {
        let clerk = clerk.clone();
        async move {
            let sessions = clerk.sessions();
            for _ in 0..calls {
                match call {
                    Call::Get => drop(sessions.get(SESSION_ID).await.unwrap()),
                    Call::Token => drop(sessions.create_token(CreateSessionToken::new(SESSION_ID)).await.unwrap()),
                    Call::List => drop(sessions.list(ListSessions::new().limit(500)).await.unwrap()),
                }
            }
        }
    });
    Ok(())
}
