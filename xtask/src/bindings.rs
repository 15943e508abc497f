//! The bindings, which have a test script of their own.

use crate::Result;
use crate::shell::Shell;

pub(crate) fn run(shell: &mut Shell) -> Result {
    for program in ["gcc", "valgrind", "ruby", "python3"] {
        shell.require(program)?;
    }
    shell.run("bash bindings/test.sh")
}
