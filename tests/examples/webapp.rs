//! An axum app with pages for everybody, for users and for admins, and a FakeClerk where users sign in.
//!
//! `cargo run --example webapp` prints the address to open in a browser, and the address of FakeClerk, whose
//! [routes](../fake-clerk/README.md#control-it-while-it-runs) under `/_fake/` move its clock or rotate its keys. Options:
//!
//! | option | effect | default |
//! |---|---|---|
//! | `--development` | a development instance of Clerk | production |
//! | `--token` | handshakes pass their result in a token | in a nonce |
//! | `--port N` | the port of the app | a free one |
//!
//! Browsers resolve `app.localhost` and `clerk.app.localhost` to this machine. FakeClerk is the Backend API at `127.0.0.1`, and the
//! Frontend API with the page to sign in at `clerk.app.localhost`. That page lets you choose a user and an organization: everybody is
//! an admin of `org_demo`, and a member of `org_members`.

use std::error::Error;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{map_response, map_response_with_state};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use clerk_sessions_fake::{FakeClerk, FakeServer, HandshakeFormat, Seed, SeedFrontend, SeedOrganization};
use clerk_sessions_reqwest::auth::{Authentication, AuthorizedParties, Has, RequestAuthenticator, Rules, crypto};
use clerk_sessions_reqwest::{Api, Client, ReqwestTransport};
use clerk_sessions_tower::{Allowed, AuthError, ClerkLayer, Requirement, SignedIn};
use lexopt::{Arg, ValueExt as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (mut port, mut production, mut handshake) = (0_u16, true, HandshakeFormat::Nonce);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("port") => port = arguments.value()?.parse()?,
            Arg::Long("development") => production = false,
            Arg::Long("token") => handshake = HandshakeFormat::Token,
            other => return Err(other.unexpected().into()),
        }
    }
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let origin = format!("http://app.localhost:{}", listener.local_addr()?.port());

    let frontend = SeedFrontend { handshake, ..SeedFrontend::default() };
    let mut seed = Seed { production, frontend, ..Seed::demo() };
    seed.add_user("user_guest", 0);
    let members = SeedOrganization { role: "org:member".to_owned(), ..SeedOrganization::new("org_members") };
    seed.organizations.push(members);
    let fake = FakeServer::start(FakeClerk::new(seed))?;
    let links = Links::new(&fake, &origin);
    let clerk = authenticator(&fake, &origin, &links)?;

    println!("{origin}\nFakeClerk: {}", fake.api_url());
    axum::serve(listener, app(clerk, links)?).await?;
    Ok(())
}

/// Where users sign in and out: pages of the Frontend API. They come back to this app.
#[derive(Clone)]
struct Links {
    frontend_api: String,
    sign_in: String,
    sign_in_here: String,
    sign_out: String,
}

impl Links {
    fn new(fake: &FakeServer, origin: &str) -> Self {
        let frontend_api = fake.frontend_url();
        Self {
            sign_in: format!("{frontend_api}/sign-in"),
            sign_in_here: format!("{frontend_api}/sign-in?redirect_url={origin}/"),
            sign_out: format!("{frontend_api}/sign-out?redirect_url={origin}/"),
            frontend_api,
        }
    }
}

fn authenticator(fake: &FakeServer, origin: &str, links: &Links) -> Result<RequestAuthenticator, Box<dyn Error>> {
    let api = Api::builder(fake.secret_key()).base_url(fake.base_url()).build()?;
    let client = Client::new(api, ReqwestTransport::builder().no_proxy().build()?);
    let publishable_key = fake.publishable_key();
    let authentication = Authentication::builder(&publishable_key, Rules::new(AuthorizedParties::list([origin])?))
        .api(client.context().clone())
        .proxy_url(&links.frontend_api)
        .build(crypto())?;
    Ok(RequestAuthenticator::new(authentication, client.transport().clone()))
}

fn app(clerk: RequestAuthenticator, links: Links) -> Result<Router, Box<dyn Error>> {
    let everybody = Router::new().route("/", get(home)).route_layer(ClerkLayer::optional(clerk.clone()));
    let members = Router::new()
        .route("/me", get(me).post(save))
        .route("/admin", get(admin))
        .route_layer(ClerkLayer::required(clerk.clone()).sign_in_url(&links.sign_in)?)
        .route_layer(map_response_with_state(links.clone(), error_as_page));
    let data = Router::new()
        .route("/api/me", get(api_me))
        .route_layer(ClerkLayer::required(clerk))
        .route_layer(map_response(error_as_json));
    Ok(everybody.merge(members).merge(data).with_state(links))
}

