//! `fake-clerk`: a Clerk Sessions API on a loopback port, for programs in any language.

use std::fs;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use clerk_sessions_fake::{FakeClerk, FakeServer, Seed};
use lexopt::{Arg, Parser, ValueExt};

const HELP: &str = "\
A Clerk Sessions API in memory, to test programs against.

Usage: fake-clerk [--addr ADDR:PORT] [--state FILE] [--seed-user ID]...

  --addr ADDR:PORT  where to listen, a loopback address [default: 127.0.0.1:0, a free port]
  --state FILE      start with the seed in this JSON file [default: a small demo]
  --seed-user ID    add a user with two active sessions
  --help            show this

Prints CLERK_API_URL=... and CLERK_SECRET_KEY=... for a shell to source, then serves until killed.
While it runs, POST /_fake/reset, /_fake/script and /_fake/handshake control it, and
GET /_fake/requests shows what arrived.
";

/// How many sessions each `--seed-user` has.
const SESSIONS_PER_USER: usize = 2;

/// What the command line asks for.
enum Command {
    Help,
    Serve { addr: SocketAddr, seed: Seed },
}

fn main() -> ExitCode {
    let done = match command(Parser::from_env()) {
        Ok(Command::Help) => io::stdout().write_all(HELP.as_bytes()),
        Ok(Command::Serve { addr, seed }) => serve(addr, seed),
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
    Ok(Command::Serve { addr, seed })
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
