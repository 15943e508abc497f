//! `fake-clerk`: serves FakeClerk on a loopback port, for tests in any language.

use std::fs;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use clerk_sessions_fake::{FakeClerk, FakeServer, Seed};
use lexopt::{Arg, Parser, ValueExt};

const HELP: &str = r#"A Clerk Sessions API in memory, for testing programs that call Clerk.

Usage: fake-clerk [--addr ADDR:PORT] [--state FILE] [--seed-user ID]... [--template NAME]...

  --addr ADDR:PORT  the loopback address to listen on [default: 127.0.0.1:0, a free port]
  --state FILE      start with the state in this JSON file [default: a small demo with user_demo, org_demo and the
                    sessions sess_demo_active, _pending, _impersonated, _revoked and _expired]
  --seed-user ID    add a user with two active sessions; may be repeated
  --template NAME   add a JWT template with this name, such as hasura; may be repeated
  -h, --help        print this help

Prints CLERK_API_URL=..., CLERK_SECRET_KEY=..., CLERK_PUBLISHABLE_KEY=... and CLERK_PROXY_URL=..., the URL of the Frontend
API, and then serves until it is killed. To set them for the programs that a shell starts, export them:

  fake-clerk --seed-user user_123 >fake.env &
  sleep 1; set -a; . ./fake.env; set +a
  curl -H "Authorization: Bearer $CLERK_SECRET_KEY" "$CLERK_API_URL/v1/sessions?user_id=user_123"

STATE FILE

