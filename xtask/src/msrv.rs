//! Compiles the published packages with the oldest supported Rust, the `rust-version` of the workspace.
//!
//! The compiler is rustup's, if it has that version, or the one that `.ci/install-msrv` installed. Cargo is the usual one, as
//! only the compiler's version matters.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::Result;
use crate::packages::{published, selected};
use crate::shell::{Shell, TOOLS};

pub(crate) fn run(shell: &mut Shell) -> Result {
    let manifest = fs::read_to_string(shell.root().join("Cargo.toml"))?;
    let version = rust_version(&manifest).ok_or("Cargo.toml has no line `rust-version = \"…\"`")?;
    let rustc = compiler(shell, version)?;
    let packages = selected(&published(shell.root())?);
    let mut check = shell.command(&format!("cargo check --locked --all-features {packages}"));
    check.env("RUSTC", rustc).env("CARGO_TARGET_DIR", shell.root().join("target/msrv"));
    shell.run_command(&mut check)
}

fn compiler(shell: &Shell, version: &str) -> Result<PathBuf> {
    let of_rustup = shell.command(&format!("rustup which --toolchain {version} rustc")).output();
    let of_rustup = of_rustup.ok().filter(|output| output.status.success());
    let of_rustup = of_rustup.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let installed = shell.root().join(TOOLS).join(format!("rust-{version}/rustc"));
    let is_right = |rustc: &PathBuf| {
        let output = Command::new(rustc).arg("--version").output();
        output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).starts_with(&format!("rustc {version}.")))
    };
    of_rustup.into_iter().chain([installed]).find(is_right).ok_or_else(|| {
        format!("Rust {version} is not installed: run `bash .ci/install-msrv`, or `rustup toolchain install {version}`")
            .into()
    })
}

fn rust_version(manifest: &str) -> Option<&str> {
    manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_is_the_one_of_the_workspace() {
        assert_eq!(super::rust_version("edition = \"2024\"\nrust-version = \"1.85\"\n"), Some("1.85"));
        assert_eq!(super::rust_version("edition = \"2024\"\n"), None);
    }
}
