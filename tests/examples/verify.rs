//! Inspects a session token: shows its header and claims, verifies it, and tells which check failed and why.
//!
//! `cargo run --example verify` mints a token of FakeClerk and verifies it. `cargo run --example verify -- --help` lists the sources
//! of keys. Exits with 0 if the user is signed in, with 1 if the token is rejected or the session is pending, and with 2 if there
//! are no keys or the usage is wrong.

use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clerk_sessions_core::UnixMillis;
use clerk_sessions_fake::{FakeClerk, Seed, SeedSession};
use clerk_sessions_ureq::auth::{
    AuthorizedParties, Claims, Reason, Rejected, Rules, UnverifiedToken, Verified, Verifier, authenticator, crypto,
    public_authenticator,
};
use clerk_sessions_ureq::client_from_env;
use lexopt::{Arg, Parser, ValueExt as _};
use serde_json::{Map, Value, json};

const USAGE: &str = "\
usage: verify [--pem FILE | --jwks FILE | --publishable-key KEY] [--party ORIGIN]... [TOKEN | -]

Shows the header and the claims of a session token, and verifies it. With -, reads the token from stdin, so that it is not in
the history of the shell.

The keys come from the first of these that is there:
  --pem FILE             the public key of the instance
  --jwks FILE            a key set, such as https://api.clerk.com/v1/jwks serves
  --publishable-key KEY  the Frontend API that the key names; no secret key is needed
  CLERK_SECRET_KEY       the Backend API, or the one at CLERK_API_URL (environment variables)
  none of them           a FakeClerk in this process; without TOKEN, it mints one

  --party ORIGIN         accept only tokens of this origin (azp); may be repeated [default: all origins]

Exits with 0 if the user is signed in, 1 if the token is rejected or the session is pending, 2 if there are no keys or the usage
is wrong.
";

/// Where the keys come from.
enum Source {
    Pem(PathBuf),
    Jwks(PathBuf),
    PublishableKey(String),
    SecretKey,
    Fake,
}

struct Arguments {
    source: Source,
    parties: Vec<String>,
    token: Option<String>,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let outcome = match arguments(Parser::from_env()) {
        Ok(Some(arguments)) => inspect(arguments),
        Ok(None) => print(USAGE).map(|()| ExitCode::SUCCESS),
        Err(error) => Err(format!("{error}\n\n{USAGE}").into()),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("verify: {error}");
        ExitCode::from(2)
    })
}

fn print(text: &str) -> Result<(), Failure> {
    Ok(io::stdout().write_all(text.as_bytes())?)
}

/// The parsed command line; `None` if it asks for help.
fn arguments(mut parser: Parser) -> Result<Option<Arguments>, lexopt::Error> {
    let (mut source, mut parties, mut token) = (None, Vec::new(), None);
    while let Some(argument) = parser.next()? {
        let named = match argument {
            Arg::Long("pem") => Source::Pem(parser.value()?.into()),
            Arg::Long("jwks") => Source::Jwks(parser.value()?.into()),
            Arg::Long("publishable-key") => Source::PublishableKey(parser.value()?.string()?),
            Arg::Long("party") => {
                parties.push(parser.value()?.string()?);
                continue;
            }
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            Arg::Value(value) if token.is_none() => {
                token = Some(value.string()?);
                continue;
            }
            other => return Err(other.unexpected()),
        };
        if source.replace(named).is_some() {
            return Err("name one source of keys".into());
        }
    }
    let has_secret_key = std::env::var_os("CLERK_SECRET_KEY").is_some();
    let source = source.unwrap_or(if has_secret_key { Source::SecretKey } else { Source::Fake });
    if token.is_none() && !matches!(source, Source::Fake) {
        return Err("expected a TOKEN".into());
    }
    Ok(Some(Arguments { source, parties, token }))
}

