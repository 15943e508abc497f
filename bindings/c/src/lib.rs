//! The C interface of [`clerk_sessions_bindings`]. All `unsafe` of the bindings is in this file.
//!
//! Ownership is the same everywhere. The caller owns each handle that a function returns, and passes it once to the `_free`
//! function of its type. All other returned memory belongs to the handle that was passed in: it is valid until the next call
//! on that handle, and the caller never frees it. A function copies what is passed in before it returns. A null handle is an
//! error or does nothing; it never crashes. Many threads may use a client at once. Only one thread at a time may use a call
//! or pages.

#![allow(unsafe_code)]
#![allow(non_camel_case_types)] // The names are C's.

use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::{ptr, slice};

use clerk_sessions_bindings::{self as bindings, Failure, Request, Step};
use clerk_sessions_core::{Delivery, Error};

/// Bytes. `data` is null if there are none. In bytes that this library returns, a NUL that `len` does not count follows the last one.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct clerk_bytes {
    /// The first byte.
    pub data: *const u8,
    /// The number of bytes.
    pub len: usize,
}

/// An HTTP header.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct clerk_header {
    /// The name, NUL-terminated.
    pub name: *const c_char,
    /// The value, NUL-terminated.
    pub value: *const c_char,
}

/// What the program does next for a call.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum clerk_action {
    /// The call has ended. Get its result with clerk_call_finish.
    Done = 0,
    /// Send the request once and follow no redirect. Report the response with clerk_call_on_response, or the failure with
    /// clerk_call_on_failure.
    Send = 1,
    /// Sleep for `ms` milliseconds, then call clerk_call_step again.
    Wait = 2,
    /// The call can't make a step: the handle is null, the last request is not reported yet, or the call has ended. See
    /// clerk_call_error.
    Misuse = 3,
}

/// The next action of a call, with the request to send or the time to wait.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct clerk_step {
    /// The action. CLERK_ACTION_SEND sets all fields below, and CLERK_ACTION_WAIT sets `ms`. All other fields are 0 or null.
    pub action: clerk_action,
    /// Milliseconds: how long to wait, or the time limit of the request, from connecting to the last byte of the response.
    pub ms: u64,
    /// "GET" or "POST", NUL-terminated.
    pub method: *const c_char,
    /// The absolute URL, NUL-terminated.
    pub url: *const c_char,
    /// The headers of the request.
    pub headers: *const clerk_header,
    /// The number of headers.
    pub header_count: usize,
    /// The body of the request. If its length is 0, send no body.
    pub body: clerk_bytes,
}

/// The settings of one Clerk instance, and the state that its calls share: the rate limit and the retry budget.
pub struct clerk_client {
    client: Result<bindings::Client, Error>,
    error: Option<CString>,
}

/// One call of an operation, with its retries.
pub struct clerk_call {
    call: bindings::Call,
    /// The memory that the last step points to.
    sent: Option<Sent>,
    /// The error of the last function that was called with this call.
    error: Option<CString>,
    /// The result that clerk_call_finish returned.
    outcome: Option<CString>,
}

impl clerk_call {
    /// Keeps an error for clerk_call_error. Returns true if there is none.
    fn note<T>(&mut self, outcome: &Result<T, Error>) -> bool {
        self.error = outcome.as_ref().err().map(error_text);
        outcome.is_ok()
    }
}

/// All sessions of a list. Each page is a call.
pub struct clerk_pages(bindings::Pages);

/// A request as C strings.
struct Sent {
    method: CString,
    url: CString,
    // Owns the strings that `headers` points to.
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

/// A C string. JSON, URLs and header values have no NUL. A text that has one is cut there.
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

/// Runs `run`. Returns `otherwise` if it panics, because a panic must not unwind into C.
fn guarded<T>(otherwise: T, run: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(otherwise)
}

/// # Safety
/// `text` is null or NUL-terminated, and lives longer than the returned slice.
unsafe fn text_of<'a>(text: *const c_char) -> &'a [u8] {
    if text.is_null() {
        return b"";
    }
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(text) }.to_bytes()
}

/// # Safety
/// `first` is null or points to `len` items, and lives longer than the returned slice.
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

/// Makes a call of a client. Null if the client is null.
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

/// Returns the version of this library, such as "0.1.0". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn clerk_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Returns all operations as a JSON list of objects with "id" (the operationId), "name", "method", "path" and "idempotency". The
/// string is static.
#[unsafe(no_mangle)]
pub extern "C" fn clerk_operations() -> *const c_char {
    static OPERATIONS: OnceLock<CString> = OnceLock::new();
    guarded(ptr::null(), || OPERATIONS.get_or_init(|| c_text(bindings::operations())).as_ptr())
}

