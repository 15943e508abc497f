//! A blocking web server, on `tiny_http`, that authenticates its requests over ureq, and a FakeClerk that it asks.
//!
//! `cargo run --example blocking_webapp` prints the address to open in a browser; `--port N` fixes its port. Browsers resolve
//! `app.localhost` and `clerk.app.localhost` to this machine.
//!
//! For another framework, change [`view`], which reads its requests, and [`page`] and [`with_header`], which make its responses.

use std::error::Error;
use std::io::Cursor;
use std::str::FromStr as _;
use std::thread;

use clerk_sessions_fake::{FakeClerk, FakeServer, Seed};
use clerk_sessions_ureq::auth::{
    Authentication, AuthorizedParties, Claims, Has, Outcome, RequestAuthenticator, RequestError, RequestView, Rules,
    SignInPage, crypto,
};
use clerk_sessions_ureq::{Api, Client, UreqTransport};
use lexopt::{Arg, ValueExt as _};
use tiny_http::{Header, Request, Response, Server};

const THREADS: usize = 8;

/// What all threads share.
struct App {
    clerk: RequestAuthenticator,
    sign_in: SignInPage,
    sign_out: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut port = 0_u16;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("port") => port = arguments.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    let server = Server::http(("127.0.0.1", port)).map_err(|error| error.to_string())?;
    let address = server.server_addr().to_ip().ok_or("the server has no address")?;
    let origin = format!("http://app.localhost:{}", address.port());

    let fake = FakeServer::start(FakeClerk::new(Seed { production: true, ..Seed::demo() }))?;
    let frontend_api = fake.frontend_url();
    let api = Api::builder(fake.secret_key()).base_url(fake.base_url()).build()?;
    let client = Client::new(api, UreqTransport::builder().no_proxy().build()?);
    let rules = Rules::new(AuthorizedParties::list([origin.as_str()])?);
    let authentication = Authentication::builder(&fake.publishable_key(), rules)
        .api(client.context().clone())
        .proxy_url(&frontend_api)
        .build(crypto())?;
    let app = App {
        clerk: RequestAuthenticator::new(authentication, client.transport().clone()),
        sign_in: SignInPage::new(format!("{frontend_api}/sign-in"))?,
        sign_out: format!("{frontend_api}/sign-out?redirect_url={origin}/"),
    };

    println!("{origin}");
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Ok(request) = server.recv() {
                    let response = respond(&app, &request);
                    // A browser that has gone away needs no response.
                    let _ = request.respond(response);
                }
            });
        }
    });
    Ok(())
}

type TextResponse = Response<Cursor<Vec<u8>>>;

/// Authenticates a request, and puts the headers of the outcome on whatever the app responds with.
fn respond(app: &App, request: &Request) -> TextResponse {
    let view = view(request);
    let outcome = match app.clerk.browser(&view) {
        Ok(outcome) => outcome,
        Err(error) => return unknown(&error),
    };
    let response = if outcome.redirect().is_some() {
        page(307, "") // the headers have the location
    } else {
        routed(app, &view, &outcome, request.url())
    };
    outcome.headers().iter().fold(response, |response, (name, value)| with_header(response, name, value))
}

/// The pages of the app.
fn routed(app: &App, view: &RequestView<'_>, outcome: &Outcome, target: &str) -> TextResponse {
    let user = outcome.signed_in();
    match (target.split('?').next().unwrap_or_default(), user) {
        ("/", Some(claims)) => {
            page(200, &format!("You are signed in as {}. <a href=\"{}\">Sign out</a>", name(claims), app.sign_out))
        }
        ("/", None) => page(200, "Nobody is signed in. <a href=\"/me\">Your page</a>"),
        ("/me", Some(claims)) => page(200, &format!("User {}.", name(claims))),
        ("/admin", Some(claims)) if claims.has(&Has::role("org:admin")) => page(200, "You are an admin."),
        ("/admin", Some(_)) => page(403, "Only admins may see this page."),
        ("/me" | "/admin", None) => match app.sign_in.location(app.clerk.authentication(), view) {
            Some(location) => with_header(page(307, ""), "location", &location),
            None => page(401, "Not signed in."), // no page: a script, or a form
        },
        _ => page(404, "No such page."),
    }
}

/// The request as the library reads it.
fn view(request: &Request) -> RequestView<'_> {
    let mut view = RequestView::new(request.method().as_str(), "http", request.url());
    for header in request.headers() {
        view.add_header(header.field.as_str().as_str(), header.value.as_str());
    }
    view
}

/// Nobody knows who is asking: 503 for an outage, 500 for settings that don't fit the request.
fn unknown(error: &RequestError) -> TextResponse {
    eprintln!("{error}");
    page(error.status(), "Can't tell who is signed in. Try again later.")
}

fn page(status: u16, text: &str) -> TextResponse {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>App</title><p id=\"text\">{text}</p></html>\n"
    );
    with_header(Response::from_string(html).with_status_code(status), "content-type", "text/html; charset=utf-8")
}

fn with_header(response: TextResponse, name: &str, value: &str) -> TextResponse {
    match Header::from_str(&format!("{name}: {value}")) {
        Ok(header) => response.with_header(header),
        Err(()) => page(400, "The URL in the request is invalid."),
    }
}

/// The user's id as HTML.
fn name(claims: &Claims) -> String {
    claims.user_id().replace('&', "&amp;").replace('<', "&lt;")
}
