//! Runs the example programs.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use clerk_sessions_fake::{FakeClerk, FakeServer, ScriptedResponse, Seed};
use clerk_sessions_ureq::ureq::Agent;
use serde_json::{Value, json};

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

/// A token of a user who is signed in until this time, in seconds.
fn token_until(fake: &FakeClerk, expires_at: i64) -> String {
    fake.sign(&json!({
        "azp": "https://app.example.com", "exp": expires_at, "iat": 951_782_400, "nbf": -2_208_988_800_i64, "fva": [3, -1],
        "sid": "sess_1", "sub": "user_1", "name": "\u{1b}[2J",
    }))
}

/// 2099-12-31 23:59:59 UTC.
const FAR: i64 = 4_102_444_799;

/// A file that tests give to an example.
fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("clerk-sessions-{}-{name}", std::process::id()));
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn verify_mints_a_token_and_verifies_it() {
    let output = example("verify").output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    for text in
        ["  alg   \"RS256\"\n", "verified: user_demo is signed in, with the session sess_demo\n", ", in 59 s)\n"]
    {
        // A second may have passed.
        let found = stdout(&output).replace("in 60 s", "in 59 s").contains(text);
        assert!(found, "{text} is not in {}", stdout(&output));
    }
}

#[test]
fn verify_shows_times_as_dates_and_nothing_that_changes_the_terminal() {
    let fake = FakeClerk::new(Seed::default());
    let pem = file("dates.pem", &fake.pem());
    let output = example("verify").arg("--pem").arg(&pem).arg(token_until(&fake, FAR)).output().unwrap();
    fs::remove_file(pem).unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    for text in [
        "expires 2099-12-31 23:59:59 UTC, in ",
        "is valid from 1900-01-01 00:00:00 UTC, ",
        "was made at 2000-02-29 00:00:00 UTC, ",
        "first factor 3 min before, second factor never",
        "verified: user_1 is signed in",
    ] {
        assert!(stdout(&output).contains(text), "{text} is not in {}", stdout(&output));
    }
    assert!(!stdout(&output).contains('\u{1b}'));
}

#[test]
fn verify_says_which_check_failed() {
    let fake = FakeClerk::new(Seed::default());
    let jwks = file("checks.json", &fake.jwks().to_string());
    let good = token_until(&fake, FAR);
    let mut other = FakeClerk::new(Seed::default());
    other.rotate_keys(false);
    let pending = fake.sign(&json!({ "sub": "user_1", "sid": "sess_1", "exp": FAR, "sts": "pending" }));
    // The claims of one token with the signature of another.
    let mixed = format!("{}.{}", good.rsplit_once('.').unwrap().0, pending.rsplit_once('.').unwrap().1);
    for (token, party, expected) in [
        (good.as_str(), "https://app.example.com", "verified: user_1"),
        (&good, "https://app.example.com/", "rejected: token-invalid-authorized-parties\n"),
        (&token_until(&fake, 951_782_460), "https://app.example.com", "rejected: token-expired\n  why:    it expired "),
        (&token_until(&other, FAR), "https://app.example.com", "rejected: jwk-kid-mismatch\n"),
        (&mixed, "https://app.example.com", "rejected: token-invalid-signature\n"),
        ("not a token", "https://app.example.com", "rejected: token-invalid\n  why:    it does not have three parts"),
        (&pending, "", "pending: "),
    ] {
        let mut command = example("verify");
        command.arg("--jwks").arg(&jwks).arg(token);
        if !party.is_empty() {
            command.args(["--party", party]);
        }
        let output = command.output().unwrap();
        let code = i32::from(!expected.starts_with("verified"));
        assert_eq!(output.status.code(), Some(code), "{expected}: {}{}", stdout(&output), stderr(&output));
        assert!(stdout(&output).contains(expected), "{expected} is not in {}", stdout(&output));
    }
    fs::remove_file(jwks).unwrap();
}

