//! The C interface of [`clerk_sessions_bindings`]. All `unsafe` of the bindings is in this file.
//!
//! Ownership is the same everywhere. A function that returns a handle gives it to the caller, who passes it to the `_free`
//! function of its type, once. Whatever else a function returns belongs to the handle it was asked of: it is valid until the
//! next call on that handle, and is never freed by the caller. Whatever is passed in is copied before the function returns.
//! A null handle is an error or does nothing, never a crash. A client may be used by many threads at once; a call and its
//! pages by one at a time.

#![allow(unsafe_code)]
#![allow(non_camel_case_types)] // The names are C's.

use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::{ptr, slice};

use clerk_sessions_bindings::{self as bindings, Failure, Request, Step};
use clerk_sessions_core::{Delivery, Error};

/// Some bytes; `data` is null if there are none. What this library returns has a NUL behind it that `len` does not count.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct clerk_bytes {
    /// The first byte.
    pub data: *const u8,
    /// How many there are.
    pub len: usize,
}

/// A header.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct clerk_header {
    /// Its name, NUL-terminated.
    pub name: *const c_char,
    /// Its value, NUL-terminated.
    pub value: *const c_char,
}

/// What to do next.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum clerk_action {
    /// Nothing: call clerk_call_finish.
    Done = 0,
    /// Send the request, follow no redirect, and report with clerk_call_on_response or clerk_call_on_failure.
    Send = 1,
    /// Let `ms` pass, then ask again.
    Wait = 2,
    /// It was called out of turn, or with a null handle: see clerk_call_error.
    Misuse = 3,
}

/// What to do next, and the request to send.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct clerk_step {
    /// What to do. CLERK_ACTION_SEND sets all fields below, CLERK_ACTION_WAIT sets `ms`. All others are 0 or null.
    pub action: clerk_action,
    /// Of a wait: how long. Of a request: how long it may take in all. In milliseconds.
    pub ms: u64,
    /// "GET" or "POST", NUL-terminated.
    pub method: *const c_char,
    /// The whole URL, NUL-terminated.
    pub url: *const c_char,
    /// The headers.
    pub headers: *const clerk_header,
    /// How many headers there are.
    pub header_count: usize,
    /// The body; none if its length is 0.
    pub body: clerk_bytes,
}

/// Makes calls with the settings of one instance.
pub struct clerk_client {
    client: Result<bindings::Client, Error>,
    error: Option<CString>,
}

/// One call.
pub struct clerk_call {
    call: bindings::Call,
    /// What the last step points into.
    sent: Option<Sent>,
    /// The last misuse.
    error: Option<CString>,
    /// What the call came to.
    outcome: Option<CString>,
}

impl clerk_call {
    /// Keeps what was wrong for clerk_call_error, and returns whether nothing was.
    fn note<T>(&mut self, outcome: &Result<T, Error>) -> bool {
        self.error = outcome.as_ref().err().map(error_text);
        outcome.is_ok()
    }
}

/// All sessions of a list, a call for each page.
pub struct clerk_pages(bindings::Pages);

/// A request in the shape of C.
struct Sent {
    method: CString,
    url: CString,
    // Owns what `headers` points to.
    _texts: Vec<(CString, CString)>,
    headers: Vec<clerk_header>,
    body: CString,
}

impl Sent {
    fn new(request: Request) -> Self {
        let texts: Vec<_> = request.headers.into_iter().map(|(name, value)| (c_text(name), c_text(value))).collect();
        let headers = texts.iter().map(|(name, value)| clerk_header { name: name.as_ptr(), value: value.as_ptr() });
        Self {
            method: c_text(request.method),
            url: c_text(request.url),
            headers: headers.collect(),
            _texts: texts,
            body: c_text(request.body),
        }
    }
}

/// A text of C. JSON, URLs and header values hold no NUL; a text that holds one all the same ends there.
fn c_text(text: impl Into<Vec<u8>>) -> CString {
    CString::new(text).unwrap_or_else(|error| {
        let end = error.nul_position();
        let mut text = error.into_vec();
        text.truncate(end);
        CString::new(text).unwrap_or_default()
    })
}

