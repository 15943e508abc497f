/* What a conformance runner drives: a case is four lines on stdin (settings, operationId, parameters, nothing), and its
 * outcome a line on stdout, {"result":...} or {"error":...}. Settings and parameters are JSON. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "curl_transport.h"

enum { SETTINGS, OPERATION, PARAMETERS, NOTHING, LINES };

typedef struct {
    char *text;
    size_t room;
} line;

static bool read_line(line *line) {
    ssize_t len = getline(&line->text, &line->room, stdin);
    if (len < 0) {
        return false;
    }
    line->text[strcspn(line->text, "\r\n")] = '\0';
    return true;
}

static bool run_case(CURL *curl, const line *lines) {
    clerk_client *client = clerk_client_new(lines[SETTINGS].text);
    clerk_call *call = clerk_call_new(client, lines[OPERATION].text, lines[PARAMETERS].text, NULL);
    clerk_bytes json;
    bool is_result = clerk_curl_run(curl, call, &json);
    bool is_json = json.data != NULL;
    if (is_json) {
        printf("{\"%s\":", is_result ? "result" : "error");
        for (size_t i = 0; i < json.len; i++) {
            /* In JSON, a raw newline is only ever between tokens. */
            putchar(json.data[i] == '\n' || json.data[i] == '\r' ? ' ' : json.data[i]);
        }
        puts("}");
    }
    clerk_call_free(call);
    clerk_client_free(client);
    return fflush(stdout) == 0 && is_json;
}

int main(int argc, char **argv) {
    if (argc != 2 || strcmp(argv[1], "--fields") != 0) {
        fputs("Usage: conform --fields\n", stderr);
        return 2;
    }
    CURL *curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
    line lines[LINES] = {{0}};
    bool is_ok = curl != NULL;
    while (is_ok && read_line(&lines[SETTINGS])) {
        for (size_t i = OPERATION; i < LINES && is_ok; i++) {
            is_ok = read_line(&lines[i]);
        }
        is_ok = is_ok && lines[NOTHING].text[0] == '\0' && run_case(curl, lines);
    }
    for (size_t i = 0; i < LINES; i++) {
        free(lines[i].text);
    }
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return is_ok ? 0 : 1;
}
