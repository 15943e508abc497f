//! The calls by clerk-rs, with its defaults.

use std::error::Error;

use clerk_rs::ClerkConfiguration;
use clerk_rs::apis::sessions_api::{create_session_token, get_session, get_session_list};
use clerk_sessions_subjects::canned::SESSION_ID;
use clerk_sessions_subjects::job::{Call, Job, SECRET_KEY};
use reqwest::{Certificate, Client};

fn main() -> Result<(), Box<dyn Error>> {
    let job = Job::from_args()?;
    let mut clerk = ClerkConfiguration::new(SECRET_KEY).with_base_path(&job.base_url);
    if let Some(pem) = &job.certificate {
        clerk.client = Client::builder().tls_certs_only([Certificate::from_pem(pem)?]).build()?;
    }
    let call = job.call;
    job.run_async(move |calls| {
        let clerk = clerk.clone();
        async move {
            for _ in 0..calls {
                match call {
                    Call::Get => drop(get_session(&clerk, SESSION_ID).await.unwrap()),
                    Call::Token => drop(create_session_token(&clerk, SESSION_ID, None).await.unwrap()),
                    Call::List => {
                        drop(get_session_list(&clerk, None, None, None, None, Some(500), None).await.unwrap());
                    }
                }
            }
        }
    });
    Ok(())
}
