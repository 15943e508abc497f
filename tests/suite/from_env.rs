//! Clients that are configured by the environment. Each runs in its own process, because a test must not change its own environment.

use std::process::{Command, Output};

use clerk_sessions_fake::{FakeClerk, FakeServer, Seed};

use crate::examples::{TRANSPORTS, call, stderr, stdout};

fn get(transport: &str, variables: &[(&str, &str)]) -> Output {
    let mut command: Command = call(transport, "GetSession", r#"{"session_id":"sess_demo_active"}"#);
    command.envs(variables.iter().copied()).output().unwrap()
}

#[test]
fn the_key_and_the_url_are_read_from_the_environment() {
    let server = FakeServer::start(FakeClerk::new(Seed::demo())).unwrap();
    let (url, key) = (server.api_url(), server.secret_key());
    for transport in TRANSPORTS {
        for url in [url.clone(), format!("{url}/"), format!("{url}/v1")] {
            let output = get(transport, &[("CLERK_SECRET_KEY", &key), ("CLERK_API_URL", &url)]);
            assert!(output.status.success(), "{}", stderr(&output));
            assert!(stdout(&output).contains("\"sess_demo_active\""));
        }
    }
}

#[test]
fn a_missing_key_and_an_unsafe_url_are_errors() {
    for transport in TRANSPORTS {
        let output = get(transport, &[]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("CLERK_SECRET_KEY is not set"), "{}", stderr(&output));
        let output = get(transport, &[("CLERK_SECRET_KEY", "sk_test_1"), ("CLERK_API_URL", "http://clerk.example")]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("base_url is plain http to another machine"), "{}", stderr(&output));
    }
}
