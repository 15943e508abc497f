//! Runs all tests of the workspace: those of `cargo test`, of the members that it leaves out, and those that need other features. With
//! the official OpenAPI file, the drift test runs, too.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::shell::Shell;

/// The environment variable with the path of the OpenAPI file.
const VARIABLE: &str = "CLERK_OPENAPI";

const BESIDE_THE_CHECKOUT: &str = "../shared/api/sessions.openapi.yml";

pub(crate) fn run(shell: &mut Shell) -> Result {
    let openapi = openapi(shell.root(), std::env::var_os(VARIABLE))?;
    let mut whole = shell.command("cargo test --locked");
    shell.run_command(with_openapi(&mut whole, openapi.as_deref()))?;
    // The members that `cargo test` leaves out.
    shell.run("cargo test --locked -p clerk-sessions-actix")?;
    shell.run("cargo test --locked -p clerk-sessions-tests --no-default-features --test suite http2")?;
    shell.run("cargo test --locked -p clerk-sessions-ureq --features socks-proxy --lib")?;
    for adapter in ["clerk-sessions-ureq", "clerk-sessions-reqwest"] {
        let features = "--no-default-features --features rustls-no-provider";
        shell.run(&format!("cargo test --locked -p {adapter} {features} --test no_provider"))?;
    }
    if openapi.is_none() {
        shell.skip("drift test, as CLERK_OPENAPI is not set and there is no ../shared/api/sessions.openapi.yml");
    }
    Ok(())
}

/// Passes the path of the OpenAPI file to the tests. Without a file, they must not inherit the variable.
fn with_openapi<'a>(command: &'a mut Command, openapi: Option<&Path>) -> &'a mut Command {
    match openapi {
        Some(path) => command.env(VARIABLE, path),
        None => command.env_remove(VARIABLE),
    }
}

/// The path in the variable, which must exist; without the variable, the file beside the checkout, if there is one.
fn openapi(root: &Path, variable: Option<OsString>) -> Result<Option<PathBuf>> {
    let Some(name) = variable else {
        return Ok(root.join(BESIDE_THE_CHECKOUT).canonicalize().ok().filter(|path| path.is_file()));
    };
    // Made absolute here, where cargo was started: cargo starts each test in the folder of its package.
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
    fn each_member_that_cargo_test_leaves_out_has_a_step() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert_eq!(crate::packages::left_out(root).unwrap(), ["web-actix"]);
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

    #[test]
    fn the_tests_get_the_absolute_path_or_no_variable() {
        let given = |openapi: Option<&Path>| -> Option<OsString> {
            let mut command = Command::new("cargo");
            // As inherited from the caller.
            command.env(VARIABLE, "Cargo.toml");
            with_openapi(&mut command, openapi);
            let (_, value) = command.get_envs().find(|(name, _)| *name == VARIABLE).unwrap();
            value.map(OsString::from)
        };
        let path = openapi(nowhere(), Some("Cargo.toml".into())).unwrap().unwrap();
        assert_eq!(given(Some(&path)), Some(path.into()));
        assert_eq!(given(None), None);
    }
}
