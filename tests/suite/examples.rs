//! Runs the example programs.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use clerk_sessions_fake::{FakeClerk, FakeServer, ScriptedResponse, Seed};
use clerk_sessions_ureq::ureq::Agent;
use serde_json::Value;

pub(crate) const TRANSPORTS: [&str; 2] = ["ureq", "reqwest"];

/// An example's program: `cargo test` builds the examples beside the test binaries.
fn example(name: &str) -> Command {
    let test_binary = std::env::current_exe().unwrap();
    let folder: PathBuf = test_binary.parent().unwrap().parent().unwrap().join("examples");
    let mut command = Command::new(folder.join(name).with_extension(std::env::consts::EXE_EXTENSION));
    command.env_clear().env("NO_PROXY", "127.0.0.1");
    command
}

/// `call --transport TRANSPORT OPERATION PARAMETERS`, with an empty environment.
pub(crate) fn call(transport: &str, operation: &str, parameters: &str) -> Command {
    let mut command = example("call");
    command.args(["--transport", transport, operation, parameters]);
    command
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn server() -> FakeServer {
    FakeServer::start(FakeClerk::new(Seed::demo())).unwrap()
}

fn against(command: &mut Command, server: &FakeServer) -> Output {
    command.env("CLERK_API_URL", server.api_url()).env("CLERK_SECRET_KEY", server.secret_key()).output().unwrap()
}

#[test]
fn call_prints_the_server_s_json() {
    let server = server();
    for transport in TRANSPORTS {
        let output = against(&mut call(transport, "GetSession", r#"{"session_id":"sess_demo_active"}"#), &server);
        assert!(output.status.success(), "{}", stderr(&output));
        let session: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(session["id"], "sess_demo_active");
    }
}

#[test]
fn call_prints_an_error_as_one_json_object() {
    let server = server();
    for transport in TRANSPORTS {
        server.fake().script(vec![ScriptedResponse {
            status: 403,
            headers: [("cf-ray".to_owned(), "ray_1".to_owned())].into(),
            body: "{}".to_owned(),
        }]);
        let output = against(&mut call(transport, "GetSession", r#"{"session_id":"sess_demo_active"}"#), &server);
        assert_eq!((output.status.code(), stdout(&output)), (Some(1), String::new()));
        let error: Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(
            (&error["kind"], &error["status"], &error["trace_id"]),
            (&"api".into(), &403.into(), &"ray_1".into())
        );
        let fields: Vec<_> = error.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, ["attempts", "code", "kind", "message", "retry_after_ms", "status", "trace_id"]);
    }
}

#[test]
fn call_shows_its_usage_when_asked() {
    for option in ["--help", "-h"] {
        let output = example("call").arg(option).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        for text in ["usage: call", "GetSessionList", "CLERK_SECRET_KEY"] {
            assert!(stdout(&output).contains(text), "{}", stdout(&output));
        }
    }
}

#[test]
fn call_exits_with_2_on_wrong_usage() {
    for arguments in [
        &[][..],
        &["GetSession"],
        &["--transport", "curl", "GetSession", "{}"],
        &["--transport", "ureq", "GetSession", "{}", "more"],
        &["--verbose", "GetSession", "{}"],
        &["GetSessions", "{}"],
    ] {
        let output = example("call").args(arguments).env("CLERK_SECRET_KEY", "sk_test_1").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn revoke_others_keeps_the_given_session() {
    let mut seed = Seed::default();
    seed.add_user("user_many", 12);
    let server = FakeServer::start(FakeClerk::new(seed)).unwrap();
    let listed = against(&mut call("ureq", "GetSessionList", r#"{"user_id":"user_many","limit":500}"#), &server);
    let sessions: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap();
    let kept = sessions[3]["id"].as_str().unwrap();
    let output = against(example("revoke_others").args(["user_many", kept]), &server);
    assert!(output.status.success(), "{}", stderr(&output));
    let listed = against(&mut call("ureq", "GetSessionList", r#"{"user_id":"user_many","status":"active"}"#), &server);
    let active: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(active.len(), 1);
    assert_eq!(active[0]["id"], kept);
}

/// Kills a program at the end of a test, even if the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn mint_service_mints_a_token_for_the_signed_in_session() {
    let server = server();
    let mut command = example("mint_service");
    command.env("CLERK_API_URL", server.api_url()).env("CLERK_SECRET_KEY", server.secret_key());
    let mut service = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut url = String::new();
    BufReader::new(service.0.stdout.take().unwrap()).read_line(&mut url).unwrap();

    let agent = Agent::config_builder().proxy(None).http_status_as_error(false).build().new_agent();
    let mint = |session: &str, template: &str| {
        let request = agent.post(format!("{}/token/{template}", url.trim())).header("x-session-id", session);
        let mut response = request.send_empty().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    };
    let (status, body) = mint("sess_demo_active", "demo");
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["jwt"].as_str().unwrap().split('.').count(), 3);
    assert_eq!(mint("sess_nowhere", "demo").0, 404);
    server.fake().script(vec![ScriptedResponse { status: 500, headers: BTreeMap::new(), body: String::new() }]);
    assert_eq!(mint("sess_demo_active", "demo").0, 502);
}
