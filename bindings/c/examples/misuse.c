/* Everything a host can get wrong within the ownership rules: errors, and neither crashes nor leaks. No I/O. */

#include <stdio.h>
#include <string.h>

#include "clerk_sessions.h"

#define SETTINGS "{\"secret_key\":\"sk_test_1\",\"options\":{\"max_attempts\":1}}"
#define SESSION "{\"session_id\":\"sess_1\"}"

static int failures = 0;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            failures++;                                                                                                \
        }                                                                                                              \
    } while (0)

static bool holds(clerk_bytes json, const char *text) {
    return json.data != NULL && json.data[json.len] == '\0' && strstr((const char *)json.data, text) != NULL;
}

static void null_handles(void) {
    clerk_step step;
    clerk_bytes json = {.data = (const uint8_t *)"?", .len = 1};
    CHECK(clerk_call_step(NULL, 0, &step) == CLERK_ACTION_MISUSE && step.action == CLERK_ACTION_MISUSE);
    CHECK(clerk_call_step(NULL, 0, NULL) == CLERK_ACTION_MISUSE);
    CHECK(!clerk_call_on_response(NULL, 200, NULL, 0, NULL, 0, 0));
    CHECK(!clerk_call_on_failure(NULL, true, NULL, NULL, 0));
    CHECK(clerk_call_error(NULL) == NULL);
    CHECK(!clerk_call_finish(NULL, &json) && json.data == NULL && json.len == 0);
    CHECK(!clerk_call_finish(NULL, NULL));
    CHECK(clerk_client_error(NULL) == NULL);
    CHECK(clerk_call_new(NULL, "GetSession", SESSION, NULL) == NULL);
    CHECK(clerk_revoke_all_new(NULL, NULL, NULL) == NULL);
    CHECK(clerk_pages_new(NULL, NULL, NULL) == NULL);
    CHECK(clerk_pages_next(NULL) == NULL);
    clerk_call_free(NULL);
    clerk_pages_free(NULL);
    clerk_client_free(NULL);
    CHECK(strlen(clerk_version()) > 0);
    CHECK(strstr(clerk_operations(), "\"GetSession\"") != NULL);
}

static void out_of_turn(void) {
    clerk_client *client = clerk_client_new(SETTINGS);
    CHECK(clerk_client_error(client) == NULL);
    clerk_call *call = clerk_call_new(client, "GetSession", SESSION, NULL);
    clerk_step step;
    clerk_bytes json;

    CHECK(!clerk_call_on_response(call, 200, NULL, 0, NULL, 0, 0) && clerk_call_error(call) != NULL);
    CHECK(!clerk_call_on_failure(call, false, "connect", "", 0) && clerk_call_error(call) != NULL);
    CHECK(!clerk_call_finish(call, &json) && holds(json, "out of turn"));

    CHECK(clerk_call_step(call, 0, &step) == CLERK_ACTION_SEND);
    CHECK(strcmp(step.method, "GET") == 0 && strstr(step.url, "/sessions/sess_1") != NULL && step.header_count > 0);
    CHECK(clerk_call_step(call, 0, &step) == CLERK_ACTION_MISUSE && clerk_call_error(call) != NULL);
    CHECK(step.url == NULL && step.headers == NULL && step.header_count == 0);
    CHECK(!clerk_call_finish(call, &json) && holds(json, "out of turn"));

    /* None of it changed anything: the response is still awaited. */
    const clerk_header headers[] = {{"X", "1"}, {NULL, NULL}, {"not a name", "1"}, {"y", "\x01\xff"}};
    CHECK(clerk_call_on_response(call, 404, headers, 4, (const uint8_t *)"\xff\x00{", 3, 5));
    CHECK(clerk_call_error(call) == NULL);
    CHECK(!clerk_call_on_response(call, 200, NULL, 3, NULL, 3, 5) && clerk_call_error(call) != NULL);
    CHECK(clerk_call_step(call, 5, NULL) == CLERK_ACTION_DONE);
    CHECK(clerk_call_step(call, 5, &step) == CLERK_ACTION_DONE);

    clerk_client_free(client); /* Its calls outlive it. */
    CHECK(!clerk_call_finish(call, &json) && holds(json, "404"));
    CHECK(!clerk_call_finish(call, &json) && holds(json, "out of turn"));
    CHECK(clerk_call_step(call, 5, &step) == CLERK_ACTION_MISUSE && clerk_call_error(call) != NULL);
    clerk_call_free(call);
}

