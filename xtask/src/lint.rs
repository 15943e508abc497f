//! Checks that do not run the code.

use crate::packages::published;
use crate::shell::Shell;
use crate::{Result, minimal_versions, msrv, words};

pub(crate) fn run(shell: &mut Shell) -> Result {
    words::run(shell)?;
    clippy(shell)?;
    rustdoc(shell)?;
    deny(shell)?;
    features(shell)?;
    minimal_versions::run(shell)?;
    msrv::run(shell)
}

fn clippy(shell: &mut Shell) -> Result {
    shell.run("cargo clippy --workspace --all-targets --locked -- -D warnings")?;
    shell.run("cargo clippy --workspace --all-targets --locked --all-features -- -D warnings")?;
    // Package by package: in one build, the tests package would turn the adapters' default features on again. Without tests, as their
    // dependencies would have to be compiled for each package.
    for package in published(shell.root())? {
        let name = package.name;
        shell.run(&format!("cargo clippy -p {name} --locked --no-default-features -- -D warnings"))?;
    }
    // In the folder of the other builds, so that fewer dependencies are compiled twice.
    shell.run(
        "cargo clippy --manifest-path tests/speed/Cargo.toml --workspace --all-targets --locked --target-dir target \
         -- -D warnings",
    )
}

fn rustdoc(shell: &mut Shell) -> Result {
    for features in ["", " --all-features"] {
        let mut command = shell.command(&format!("cargo doc --workspace --no-deps --locked{features}"));
        shell.run_command(command.env("RUSTDOCFLAGS", "-D warnings"))?;
    }
    Ok(())
}

/// Licenses, duplicates and sources of all dependencies. Advisories are left to the scheduled workflow: they change while the
/// code does not, and their database has to be downloaded.
fn deny(shell: &mut Shell) -> Result {
    shell.require("cargo-deny")?;
    shell.run("cargo deny --locked check licenses bans sources")?;
    // deny.toml allows some duplicates that the bindings do not have.
    shell.run(
        "cargo deny --locked --config deny.toml --manifest-path bindings/Cargo.toml check -A unmatched-skip \
         licenses bans sources",
    )
}

/// Every feature alone, and every pair of features.
fn features(shell: &mut Shell) -> Result {
    shell.require("cargo-hack")?;
    for package in published(shell.root())? {
        let name = package.name;
        // These are features of reqwest alone, so they count as one: no code of the adapter depends on them.
        let group = match name.as_str() {
            "clerk-sessions-reqwest" => "--group-features socks,system-proxy",
            _ => "",
        };
        shell.run(&format!(
            "cargo hack check -p {name} --locked --feature-powerset --depth 2 --exclude-features default {group}"
        ))?;
    }
    Ok(())
}
