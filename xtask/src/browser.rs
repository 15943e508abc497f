//! Drives Chromium through the example `webapp`, and through an app on Clerk's own library.

use std::env;

use crate::Result;
use crate::shell::Shell;

const FOLDER: &str = "tests/browser";

/// The environment variable with the path of a Chromium.
const CHROMIUM: &str = "CHROMIUM";

pub(crate) fn run(shell: &mut Shell) -> Result {
    for program in ["node", "npm"] {
        shell.require(program).map_err(|_| format!("{program} is not installed: install Node 20 with npm"))?;
    }
    if env::var_os(CHROMIUM).is_none() {
        shell.require("chromium")?;
    }
    let mut install = shell.command("npm ci --ignore-scripts --prefer-offline --no-audit --no-fund");
    install.current_dir(shell.root().join(FOLDER));
    shell.run_command(&mut install)?;
    shell
        .run("cargo build --locked -p clerk-sessions-tests -p clerk-sessions-fake --example webapp --bin fake-clerk")?;
    let mut runner = shell.command("node tests/browser/run.mjs");
    runner.args(shell.options());
    shell.run_command(&mut runner)
}
