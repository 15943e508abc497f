//! The calls by clerk-sessions-ureq, with its defaults.

use std::error::Error;

use clerk_sessions_subjects::canned::SESSION_ID;
use clerk_sessions_subjects::job::{Call, Job, SECRET_KEY};
use clerk_sessions_ureq::{Api, Client, CreateSessionToken, ListSessions, UreqTransport};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

fn main() -> Result<(), Box<dyn Error>> {
    let job = Job::from_args()?;
    let mut transport = UreqTransport::builder();
    if let Some(pem) = &job.certificate {
        let roots = RootCerts::new_with_certs(&[Certificate::from_pem(pem)?]);
        transport = transport.configure(|config| config.tls_config(TlsConfig::builder().root_certs(roots).build()));
    }
    let clerk = Client::new(Api::builder(SECRET_KEY).base_url(&job.base_url).build()?, transport.build()?);
    let sessions = clerk.sessions();
    job.run(|| match job.call {
        Call::Get => drop(sessions.get(SESSION_ID).unwrap()),
        Call::Token => drop(sessions.create_token(CreateSessionToken::new(SESSION_ID)).unwrap()),
        Call::List => drop(sessions.list(ListSessions::new().limit(500)).unwrap()),
    });
    Ok(())
}
