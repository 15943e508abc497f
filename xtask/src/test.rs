//! All tests of the workspace, those that need other features than the rest, and the drift test against the official OpenAPI
//! file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::shell::Shell;

const BESIDE_THE_CHECKOUT: &str = "../shared/api/sessions.openapi.yml";

pub(crate) fn run(shell: &mut Shell) -> Result {
    shell.run("cargo test --locked")?;
    shell.run("cargo test --locked -p clerk-sessions-tests --no-default-features --test suite http2")?;
    shell.run("cargo test --locked -p clerk-sessions-ureq --features socks-proxy --lib")?;
    for adapter in ["clerk-sessions-ureq", "clerk-sessions-reqwest"] {
        let features = "--no-default-features --features rustls-no-provider";
        shell.run(&format!("cargo test --locked -p {adapter} {features} --test no_provider"))?;
    }
    match openapi(shell.root(), std::env::var_os("CLERK_OPENAPI"))? {
        Some(path) => {
            let mut command = shell.command("cargo test --locked --test suite drift");
            shell.run_command(command.env("CLERK_OPENAPI", path))
        }
        None => {
            shell.skip("drift test, as CLERK_OPENAPI is not set and there is no ../shared/api/sessions.openapi.yml");
            Ok(())
        }
    }
}

/// The OpenAPI file: the one that the variable names, which has to exist, else the one beside the checkout, if there is one.
fn openapi(root: &Path, variable: Option<OsString>) -> Result<Option<PathBuf>> {
    let Some(name) = variable else {
        return Ok(root.join(BESIDE_THE_CHECKOUT).canonicalize().ok().filter(|path| path.is_file()));
    };
    // Relative to where cargo was started. Cargo starts each test in the folder of its package.
    match Path::new(&name).canonicalize() {
        Ok(path) if path.is_file() => Ok(Some(path)),
        _ => Err(format!("CLERK_OPENAPI names no file: {}", name.to_string_lossy()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nowhere() -> &'static Path {
        Path::new("/nowhere/checkout")
    }

    #[test]
    fn a_variable_that_names_no_file_is_an_error() {
        for name in ["", "no-such-file.yml", "src"] {
            let error = openapi(nowhere(), Some(name.into())).unwrap_err().to_string();
            assert_eq!(error, format!("CLERK_OPENAPI names no file: {name}"));
        }
    }

    #[test]
    fn a_variable_that_names_a_file_is_made_absolute() {
        let path = openapi(nowhere(), Some("Cargo.toml".into())).unwrap().unwrap();
        assert!(path.is_absolute() && path.ends_with("xtask/Cargo.toml"), "{}", path.display());
    }

    #[test]
    fn without_the_variable_and_the_default_file_there_is_none() {
        assert_eq!(openapi(nowhere(), None).unwrap(), None);
    }
}
