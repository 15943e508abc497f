//! `fake-clerk`: a Clerk Sessions API on a loopback port, for programs in any language.

use std::fs;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use clerk_sessions_fake::{FakeClerk, FakeServer, Seed};
use lexopt::{Arg, Parser, ValueExt};

const HELP: &str = r#"A Clerk Sessions API in memory, to test programs against.

Usage: fake-clerk [--addr ADDR:PORT] [--state FILE] [--seed-user ID]...

  --addr ADDR:PORT  where to listen, a loopback address [default: 127.0.0.1:0, a free port]
  --state FILE      start with the state in this JSON file [default: a small demo: user_demo, org_demo, and the
                    sessions sess_demo_active, _pending, _impersonated, _revoked and _expired]
  --seed-user ID    add a user with two active sessions; may be given several times
  -h, --help        show this

Prints CLERK_API_URL=... and CLERK_SECRET_KEY=... for a shell to source, then serves until killed:

  fake-clerk --seed-user user_123 >fake.env &
  sleep 1; . ./fake.env
  curl -H "Authorization: Bearer $CLERK_SECRET_KEY" "$CLERK_API_URL/v1/sessions?user_id=user_123"

STATE FILE

Every field may be left out; an unknown one is refused. Times are Unix milliseconds.

  {
    "secret_keys": ["sk_test_1"],
    "users": ["user_1"],
    "organizations": [
      { "id": "org_1", "slug": "acme", "role": "org:admin", "permissions": ["org:invoices:read"] }
    ],
    "templates": ["hasura"],
    "sessions": [
      { "id": "sess_1", "user_id": "user_1", "last_active_organization_id": "org_1" },
      { "id": "sess_2", "status": "pending", "tasks": [{ "key": "choose-organization" }] },
      { "id": "sess_3", "actor": { "sub": "user_support" }, "created_at": 1763900000000 }
    ],
    "now": 1763900000000,
    "production": false,
    "rate_limit": { "requests": 100, "per_ms": 10000 },
    "rate_limit_scope": "key",
    "max_limit": 100,
    "list_shape": "as_asked",
    "revoke_ended": "ok",
    "nulls": "null",
    "signature": "rsa",
    "keep_requests": 1000,
    "keep_body_bytes": 65536
  }

  secret_keys       the keys accepted [default: sk_test_fake_clerk_not_a_secret]
  users, organizations, templates
                    what there is; a request for another one gets a 404
  sessions          also client_id, last_active_at, expire_at, abandon_at, updated_at, latest_activity, and fva, the
                    token claim; what is left out is made up
  now               the clock stands still at this time [default: it runs]
  production        a production instance creates no sessions
  rate_limit        so many requests in so long a window, then 429 [default: none]
  rate_limit_scope  "key": all requests of a key share it; "endpoint": each operation has its own
  max_limit         the most sessions in one list [default: 500, as the API allows]
  list_shape        "as_asked", "array" or "paginated"
  revoke_ended      revoking a session that has expired, say: "ok" or "error"
  nulls             an optional field that a session lacks: "null" or "absent"
  signature         "rsa", or "none" for tokens with a constant in place of the signature
  keep_requests, keep_body_bytes
                    what is kept to be shown at /_fake/requests

CONTROL

These routes need no key, are not recorded and count towards no rate limit.

  POST /_fake/reset      start over with the state it was started with; or with the state in the body, as above
      curl -X POST $CLERK_API_URL/_fake/reset
      curl -d '{"users": ["user_1"]}' $CLERK_API_URL/_fake/reset

  POST /_fake/script     responses for the next requests, in order, in place of the usual ones
      curl -d '[{"status": 429, "headers": {"Retry-After": "2"}}, {"status": 500, "body": "<html>"}]' \
          $CLERK_API_URL/_fake/script

  GET /_fake/requests    the newest requests, oldest first: method, target, headers, body, body_length; the header
                         X-Requests-Dropped says how many older ones were dropped. DELETE shows and forgets them.
      curl -i $CLERK_API_URL/_fake/requests

  POST /_fake/clock      moves the clock, or stops it at a time; GET shows it. The unit is milliseconds.
      curl -d '{"advance_ms": 604800000}' $CLERK_API_URL/_fake/clock
      curl -d '{"set_ms": 1763900000000}' $CLERK_API_URL/_fake/clock

  POST /_fake/handshake  what a browser holds once its session token has expired: expired_token, refresh_token
      curl -d '{"session_id": "sess_demo_active", "origin": "https://app.example.com"}' \
          $CLERK_API_URL/_fake/handshake
"#;

/// How many sessions each `--seed-user` has.
const SESSIONS_PER_USER: usize = 2;

/// What the command line asks for.
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
    // With stderr closed, the exit code is all that can be told.
    let _ = writeln!(io::stderr(), "fake-clerk: {error}");
    ExitCode::from(code)
}

fn command(mut arguments: Parser) -> Result<Command, lexopt::Error> {
    let mut addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut seed = None;
    let mut users = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("addr") => addr = arguments.value()?.parse_with(loopback)?,
            Arg::Long("state") => seed = Some(read_seed(Path::new(&arguments.value()?))?),
            Arg::Long("seed-user") => users.push(arguments.value()?.string()?),
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    let mut seed = seed.unwrap_or_else(Seed::demo);
    for user in users {
        seed.add_user(&user, SESSIONS_PER_USER);
    }
    Ok(Command::Serve { addr, seed: Box::new(seed) })
}

fn loopback(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse::<SocketAddr>()
        .ok()
        .filter(|addr| addr.ip().is_loopback())
        .ok_or("not a loopback address with a port, such as 127.0.0.1:8080")
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
    stdout.flush()?;
    loop {
        std::thread::park();
    }
}

/// The text as one shell word: a key from a file may hold anything.
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
    }
}
