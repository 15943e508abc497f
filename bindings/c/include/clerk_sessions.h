/* Clerk's Sessions API without I/O. Made by cbindgen from src/lib.rs: don't edit. */

#ifndef CLERK_SESSIONS_H
#define CLERK_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 The library does no I/O. Your program brings the HTTP client and the clock. For each call: get a step, do it, report the result,
 and repeat until the action is CLERK_ACTION_DONE; then get the result with clerk_call_finish.

 You own each handle that a function returns: pass it once to the `_free` function of its type. All other returned memory belongs to
 the handle that you passed in: it is valid until the next call on that handle, and you never free it. A function copies what
 you pass in before it returns. A null handle is an error or does nothing; it never crashes. Many threads may use a client at once.
 Only one thread at a time may use a call or pages.

 Turn off the retries of the HTTP client. Some clients send a request again when a kept connection was closed, and would create a
 session twice.
 */

/*
 What the program does next for a call.
 */
typedef enum clerk_action {
  /*
   The call has ended. Get its result with clerk_call_finish.
   */
  CLERK_ACTION_DONE = 0,
  /*
   Send the request once and follow no redirect. Report the response with clerk_call_on_response, or the failure with
   clerk_call_on_failure.
   */
  CLERK_ACTION_SEND = 1,
  /*
   Sleep for `ms` milliseconds, then call clerk_call_step again.
   */
  CLERK_ACTION_WAIT = 2,
  /*
   The call can't make a step: the handle is null, the last request is not reported yet, or the call has ended. See
   clerk_call_error.
   */
  CLERK_ACTION_MISUSE = 3,
} clerk_action;

/*
 One call of an operation, with its retries.
 */
typedef struct clerk_call clerk_call;

/*
 The settings of one Clerk instance, and the state that its calls share: the rate limit and the retry budget.
 */
typedef struct clerk_client clerk_client;

/*
 All sessions of a list. Each page is a call.
 */
typedef struct clerk_pages clerk_pages;

/*
 An HTTP header.
 */
typedef struct clerk_header {
  /*
   The name, NUL-terminated.
   */
  const char *name;
  /*
   The value, NUL-terminated.
   */
  const char *value;
} clerk_header;

/*
 Bytes. `data` is null if there are none. In bytes that this library returns, a NUL that `len` does not count follows the last one.
 */
typedef struct clerk_bytes {
  /*
   The first byte.
   */
  const uint8_t *data;
  /*
   The number of bytes.
   */
  size_t len;
} clerk_bytes;

/*
 The next action of a call, with the request to send or the time to wait.
 */
typedef struct clerk_step {
  /*
   The action. CLERK_ACTION_SEND sets all fields below, and CLERK_ACTION_WAIT sets `ms`. All other fields are 0 or null.
   */
  enum clerk_action action;
  /*
   Milliseconds: how long to wait, or the time limit of the request, from connecting to the last byte of the response.
   */
  uint64_t ms;
  /*
   "GET" or "POST", NUL-terminated.
   */
  const char *method;
  /*
   The absolute URL, NUL-terminated.
   */
  const char *url;
  /*
   The headers of the request.
   */
  const struct clerk_header *headers;
  /*
   The number of headers.
   */
  size_t header_count;
  /*
   The body of the request. If its length is 0, send no body.
   */
  struct clerk_bytes body;
} clerk_step;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 Returns the version of this library, such as "0.1.0". The string is static.
 */
const char *clerk_version(void);

/*
 Returns all operations as a JSON list of objects with "id" (the operationId), "name", "method", "path" and "idempotency". The
 string is static.
 */
const char *clerk_operations(void);

/*
 Makes a client. Free it with clerk_client_free.

 The settings are a JSON object. "secret_key" is required. "base_url" (with the version), "api_url" (without it), "api_version",
 "user_agent_suffix", "headers", "allow_insecure_http" and "options" are optional. Invalid settings also return a client; check
 them with clerk_client_error.

 # Safety
 `settings_json` is null or NUL-terminated.
 */
struct clerk_client *clerk_client_new(const char *settings_json);

/*
 Returns a JSON error object if the settings of the client are invalid, else null. All calls of such a client fail with this
 error. The string belongs to the client.

 # Safety
 `client` is null or a client.
 */
const char *clerk_client_error(const struct clerk_client *client);

/*
 Frees a client. Its calls and pages stay valid.

 # Safety
 `client` is null or a client that is not freed yet.
 */
