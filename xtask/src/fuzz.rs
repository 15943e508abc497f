//! Runs each fuzz target for a few seconds. `tests/fuzz/README.md` says how to fuzz for longer.

use crate::Result;
use crate::shell::Shell;

pub(crate) fn run(shell: &mut Shell) -> Result {
    shell.require("cargo-fuzz")?;
    shell.run("bash tests/fuzz/smoke.sh 3")
}