#[test]
fn verify_fetches_keys_with_the_secret_key() {
    let server = server();
    let token = token_until(&server.fake(), FAR);
    let output = against(example("verify").arg(&token), &server);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains(&format!("keys: {}\n", server.base_url())), "{}", stdout(&output));
    assert_eq!(server.fake().jwks_requests(), 1);

    let mut command = example("verify");
    command.env("CLERK_API_URL", server.api_url()).env("CLERK_SECRET_KEY", "sk_test_wrong").arg(&token);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert!(stderr(&output).contains("secret-key-invalid"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("sk_test_wrong"));
}

#[test]
fn verify_reads_a_token_from_stdin() {
    let fake = FakeClerk::new(Seed::default());
    let pem = file("stdin.pem", &fake.pem());
    let mut command = example("verify");
    let command = command.arg("--pem").arg(&pem).arg("-");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{}", token_until(&fake, FAR)).unwrap();
    assert!(child.wait().unwrap().success());
    fs::remove_file(pem).unwrap();
}

#[test]
fn verify_exits_with_2_on_wrong_usage_and_without_keys() {
    for arguments in [
        &["--pem", "/no/such/file", "token"][..],
        &["--pem", "a", "--jwks", "b", "token"],
        &["--publishable-key", "sk_test_1", "token"],
        &["--publishable-key", "pk_test_Y2xlcmsuZXhhbXBsZS5jb20k"],
        &["--verbose"],
        &["token", "more"],
    ] {
        let output = example("verify").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(!output.stderr.is_empty());
    }
    let help = example("verify").arg("--help").output().unwrap();
    assert!(help.status.success() && stdout(&help).starts_with("usage: verify"), "{}", stderr(&help));
}

#[test]
fn web_apps_show_pages_to_everybody_and_send_visitors_of_others_to_the_sign_in_page() {
    for (name, options) in [("webapp", &[][..]), ("webapp", &["--development", "--token"]), ("blocking_webapp", &[])] {
        let mut app = Running(example(name).args(options).stdout(Stdio::piped()).spawn().unwrap());
        let mut lines = BufReader::new(app.0.stdout.take().unwrap()).lines().map(Result::unwrap);
        let url = lines.next().unwrap();
        let host = url.strip_prefix("http://").unwrap();
        let address = host.replace("app.localhost", "127.0.0.1");
        let agent =
            Agent::config_builder().proxy(None).http_status_as_error(false).max_redirects(0).build().new_agent();
        let get = |path: &str, dest: &str| {
            let request =
                agent.get(format!("http://{address}{path}")).header("host", host).header("sec-fetch-dest", dest);
            let mut response = request.call().unwrap();
            let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
            (response.status().as_u16(), location.unwrap_or_default(), response.body_mut().read_to_string().unwrap())
        };
        let (status, _, body) = get("/", "empty");
        assert!(status == 200 && body.contains("href=\"/me\""), "{status} {body}");
        for path in ["/me", "/admin"] {
            assert_eq!(get(path, "empty").0, 401);
            let (status, location, _) = get(&format!("{path}?q=1"), "document");
            let back = format!("redirect_url=http%3A%2F%2F{}%2F{}%3Fq%3D1", host.replace(':', "%3A"), &path[1..]);
            // A development instance has to know the browser first.
            let page = if options.is_empty() { "/sign-in?" } else { "/v1/client/handshake?" };
            let is_right = location.starts_with("http://clerk.app.localhost:") && location.contains(page);
            assert!(status == 307 && is_right && location.contains(&back), "{status} {location}");
        }
        if name == "webapp" {
            let fake = lines.next().unwrap();
            assert!(fake.starts_with("FakeClerk: http://127.0.0.1:"), "{fake}");
            assert!(body.contains(">visitor<") && body.contains("http://clerk.app.localhost:"), "{body}");
            assert!(get("/me", "empty").2.contains("<h1>Not signed in</h1>"));
            assert_eq!(get("/api/me", "empty").2, r#"{"error":"not signed in"}"#);
        }
    }
}