void clerk_client_free(struct clerk_client *client);

/*
 Makes a call of the operation with this operationId, such as "GetSession". Free it with clerk_call_free.

 The parameters and the options, such as "deadline_ms", are JSON objects; null means an empty object. An unknown operation or an
 invalid parameter is an error of the call, which clerk_call_finish returns. Returns null if the client is null.

 # Safety
 `client` is null or a client, the texts are null or NUL-terminated.
 */
struct clerk_call *clerk_call_new(const struct clerk_client *client,
                                  const char *operation_id,
                                  const char *parameters_json,
                                  const char *options_json);

/*
 Makes a call that revokes all sessions of a user or a client that are signed in: "sign out everywhere".

 The parameters are "user_id" or "client_id", and optionally "except", a list of the ids of sessions to keep. The result is a JSON
 object with "revoked", "gone", "failed", "unconfirmed", "incomplete" and "is_complete". Options, errors and ownership are as for
 clerk_call_new.

 # Safety
 As for clerk_call_new.
 */
struct clerk_call *clerk_revoke_all_new(const struct clerk_client *client,
                                        const char *parameters_json,
                                        const char *options_json);

/*
 Writes the next action of the call to `step`, and returns it.

 `now_ms` is the time in milliseconds of a monotonic clock, the same for all calls of a client. The memory that the step points
 to belongs to the call.

 # Safety
 `call` is null or a call, `step` is null or points to a clerk_step.
 */
enum clerk_action clerk_call_step(struct clerk_call *call,
                                  uint64_t now_ms,
                                  struct clerk_step *step);

/*
 Reports the response to the request of the last step. The body must be decompressed.

 Returns false if the call did not wait for a response. Then nothing changes, and clerk_call_error returns the error.

 # Safety
 `call` is null or a call; `headers` points to `header_count` headers, and `body` to `body_len` bytes, or they are null.
 */
bool clerk_call_on_response(struct clerk_call *call,
                            uint16_t status,
                            const struct clerk_header *headers,
                            size_t header_count,
                            const uint8_t *body,
                            size_t body_len,
                            uint64_t now_ms);

/*
 Reports that there was no complete response to the request of the last step.

 `maybe_sent` is false only if certainly nothing was sent. `kind` is "connect", "tls", "timeout", "closed", "protocol", "too_large",
 "rejected" or "other". `message` is the error message of the HTTP client. Returns the same as clerk_call_on_response.

 # Safety
 `call` is null or a call, the texts are null or NUL-terminated.
 */
bool clerk_call_on_failure(struct clerk_call *call,
                           bool maybe_sent,
                           const char *kind,
                           const char *message,
                           uint64_t now_ms);

/*
 Returns a JSON error object if the last function that was called with this call failed, else null. The string belongs to the
 call.

 # Safety
 `call` is null or a call.
 */
const char *clerk_call_error(const struct clerk_call *call);

/*
 Writes the result of the call to `json`. Call it once, when the action is CLERK_ACTION_DONE.

 Returns true and the JSON that the server sent, or false and a JSON error object with "kind", "status", "code", "message",
 "trace_id", "retry_after_ms" and "attempts". The bytes belong to the call. If the call has not ended, or its result was already
 returned, the result is an error.

 # Safety
 `call` is null or a call, `json` is null or points to a clerk_bytes.
 */
bool clerk_call_finish(struct clerk_call *call,
                       struct clerk_bytes *json);

/*
 Frees a call. It need not have ended.

 # Safety
 `call` is null or a call that is not freed yet.
 */
void clerk_call_free(struct clerk_call *call);

/*
 Makes the pages of all sessions of a list. The parameters are those of GetSessionList. Free it with clerk_pages_free. Returns null
 if the client is null.

 # Safety
 As for clerk_call_new.
 */
struct clerk_pages *clerk_pages_new(const struct clerk_client *client,
                                    const char *parameters_json,
                                    const char *options_json);

/*
 Makes the call for the next page. Free it with clerk_call_free. Returns null after the last page, and after a call that failed or
 was not finished.

 The result of the call is a JSON list of the sessions that were on no earlier page. Finish the call before you make the next one.

 # Safety
 `pages` is null or pages.
 */
struct clerk_call *clerk_pages_next(struct clerk_pages *pages);

/*
 Frees pages. Their calls stay valid.

 # Safety
 `pages` is null or pages that are not freed yet.
 */
void clerk_pages_free(struct clerk_pages *pages);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* CLERK_SESSIONS_H */
