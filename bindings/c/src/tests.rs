//! Tests of the C functions, which may be called in any order.

use std::ffi::{CStr, CString};
use std::path::Path;
use std::ptr;

use proptest::prelude::*;

use super::*;

const SETTINGS: &CStr = c"{\"secret_key\":\"sk_test_1\"}";

#[test]
fn the_header_is_up_to_date() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(dir.join("cbindgen.toml")).unwrap();
    let mut made = Vec::new();
    cbindgen::Builder::new().with_src(dir.join("src/lib.rs")).with_config(config).generate().unwrap().write(&mut made);
    let header = dir.join("include/clerk_sessions.h");
    if std::env::var_os("CLERK_WRITE_HEADER").is_some() {
        std::fs::write(&header, &made).unwrap();
    }
    let is = std::fs::read(&header).unwrap_or_default();
    assert!(is == made, "run CLERK_WRITE_HEADER=1 cargo test -p clerk-sessions-c header");
}

/// Runs a call with this response to every request. Returns whether it succeeded, and its JSON.
fn run(call: *mut clerk_call, status: u16, body: &[u8]) -> (bool, String) {
    let mut json = NOTHING;
    // SAFETY: the handle is valid or null, and what is pointed to lives as long as the calls.
    unsafe {
        let mut step = std::mem::zeroed::<clerk_step>();
        while clerk_call_step(call, 0, &raw mut step) != clerk_action::Done {
            assert_eq!(step.action, clerk_action::Send);
            assert!(CStr::from_ptr(step.url).to_str().unwrap().starts_with("https://api.clerk.com/v1/sessions"));
            assert!(clerk_call_on_response(call, status, ptr::null(), 0, body.as_ptr(), body.len(), 0));
        }
        let is_ok = clerk_call_finish(call, &raw mut json);
        let text = String::from_utf8(items_of(json.data, json.len).to_vec()).unwrap();
        clerk_call_free(call);
        (is_ok, text)
    }
}

#[test]
fn a_call_returns_its_json_or_its_error() {
    // SAFETY: texts are NUL-terminated, handles are freed once.
    unsafe {
        let client = clerk_client_new(SETTINGS.as_ptr());
        assert!(clerk_client_error(client).is_null());
        let token = || {
            clerk_call_new(client, c"CreateSessionToken".as_ptr(), c"{\"session_id\":\"sess_1\"}".as_ptr(), ptr::null())
        };
        assert_eq!(run(token(), 200, b"{\"jwt\":\"a.b.c\"}"), (true, "{\"jwt\":\"a.b.c\"}".to_owned()));
        let (is_ok, error) = run(token(), 404, b"<html>");
        assert!(!is_ok && error.contains("\"status\":404"), "{error}");
        // A body of 100 MB that is not JSON.
        let (is_ok, error) = run(token(), 200, &vec![b'x'; 100_000_000]);
        assert!(!is_ok && error.contains("\"kind\":\"decode\""), "{error}");
        let (is_ok, error) = run(clerk_call_new(client, c"nonsense".as_ptr(), ptr::null(), ptr::null()), 0, b"");
        assert!(!is_ok && error.contains("operation_id is not one of"), "{error}");
        let pages = clerk_pages_new(client, ptr::null(), ptr::null());
        assert_eq!(run(clerk_pages_next(pages), 200, b"[]"), (true, "[]".to_owned()));
        assert!(clerk_pages_next(pages).is_null());
        clerk_pages_free(pages);
        clerk_client_free(client);
    }
}

#[test]
fn the_error_is_that_of_the_last_function_called() {
    // SAFETY: texts are NUL-terminated, handles are freed once.
    unsafe {
        let client = clerk_client_new(SETTINGS.as_ptr());
        let call = clerk_call_new(client, c"GetSession".as_ptr(), c"{\"session_id\":\"s\"}".as_ptr(), ptr::null());
        assert!(clerk_call_error(call).is_null());
        assert!(!clerk_call_finish(call, ptr::null_mut()));
        assert!(text_of(clerk_call_error(call)).starts_with(b"{\"kind\":\"build\""));
        assert_eq!(clerk_call_step(call, 0, ptr::null_mut()), clerk_action::Send);
        assert!(clerk_call_error(call).is_null());
        assert_eq!(clerk_call_step(call, 0, ptr::null_mut()), clerk_action::Misuse);
        assert!(!clerk_call_error(call).is_null());
        clerk_call_free(call);
        clerk_client_free(client);
    }
}

