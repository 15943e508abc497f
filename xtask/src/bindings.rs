//! Runs the test script of the bindings.

use crate::Result;
use crate::shell::Shell;

pub(crate) fn run(shell: &mut Shell) -> Result {
    for program in ["gcc", "valgrind", "ruby", "python3"] {
        shell.require(program)?;
    }
    shell.run("bash bindings/test.sh")
}
