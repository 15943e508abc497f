//! Runs the program `fake-clerk`.

#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, reason = "a test may panic outside of the test functions, too")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn fake_clerk(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fake-clerk"));
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    fake_clerk(arguments).output().unwrap()
}

/// A running program, which is killed at the end of the test, even if the test fails.
struct Running {
    child: Child,
    /// `127.0.0.1:PORT`
    addr: String,
    key: String,
    publishable_key: String,
    proxy_url: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Running {
        let mut child = fake_clerk(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut value = |name: &str| {
            let line = lines.next().unwrap().unwrap();
            line.strip_prefix(name).unwrap().to_owned()
        };
        let addr = value("CLERK_API_URL=http://");
        let key = value("CLERK_SECRET_KEY=");
        let publishable_key = value("CLERK_PUBLISHABLE_KEY=");
        let proxy_url = value("CLERK_PROXY_URL=");
        Running { child, addr, key, publishable_key, proxy_url }
    }

    /// The status and the body of the response to a request.
    fn call(&self, method: &str, target: &str, body: &str) -> (u16, String) {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.addr,
            self.key.trim_matches('\''),
            body.len()
        );
        let mut stream = TcpStream::connect(&self.addr).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file that only this test uses.
fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn help_shows_every_option_and_route() {
    for option in ["--help", "-h"] {
        let output = run(&[option]);
        assert!(output.status.success());
        let help = String::from_utf8(output.stdout).unwrap();
        for name in ["--addr", "--state", "--seed-user", "--template"] {
            assert!(help.contains(name), "{name}");
        }
        for name in ["reset", "script", "requests", "clock", "handshake", "sign", "pem", "rotate", "jwks"] {
            assert!(help.contains(&format!("$CLERK_API_URL/_fake/{name}")), "{name} has an example");
        }
    }
}

#[test]
fn wrong_usage_and_bad_state_files_exit_with_2_and_a_message() {
    let bad = file("bad.json", r#"{"user": []}"#);
    for (arguments, message) in [
        (&["--verbose"][..], "--verbose"),
        (&["--addr", "0.0.0.0:80"], "loopback"),
        (&["--state", "no-such-file.json"], "no-such-file.json"),
        (&["--state", bad.to_str().unwrap()], "unknown field `user`"),
    ] {
        let output = run(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(message), "{stderr}");
    }
}

#[test]
fn it_starts_with_the_demo_and_the_seeded_users() {
    let fake = Running::start(&["--seed-user", "user_1", "--seed-user", "user_2"]);
    assert_eq!(fake.call("GET", "/v1/sessions/sess_demo_active", "").0, 200);
    assert_eq!(fake.publishable_key, "pk_test_ZmFrZS5jbGVyay5hY2NvdW50cy5kZXYk");
    assert_eq!(fake.proxy_url, format!("http://{}", fake.addr.replace("127.0.0.1", "clerk.app.localhost")));
    let handshake = format!("{}/v1/client/handshake?redirect_url=http://app.localhost:1/", fake.proxy_url);
    assert_eq!(fake.call("GET", &handshake, "").0, 307);
    for user in ["user_1", "user_2"] {
        let (status, sessions) = fake.call("GET", &format!("/v1/sessions?user_id={user}"), "");
        assert_eq!((status, sessions.matches(r#""object":"session""#).count()), (200, 2));
    }
}

#[test]
fn it_mints_tokens_from_the_templates_that_it_is_given_and_keeps_them_after_a_reset() {
    let state = file("templates.json", r#"{"users":["user_1"],"sessions":[{"id":"sess_1"}],"templates":["of_state"]}"#);
    let fake = Running::start(&["--template", "hasura", "--state", state.to_str().unwrap(), "--template", "supabase"]);
    for _ in 0..2 {
        for (template, expected) in [("hasura", 200), ("supabase", 200), ("of_state", 200), ("other", 404)] {
            let (status, body) = fake.call("POST", &format!("/v1/sessions/sess_1/tokens/{template}"), "");
            assert_eq!((status, body.contains(r#""jwt":"#)), (expected, expected == 200), "{template}: {body}");
        }
        assert_eq!(fake.call("POST", "/_fake/reset", "").0, 200);
    }
}

#[test]
fn a_reset_goes_back_to_the_state_file() {
    let state = r#"{"secret_keys":["sk it's"],"users":["user_1"],"sessions":[{"id":"sess_1"}]}"#;
    let state = file("state.json", state);
    let mut fake = Running::start(&["--state", state.to_str().unwrap()]);
    assert_eq!(fake.key, r"'sk it'\''s'", "the key is one word to a shell");
    fake.key = "sk it's".to_owned();
    assert_eq!(fake.call("POST", "/v1/sessions/sess_1/revoke", "").0, 200);
    assert_eq!(fake.call("POST", "/_fake/reset", "").0, 200);
    let (_, session) = fake.call("GET", "/v1/sessions/sess_1", "");
    assert!(session.contains(r#""status":"active""#), "{session}");
    assert_eq!(fake.call("GET", "/v1/sessions/sess_demo_active", "").0, 404);
}

#[test]
fn a_key_set_that_is_down_and_slow_is_controlled_from_another_process() {
    let fake = Running::start(&[]);
    let (status, keys) = fake.call("GET", "/.well-known/jwks.json", "");
    assert_eq!(status, 200);
    let setting = r#"{"content":{"response":{"status":503}},"delay_ms":50}"#;
    assert_eq!(fake.call("POST", "/_fake/jwks", setting).0, 200);
    let started = Instant::now();
    assert_eq!(fake.call("GET", "/v1/jwks", "").0, 503);
    assert!(started.elapsed() >= Duration::from_millis(50));
    let (_, shown) = fake.call("POST", "/_fake/jwks", "{}");
    assert!(shown.contains(r#""requests":2"#), "{shown}");

    let (_, rotated) = fake.call("POST", "/_fake/rotate", r#"{"keep_old":false}"#);
    assert_eq!(rotated, r#"{"kid":"ins_fake_clerk_2"}"#);
    let (status, new_keys) = fake.call("GET", "/v1/jwks", "");
    assert_eq!((status, new_keys == keys), (200, false));
    let (_, signed) = fake.call("POST", "/_fake/sign", r#"{"claims":{"sub":"user_1"}}"#);
    assert_eq!(signed.matches('.').count(), 2, "{signed}");
}