Every field is optional. Unknown fields are refused. Times are in Unix milliseconds.

  {
    "secret_keys": ["sk_test_1"],
    "users": ["user_1"],
    "organizations": [
      { "id": "org_1", "slug": "acme", "role": "org:admin", "permissions": ["org:invoices:read"],
        "features": ["sso"], "plans": ["pro"] }
    ],
    "templates": ["hasura"],
    "sessions": [
      { "id": "sess_1", "user_id": "user_1", "last_active_organization_id": "org_1" },
      { "id": "sess_2", "status": "pending", "tasks": [{ "key": "choose-organization" }] },
      { "id": "sess_3", "actor": { "sub": "user_support" }, "created_at": 1763900000000 },
      { "id": "sess_4", "user_features": ["exports"], "user_plans": ["free"], "claims": { "theme": "dark" } }
    ],
    "now": 1763900000000,
    "production": false,
    "issuer": "https://fake.clerk.accounts.dev",
    "rate_limit": { "requests": 100, "per_ms": 10000 },
    "rate_limit_scope": "key",
    "max_limit": 100,
    "list_shape": "as_asked",
    "revoke_ended": "ok",
    "nulls": "null",
    "signature": "rsa",
    "jwks_response": { "content": "keys", "delay_ms": 0 },
    "frontend": { "domain": "app.localhost", "handshake": "nonce", "token_life_s": 60, "refresh_cookie": true,
      "same_site_none": false },
    "keep_requests": 1000,
    "keep_body_bytes": 65536
  }

  secret_keys       the accepted keys [default: sk_test_fake_clerk_not_a_secret]
  users, organizations, templates
                    the ids or names that exist; a request for any other gets a 404
  sessions          other fields: client_id, last_active_at, expire_at, abandon_at, updated_at and latest_activity;
                    missing ids and times are generated. Of the session's tokens: fva is that claim; claims_version is 1
                    or 2 [default: 2]; claims are further ones, which replace others
  now               the time at which the clock is stopped [default: the clock runs]
  production        true for a production instance, which refuses to create sessions [default: false]
  issuer            the iss of all tokens, and the instance: each issuer has its own signing keys
                    [default: https://fake.clerk.accounts.dev]
  rate_limit        the number of requests allowed in each window; further ones get a 429 [default: no limit]
  rate_limit_scope  "key": all requests with a key share the limit; "endpoint": each operation has its own limit
  max_limit         the maximum number of sessions in one list [default: 500, the maximum of the API]
  list_shape        the shape of a list: "as_asked" (object if paginated=true, else array), "array" or "paginated"
  revoke_ended      the response to revoking a session that has already ended, such as an expired one: "ok" or "error"
  nulls             how a session shows an optional field without a value: "null" or "absent"
  signature         how tokens are signed: "rsa", or "none" for a constant in place of the signature
  jwks_response     the response to GET /v1/jwks and, without a key, GET /.well-known/jwks.json: content is "keys",
                    "empty", "broken" (not JSON) or {"response": {"status": 503}}, as for /_fake/script; delay_ms makes it
                    slow
  frontend          the Frontend API: domain is that of the app; handshake passes cookies by a "nonce" or a "token";
                    token_life_s is the lifetime of tokens in cookies; refresh_cookie: whether browsers get a refresh token;
                    same_site_none: cookies with SameSite=None and without Secure, which Chromium refuses
  keep_requests, keep_body_bytes
                    the number of requests, and of bytes of each body, that /_fake/requests keeps

SIGN IN WITH A BROWSER

The same port serves two APIs, told apart by the host: http://127.0.0.1:PORT is the Backend API, and
http://clerk.app.localhost:PORT the Frontend API. Run the app at http://app.localhost:ANOTHER_PORT: browsers resolve both
names to this machine. Give the app CLERK_PROXY_URL as the proxy of the Frontend API, and http://clerk.app.localhost:PORT/sign-in
as its sign-in page. The routes of the Frontend API need no key:

  GET /sign-in           shows the users, who sign in with a click, and goes back to redirect_url
  GET /sign-out          signs out, and goes back to redirect_url
  GET /_fake/sign-in     signs in without a page: ?user=user_1&organization=org_1 in a new session, or ?session=sess_1.
  GET /_fake/sign-out    Both set the cookies __client and __client_uat.
      open "http://clerk.app.localhost:PORT/_fake/sign-in?user=user_1&redirect_url=http://app.localhost:3000/"
  GET /v1/client/handshake, POST /v1/dev_browser, GET /.well-known/jwks.json
                         what apps and browsers call

CONTROL

These routes need no key. Requests to them are not recorded and do not count towards a rate limit.

  POST /_fake/reset      restores the initial state, or loads the state in the body, in the format above
      curl -X POST $CLERK_API_URL/_fake/reset
      curl -d '{"users": ["user_1"]}' $CLERK_API_URL/_fake/reset

  POST /_fake/script     adds responses for the next requests, in order, after those that are still waiting; later
                         requests get the usual responses
      curl -d '[{"status": 429, "headers": {"Retry-After": "2"}}, {"status": 500, "body": "<html>"}]' \
          $CLERK_API_URL/_fake/script

  GET /_fake/requests    lists the newest requests, oldest first: method, target, headers, body, body_length. The header
                         X-Requests-Dropped is the number of older requests that were dropped. DELETE also clears it.
      curl -i $CLERK_API_URL/_fake/requests

  POST /_fake/clock      moves the clock, or stops it at a time, in milliseconds. GET shows the time.
      curl -d '{"advance_ms": 604800000}' $CLERK_API_URL/_fake/clock
      curl -d '{"set_ms": 1763900000000}' $CLERK_API_URL/_fake/clock

  POST /_fake/handshake  returns the expired_token and the refresh_token that a browser sends to refresh a session
      curl -d '{"session_id": "sess_demo_active", "origin": "https://app.example.com"}' \
          $CLERK_API_URL/_fake/handshake

  POST /_fake/sign       signs a session token with exactly these claims. The members of header replace the usual ones,
                         and null leaves one out. The signature is valid: RS384 and RS512 as alg select these algorithms.
      curl -d '{"claims": {"sub": "user_1"}, "header": {"cat": null}}' $CLERK_API_URL/_fake/sign

  GET /_fake/pem         shows the public key that verifies new tokens, and its kid
      curl $CLERK_API_URL/_fake/pem

  POST /_fake/rotate     makes another key sign new tokens; the old ones stay in the key set or are withdrawn
      curl -d '{"keep_old": true}' $CLERK_API_URL/_fake/rotate

  POST /_fake/jwks       sets the response to requests for the key set, in the format of jwks_response. GET shows it and
                         the number of these requests since the start or the last reset.
      curl -d '{"content": "empty", "delay_ms": 300}' $CLERK_API_URL/_fake/jwks
      curl -d '{"content": {"response": {"status": 503}}}' $CLERK_API_URL/_fake/jwks
      curl -d '{}' $CLERK_API_URL/_fake/jwks
"#;

/// The number of sessions that each `--seed-user` gets.
const SESSIONS_PER_USER: usize = 2;

/// The parsed command line.
enum Command {
    Help,
    Serve { addr: SocketAddr, seed: Box<Seed> },
}

fn main() -> ExitCode {
    let done = match command(Parser::from_env()) {
        Ok(Command::Help) => io::stdout().write_all(HELP.as_bytes()),
        Ok(Command::Serve { addr, seed }) => serve(addr, *seed),
        Err(error) => return fail(&error, 2),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, 1),
    }
}

