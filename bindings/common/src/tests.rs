//! The border: settings, calls out of turn, pages and revoke-all.

use clerk_sessions_core::Delivery;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A session with only its required fields.
fn minimal() -> Value {
    json!({
        "object": "session", "id": "sess_1", "user_id": "user_1", "client_id": "client_1", "status": "active",
        "last_active_at": 1, "expire_at": 2, "abandon_at": 3, "updated_at": 4, "created_at": 5,
    })
}

fn client() -> Client {
    Client::new(br#"{"secret_key":"sk_test_hidden","options":{"max_attempts":2}}"#).unwrap()
}

/// Runs a call to its end with these responses. Returns the requests and the result.
fn run(mut call: Call, mut respond: impl FnMut(&Request) -> (u16, Vec<u8>)) -> (Vec<String>, Result<Value, Value>) {
    let (mut requests, mut now) = (Vec::new(), 0);
    loop {
        match call.step(now).unwrap() {
            Step::Send(request) => {
                requests.push(format!(
                    "{} {}",
                    request.method,
                    request.url.trim_start_matches("https://api.clerk.com/v1")
                ));
                let (status, body) = respond(&request);
                call.on_response::<&str, &str>(status, [], body, now).unwrap();
            }
            Step::Wait { ms } => now += ms,
            Step::Done => break,
        }
    }
    let outcome = call.finish();
    (requests, outcome.map(|json| serde_json::from_slice(&json).unwrap()).map_err(|error| json!(error)))
}

fn refused(settings: &str) -> String {
    Client::new(settings.as_bytes()).unwrap_err().to_string()
}

#[test]
fn settings_and_options_are_checked() {
    assert_eq!(refused("nonsense"), "settings are not a JSON object");
    assert_eq!(refused("{"), "settings can't be read: EOF while parsing an object");
    assert_eq!(refused("{}"), "secret_key is missing");
    assert!(refused(r#"{"secret_key":"sk_1","timeout":3}"#).starts_with("timeout can't be read: unknown field"));
    assert!(refused(r#"{"secret_key":"sk_1","base_url":"http://example.com"}"#).starts_with("base_url "));
    assert!(!refused(r#"{"secret_key":["sk_hidden"]}"#).contains("hidden"));
    assert!(!refused("{\"secret_key\":\"sk_hidden\0\"}").contains("hidden"));
    let (requests, outcome) = run(client().call("GetSessionList", b"", br#"{"max_attempts":"3"}"#), |_| unreachable!());
    assert!(requests.is_empty());
    assert_eq!(outcome.unwrap_err()["message"], "max_attempts can't be read: invalid type: string, expected u32");
}

#[test]
fn every_setting_reaches_the_request() {
    let settings = json!({
        "secret_key": "sk_test_1", "api_url": "http://127.0.0.1:4010", "api_version": "2025-11-10",
        "user_agent_suffix": "clerk-sessions-python/1", "headers": {"x-team": "a"}, "allow_insecure_http": false,
        "options": {
            "attempt_timeout_ms": 1500, "deadline_ms": 9000, "max_attempts": 1, "backoff_base_ms": 1, "backoff_factor": 1,
            "backoff_cap_ms": 1, "max_retry_after_ms": 1, "max_total_wait_ms": 1, "seed": 1, "retry_non_idempotent": true,
        },
    });
    let client = Client::new(settings.to_string().as_bytes()).unwrap();
    let mut call = client.call("RevokeSession", br#"{"session_id":"sess_1"}"#, b"");
    let Step::Send(request) = call.step(0).unwrap() else { panic!() };
    assert_eq!((&*request.method, &*request.url), ("POST", "http://127.0.0.1:4010/v1/sessions/sess_1/revoke"));
    assert_eq!((request.timeout_ms, request.body.len()), (1500, 0));
    let header = |name: &str| request.headers.iter().find(|(is, _)| is == name).map(|(_, value)| value.as_str());
    assert_eq!(header("authorization"), Some("Bearer sk_test_1"));
    assert_eq!(header("clerk-api-version"), Some("2025-11-10"));
    assert_eq!(header("x-team"), Some("a"));
    assert_eq!(header("content-length"), Some("0"));
    assert!(header("user-agent").unwrap().ends_with(" clerk-sessions-python/1"));
    assert!(!format!("{request:?} {call:?} {client:?}").contains("sk_test"));
    // The options of a call override those of the client.
    let mut call = client.call("GetSession", br#"{"session_id":"sess_1"}"#, br#"{"attempt_timeout_ms":700}"#);
    assert!(matches!(call.step(0).unwrap(), Step::Send(Request { timeout_ms: 700, .. })));
    call.on_response::<&str, &str>(500, [], Vec::new(), 1).unwrap();
    assert!(matches!(call.step(1).unwrap(), Step::Done), "max_attempts of the client is still 1");
}

#[test]
fn a_method_called_out_of_turn_is_an_error_and_changes_nothing() {
    let mut call = client().call("GetSession", br#"{"session_id":"sess_1"}"#, b"");
    let said = |error: Error| error.to_string();
    let response = |call: &mut Call| call.on_response::<&str, &str>(200, [], minimal().to_string().into(), 0);
    assert_eq!(said(response(&mut call).unwrap_err()), "on_response was called out of turn: next is step");
    assert_eq!(said(call.finish().unwrap_err()), "finish was called out of turn: next is step");
    assert!(matches!(call.step(0).unwrap(), Step::Send(_)));
    assert_eq!(said(call.step(0).unwrap_err()), "step was called out of turn: next is on_response or on_failure");
    response(&mut call).unwrap();
    assert!(response(&mut call).is_err());
    for _ in 0..2 {
        assert!(matches!(call.step(0).unwrap(), Step::Done));
    }
    call.finish().unwrap();
    assert_eq!(said(call.finish().unwrap_err()), "finish was called out of turn: next is nothing, as it is finished");
    assert!(call.step(0).is_err());
}

#[test]
fn an_invalid_http_status_is_a_transport_error() {
    let options = br#"{"max_attempts":1}"#;
    for status in [0, 99, 1000, u16::MAX] {
        let mut call = client().call("GetSession", br#"{"session_id":"sess_1"}"#, options);
        call.step(0).unwrap();
        call.on_response(status, [("x", "y")], Vec::new(), 0).unwrap();
        call.step(0).unwrap();
        assert_eq!(call.finish().unwrap_err().kind(), "transport");
    }
    let mut call = client().call("GetSession", br#"{"session_id":"sess_1"}"#, options);
    call.step(0).unwrap();
    call.on_response(404, [("a b", "x"), ("cf-ray", "ray_1"), ("x", "\n")], Vec::new(), 0).unwrap();
    call.step(0).unwrap();
    assert_eq!(call.finish().unwrap_err().trace_id(), Some("ray_1"));
    let mut call = client().call("GetSession", br#"{"session_id":"sess_1"}"#, options);
    call.step(0).unwrap();
    call.on_failure(Failure::new(Delivery::NotSent, "tls", "certificate of sk_test_hidden has\nexpired"), 0).unwrap();
    call.step(0).unwrap();
    assert_eq!(
        json!(call.finish().unwrap_err())["message"],
        "GetSession: could not make a secure connection to the server (nothing was sent; check the certificates and any proxy): certificate of [redacted] has expired"
    );
}

fn sessions(range: std::ops::Range<u32>) -> Vec<Value> {
    let session = |number| {
        let mut session = minimal();
        session["id"] = json!(format!("sess_{number:04}"));
        session["brand_new"] = json!(1.5);
        session
    };
    range.map(session).collect()
}

#[test]
fn pages_return_each_session_once_with_all_its_fields() {
    for with_total in [true, false] {
        let mut pages = client().pages(br#"{"user_id":"user_1","limit":100}"#, b"");
        let mut all = Vec::new();
        while let Some(call) = pages.next_page() {
            let (_, page) = run(call, |request| {
                let offset: u32 = request.url.rsplit("offset=").next().unwrap().parse().unwrap();
                // A session that was created since the last page moves the others back by one.
                let page = sessions(offset.saturating_sub(1).min(250)..(offset + 100).min(250));
                let page = if with_total { json!({"data": page, "total_count": 250}) } else { json!(page) };
                (200, page.to_string().into_bytes())
            });
            all.extend(page.unwrap().as_array().unwrap().clone());
        }
        assert_eq!(all, sessions(0..250));
    }
}

#[test]
fn pages_end_after_a_failed_call() {
    for parameters in [r#"{"limit":0}"#, "[]", "{}"] {
        let mut pages = client().pages(parameters.as_bytes(), b"");
        let (_, page) = run(pages.next_page().unwrap(), |_| (403, Vec::new()));
        assert!(page.is_err());
        assert!(pages.next_page().is_none());
    }
    let mut pages = client().pages(b"", b"");
    let _unfinished = pages.next_page().unwrap();
    assert!(pages.next_page().is_none());
}

#[test]
fn an_unreadable_session_in_a_page_is_an_error_that_names_its_place() {
    for (field, value, fault) in [
        ("client_id", Value::Null, "[1].client_id: can't be read: invalid type: null, expected a string"),
        ("last_active_at", json!("hidden"), "[1].last_active_at: can't be read: invalid type: string, expected"),
    ] {
        let mut broken = minimal();
        broken[field] = value;
        let body = json!([minimal(), broken]).to_string().into_bytes();
        let mut pages = client().pages(b"", b"");
        let (_, outcome) = run(pages.next_page().unwrap(), |_| (200, body.clone()));
        let error = outcome.unwrap_err();
        assert_eq!(error["kind"], "decode");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(fault) && !message.contains("hidden"), "{message}");
        assert!(pages.next_page().is_none());
    }
}

#[test]
fn a_page_with_a_session_of_another_user_is_an_error() {
    for parameters in [r#"{"user_id":"user_2"}"#, r#"{"client_id":"client_2"}"#] {
        let mut pages = client().pages(parameters.as_bytes(), b"");
        let body = json!(sessions(0..2)).to_string().into_bytes();
        let (_, page) = run(pages.next_page().unwrap(), |_| (200, body.clone()));
        let error = page.unwrap_err();
        assert_eq!(error["kind"], "decode");
        assert!(error["message"].as_str().unwrap().contains("than the one asked for"), "{error}");
    }
}

#[test]
fn revoke_all_is_one_call() {
    let mut active = sessions(0..4);
    let call = client().revoke_all(br#"{"user_id":"user_1","except":["sess_0002"]}"#, br#"{"max_attempts":1}"#);
    let (requests, report) = run(call, |request| {
        if request.method == "GET" {
            let page = json!({"data": active, "total_count": active.len()});
            return (200, page.to_string().into_bytes());
        }
        if request.url.contains("sess_0003") {
            return (500, Vec::new());
        }
        let at = active.iter().position(|session| request.url.contains(session["id"].as_str().unwrap())).unwrap();
        (200, active.remove(at).to_string().into_bytes())
    });
    let report = report.unwrap();
    assert_eq!(report["revoked"], json!(["sess_0000", "sess_0001"]));
    assert_eq!(
        (&report["failed"][0]["session_id"], &report["failed"][0]["error"]["status"]),
        (&json!("sess_0003"), &json!(500))
    );
    assert_eq!(
        (&report["incomplete"], &report["is_complete"], &report["gone"]),
        (&Value::Null, &json!(false), &json!([]))
    );
    assert!(requests[1].starts_with("POST /sessions/sess_0000/revoke"), "{requests:?}");

    for (parameters, message) in [
        ("{}", "user_id or client_id is missing"),
        (r#"{"user_id":"u","client_id":"c"}"#, "user_id and client_id exclude each other"),
        (r#"{"user_id":"u","except":[""]}"#, "except is empty"),
        (r#"{"user_id":""}"#, "GetSessionList: user_id is empty (nothing was sent)"),
    ] {
        let (requests, outcome) = run(client().revoke_all(parameters.as_bytes(), b""), |_| unreachable!());
        assert_eq!((requests.len(), outcome.unwrap_err()["message"].as_str()), (0, Some(message)));
    }
}

#[test]
fn the_listed_operations_match_the_registry() {
    let operations: Value = serde_json::from_str(&operations()).unwrap();
    assert_eq!(operations.as_array().unwrap().len(), registry::OPERATIONS.len());
    let expected = json!({
        "id": "GetSession", "name": "get", "method": "GET", "path": "/sessions/{session_id}", "idempotency": "safe",
    });
    assert_eq!(operations[2], expected);
}

#[test]
fn all_types_can_be_sent_to_another_thread() {
    fn is_plain<T: Send + 'static>() {}
    is_plain::<(Client, Call, Pages, Step, Failure)>();
    fn is_shared<T: Sync>() {}
    is_shared::<Client>();
}

#[derive(Clone, Debug)]
enum Action {
    Step(u64),
    Response(u16, Vec<u8>, String, u64),
    Failure(bool, String, u64),
    Finish,
}

fn action() -> impl Strategy<Value = Action> {
    let body = prop_oneof![
        Just(minimal().to_string().into_bytes()),
        Just(json!([minimal()]).to_string().into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..32),
    ];
    let status = prop_oneof![Just(200), Just(429), Just(503), any::<u16>()];
    prop_oneof![
        4 => any::<u64>().prop_map(Action::Step),
        4 => (status, body, "[ -~]{0,4}", any::<u64>()).prop_map(|(status, body, header, now)| Action::Response(status, body, header, now)),
        1 => (any::<bool>(), ".{0,8}", any::<u64>()).prop_map(|(sent, message, now)| Action::Failure(sent, message, now)),
        1 => Just(Action::Finish),
    ]
}

proptest! {
    #[test]
    fn methods_called_in_any_order_do_not_panic(
        actions in proptest::collection::vec(action(), 0..40), which in 0..9_usize, parameters in "\\PC{0,12}", garbled in any::<bool>()
    ) {
        let client = client();
        let parameters = if garbled { parameters } else { r#"{"session_id":"sess_1"}"#.to_owned() };
        let mut call = match which {
            0 => client.revoke_all(if garbled { parameters.as_bytes() } else { br#"{"user_id":"user_1"}"# }, b""),
            1 => client.pages(if garbled { parameters.as_bytes() } else { b"" }, b"").next_page().unwrap(),
            _ => client.call(registry::OPERATIONS[which - 2].metadata().id, parameters.as_bytes(), b""),
        };
        let mut finished = 0;
        for action in actions {
            let awaited = call.awaits_report();
            match action {
                Action::Step(now) => { let _ = call.step(now); }
                Action::Response(status, body, header, now) => {
                    let reported = call.on_response(status, [("retry-after", &header)], body, now);
                    prop_assert_eq!(reported.is_ok(), awaited);
                }
                Action::Failure(sent, message, now) => {
                    let delivery = if sent { Delivery::MaybeSent } else { Delivery::NotSent };
                    prop_assert_eq!(call.on_failure(Failure::new(delivery, "timeout", message), now).is_ok(), awaited);
                }
                Action::Finish => {
                    let outcome = call.finish();
                    let in_turn = !matches!(&outcome, Err(Error::Build(error)) if error.field() == "finish");
                    finished += u32::from(in_turn);
                }
            }
        }
        prop_assert!(finished <= 1);
    }
}