/// Makes a client. Free it with clerk_client_free.
///
/// The settings are a JSON object. "secret_key" is required. "base_url" (with the version), "api_url" (without it), "api_version",
/// "user_agent_suffix", "headers", "allow_insecure_http" and "options" are optional. Invalid settings also return a client; check
/// them with clerk_client_error.
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

/// Returns a JSON error object if the settings of the client are invalid, else null. All calls of such a client fail with this
/// error. The string belongs to the client.
///
/// # Safety
/// `client` is null or a client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_client_error(client: *const clerk_client) -> *const c_char {
    // SAFETY: as the caller promises.
    let client = unsafe { client.as_ref() };
    client.and_then(|client| client.error.as_ref()).map_or(ptr::null(), |error| error.as_ptr())
}

/// Frees a client. Its calls and pages stay valid.
///
/// # Safety
/// `client` is null or a client that is not freed yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_client_free(client: *mut clerk_client) {
    if !client.is_null() {
        // SAFETY: it came from Box::into_raw, and is freed once, as the caller promises.
        drop(unsafe { Box::from_raw(client) });
    }
}

/// Makes a call of the operation with this operationId, such as "GetSession". Free it with clerk_call_free.
///
/// The parameters and the options, such as "deadline_ms", are JSON objects; null means an empty object. An unknown operation or an
/// invalid parameter is an error of the call, which clerk_call_finish returns. Returns null if the client is null.
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

/// Makes a call that revokes all sessions of a user or a client that are signed in: "sign out everywhere".
///
/// The parameters are "user_id" or "client_id", and optionally "except", a list of the ids of sessions to keep. The result is a JSON
/// object with "revoked", "gone", "failed", "unconfirmed", "incomplete" and "is_complete". Options, errors and ownership are as for
/// clerk_call_new.
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

/// Writes the next action of the call to `step`, and returns it.
///
/// `now_ms` is the time in milliseconds of a monotonic clock, the same for all calls of a client. The memory that the step points
/// to belongs to the call.
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

/// Reports the response to the request of the last step. The body must be decompressed.
///
/// Returns false if the call did not wait for a response. Then nothing changes, and clerk_call_error returns the error.
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

/// Reports that there was no complete response to the request of the last step.
///
/// `maybe_sent` is false only if certainly nothing was sent. `kind` is "connect", "tls", "timeout", "closed", "protocol", "too_large",
/// "rejected" or "other". `message` is the error message of the HTTP client. Returns the same as clerk_call_on_response.
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

/// Returns a JSON error object if the last function that was called with this call failed, else null. The string belongs to the
/// call.
///
/// # Safety
/// `call` is null or a call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_call_error(call: *const clerk_call) -> *const c_char {
    // SAFETY: as the caller promises.
    let call = unsafe { call.as_ref() };
    call.and_then(|call| call.error.as_ref()).map_or(ptr::null(), |error| error.as_ptr())
}

/// Writes the result of the call to `json`. Call it once, when the action is CLERK_ACTION_DONE.
///
/// Returns true and the JSON that the server sent, or false and a JSON error object with "kind", "status", "code", "message",
/// "trace_id", "retry_after_ms" and "attempts". The bytes belong to the call. If the call has not ended, or its result was already
/// returned, the result is an error.
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

/// Frees a call. It need not have ended.
///
/// # Safety
/// `call` is null or a call that is not freed yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_call_free(call: *mut clerk_call) {
    if !call.is_null() {
        // SAFETY: it came from Box::into_raw, and is freed once, as the caller promises.
        drop(unsafe { Box::from_raw(call) });
    }
}

/// Makes the pages of all sessions of a list. The parameters are those of GetSessionList. Free it with clerk_pages_free. Returns null
/// if the client is null.
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

/// Makes the call for the next page. Free it with clerk_call_free. Returns null after the last page, and after a call that failed or
/// was not finished.
///
/// The result of the call is a JSON list of the sessions that were on no earlier page. Finish the call before you make the next one.
///
/// # Safety
/// `pages` is null or pages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_pages_next(pages: *mut clerk_pages) -> *mut clerk_call {
    // SAFETY: as the caller promises.
    let Some(pages) = (unsafe { pages.as_mut() }) else { return ptr::null_mut() };
    guarded(ptr::null_mut(), || pages.0.next_page().map_or(ptr::null_mut(), boxed))
}

/// Frees pages. Their calls stay valid.
///
/// # Safety
/// `pages` is null or pages that are not freed yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clerk_pages_free(pages: *mut clerk_pages) {
    if !pages.is_null() {
        // SAFETY: it came from Box::into_raw, and is freed once, as the caller promises.
        drop(unsafe { Box::from_raw(pages) });
    }
}

#[cfg(test)]
mod tests;
