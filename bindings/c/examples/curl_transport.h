/* Runs calls of clerk_sessions.h over libcurl. */

#ifndef CURL_TRANSPORT_H
#define CURL_TRANSPORT_H

#include <curl/curl.h>
#include <stdbool.h>

#include "clerk_sessions.h"

/* Runs a call to its end and returns as clerk_call_finish does: what `json` points to belongs to the call.
 * Use one handle for many calls, so that connections are kept alive; its options are reset for each request.
 * The caller frees the call and the handle. */
bool clerk_curl_run(CURL *curl, clerk_call *call, clerk_bytes *json);

#endif
