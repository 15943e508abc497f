//! Compares instruction counts with the limits in `tests/benches/instructions.rs`, and BENCHMARKS.md with its results.

use crate::Result;
use crate::shell::Shell;

pub(crate) fn run(shell: &mut Shell) -> Result {
    shell.require("valgrind")?;
    shell.require("gungraun-runner")?;
    shell.run("cargo bench --locked -p clerk-sessions-tests --bench instructions")?;
    shell.run("cargo test --manifest-path tests/speed/Cargo.toml --locked -p clerk-sessions-speed")?;
    shell.run("cargo speed check")
}
