//! Calls on kept connections start no thread and make few system calls. Each measurement runs in its own process, which is this test
//! binary again.

use std::io::{Read as _, Write as _};
use std::process::{Command, Output};
use std::{env, fs, process};

use clerk_sessions_core::{Api, CreateSessionToken};
use clerk_sessions_reqwest::ReqwestTransport;
use clerk_sessions_tests::canned::{SESSION, SESSION_ID, token};
use clerk_sessions_tests::fault::Loopback;
use clerk_sessions_ureq::UreqTransport;
use clerk_sessions_ureq::ureq::Agent;
use serde_json::Value;

use crate::common::current_thread;

/// Starts a server that immediately responds with a session or a token.
fn server() -> Loopback {
    let response = |body: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let (session, token) = (response(SESSION), response(&token()));
    let handle = move |_, mut stream: &std::net::TcpStream| {
        let (mut request, mut chunk) = (Vec::new(), [0; 4096]);
        while let Ok(read @ 1..) = stream.read(&mut chunk) {
            request.extend_from_slice(&chunk[..read]);
            let is_post = request.starts_with(b"POST");
            if !request.ends_with(if is_post { b"\r\n\r\n{}" } else { b"\r\n\r\n" }) {
                continue;
            }
            request.clear();
            if stream.write_all(if is_post { &token } else { &session }.as_bytes()).is_err() {
                return;
            }
        }
    };
    Loopback::start(handle).unwrap()
}

/// A process that makes this number of calls of `client` to the server at this URL, one after the other.
fn calls(launcher: &[&str], client: &str, count: usize, url: &str) -> Command {
    let binary = env::current_exe().unwrap();
    let mut words = launcher.iter().map(AsRef::as_ref).chain([binary.as_os_str()]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args(["--exact", "system_calls::makes_calls", "--ignored"]);
    command.envs([("CALLS_BY", client), ("CALLS_COUNT", &count.to_string()), ("CALLS_URL", url)]);
    command
}

#[test]
#[ignore = "a program that the other tests of this file run"]
fn makes_calls() {
    let [client, count, url] = ["CALLS_BY", "CALLS_COUNT", "CALLS_URL"].map(|name| env::var(name).unwrap());
    let repeat = |call: &dyn Fn()| (0..count.parse::<usize>().unwrap()).for_each(|_| call());
    let api = Api::builder("sk_test_1").base_url(&url).build().unwrap();
    let ureq = || clerk_sessions_ureq::Client::new(api.clone(), UreqTransport::builder().no_proxy().build().unwrap());
    let agent: Agent = Agent::config_builder().proxy(None).build().into();
    match client.as_str() {
        "ureq get" => {
            let clerk = ureq();
            repeat(&|| drop(clerk.sessions().get(SESSION_ID).unwrap()));
        }
        "ureq token" => {
            let clerk = ureq();
            repeat(&|| drop(clerk.sessions().create_token(CreateSessionToken::new(SESSION_ID)).unwrap()));
        }
        "ureq get by hand" => repeat(&|| {
            let mut response = agent.get(format!("{url}/sessions/{SESSION_ID}")).call().unwrap();
            drop(serde_json::from_slice::<Value>(&response.body_mut().read_to_vec().unwrap()).unwrap());
        }),
        "ureq token by hand" => repeat(&|| {
            let mut response = agent.post(format!("{url}/sessions/{SESSION_ID}/tokens")).send("{}").unwrap();
            drop(serde_json::from_slice::<Value>(&response.body_mut().read_to_vec().unwrap()).unwrap());
        }),
        "reqwest get" => {
            let transport = ReqwestTransport::builder().no_proxy().build().unwrap();
            let clerk = clerk_sessions_reqwest::Client::new(api, transport);
            let runtime = current_thread();
            repeat(&|| drop(runtime.block_on(clerk.sessions().get(SESSION_ID)).unwrap()));
        }
        "reqwest get by hand" => {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let runtime = current_thread();
            let url = format!("{url}/sessions/{SESSION_ID}");
            let get = async || client.get(&url).send().await.unwrap().bytes().await.unwrap();
            repeat(&|| drop(serde_json::from_slice::<Value>(&runtime.block_on(get())).unwrap()));
        }
        other => panic!("{other}"),
    }
}

fn printed(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text)).join("\n")
}

#[test]
fn calls_to_an_address_start_no_thread() {
    let server = server();
    // No thread can be started with a stack of this size. The test of the process then runs on its main thread.
    let run = |client, count, host| {
        let mut command = calls(&[], client, count, &format!("http://{host}:{}/v1", server.addr().port()));
        command.env("RUST_MIN_STACK", (usize::MAX / 4).to_string()).output().unwrap()
    };
    for client in ["ureq get", "ureq token", "reqwest get"] {
        let output = run(client, 10_000, "127.0.0.1");
        assert!(output.status.success(), "{client}: {}", printed(&output));
    }
    // Looking up a name does start a thread, which shows that the test can detect one.
    let output = run("ureq get", 1, "localhost");
    assert!(!output.status.success() && printed(&output).contains("failed to spawn thread"), "{}", printed(&output));
}

/// The number of system calls of each further call, or `None` if strace is missing or not permitted to trace.
fn system_calls(client: &str, url: &str) -> Option<f64> {
    let file = env::temp_dir().join(format!("clerk-sessions-strace-{}-{}", process::id(), client.replace(' ', "-")));
    let count = |calls_made| {
        let traced = calls(&["strace", "-f", "-o", file.to_str()?], client, calls_made, url).output().ok()?;
        let lines = fs::read_to_string(&file).ok()?;
        assert!(traced.status.success() || lines.is_empty(), "{client}: {}", printed(&traced));
        // A system call that another thread interrupts is printed on two lines.
        let count = lines.lines().filter(|line| line.contains('(') && !line.contains(" resumed>")).count();
        (count > 0).then_some(count)
    };
    let (few, many) = (count(100), count(300));
    let _ = fs::remove_file(&file);
    Some((many? as f64 - few? as f64) / 200.0)
}

#[test]
fn a_call_over_ureq_makes_no_more_system_calls_than_a_hand_written_one() {
    let server = server();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}/v1", server.addr().port());
        for call in ["ureq get", "ureq token"] {
            let Some(ours) = system_calls(call, &url) else {
                println!("skipped: strace is not there, or may not trace");
                return;
            };
            let by_hand = system_calls(&format!("{call} by hand"), &url).unwrap();
            println!("{call} at {host}: {ours} system calls; by hand, without time limits, {by_hand}");
            // A write, a read, and three to check that the connection is open.
            assert!(ours > 4.5 && ours < 5.5 && ours <= by_hand, "{call} at {host}: {ours}; by hand {by_hand}");
        }
    }
}

#[test]
fn a_call_over_reqwest_makes_as_many_system_calls_as_one_by_hand() {
    let server = server();
    let url = format!("http://{}/v1", server.addr());
    let Some(ours) = system_calls("reqwest get", &url) else {
        println!("skipped: strace is not there, or may not trace");
        return;
    };
    let by_hand = system_calls("reqwest get by hand", &url).unwrap();
    println!("reqwest get: {ours} system calls; by hand, without time limits, {by_hand}");
    assert!(ours <= by_hand + 0.5, "{ours}; by hand {by_hand}");
}
