//! Calls all seven session operations, first over ureq and then over reqwest.
//!
//! `cargo run --example quickstart` starts a FakeClerk and calls it. If `CLERK_SECRET_KEY` is set, it calls the real API (or
//! `CLERK_API_URL`) instead, and only lists and gets sessions.

use std::error::Error;
use std::fmt::Display;
use std::process::ExitCode;

use clerk_sessions_core::{
    Api, ApiBuilder, CreateSession, CreateSessionToken, ListSessions, RefreshSession, Session, SessionStatus, Token,
};
use clerk_sessions_fake::{FakeClerk, FakeServer, Seed, SeedOrganization};

type Outcome = Result<(), Box<dyn Error>>;

const ORIGIN: &str = "https://app.example.com";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quickstart: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let variable = |name: &str| std::env::var(name).ok();
    if variable("CLERK_SECRET_KEY").is_some() {
        let api = ApiBuilder::from_vars(variable)?.build()?;
        println!("Reading from {}", api.base_url());
        read_only_over_ureq(&clerk_sessions_ureq::client(api.clone())?)?;
        return runtime.block_on(read_only_over_reqwest(&clerk_sessions_reqwest::client(api)?));
    }

    let mut seed = Seed {
        organizations: vec![SeedOrganization::new("org_1")],
        templates: vec!["hasura".to_owned()],
        ..Seed::default()
    };
    seed.add_user("user_quickstart", 2);
    let server = FakeServer::start(FakeClerk::new(seed))?;
    println!("FakeClerk at {}", server.base_url());
    let api = Api::builder(server.secret_key()).base_url(server.base_url()).build()?;
    // A proxy from the environment cannot reach a server inside this process.
    let ureq = clerk_sessions_ureq::UreqTransport::builder().no_proxy().build()?;
    everything_over_ureq(&clerk_sessions_ureq::Client::new(api.clone(), ureq), &server)?;
    let reqwest = clerk_sessions_reqwest::ReqwestTransport::builder().no_proxy().build()?;
    runtime.block_on(everything_over_reqwest(&clerk_sessions_reqwest::Client::new(api, reqwest), &server))?;
    println!("All seven operations succeeded over both transports.");
    Ok(())
}

fn everything_over_ureq(clerk: &clerk_sessions_ureq::Client, server: &FakeServer) -> Outcome {
    let say = |name: &str, what: &dyn Display| println!("{:<8}{name:<27}{what}", "ureq");
    let sessions = clerk.sessions();

    let before = sessions.list(ListSessions::new().user_id("user_quickstart"))?;
    say("list", &format!("{} sessions", before.len()));

    let created = sessions.create(CreateSession::new("user_quickstart").active_organization_id("org_1"))?;
    say("create", &described(&created));
    check(created.is_active(), "a created session is active")?;

    let got = sessions.get(&created.id)?;
    say("get", &described(&got));
    check(got == created, "get returns the created session")?;

    let token = sessions.create_token(CreateSessionToken::new(&got.id).origin(ORIGIN))?;
    say("create_token", &measured(&token));

    let token = sessions.create_token_from_template(CreateSessionToken::new(&got.id).template("hasura"))?;
    say("create_token_from_template", &measured(&token));

    let browser = server.handshake(got.id.as_str(), ORIGIN).ok_or("no handshake")?;
    let refreshed =
        sessions.refresh(RefreshSession::new(&got.id, browser.expired_token, browser.refresh_token, ORIGIN))?;
    say("refresh", &measured(refreshed.token().ok_or("refresh did not respond with a token")?));

    let revoked = sessions.revoke(&got.id)?;
    say("revoke", &described(&revoked));
    check(revoked.status == SessionStatus::Revoked, "a revoked session has the status revoked")?;
    check(sessions.get("sess_nowhere").is_err_and(|error| error.is_not_found()), "an unknown session is a 404")
}

async fn everything_over_reqwest(clerk: &clerk_sessions_reqwest::Client, server: &FakeServer) -> Outcome {
    let say = |name: &str, what: &dyn Display| println!("{:<8}{name:<27}{what}", "reqwest");
    let sessions = clerk.sessions();

    let before = sessions.list(ListSessions::new().user_id("user_quickstart")).await?;
    say("list", &format!("{} sessions", before.len()));

    let created = sessions.create(CreateSession::new("user_quickstart").active_organization_id("org_1")).await?;
    say("create", &described(&created));
    check(created.is_active(), "a created session is active")?;

    let got = sessions.get(&created.id).await?;
    say("get", &described(&got));
    check(got == created, "get returns the created session")?;

    let token = sessions.create_token(CreateSessionToken::new(&got.id).origin(ORIGIN)).await?;
    say("create_token", &measured(&token));

    let token = sessions.create_token_from_template(CreateSessionToken::new(&got.id).template("hasura")).await?;
    say("create_token_from_template", &measured(&token));

    let browser = server.handshake(got.id.as_str(), ORIGIN).ok_or("no handshake")?;
    let refresh = RefreshSession::new(&got.id, browser.expired_token, browser.refresh_token, ORIGIN);
    let refreshed = sessions.refresh(refresh).await?;
    say("refresh", &measured(refreshed.token().ok_or("refresh did not respond with a token")?));

    let revoked = sessions.revoke(&got.id).await?;
    say("revoke", &described(&revoked));
    check(revoked.status == SessionStatus::Revoked, "a revoked session has the status revoked")?;
    check(sessions.get("sess_nowhere").await.is_err_and(|error| error.is_not_found()), "an unknown session is a 404")
}

fn read_only_over_ureq(clerk: &clerk_sessions_ureq::Client) -> Outcome {
    for session in clerk.sessions().list(ListSessions::new().limit(1))? {
        println!("ureq    list, get: {}", described(&clerk.sessions().get(session.id)?));
    }
    Ok(())
}

async fn read_only_over_reqwest(clerk: &clerk_sessions_reqwest::Client) -> Outcome {
    for session in clerk.sessions().list(ListSessions::new().limit(1)).await? {
        println!("reqwest list, get: {}", described(&clerk.sessions().get(session.id).await?));
    }
    Ok(())
}

fn described(session: &Session) -> String {
    format!("{} of {}, {}", session.id, session.user_id, session.status)
}

fn measured(token: &Token) -> String {
    // The token is a secret, so only its length is printed.
    format!("a token of {} bytes", token.jwt.expose().len())
}

fn check(holds: bool, claim: &str) -> Outcome {
    if holds { Ok(()) } else { Err(format!("the check failed: {claim}").into()) }
}