fn error_text(error: &Error) -> CString {
    c_text(serde_json::to_vec(error).unwrap_or_default())
}

fn bytes_of(text: &CStr) -> clerk_bytes {
    clerk_bytes { data: text.as_ptr().cast(), len: text.to_bytes().len() }
}

const NOTHING: clerk_bytes = clerk_bytes { data: ptr::null(), len: 0 };

/// Runs this, and returns `otherwise` if it panics: a panic must not cross into C.
fn guarded<T>(otherwise: T, run: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(otherwise)
}

/// # Safety
/// `text` is null or NUL-terminated, and outlives the use of what is returned.
unsafe fn text_of<'a>(text: *const c_char) -> &'a [u8] {
    if text.is_null() {
        return b"";
    }
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(text) }.to_bytes()
}

/// # Safety
/// `first` is null or points to `len` items, and outlives the use of what is returned.
unsafe fn items_of<'a, T>(first: *const T, len: usize) -> &'a [T] {
    if first.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: as the caller promises.
    unsafe { slice::from_raw_parts(first, len) }
}

fn boxed(call: bindings::Call) -> *mut clerk_call {
    Box::into_raw(Box::new(clerk_call { call, sent: None, error: None, outcome: None }))
}

/// What a call of a client is; null if there is none.
///
/// # Safety
/// `client` is null or a handle of this library.
unsafe fn call_of(
    client: *const clerk_client,
    make: impl FnOnce(&bindings::Client) -> bindings::Call,
) -> *mut clerk_call {
    // SAFETY: as the caller promises.
    let Some(client) = (unsafe { client.as_ref() }) else { return ptr::null_mut() };
    guarded(ptr::null_mut(), || {
        boxed(match &client.client {
            Ok(client) => make(client),
            Err(error) => bindings::Call::failed(error.clone()),
        })
    })
}

/// The version of this library. Static.
#[unsafe(no_mangle)]
pub extern "C" fn clerk_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// All operations, a JSON list of objects with "id" (the operationId), "name", "method", "path" and "idempotency". Static.
#[unsafe(no_mangle)]
pub extern "C" fn clerk_operations() -> *const c_char {
    static OPERATIONS: OnceLock<CString> = OnceLock::new();
    guarded(ptr::null(), || OPERATIONS.get_or_init(|| c_text(bindings::operations())).as_ptr())
}

/// A client with these settings, a JSON object: "secret_key", and where wanted "base_url" or "api_url", "api_version",
/// "user_agent_suffix", "headers", "allow_insecure_http", "options". Never null but when memory is exhausted: ask
/// clerk_client_error whether the settings were accepted. Free it with clerk_client_free.
///
/// # Safety
/// `settings_json` is null or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_client_new(settings_json: *const c_char) -> *mut clerk_client {
    // SAFETY: as the caller promises.
    let settings = unsafe { text_of(settings_json) };
    guarded(ptr::null_mut(), || {
        let client = bindings::Client::new(settings);
        let error = client.as_ref().err().map(error_text);
        Box::into_raw(Box::new(clerk_client { client, error }))
    })
}

/// Why the settings were refused, a JSON error object; null if they were not. All calls of such a client come to this error.
/// Belongs to the client.
///
/// # Safety
/// `client` is null or a client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_client_error(client: *const clerk_client) -> *const c_char {
    // SAFETY: as the caller promises.
    let client = unsafe { client.as_ref() };
    client.and_then(|client| client.error.as_ref()).map_or(ptr::null(), |error| error.as_ptr())
}

/// Frees a client. Its calls may outlive it.
///
/// # Safety
/// `client` is null or a client that was not freed yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_client_free(client: *mut clerk_client) {
    if !client.is_null() {
        // SAFETY: it came from Box::into_raw, and is freed once, as the caller promises.
        drop(unsafe { Box::from_raw(client) });
    }
}