/* Statuses that HTTP has not, and texts that are not there. */
static void odd_reports(void) {
    clerk_client *client = clerk_client_new(SETTINGS);
    for (int i = 0; i < 3; i++) {
        static const uint16_t statuses[] = {0, 65535};
        clerk_call *call = clerk_call_new(client, "GetSession", SESSION, NULL);
        clerk_step step;
        clerk_bytes json;
        CHECK(clerk_call_step(call, 0, &step) == CLERK_ACTION_SEND);
        CHECK(i < 2 ? clerk_call_on_response(call, statuses[i], NULL, 0, NULL, 0, 1)
                    : clerk_call_on_failure(call, true, NULL, NULL, 0)); /* The clock went back, too. */
        CHECK(clerk_call_step(call, 1, &step) == CLERK_ACTION_DONE);
        CHECK(!clerk_call_finish(call, &json) && holds(json, "\"transport\""));
        clerk_call_free(call);
    }
    clerk_client_free(client);
}

static void free_before_done(void) {
    clerk_client *client = clerk_client_new(SETTINGS);
    clerk_step step;
    clerk_call_free(clerk_call_new(client, "GetSession", SESSION, NULL));

    clerk_call *call = clerk_call_new(client, "RevokeSession", SESSION, NULL);
    CHECK(clerk_call_step(call, 0, &step) == CLERK_ACTION_SEND);
    clerk_call_free(call);

    clerk_call *revoking = clerk_revoke_all_new(client, "{\"user_id\":\"user_1\"}", NULL);
    CHECK(clerk_call_step(revoking, 0, &step) == CLERK_ACTION_SEND);
    clerk_call_free(revoking);

    clerk_pages *pages = clerk_pages_new(client, "{\"user_id\":\"user_1\"}", NULL);
    clerk_call *page = clerk_pages_next(pages);
    CHECK(page != NULL && clerk_pages_next(pages) == NULL); /* The first is not finished. */
    clerk_pages_free(pages);
    clerk_client_free(client);
    CHECK(clerk_call_step(page, 0, &step) == CLERK_ACTION_SEND);
    clerk_call_free(page);
}

/* What is refused comes out of finish, wherever it was wrong. */
static void refused(const char *settings, const char *operation, const char *parameters, const char *options) {
    clerk_client *client = clerk_client_new(settings);
    clerk_call *call = clerk_call_new(client, operation, parameters, options);
    clerk_step step;
    clerk_bytes json;
    CHECK(clerk_call_step(call, 0, &step) == CLERK_ACTION_DONE);
    CHECK(!clerk_call_finish(call, &json) && holds(json, "\"kind\":\"build\""));
    clerk_call_free(call);
    clerk_client_free(client);
}

int main(void) {
    null_handles();
    out_of_turn();
    odd_reports();
    free_before_done();
    refused(NULL, "GetSession", SESSION, NULL);
    refused("", "GetSession", SESSION, NULL);
    refused("\xff", "GetSession", SESSION, NULL);
    refused("{\"secret_key\":\"sk_test_1\",\"unknown\":1}", "GetSession", SESSION, NULL);
    refused(SETTINGS, NULL, SESSION, NULL);
    refused(SETTINGS, "\xff", SESSION, NULL);
    refused(SETTINGS, "GetSession", NULL, NULL);
    refused(SETTINGS, "GetSession", "[", NULL);
    refused(SETTINGS, "GetSession", SESSION, "{\"unknown\":1}");
    if (failures == 0) {
        puts("misuse: ok");
    }
    return failures == 0 ? 0 : 1;
}