async fn home(State(links): State<Links>, user: Option<SignedIn>) -> Html<String> {
    let user = user.map(|SignedIn(claims)| claims.user_id().to_owned());
    let text = if user.is_some() { "Everybody sees this page." } else { "Sign in to see the other pages." };
    page(&links, "Home", text, user.as_deref())
}

/// Its form sends a POST to the same URL.
async fn me(State(links): State<Links>, SignedIn(claims): SignedIn) -> Html<String> {
    let session = escaped(claims.session_id().unwrap_or_default());
    let text = format!("Your session is {session}.<form method=\"post\"><button>Save</button></form>");
    page(&links, "Your page", &text, Some(claims.user_id()))
}

async fn save(State(links): State<Links>, SignedIn(claims): SignedIn) -> Html<String> {
    page(&links, "Saved", "The form was sent.", Some(claims.user_id()))
}

struct Admin;

impl Requirement for Admin {
    fn asked() -> Has {
        Has::role("org:admin")
    }
}

/// As a plain argument, `Allowed<Admin>` responds to others with 403 and one line of text.
async fn admin(
    State(links): State<Links>,
    SignedIn(claims): SignedIn,
    admin: Result<Allowed<Admin>, AuthError>,
) -> Response {
    let organization = claims.organization().map(|organization| escaped(&organization.id));
    match (admin, organization) {
        (Ok(admin), organization) => {
            let text = format!("You are an admin of {}.", organization.unwrap_or_default());
            page(&links, "Admins only", &text, Some(admin.user_id())).into_response()
        }
        (Err(error), organization) => {
            let place = organization.unwrap_or_else(|| "your personal account".to_owned());
            let text =
                format!("You are not an admin of {place}. Sign in with an organization of which you are an admin.");
            (error.status(), page(&links, "Not allowed", &text, Some(claims.user_id()))).into_response()
        }
    }
}

/// Data for a script in a page.
async fn api_me(SignedIn(claims): SignedIn) -> Json<Value> {
    Json(json!({ "user_id": claims.user_id(), "session_id": claims.session_id() }))
}

/// The layer responds with one line of text where a browser can't be redirected to sign in, as for a form that was sent.
async fn error_as_page(State(links): State<Links>, mut response: Response) -> Response {
    let (title, text) = match response.extensions().get() {
        None => return response,
        Some(AuthError::SignedOut | AuthError::Pending) => {
            ("Not signed in", "Nothing was saved. Open the page again, or sign in.")
        }
        Some(_) => ("Not available", "Nobody can tell now who you are. Try again later."),
    };
    *response.body_mut() = page(&links, title, text, None).0.into();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// The same for scripts.
async fn error_as_json(mut response: Response) -> Response {
    if let Some(error) = response.extensions().get::<AuthError>() {
        *response.body_mut() = json!({ "error": error.to_string() }).to_string().into();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

const STYLE: &str =
    "body { font: 1.1rem/1.5 sans-serif; color: #222; max-width: 42rem; margin: 2rem auto; padding: 0 1rem }
    nav { display: flex; gap: 1.2rem; padding-bottom: .6rem; border-bottom: 1px solid #ccc }
    #user { margin-left: auto; color: #666 }
    form { margin-top: 1rem }
    button { font: inherit; padding: .2rem .8rem }";

/// A page; the text is HTML.
fn page(links: &Links, title: &str, text: &str, user: Option<&str>) -> Html<String> {
    let (label, link) = if user.is_some() { ("Sign out", &links.sign_out) } else { ("Sign in", &links.sign_in_here) };
    let (link, user) = (escaped(link), escaped(user.unwrap_or("visitor")));
    Html(format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style>\n\
         <nav><a href=\"/\">Home</a> <a href=\"/me\">Your page</a> <a href=\"/admin\">Admins only</a> \
         <span id=\"user\">{user}</span> <a href=\"{link}\">{label}</a></nav>\n\
         <h1>{title}</h1>\n<div>{text}</div>\n</html>\n"
    ))
}

/// The text with the characters replaced that HTML gives a meaning.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
