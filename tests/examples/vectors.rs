//! Runs the vectors of token verification: `cargo run --example vectors [-- FOLDER]`.
//!
//! It prints a line for each vector that fails, then `NAME passed/total` for each kind, then how many are open. The default folder is
//! `tests/vectors`.

use std::path::PathBuf;
use std::process::ExitCode;

use clerk_sessions_tests::vectors;

fn main() -> ExitCode {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");
    let folder = std::env::args_os().nth(1).map_or_else(|| own.into(), PathBuf::from);
    match vectors::run(&folder) {
        Ok(tallies) => {
            print!("{}", vectors::report(&tallies));
            ExitCode::from(u8::from(tallies.iter().any(|tally| !tally.failures.is_empty())))
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
