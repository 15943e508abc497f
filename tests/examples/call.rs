//! Calls any operation from the shell: `call [--transport ureq|reqwest] OPERATION_ID 'PARAMS_JSON'`.
//!
//! Reads `CLERK_SECRET_KEY` and `CLERK_API_URL` from the environment. Prints the server's JSON to stdout. If the call fails, prints
//! the error as one JSON object to stderr and exits with 1. On wrong usage, exits with 2. `--help` lists the operations.

use std::io::{self, Write};
use std::process::ExitCode;

use clerk_sessions_core::call::CallContext;
use clerk_sessions_core::transport::{drive, drive_async};
use clerk_sessions_core::{ApiBuilder, Error, registry};
use lexopt::{Arg, Parser, ValueExt as _};

const USAGE: &str = "usage: call [--transport ureq|reqwest] OPERATION_ID 'PARAMS_JSON'";
const DETAILS: &str = "\
environment:
  CLERK_SECRET_KEY  the secret key (required)
  CLERK_API_URL     the URL of the API [default: https://api.clerk.com]

Prints the server's JSON to stdout. If the call fails, prints the error as JSON to stderr and exits with 1.
";

#[derive(Clone, Copy)]
enum Transport {
    Ureq,
    Reqwest,
}

/// The parsed command line.
enum Command {
    Help,
    Call { transport: Transport, operation: &'static registry::Entry, params: String },
}

fn main() -> ExitCode {
    let known: Vec<_> = registry::OPERATIONS.iter().map(|entry| entry.metadata().id).collect();
    let usage = format!("{USAGE}\noperations: {}", known.join(", "));
    let (transport, operation, params) = match command(Parser::from_env()) {
        Ok(Command::Call { transport, operation, params }) => (transport, operation, params),
        Ok(Command::Help) => return print(format!("{usage}\n{DETAILS}").as_bytes()),
        Err(error) => {
            eprintln!("call: {error}\n{usage}");
            return ExitCode::from(2);
        }
    };
    match call(transport, operation, &params) {
        Ok(json) => print(&json),
        Err(error) => {
            eprintln!("{}", serde_json::to_string(&error).unwrap_or_else(|_| error.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn print(text: &[u8]) -> ExitCode {
    match io::stdout().write_all(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn command(mut arguments: Parser) -> Result<Command, lexopt::Error> {
    let mut transport = Transport::Ureq;
    let mut values = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("transport") => transport = arguments.value()?.parse_with(named)?,
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            Arg::Value(value) => values.push(value.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let [operation, params] = <[String; 2]>::try_from(values).map_err(|_| "expected OPERATION_ID and PARAMS_JSON")?;
    let operation = registry::find(&operation).ok_or_else(|| format!("there is no operation {operation:?}"))?;
    Ok(Command::Call { transport, operation, params })
}

fn named(transport: &str) -> Result<Transport, &'static str> {
    match transport {
        "ureq" => Ok(Transport::Ureq),
        "reqwest" => Ok(Transport::Reqwest),
        _ => Err("must be ureq or reqwest"),
    }
}

fn call(transport: Transport, operation: &registry::Entry, params: &str) -> Result<Vec<u8>, Error> {
    let api = ApiBuilder::from_vars(|name| std::env::var(name).ok())?.build()?;
    let call = operation.call(&CallContext::new(api), params.as_bytes())?;
    let response = match transport {
        Transport::Ureq => drive(&clerk_sessions_ureq::UreqTransport::builder().build()?, call)?,
        Transport::Reqwest => {
            let transport = clerk_sessions_reqwest::ReqwestTransport::builder().build()?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(drive_async(&transport, call))?
        }
    };
    Ok(response.into_body())
}
