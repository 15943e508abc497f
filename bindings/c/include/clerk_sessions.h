/* Clerk's Sessions API without I/O. Made by cbindgen from src/lib.rs: don't edit. */

#ifndef CLERK_SESSIONS_H
#define CLERK_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 The library does no I/O. Ask a call for a step, do it, report, and ask again until it is done; then ask what it came to.

 A function that returns a handle gives it to the caller, who passes it to the `_free` function of its type, once. Whatever else
 a function returns belongs to the handle it was asked of: it is valid until the next call on that handle, and is never freed by
 the caller. What is passed in is copied before the function returns. A null handle is an error or does nothing, never a crash.
 A client may be used by many threads at once; a call and pages by one at a time.

 Let the HTTP client send a request once: some send it again by themselves where a kept connection turns out closed, and a
 session would be created twice.
 */

/*
 What to do next.
 */
typedef enum clerk_action {
  /*
   Nothing: call clerk_call_finish.
   */
  CLERK_ACTION_DONE = 0,
  /*
   Send the request, follow no redirect, and report with clerk_call_on_response or clerk_call_on_failure.
   */
  CLERK_ACTION_SEND = 1,
  /*
   Let `ms` pass, then ask again.
   */
  CLERK_ACTION_WAIT = 2,
  /*
   It was called out of turn, or with a null handle: see clerk_call_error.
   */
  CLERK_ACTION_MISUSE = 3,
} clerk_action;

/*
 One call.
 */
typedef struct clerk_call clerk_call;

/*
 Makes calls with the settings of one instance.
 */
typedef struct clerk_client clerk_client;

/*
 All sessions of a list, a call for each page.
 */
typedef struct clerk_pages clerk_pages;

/*
 A header.
 */
typedef struct clerk_header {
  /*
   Its name, NUL-terminated.
   */
  const char *name;
  /*
   Its value, NUL-terminated.
   */
  const char *value;
} clerk_header;

/*
 Some bytes; `data` is null if there are none. What this library returns has a NUL behind it that `len` does not count.
 */
typedef struct clerk_bytes {
  /*
   The first byte.
   */
  const uint8_t *data;
  /*
   How many there are.
   */
  size_t len;
} clerk_bytes;

/*
 What to do next, and the request to send.
 */
typedef struct clerk_step {
  /*
   What to do. CLERK_ACTION_SEND sets all fields below, CLERK_ACTION_WAIT sets `ms`. All others are 0 or null.
   */
  enum clerk_action action;
  /*
   Of a wait: how long. Of a request: how long it may take in all. In milliseconds.
   */
  uint64_t ms;
  /*
   "GET" or "POST", NUL-terminated.
   */
  const char *method;
  /*
   The whole URL, NUL-terminated.
   */
  const char *url;
  /*
   The headers.
   */
  const struct clerk_header *headers;
  /*
   How many headers there are.
   */
  size_t header_count;
  /*
   The body; none if its length is 0.
   */
  struct clerk_bytes body;
} clerk_step;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 The version of this library. Static.
 */
const char *clerk_version(void);

/*
 All operations, a JSON list of objects with "id" (the operationId), "name", "method", "path" and "idempotency". Static.
 */
const char *clerk_operations(void);

/*
 A client with these settings, a JSON object: "secret_key", and where wanted "base_url" or "api_url", "api_version",
 "user_agent_suffix", "headers", "allow_insecure_http", "options". Never null but when memory is exhausted: ask
 clerk_client_error whether the settings were accepted. Free it with clerk_client_free.

 # Safety
 `settings_json` is null or NUL-terminated.
 */
struct clerk_client *clerk_client_new(const char *settings_json);

/*
 Why the settings were refused, a JSON error object; null if they were not. All calls of such a client come to this error.
 Belongs to the client.

 # Safety
 `client` is null or a client.
 */
const char *clerk_client_error(const struct clerk_client *client);

/*
 Frees a client. Its calls may outlive it.

 # Safety
 `client` is null or a client that was not freed yet.
 */
void clerk_client_free(struct clerk_client *client);

/*
 A call of the operation of this operationId, such as "GetSession". The parameters are a JSON object, the options, such as
 "deadline_ms", too; null stands for an empty one. What is wrong with them is what the call comes to. Null if the client is
 null. Free it with clerk_call_free.

 # Safety
 `client` is null or a client, the texts are null or NUL-terminated.
 */
struct clerk_call *clerk_call_new(const struct clerk_client *client,
                                  const char *operation_id,
                                  const char *parameters_json,
                                  const char *options_json);

/*
 Revokes all sessions of a "user_id" or a "client_id" that are signed in, but those in the list "except". Its result is an object
 of "revoked", "gone", "failed", "unconfirmed", "incomplete" and "is_complete". Else as clerk_call_new.

 # Safety
 As for clerk_call_new.
 */
struct clerk_call *clerk_revoke_all_new(const struct clerk_client *client,
                                        const char *parameters_json,
                                        const char *options_json);

/*
 What to do next, written to `step`. `now_ms` is the time since any fixed point, the same for all calls of a client, by a clock
 that never goes back. What the step points to belongs to the call.

 # Safety
 `call` is null or a call, `step` is null or points to a clerk_step.
 */
enum clerk_action clerk_call_step(struct clerk_call *call,
                                  uint64_t now_ms,
                                  struct clerk_step *step);

/*
 Reports the response to the request of the last step, its body decompressed. Returns whether it was awaited: if not, nothing
 changes, and clerk_call_error tells.

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
 Reports that the request of the last step brought no complete response. `kind` is "connect", "tls", "timeout", "closed", "protocol",
 "too_large", "rejected" or "other"; `message` is what the HTTP client says. Returns as clerk_call_on_response.

 # Safety
 `call` is null or a call, the texts are null or NUL-terminated.
 */
bool clerk_call_on_failure(struct clerk_call *call,
                           bool maybe_sent,
                           const char *kind,
                           const char *message,
                           uint64_t now_ms);

/*
 What was wrong with the last thing asked of this call, a JSON error object; null if nothing was. Belongs to the call.

 # Safety
 `call` is null or a call.
 */
const char *clerk_call_error(const struct clerk_call *call);

/*
 What the call came to, written to `json`: true and the server's JSON, or false and a JSON error object of "kind", "status",
 "code", "message", "trace_id", "retry_after_ms" and "attempts". Belongs to the call. Asked again, it is an error.

 # Safety
 `call` is null or a call, `json` is null or points to a clerk_bytes.
 */
bool clerk_call_finish(struct clerk_call *call,
                       struct clerk_bytes *json);

/*
 Frees a call, whether it is done or not.

 # Safety
 `call` is null or a call that was not freed yet.
 */
void clerk_call_free(struct clerk_call *call);

/*
 All sessions of a list, with the parameters of GetSessionList. Null if the client is null. Free it with clerk_pages_free.

 # Safety
 As for clerk_call_new.
 */
struct clerk_pages *clerk_pages_new(const struct clerk_client *client,
                                    const char *parameters_json,
                                    const char *options_json);

/*
 The call for the next page, which comes to a JSON list of the sessions that were on no page before; null at the end. Finish it
 before asking for the next, and free it with clerk_call_free.

 # Safety
 `pages` is null or such a handle.
 */
struct clerk_call *clerk_pages_next(struct clerk_pages *pages);

/*
 Frees pages. Their calls may outlive them.

 # Safety
 `pages` is null or such a handle that was not freed yet.
 */
void clerk_pages_free(struct clerk_pages *pages);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* CLERK_SESSIONS_H */