fn fail(error: &dyn std::fmt::Display, code: u8) -> ExitCode {
    // If stderr is closed, only the exit code can report the error.
    let _ = writeln!(io::stderr(), "fake-clerk: {error}");
    ExitCode::from(code)
}

fn command(mut arguments: Parser) -> Result<Command, lexopt::Error> {
    let mut addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut seed = None;
    let (mut users, mut templates) = (Vec::new(), Vec::new());
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("addr") => addr = arguments.value()?.parse_with(loopback)?,
            Arg::Long("state") => seed = Some(read_seed(Path::new(&arguments.value()?))?),
            Arg::Long("seed-user") => users.push(arguments.value()?.string()?),
            Arg::Long("template") => templates.push(arguments.value()?.string()?),
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    let mut seed = seed.unwrap_or_else(Seed::demo);
    for user in users {
        seed.add_user(&user, SESSIONS_PER_USER);
    }
    seed.templates.extend(templates);
    Ok(Command::Serve { addr, seed: Box::new(seed) })
}

fn loopback(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse::<SocketAddr>()
        .ok()
        .filter(|addr| addr.ip().is_loopback())
        .ok_or("must be a loopback address with a port, such as 127.0.0.1:8080")
}

fn read_seed(path: &Path) -> Result<Seed, String> {
    let text = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn serve(addr: SocketAddr, seed: Seed) -> io::Result<()> {
    let server = FakeServer::start_on(addr, FakeClerk::new(seed))?;
    let mut stdout = io::stdout();
    writeln!(stdout, "CLERK_API_URL={}", server.api_url())?;
    writeln!(stdout, "CLERK_SECRET_KEY={}", quoted(&server.secret_key()))?;
    writeln!(stdout, "CLERK_PUBLISHABLE_KEY={}", quoted(&server.publishable_key()))?;
    writeln!(stdout, "CLERK_PROXY_URL={}", server.frontend_url())?;
    stdout.flush()?;
    loop {
        std::thread::park();
    }
}

/// Quotes the text as one shell word, because a key from a state file may contain any character.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if text.bytes().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_state_file_in_the_help_has_every_field_and_can_be_read() {
        let start = HELP.find("  {\n").unwrap();
        let end = start + HELP[start..].find("\n  }\n").unwrap() + 4;
        let text = &HELP[start..end];
        let seed: Seed = serde_json::from_str(text).unwrap();
        let shown: Value = serde_json::from_str(text).unwrap();
        let all = serde_json::to_value(&seed).unwrap();
        for name in all.as_object().unwrap().keys() {
            assert!(shown.get(name).is_some(), "{name} is not in the help's state file");
            assert!(HELP.contains(&format!("\n  {name}")) || HELP.contains(&format!(", {name}")), "{name}");
        }
        for name in all["sessions"][0].as_object().unwrap().keys() {
            assert!(HELP.contains(name), "the field {name} of a session is not in the help");
        }
        for name in all["frontend"].as_object().unwrap().keys() {
            assert!(shown["frontend"].get(name).is_some(), "{name} of the Frontend API is not in the help");
        }
        for name in all["organizations"][0].as_object().unwrap().keys() {
            assert!(shown["organizations"][0].get(name).is_some(), "{name} of an organization is not in the help");
        }
    }
}
