//! `conform`: runs the conformance table against a program in any language.

use std::env;
use std::io::{self, Write};
use std::process::{Command, ExitCode};

use clerk_sessions_tests::conformance;
use clerk_sessions_tests::program::Program;

const HELP: &str = "\
Runs the conformance table, tests/conformance.json, against a binding in any language.

Usage: conform PROGRAM [ARGUMENT]...

Starts PROGRAM, and a FakeClerk that PROGRAM has to call. For each case, PROGRAM reads four lines: the settings of a
client as JSON, the operationId, the parameters as JSON, and an empty line. It writes one line:
{\"result\": ...} or {\"error\": ...}.

Exits with 0 if PROGRAM conforms. Otherwise prints a line for each difference and exits with 1. On wrong usage,
exits with 2.
";

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        return told(&mut io::stderr(), HELP, 2);
    };
    if program == "--help" || program == "-h" {
        return told(&mut io::stdout(), HELP, 0);
    }
    let mut command = Command::new(&program);
    command.args(arguments);
    match Program::start(&mut command) {
        Ok(program) => match conformance::run(&program).as_slice() {
            [] => told(&mut io::stdout(), "it conforms\n", 0),
            differences => told(&mut io::stderr(), &format!("it does not conform\n{}\n", differences.join("\n")), 1),
        },
        Err(error) => told(&mut io::stderr(), &format!("conform: {}: {error}\n", program.to_string_lossy()), 1),
    }
}

fn told(stream: &mut dyn Write, text: &str, code: u8) -> ExitCode {
    // If the stream is closed, only the exit code can report the result.
    let _ = stream.write_all(text.as_bytes());
    ExitCode::from(code)
}
