//! Counted instructions, against the limits in `tests/benches/instructions.rs`.

use crate::Result;
use crate::shell::Shell;

pub(crate) fn run(shell: &mut Shell) -> Result {
    shell.require("valgrind")?;
    shell.require("gungraun-runner")?;
    shell.run("cargo bench --locked -p clerk-sessions-tests --bench instructions")
}
