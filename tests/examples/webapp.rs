//! An axum app with pages for everybody, for users and for admins, and a FakeClerk that it asks who is signed in.
//!
//! `cargo run --example webapp` prints the address to open in a browser. Options: `--port N` (default: a free port), and
//! `--development` for a development instance of Clerk (default: production).
//!
//! Browsers resolve `app.localhost` and `clerk.app.localhost` to this machine. FakeClerk is the Backend API at `127.0.0.1`, and the
//! Frontend API at `clerk.app.localhost`. It has no page to sign in to yet, so the links to sign in and out lead to an
//! error.

use std::error::Error;

use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use axum::{Json, Router};
use clerk_sessions_fake::{FakeClerk, FakeServer, Seed};
use clerk_sessions_reqwest::auth::{Authentication, AuthorizedParties, Has, RequestAuthenticator, Rules, crypto};
use clerk_sessions_reqwest::{Api, Client, ReqwestTransport};
use clerk_sessions_tower::{Allowed, Auth, ClerkLayer, Requirement, SignedIn};
use lexopt::{Arg, ValueExt as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (mut port, mut production) = (0_u16, true);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("port") => port = arguments.value()?.parse()?,
            Arg::Long("development") => production = false,
            other => return Err(other.unexpected().into()),
        }
    }
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let origin = format!("http://app.localhost:{}", listener.local_addr()?.port());

    // The demo user is an admin of an organization, the other user is in none.
    let mut seed = Seed { production, ..Seed::demo() };
    seed.add_user("user_guest", 1);
    let fake = FakeServer::start(FakeClerk::new(seed))?;
    let links = Links::new(&fake, &origin);
    let clerk = authenticator(&fake, &origin, &links)?;

    println!("{origin}");
    axum::serve(listener, app(clerk, links)?).await?;
    Ok(())
}

/// Where users sign in and out: pages of the Frontend API. They come back to this app.
#[derive(Clone)]
struct Links {
    frontend_api: String,
    sign_in: String,
    sign_out: String,
}

impl Links {
    fn new(fake: &FakeServer, origin: &str) -> Self {
        let frontend_api = fake.frontend_url();
        Self {
            sign_in: format!("{frontend_api}/sign-in"),
            sign_out: format!("{frontend_api}/sign-out?redirect_url={origin}/"),
            frontend_api,
        }
    }
}

fn authenticator(fake: &FakeServer, origin: &str, links: &Links) -> Result<RequestAuthenticator, Box<dyn Error>> {
    let api = Api::builder(fake.secret_key()).base_url(fake.base_url()).build()?;
    let client = Client::new(api, ReqwestTransport::builder().no_proxy().build()?);
    let publishable_key = fake.fake().publishable_key();
    let authentication = Authentication::builder(&publishable_key, Rules::new(AuthorizedParties::list([origin])?))
        .api(client.context().clone())
        .proxy_url(&links.frontend_api)
        .build(crypto())?;
    Ok(RequestAuthenticator::new(authentication, client.transport().clone()))
}

fn app(clerk: RequestAuthenticator, links: Links) -> Result<Router, Box<dyn Error>> {
    let members = Router::new()
        .route("/me", get(me).post(me))
        .route("/admin", get(admin))
        .route_layer(ClerkLayer::required(clerk.clone()).sign_in_url(&links.sign_in)?);
    let data = Router::new().route("/api/me", get(api_me)).route_layer(ClerkLayer::required(clerk.clone()));
    let everybody = Router::new().route("/", get(home)).route_layer(ClerkLayer::optional(clerk));
    Ok(everybody.merge(members).merge(data).with_state(links))
}

async fn home(State(links): State<Links>, auth: Auth) -> Html<String> {
    match auth.signed_in() {
        Some(claims) => page(&links, "Home", &format!("You are signed in as {}.", escaped(claims.user_id())), true),
        None => page(&links, "Home", "Nobody is signed in.", false),
    }
}

async fn me(State(links): State<Links>, SignedIn(claims): SignedIn) -> Html<String> {
    let session = escaped(claims.session_id().unwrap_or_default());
    page(&links, "Your page", &format!("User {}, session {session}.", escaped(claims.user_id())), true)
}

struct Admin;

impl Requirement for Admin {
    fn asked() -> Has {
        Has::role("org:admin")
    }
}

async fn admin(State(links): State<Links>, admin: Allowed<Admin>) -> Html<String> {
    let organization = admin.organization().map_or_else(String::new, |organization| organization.id.to_string());
    page(&links, "Admins only", &format!("You are an admin of {}.", escaped(&organization)), true)
}

/// Data for a script in a page.
async fn api_me(SignedIn(claims): SignedIn) -> Json<Value> {
    Json(json!({ "user_id": claims.user_id(), "session_id": claims.session_id() }))
}

fn page(links: &Links, title: &str, text: &str, is_signed_in: bool) -> Html<String> {
    let (label, link) = if is_signed_in { ("Sign out", &links.sign_out) } else { ("Sign in", &links.sign_in) };
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <style>body {{ font: 1.1rem sans-serif; max-width: 40rem; margin: 3rem auto }} nav a {{ margin-right: 1rem }}</style>\
         <nav><a href=\"/\">Home</a><a href=\"/me\">Your page</a><a href=\"/admin\">Admins only</a>\
         <a href=\"{}\">{label}</a></nav><h1>{title}</h1><p id=\"text\">{text}</p></html>\n",
        escaped(link)
    ))
}

/// The text with the characters replaced that HTML gives a meaning.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
