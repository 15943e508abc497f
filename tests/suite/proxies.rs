//! Which proxy the adapters use, and how they report one that does not connect. Each test runs a program with its own environment.

use std::process::Output;
use std::thread;

use clerk_sessions_core::Error;
use clerk_sessions_tests::fault::{FaultServer, Step};
use clerk_sessions_ureq::UreqTransport;
use clerk_sessions_ureq::ureq::{Agent, Proxy};
use serde_json::Value;

use crate::examples::{TRANSPORTS, call, stderr};

use Step::{Close, Read, Reset, Write};

const PASSWORD: &str = "hunter2";

/// Gets a session in a process with these environment variables.
fn get(transport: &str, base_url: &str, variables: &[(&str, String)]) -> Output {
    let mut command = call(transport, "GetSession", r#"{"session_id":"sess_1"}"#);
    command.env_remove("NO_PROXY").env("CLERK_SECRET_KEY", "sk_test_1").env("CLERK_API_URL", base_url);
    command.envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap()
}

fn error(output: &Output) -> Value {
    serde_json::from_slice(&output.stderr).unwrap_or_else(|_| panic!("{}", stderr(output)))
}

/// The proxy URL of this server.
fn proxy(scheme: &str, server: &FaultServer) -> String {
    format!("{scheme}://user:{PASSWORD}@{}", server.addr())
}

/// The URL of a request; environment variables, in which `{http}`, `{https}` and `{all}` stand for proxies; and where the request is
/// sent: to one of the proxies, or directly to the server.
struct Rule(&'static str, &'static [(&'static str, &'static str)], &'static str);

const RULES: [Rule; 27] = [
    Rule("http", &[], "direct"),
    Rule("https", &[], "direct"),
    Rule("http", &[("HTTP_PROXY", "{http}")], "http"),
    Rule("https", &[("HTTP_PROXY", "{http}")], "direct"),
    Rule("http", &[("HTTPS_PROXY", "{https}")], "direct"),
    Rule("https", &[("HTTPS_PROXY", "{https}")], "https"),
    Rule("http", &[("HTTP_PROXY", "{http}"), ("HTTPS_PROXY", "{https}")], "http"),
    Rule("https", &[("HTTP_PROXY", "{http}"), ("HTTPS_PROXY", "{https}")], "https"),
    Rule("http", &[("ALL_PROXY", "{all}"), ("HTTPS_PROXY", "{https}")], "all"),
    Rule("https", &[("ALL_PROXY", "{all}"), ("HTTPS_PROXY", "{https}")], "https"),
    Rule("https", &[("ALL_PROXY", "{all}"), ("HTTP_PROXY", "{http}")], "all"),
    Rule("http", &[("http_proxy", "{http}"), ("https_proxy", "{https}")], "http"),
    Rule("https", &[("http_proxy", "{http}"), ("https_proxy", "{https}")], "https"),
    Rule("https", &[("all_proxy", "{all}")], "all"),
    Rule("https", &[("HTTPS_PROXY", "{https}"), ("https_proxy", "{all}")], "https"),
    Rule("http", &[("HTTP_PROXY", "{http}"), ("REQUEST_METHOD", "GET")], "direct"),
    Rule("https", &[("ALL_PROXY", "{all}"), ("NO_PROXY", "localhost")], "direct"),
    Rule("https", &[("ALL_PROXY", "{all}"), ("NO_PROXY", "example.com, .localhost")], "direct"),
    Rule("https", &[("ALL_PROXY", "{all}"), ("NO_PROXY", "host")], "all"),
    Rule("http", &[("ALL_PROXY", "{all}"), ("NO_PROXY", "*")], "direct"),
    Rule("https", &[("ALL_PROXY", "{all}"), ("no_proxy", "localhost")], "direct"),
    Rule("https 127.0.0.1", &[("ALL_PROXY", "{all}"), ("NO_PROXY", "localhost")], "all"),
    Rule("https 127.0.0.1", &[("ALL_PROXY", "{all}"), ("NO_PROXY", "127.0.0.1")], "direct"),
    Rule("http 127.0.0.1", &[("ALL_PROXY", "{all}"), ("NO_PROXY", "127.0.0.0/8")], "direct"),
    Rule("https 127.0.0.1", &[("ALL_PROXY", "{all}"), ("NO_PROXY", "10.0.0.0/8,::1")], "all"),
    Rule("https 127.0.0.1", &[("ALL_PROXY", "{all}"), ("NO_PROXY", "*")], "all"),
    Rule("https", &[("HTTPS_PROXY", "no proxy"), ("ALL_PROXY", "{all}")], "all"),
];

/// The servers that received the request.
fn went(transport: &str, Rule(url, variables, _): &Rule) -> Vec<&'static str> {
    let names = ["direct", "http", "https", "all"];
    let servers = names.map(|name| (name, FaultServer::start([Close]).unwrap()));
    let (scheme, host) = url.split_once(' ').unwrap_or((url, "localhost"));
    let url = format!("{scheme}://{host}:{}", servers[0].1.addr().port());
    let filled = variables.iter().map(|(variable, value)| {
        let named = servers.iter().find(|(name, _)| *value == format!("{{{name}}}"));
        (*variable, named.map_or((*value).to_owned(), |(_, server)| proxy("http", server)))
    });
    assert!(!get(transport, &url, &filled.collect::<Vec<_>>()).status.success());
    servers.iter().filter(|(_, server)| server.connections() > 0).map(|(name, _)| *name).collect()
}

#[test]
fn both_adapters_choose_the_same_proxy_from_the_environment() {
    let differences = thread::scope(|scope| {
        let runs = RULES.iter().flat_map(|rule| TRANSPORTS.map(|transport| (rule, transport)));
        let runs = runs.map(|(rule, transport)| scope.spawn(move || (rule, transport, went(transport, rule))));
        let runs = runs.collect::<Vec<_>>().into_iter().map(|run| run.join().unwrap());
        let different = runs.filter(|(Rule(.., expected), _, went)| *went != [*expected]);
        different
            .map(|(Rule(url, variables, expected), transport, went)| {
                format!("{transport}, {url} with {variables:?}: {went:?}, not {expected}")
            })
            .collect::<Vec<_>>()
    });
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Responses to `CONNECT` that do not open a tunnel.
fn refusals() -> Vec<(&'static str, Vec<Step>)> {
    let write = |text: &str| [Read, Write(text.as_bytes().to_vec()), Close].to_vec();
    let many = |count| (0..count).map(|number| format!("x-{number}: y\r\n")).collect::<String>();
    vec![
        ("407", write("HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n")),
        ("403", write("HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n\r\nno!\n")),
        ("502", write("HTTP/1.1 502 Bad Gateway\r\n\r\n")),
        ("302", write("HTTP/1.1 302 Found\r\nlocation: http://login.example/\r\n\r\n")),
        ("garbage", write("\x16\x03\x01garbage\r\n\r\n")),
        ("another protocol", write("SSH-2.0-OpenSSH_9.9\r\n\r\n")),
        ("30 headers", write(&format!("HTTP/1.1 502 Bad Gateway\r\n{}\r\n", many(30)))),
        (
            "an endless head",
            [Read, Write(b"HTTP/1.1 200 OK\r\n".to_vec()), Step::WriteForever(many(999).into())].to_vec(),
        ),
        ("half a head", write("HTTP/1.1 200 Conn")),
        ("nothing", [Read, Close].to_vec()),
        ("a reset", [Read, Reset].to_vec()),
        ("closed at once", [Close].to_vec()),
        ("refused", Vec::new()),
    ]
}

#[test]
fn the_error_for_a_proxy_that_does_not_connect_names_its_host() {
    let run = |name: &str, script: &[Step], transport: &str| {
        let server = if script.is_empty() { FaultServer::refusing() } else { FaultServer::start(script) }.unwrap();
        let output = get(transport, "https://clerk.example", &[("HTTPS_PROXY", proxy("http", &server))]);
        let (error, printed) = (error(&output), stderr(&output));
        let message = error["message"].to_string();
        let as_expected = message.contains(
            "could not connect to the server (nothing was sent; check the base URL, the network and any proxy)",
        ) && message.contains(&server.addr().to_string())
            && !printed.contains(PASSWORD);
        (!as_expected).then(|| format!("{transport}, {name}: {printed}"))
    };
    let refusals = refusals();
    let differences: Vec<_> = thread::scope(|scope| {
        let runs = refusals.iter().flat_map(|refusal| TRANSPORTS.map(|transport| (refusal, transport)));
        let runs = runs.map(|((name, script), transport)| scope.spawn(move || run(name, script, transport)));
        runs.collect::<Vec<_>>().into_iter().filter_map(|run| run.join().unwrap()).collect()
    });
    assert!(differences.is_empty(), "{}", differences.join(""));
}

/// The features for SOCKS proxies are disabled in this build.
#[test]
fn an_unusable_socks_proxy_is_an_error_and_is_not_bypassed() {
    for scheme in ["socks4", "socks4a", "socks5", "socks5h"] {
        for transport in TRANSPORTS {
            let [server, socks] = [(); 2].map(|()| FaultServer::start([Close]).unwrap());
            let url = format!("https://localhost:{}", server.addr().port());
            let output = get(transport, &url, &[("HTTPS_PROXY", proxy(scheme, &socks))]);
            let (error, message) = (error(&output), stderr(&output));
            match transport {
                "ureq" => assert!(error["kind"] == "build" && message.contains("feature socks-proxy"), "{message}"),
                _ => assert!(message.contains("could not connect to the server (nothing was sent; check the base URL, the network and any proxy)"), "{message}"),
            }
            assert!(!message.contains(PASSWORD), "{message}");
            assert_eq!((server.connections(), socks.connections()), (0, 0));
        }
    }
}

#[test]
fn a_socks_proxy_set_in_ureq_without_its_feature_is_refused() {
    let proxy = Proxy::new("socks5://127.0.0.1:1080").unwrap();
    let set = UreqTransport::builder().configure(|config| config.proxy(Some(proxy.clone()))).build();
    let brought = UreqTransport::with_agent(Agent::config_builder().proxy(Some(proxy)).build().into());
    for result in [set, brought] {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Build(_)) && error.to_string().contains("feature socks-proxy"), "{error}");
    }
}
