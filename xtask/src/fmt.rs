//! Checks the formatting of all four workspaces.

use crate::Result;
use crate::shell::Shell;

pub(crate) fn run(shell: &mut Shell) -> Result {
    shell.run("cargo fmt --all --check")?;
    shell.run("cargo fmt --all --check --manifest-path bindings/Cargo.toml")?;
    shell.run("cargo fmt --all --check --manifest-path tests/fuzz/Cargo.toml")?;
    shell.run("cargo fmt --all --check --manifest-path tests/speed/Cargo.toml")
}