fn inspect(arguments: Arguments) -> Result<ExitCode, Failure> {
    let fake = FakeClerk::new(demo());
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let token = match arguments.token {
        None => mint(&fake, now),
        Some(token) if token == "-" => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text)?;
            text.trim().to_owned()
        }
        Some(token) => token,
    };
    // What the token says comes first: it is of interest whether or not the keys can be fetched.
    if let Ok(unverified) = UnverifiedToken::decode(&token) {
        print(&described(&unverified, now))?;
    }
    let rules = Rules::new(match arguments.parties.as_slice() {
        [] => AuthorizedParties::any(),
        parties => AuthorizedParties::list(parties)?,
    });
    let (keys, verified) = verify(&arguments.source, &fake, &token, rules, now)?;
    print(&format!("keys: {keys}\n"))?;
    match verified {
        Ok(Verified::SignedIn(claims)) => {
            let (user, session) = (safe(claims.user_id()), safe(claims.session_id().unwrap_or_default()));
            print(&format!("verified: {user} is signed in, with the session {session}\n"))?;
            Ok(ExitCode::SUCCESS)
        }
        Ok(Verified::Pending(_)) => {
            print("pending: every check passed, but the user has to finish a task before they are signed in\n")?;
            Ok(ExitCode::FAILURE)
        }
        Err(rejected) => {
            print(&explained(&rejected))?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Where the keys came from, and the outcome.
fn verify(
    source: &Source,
    fake: &FakeClerk,
    token: &str,
    rules: Rules,
    now: Duration,
) -> Result<(String, Result<Verified, Rejected>), Failure> {
    let read = |path: &PathBuf| std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    Ok(match source {
        Source::Pem(path) => {
            let verifier = Verifier::pem(&read(path)?, crypto(), rules)?;
            (format!("the public key in {}", path.display()), verifier.verify(token, now))
        }
        Source::Jwks(path) => {
            let verifier = Verifier::jwks(&read(path)?, crypto(), rules)?;
            (format!("the key set in {}", path.display()), verifier.verify(token, now))
        }
        Source::PublishableKey(key) => {
            ("the Frontend API of the publishable key".to_owned(), public_authenticator(key, rules)?.verify(token)?)
        }
        Source::SecretKey => {
            let client = client_from_env()?;
            (client.context().api().base_url(), authenticator(&client, rules)?.verify(token)?)
        }
        Source::Fake => {
            let verifier = Verifier::jwks(&fake.jwks().to_string(), crypto(), rules)?;
            ("a FakeClerk in this process, new at each start".to_owned(), verifier.verify(token, now))
        }
    })
}

fn demo() -> Seed {
    let mut seed = Seed::default();
    seed.sessions.push(SeedSession::new("sess_demo", "user_demo"));
    seed
}

/// A token with the claims that a browser's session token has.
fn mint(fake: &FakeClerk, now: Duration) -> String {
    let now = now.as_secs();
    fake.sign(&json!({
        "azp": "https://app.example.com", "exp": now + 60, "fva": [3, -1], "iat": now, "iss": "https://clerk.example.com",
        "nbf": now - 10, "sid": "sess_demo", "sts": "active", "sub": "user_demo", "v": 2,
        "o": { "id": "org_demo", "slg": "acme", "rol": "admin" },
    }))
}

/// The header and the claims, a line for each member.
fn described(token: &UnverifiedToken, now: Duration) -> String {
    let claims = token.claims();
    let mut text = "header\n".to_owned();
    for (name, value) in members(token.header_json()) {
        let _ = writeln!(text, "  {:<5} {}", safe(&name), safe(&value.to_string()));
    }
    text += "claims\n";
    for (name, value) in members(claims.json()) {
        let note = note(&name, claims, now).map_or_else(String::new, |note| format!("  ({note})"));
        let _ = writeln!(text, "  {:<5} {}{note}", safe(&name), safe(&value.to_string()));
    }
    text
}

fn members(json: &str) -> Map<String, Value> {
    serde_json::from_str(json).unwrap_or_default()
}

/// The text without control characters, with which a token could change what a terminal shows.
fn safe(text: &str) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_unicode().to_string() } else { c.to_string() };
    text.chars().map(escaped).collect()
}

/// What a claim means: times as dates, the ages of factors in words.
fn note(name: &str, claims: &Claims, now: Duration) -> Option<String> {
    let (verb, time) = match name {
        "exp" => ("expires", claims.expires_at()?),
        "nbf" => ("is valid from", claims.not_before()?),
        "iat" => ("was made at", claims.issued_at()?),
        "fva" => {
            let ages = claims.factor_ages()?;
            let age = |age: Option<f64>| age.map_or("never".to_owned(), |minutes| format!("{minutes} min before"));
            return Some(format!("first factor {}, second factor {}", age(ages.first), age(ages.second)));
        }
        _ => return None,
    };
    Some(format!("{verb} {}, {}", date(time), relative(time, now)))
}

/// How far away a time is: `in 59 s`, `now`, `2 h ago`.
fn relative(time: UnixMillis, now: Duration) -> String {
    let seconds = i128::from(time.as_millis()).div_euclid(1000) - i128::from(now.as_secs());
    let distance = match seconds.unsigned_abs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds @ 7200..=172_799 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    };
    if seconds == 0 {
        return "now".to_owned();
    }
    if seconds < 0 { format!("{distance} ago") } else { format!("in {distance}") }
}

/// A time as a date in UTC, such as `2026-05-12 00:00:00 UTC`.
fn date(time: UnixMillis) -> String {
    let seconds = time.as_millis().div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years begin in March here, so that the leap day is the last day of a year; 400 years have 146,097 days.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", second / 3600, second / 60 % 60, second % 60)
}

/// Which check failed, why, and what to do.
fn explained(rejected: &Rejected) -> String {
    let advice = match rejected.reason() {
        Reason::TokenInvalid => "is it the whole token, and a session token?",
        Reason::TokenInvalidAlgorithm => "Clerk signs with RS256: who made this token?",
        Reason::TokenInvalidSignature | Reason::JwkKidMismatch => {
            "is the token of another instance, such as development in place of production, or was it changed?"
        }
        Reason::TokenInvalidAuthorizedParties => "compare azp with --party, byte by byte: scheme, host and port count",
        Reason::TokenInvalidIssuer => "compare iss with the Frontend API of the instance",
        Reason::TokenExpired => "session tokens live for a minute: get a new one, and verify it at once",
        Reason::TokenNotActiveYet | Reason::TokenIatInTheFuture => "is the clock of this machine slow?",
        _ => "compare the claims above with what the message expects",
    };
    format!("rejected: {}\n  why:    {}\n  advice: {advice}\n", rejected.reason(), safe(rejected.message()))
}
