//! Runs the quickstart program.

use std::path::PathBuf;
use std::process::{Command, Output};

use clerk_sessions_fake::{FakeClerk, FakeServer, Seed};

/// The example's program: `cargo test` builds it beside the test binaries.
fn quickstart() -> Command {
    let test_binary = std::env::current_exe().unwrap();
    let folder: PathBuf = test_binary.parent().unwrap().parent().unwrap().join("examples");
    let mut command = Command::new(folder.join("quickstart").with_extension(std::env::consts::EXE_EXTENSION));
    command.env_clear().env("NO_PROXY", "127.0.0.1");
    command
}

/// Checks that the program succeeded, and returns its output.
fn stdout(output: &Output) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{stdout}\n{}", String::from_utf8_lossy(&output.stderr));
    stdout
}

#[test]
fn it_runs_all_seven_operations_over_both_transports() {
    let stdout = stdout(&quickstart().output().unwrap());
    for transport in ["ureq", "reqwest"] {
        for name in ["list", "create", "get", "refresh", "revoke", "create_token", "create_token_from_template"] {
            let line = format!("{transport:<8}{name:<27}");
            assert!(stdout.lines().any(|text| text.starts_with(&line)), "{name}: {stdout}");
        }
    }
    assert!(!stdout.contains("eyJ"), "no token is printed: {stdout}");
}

#[test]
fn it_only_reads_if_a_secret_key_is_set() {
    let server = FakeServer::start(FakeClerk::new(Seed::demo())).unwrap();
    let mut command = quickstart();
    command.env("CLERK_API_URL", server.api_url()).env("CLERK_SECRET_KEY", server.secret_key());
    stdout(&command.output().unwrap());
    let arrived = server.fake().take_requests();
    assert!(!arrived.is_empty());
    assert!(arrived.iter().all(|request| request.method == "GET"), "{arrived:?}");
}
