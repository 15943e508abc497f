//! Packages the published crates, and runs the first command of the README.

use crate::Result;
use crate::packages::{published, selected};
use crate::shell::Shell;

pub(crate) fn run(shell: &mut Shell) -> Result {
    let packages = selected(&published(shell.root())?);
    shell.run(&format!("cargo package --locked --allow-dirty --no-verify {packages}"))?;
    shell.run("cargo run --locked --example quickstart")
}
