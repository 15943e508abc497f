//! Compiles the published packages with the oldest version of each direct dependency that their manifests allow.
//!
//! It does so in a copy of the manifests and sources, so that `Cargo.lock` and the other packages of the workspace have no
//! influence on the versions.

use std::fs;
use std::path::Path;

use crate::Result;
use crate::packages::{Package, members_range, published};
use crate::shell::Shell;

pub(crate) fn run(shell: &mut Shell) -> Result {
    let copy = shell.root().join("target/minimal-versions/workspace");
    let _ = fs::remove_dir_all(&copy);
    let packages = published(shell.root())?;
    write_workspace(shell.root(), &packages, &copy)?;

    // The option is unstable; with this variable, stable Cargo accepts it. The variable is not set for the build, where build
    // scripts would take a stable compiler for a nightly one.
    let mut update = shell.command("cargo update --quiet -Z direct-minimal-versions");
    shell.run_command(update.current_dir(&copy).env("RUSTC_BOOTSTRAP", "1"))?;
    let mut check = shell.command("cargo check --workspace --all-features --locked");
    let target = shell.root().join("target/minimal-versions/target");
    shell.run_command(check.current_dir(&copy).env("CARGO_TARGET_DIR", target))
}

/// Writes a workspace that contains only the published packages.
fn write_workspace(root: &Path, packages: &[Package], copy: &Path) -> Result {
    fs::create_dir_all(copy)?;
    for package in packages {
        copy_folder(&root.join(&package.folder), &copy.join(&package.folder))?;
    }
    let mut manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let members: Vec<_> = packages.iter().map(|package| format!("\"{}\"", package.folder)).collect();
    manifest.replace_range(members_range(&manifest)?, &members.join(", "));
    // It names packages that are not in the copy.
    let manifest: String = manifest.split_inclusive('\n').filter(|line| !line.starts_with("default-members")).collect();
    fs::write(copy.join("Cargo.toml"), manifest)?;
    fs::copy(root.join("README.md"), copy.join("README.md"))?;
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "target" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to.join(name))?;
        } else {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}