#[test]
fn calls_of_a_client_with_bad_settings_fail() {
    for settings in [ptr::null(), c"".as_ptr(), c"{}".as_ptr(), c"nonsense".as_ptr(), c"\xff".as_ptr()] {
        // SAFETY: texts are NUL-terminated, handles are freed once.
        unsafe {
            let client = clerk_client_new(settings);
            assert!(!clerk_client_error(client).is_null());
            let (is_ok, error) = run(clerk_revoke_all_new(client, ptr::null(), ptr::null()), 0, b"");
            assert!(!is_ok && error.contains("\"kind\":\"build\""), "{error}");
            let pages = clerk_pages_new(client, ptr::null(), ptr::null());
            assert!(!run(clerk_pages_next(pages), 0, b"").0);
            assert!(clerk_pages_next(pages).is_null());
            clerk_pages_free(pages);
            clerk_client_free(client);
        }
    }
}

#[test]
fn null_handles_do_nothing() {
    // SAFETY: null is allowed everywhere.
    unsafe {
        assert!(clerk_client_error(ptr::null()).is_null());
        assert!(clerk_call_new(ptr::null(), ptr::null(), ptr::null(), ptr::null()).is_null());
        assert!(clerk_revoke_all_new(ptr::null(), ptr::null(), ptr::null()).is_null());
        assert!(clerk_pages_new(ptr::null(), ptr::null(), ptr::null()).is_null());
        assert!(clerk_pages_next(ptr::null_mut()).is_null());
        assert_eq!(clerk_call_step(ptr::null_mut(), 0, ptr::null_mut()), clerk_action::Misuse);
        assert!(!clerk_call_on_response(ptr::null_mut(), 200, ptr::null(), 0, ptr::null(), 0, 0));
        assert!(!clerk_call_on_failure(ptr::null_mut(), true, ptr::null(), ptr::null(), 0));
        assert!(clerk_call_error(ptr::null()).is_null());
        assert!(!clerk_call_finish(ptr::null_mut(), ptr::null_mut()));
        clerk_call_free(ptr::null_mut());
        clerk_pages_free(ptr::null_mut());
        clerk_client_free(ptr::null_mut());
    }
}

proptest! {
    #[test]
    fn functions_called_in_any_order_do_not_crash(
        actions in proptest::collection::vec((0..5_u8, any::<u16>(), any::<u64>()), 0..30),
        text in proptest::collection::vec(1..=255_u8, 0..20),
        valid in any::<bool>(),
    ) {
        let text = CString::new(text).unwrap();
        let parameters = if valid { c"{\"session_id\":\"sess_1\"}" } else { &*text };
        // SAFETY: texts are NUL-terminated, and handles are freed once.
        unsafe {
            let client = clerk_client_new(SETTINGS.as_ptr());
            let call = clerk_call_new(client, c"GetSession".as_ptr(), parameters.as_ptr(), ptr::null());
            clerk_client_free(client);
            let header = clerk_header { name: text.as_ptr(), value: text.as_ptr() };
            let body = text.to_bytes();
            for (action, status, now) in actions {
                let mut step = std::mem::zeroed::<clerk_step>();
                let mut json = NOTHING;
                match action {
                    0 => drop(clerk_call_step(call, now, ptr::null_mut())),
                    1 => {
                        if clerk_call_step(call, now, &raw mut step) == clerk_action::Send {
                            let headers = items_of(step.headers, step.header_count);
                            let is_signed = headers.iter().any(|header| text_of(header.value) == b"Bearer sk_test_1");
                            prop_assert!(is_signed);
                        }
                    }
                    2 => drop(clerk_call_on_response(call, status, &raw const header, 1, body.as_ptr(), body.len(), now)),
                    3 => drop(clerk_call_on_failure(call, status % 2 == 0, text.as_ptr(), text.as_ptr(), now)),
                    _ => {
                        clerk_call_finish(call, &raw mut json);
                        let said: serde_json::Value = serde_json::from_slice(items_of(json.data, json.len)).unwrap();
                        prop_assert!(said.get("kind").is_some_and(serde_json::Value::is_string));
                    }
                }
                let error = clerk_call_error(call);
                if !error.is_null() {
                    let is_object = text_of(error).starts_with(b"{");
                    prop_assert!(is_object);
                }
            }
            clerk_call_free(call);
        }
    }
}