/// A call of the operation of this operationId, such as "GetSession". The parameters are a JSON object, the options, such as
/// "deadline_ms", too; null stands for an empty one. What is wrong with them is what the call comes to. Null if the client is
/// null. Free it with clerk_call_free.
///
/// # Safety
/// `client` is null or a client, the texts are null or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_call_new(
    client: *const clerk_client,
    operation_id: *const c_char,
    parameters_json: *const c_char,
    options_json: *const c_char,
) -> *mut clerk_call {
    // SAFETY: as the caller promises.
    let (operation, parameters, options) =
        unsafe { (text_of(operation_id), text_of(parameters_json), text_of(options_json)) };
    // SAFETY: as the caller promises.
    unsafe { call_of(client, |client| client.call(&String::from_utf8_lossy(operation), parameters, options)) }
}

/// Revokes all sessions of a "user_id" or a "client_id" that are signed in, but those in the list "except". Its result is an object
/// of "revoked", "gone", "failed", "unconfirmed", "incomplete" and "is_complete". Else as clerk_call_new.
///
/// # Safety
/// As for clerk_call_new.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_revoke_all_new(
    client: *const clerk_client,
    parameters_json: *const c_char,
    options_json: *const c_char,
) -> *mut clerk_call {
    // SAFETY: as the caller promises.
    let (parameters, options) = unsafe { (text_of(parameters_json), text_of(options_json)) };
    // SAFETY: as the caller promises.
    unsafe { call_of(client, |client| client.revoke_all(parameters, options)) }
}

/// What to do next, written to `step`. `now_ms` is the time since any fixed point, the same for all calls of a client, by a clock
/// that never goes back. What the step points to belongs to the call.
///
/// # Safety
/// `call` is null or a call, `step` is null or points to a clerk_step.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_call_step(call: *mut clerk_call, now_ms: u64, step: *mut clerk_step) -> clerk_action {
    let mut next = clerk_step {
        action: clerk_action::Misuse,
        ms: 0,
        method: ptr::null(),
        url: ptr::null(),
        headers: ptr::null(),
        header_count: 0,
        body: NOTHING,
    };
    // SAFETY: as the caller promises.
    if let Some(call) = unsafe { call.as_mut() } {
        guarded((), || {
            let outcome = call.call.step(now_ms);
            call.note(&outcome);
            match outcome {
                Ok(Step::Send(request)) => {
                    (next.action, next.ms) = (clerk_action::Send, request.timeout_ms);
                    let sent = call.sent.insert(Sent::new(request));
                    (next.method, next.url, next.body) =
                        (sent.method.as_ptr(), sent.url.as_ptr(), bytes_of(&sent.body));
                    (next.headers, next.header_count) = (sent.headers.as_ptr(), sent.headers.len());
                }
                Ok(Step::Wait { ms }) => (next.action, next.ms) = (clerk_action::Wait, ms),
                Ok(Step::Done) => next.action = clerk_action::Done,
                Err(_) => {}
            }
        });
    }
    // SAFETY: as the caller promises.
    if let Some(step) = unsafe { step.as_mut() } {
        *step = next;
    }
    next.action
}

/// Reports the response to the request of the last step, its body decompressed. Returns whether it was awaited: if not, nothing
/// changes, and clerk_call_error tells.
///
/// # Safety
/// `call` is null or a call; `headers` points to `header_count` headers, and `body` to `body_len` bytes, or they are null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_call_on_response(
    call: *mut clerk_call,
    status: u16,
    headers: *const clerk_header,
    header_count: usize,
    body: *const u8,
    body_len: usize,
    now_ms: u64,
) -> bool {
    // SAFETY: as the caller promises.
    let (call, headers, body) = unsafe { (call.as_mut(), items_of(headers, header_count), items_of(body, body_len)) };
    let Some(call) = call else { return false };
    // SAFETY: as the caller promises.
    let texts = headers.iter().map(|header| unsafe { (text_of(header.name), text_of(header.value)) });
    guarded(false, || {
        let reported = call.call.on_response(status, texts, body.to_vec(), now_ms);
        call.note(&reported)
    })
}

/// Reports that the request of the last step brought no complete response. `kind` is "connect", "tls", "timeout", "closed", "protocol",
/// "too_large", "rejected" or "other"; `message` is what the HTTP client says. Returns as clerk_call_on_response.
///
/// # Safety
/// `call` is null or a call, the texts are null or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_call_on_failure(
    call: *mut clerk_call,
    maybe_sent: bool,
    kind: *const c_char,
    message: *const c_char,
    now_ms: u64,
) -> bool {
    // SAFETY: as the caller promises.
    let (call, kind, message) = unsafe { (call.as_mut(), text_of(kind), text_of(message)) };
    let Some(call) = call else { return false };
    guarded(false, || {
        let delivery = if maybe_sent { Delivery::MaybeSent } else { Delivery::NotSent };
        let failure = Failure::new(delivery, String::from_utf8_lossy(kind), String::from_utf8_lossy(message));
        let reported = call.call.on_failure(failure, now_ms);
        call.note(&reported)
    })
}

/// What was wrong with the last thing asked of this call, a JSON error object; null if nothing was. Belongs to the call.
///
/// # Safety
/// `call` is null or a call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_call_error(call: *const clerk_call) -> *const c_char {
    // SAFETY: as the caller promises.
    let call = unsafe { call.as_ref() };
    call.and_then(|call| call.error.as_ref()).map_or(ptr::null(), |error| error.as_ptr())
}

/// What the call came to, written to `json`: true and the server's JSON, or false and a JSON error object of "kind", "status",
/// "code", "message", "trace_id", "retry_after_ms" and "attempts". Belongs to the call. Asked again, it is an error.
///
/// # Safety
/// `call` is null or a call, `json` is null or points to a clerk_bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_call_finish(call: *mut clerk_call, json: *mut clerk_bytes) -> bool {
    let (mut is_ok, mut bytes) = (false, NOTHING);
    // SAFETY: as the caller promises.
    if let Some(call) = unsafe { call.as_mut() } {
        guarded((), || {
            let outcome = call.call.finish();
            is_ok = call.note(&outcome);
            let text = outcome.map_or_else(|error| error_text(&error), c_text);
            bytes = bytes_of(call.outcome.insert(text));
        });
    }
    // SAFETY: as the caller promises.
    if let Some(json) = unsafe { json.as_mut() } {
        *json = bytes;
    }
    is_ok
}

/// Frees a call, whether it is done or not.
///
/// # Safety
/// `call` is null or a call that was not freed yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_call_free(call: *mut clerk_call) {
    if !call.is_null() {
        // SAFETY: it came from Box::into_raw, and is freed once, as the caller promises.
        drop(unsafe { Box::from_raw(call) });
    }
}

/// All sessions of a list, with the parameters of GetSessionList. Null if the client is null. Free it with clerk_pages_free.
///
/// # Safety
/// As for clerk_call_new.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_pages_new(
    client: *const clerk_client,
    parameters_json: *const c_char,
    options_json: *const c_char,
) -> *mut clerk_pages {
    // SAFETY: as the caller promises.
    let (client, parameters, options) = unsafe { (client.as_ref(), text_of(parameters_json), text_of(options_json)) };
    let Some(client) = client else { return ptr::null_mut() };
    guarded(ptr::null_mut(), || {
        let pages = client.client.as_ref().map(|client| client.pages(parameters, options));
        Box::into_raw(Box::new(clerk_pages(pages.unwrap_or_else(|error| bindings::Pages::failed(error.clone())))))
    })
}

/// The call for the next page, which comes to a JSON list of the sessions that were on no page before; null at the end. Finish it
/// before asking for the next, and free it with clerk_call_free.
///
/// # Safety
/// `pages` is null or such a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_pages_next(pages: *mut clerk_pages) -> *mut clerk_call {
    // SAFETY: as the caller promises.
    let Some(pages) = (unsafe { pages.as_mut() }) else { return ptr::null_mut() };
    guarded(ptr::null_mut(), || pages.0.next_page().map_or(ptr::null_mut(), boxed))
}

/// Frees pages. Their calls may outlive them.
///
/// # Safety
/// `pages` is null or such a handle that was not freed yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_pages_free(pages: *mut clerk_pages) {
    if !pages.is_null() {
        // SAFETY: it came from Box::into_raw, and is freed once, as the caller promises.
        drop(unsafe { Box::from_raw(pages) });
    }
}

#[cfg(test)]
mod tests;
