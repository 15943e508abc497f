#include "curl_transport.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* No response of this API comes near it. */
#define MAX_RESPONSE ((size_t)16 * 1024 * 1024)
#define CONNECT_TIMEOUT_MS 5000L

/* What has been received of a response. */
typedef struct {
    clerk_header *headers; /* Name and value share one allocation, which starts at the name. */
    size_t header_count, header_room;
    size_t header_bytes;
    bool headers_over;
    uint8_t *body;
    size_t body_len, body_room;
    bool too_large;
    unsigned times_sent;
} response;

static uint64_t now_ms(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void wait_ms(uint64_t ms) {
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static void drop_headers(response *response) {
    for (size_t i = 0; i < response->header_count; i++) {
        free((char *)response->headers[i].name);
    }
    response->header_count = response->header_bytes = 0;
    response->headers_over = false;
}

static void drop_response(response *response) {
    drop_headers(response);
    free(response->headers);
    free(response->body);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Called with one line at a time. Whatever is not `len` in return ends the transfer. */
static size_t on_header(char *line, size_t size, size_t count, void *user) {
    response *response = user;
    size_t len = size * count;
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        drop_headers(response); /* What came before was a 1xx or of a proxy. */
        return len;
    }
    size_t end = len;
    while (end > 0 && is_blank(line[end - 1])) {
        end--;
    }
    if (end == 0) {
        response->headers_over = true;
    }
    const char *colon = memchr(line, ':', end);
    if (response->headers_over || colon == NULL) {
        return len; /* The empty line, a trailer, or no header at all. */
    }
    if (len > MAX_RESPONSE - response->header_bytes) {
        response->too_large = true;
        return 0;
    }
    if (response->header_count == response->header_room) {
        size_t room = response->header_room == 0 ? 16 : response->header_room * 2;
        clerk_header *headers = realloc(response->headers, room * sizeof *headers);
        if (headers == NULL) {
            return 0;
        }
        response->headers = headers;
        response->header_room = room;
    }
    char *text = malloc(end + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, line, end);
    text[end] = '\0';
    char *value = text + (colon - line);
    *value++ = '\0';
    while (is_blank(*value)) {
        value++;
    }
    response->headers[response->header_count++] = (clerk_header){.name = text, .value = value};
    response->header_bytes += len;
    return len;
}

static size_t on_body(char *data, size_t size, size_t count, void *user) {
    response *response = user;
    size_t len = size * count;
    if (len > MAX_RESPONSE - response->body_len) {
        response->too_large = true;
        return 0;
    }
    if (len > response->body_room - response->body_len) {
        size_t room = response->body_room == 0 ? 4096 : response->body_room;
        while (room - response->body_len < len) {
            room *= 2;
        }
        uint8_t *body = realloc(response->body, room);
        if (body == NULL) {
            return 0;
        }
        response->body = body;
        response->body_room = room;
    }
    if (len > 0) {
        memcpy(response->body + response->body_len, data, len);
    }
    response->body_len += len;
    return len;
}

/* Called once connected, before each sending. curl sends again by itself, a POST too, if a connection that was kept alive
 * closes without a response. The library decides whether to send again: some operations must not be repeated. */
static int before_sending(void *user, char *to_ip, char *from_ip, int to_port, int from_port) {
    (void)to_ip, (void)from_ip, (void)to_port, (void)from_port;
    response *response = user;
    if (response->times_sent > 0) {
        return CURL_PREREQFUNC_ABORT;
    }
    response->times_sent++;
    return CURL_PREREQFUNC_OK;
}

static bool append(struct curl_slist **list, const char *line) {
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL) {
        return false;
    }
    *list = longer;
    return true;
}

/* The headers as curl takes them; what curl would add by itself is switched off. */
static bool append_headers(struct curl_slist **list, const clerk_step *step) {
    static const char *const own[] = {"Accept", "Content-Type", "Expect", "User-Agent"};
    for (size_t i = 0; i < step->header_count; i++) {
        const clerk_header *header = &step->headers[i];
        size_t name_len = strlen(header->name), value_len = strlen(header->value);
        char *line = malloc(name_len + value_len + 3);
        if (line == NULL) {
            return false;
        }
        memcpy(line, header->name, name_len);
        /* With a colon, an empty value would remove the header. */
        memcpy(line + name_len, value_len > 0 ? ": " : ";", value_len > 0 ? 3 : 2);
        strcat(line, header->value);
        bool is_appended = append(list, line);
        free(line);
        if (!is_appended) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        bool is_given = false;
        for (size_t j = 0; j < step->header_count; j++) {
            is_given = is_given || strcasecmp(own[i], step->headers[j].name) == 0;
        }
        char line[32] = "";
        strcat(strcat(line, own[i]), ":");
        if (!is_given && !append(list, line)) {
            return false;
        }
    }
    return true;
}

/* All options are set, or the first error is returned. */
static CURLcode set_up(CURL *curl, const clerk_step *step, struct curl_slist *headers, response *response, char *message) {
    CURLcode code = CURLE_OK;
#define SET(option, value)                                                                                             \
    if (code == CURLE_OK) {                                                                                            \
        code = curl_easy_setopt(curl, option, value);                                                                  \
    }
    SET(CURLOPT_ERRORBUFFER, message)
    SET(CURLOPT_NOSIGNAL, 1L)
    SET(CURLOPT_URL, step->url)
    SET(CURLOPT_PROTOCOLS_STR, "http,https")
    SET(CURLOPT_FOLLOWLOCATION, 0L)
    SET(CURLOPT_HTTPHEADER, headers)
    SET(CURLOPT_ACCEPT_ENCODING, "")
    /* To curl, 0 is no limit, and INT_MAX the greatest. */
    SET(CURLOPT_TIMEOUT_MS, step->ms == 0 ? 1L : step->ms > INT_MAX ? (long)INT_MAX : (long)step->ms)
    SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS)
    if (strcmp(step->method, "POST") == 0) {
        /* Not copied: the body is the call's until its next step. With null, curl would ask a callback for it. */
        SET(CURLOPT_POST, 1L)
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)step->body.len)
        SET(CURLOPT_POSTFIELDS, step->body.len > 0 ? (const char *)step->body.data : "")
    } else {
        SET(CURLOPT_HTTPGET, 1L)
    }
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L)
    SET(CURLOPT_HEADERFUNCTION, on_header)
    SET(CURLOPT_HEADERDATA, response)
    SET(CURLOPT_WRITEFUNCTION, on_body)
    SET(CURLOPT_WRITEDATA, response)
    SET(CURLOPT_PREREQFUNCTION, before_sending)
    SET(CURLOPT_PREREQDATA, response)
#undef SET
    return code;
}

static const char *kind_of(CURLcode code, const response *response) {
    if (response->too_large) {
        return "too_large";
    }
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
        return "connect";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return "tls";
    case CURLE_OPERATION_TIMEDOUT:
        return "timeout";
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        return "closed";
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_BAD_CONTENT_ENCODING:
        return "protocol";
    case CURLE_UNSUPPORTED_PROTOCOL: /* Of the URL, or HTTP/0.9 in the response. */
    case CURLE_URL_MALFORMAT:
        return response->times_sent > 0 ? "protocol" : "rejected";
    default:
        return "other";
    }
}

/* Sends the request of a step and reports what became of it. */
static void send_request(CURL *curl, clerk_call *call, const clerk_step *step) {
    response response = {0};
    char message[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    long status = 0;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (curl == NULL) {
        code = CURLE_FAILED_INIT;
    } else if (append_headers(&headers, step)) {
        curl_easy_reset(curl); /* Keeps its connections. */
        code = set_up(curl, step, headers, &response, message);
        if (code == CURLE_OK) {
            code = curl_easy_perform(curl);
        }
        if (code == CURLE_ABORTED_BY_CALLBACK) {
            code = CURLE_GOT_NOTHING; /* Why before_sending was asked again. */
        }
        if (code == CURLE_OK) {
            code = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        }
        curl_easy_reset(curl); /* It would point to what is freed below. */
    }
    if (code == CURLE_OK) {
        clerk_call_on_response(call, (uint16_t)status, response.headers, response.header_count, response.body, response.body_len,
                               now_ms());
    } else {
        /* curl's longer message may quote the response, so it is only for failures before there is one. */
        bool maybe_sent = response.times_sent > 0;
        const char *shown = maybe_sent || message[0] == '\0' ? curl_easy_strerror(code) : message;
        clerk_call_on_failure(call, maybe_sent, kind_of(code, &response), shown, now_ms());
    }
    curl_slist_free_all(headers);
    drop_response(&response);
}

bool clerk_curl_run(CURL *curl, clerk_call *call, clerk_bytes *json) {
    clerk_step step;
    for (;;) {
        switch (clerk_call_step(call, now_ms(), &step)) {
        case CLERK_ACTION_SEND:
            send_request(curl, call, &step);
            break;
        case CLERK_ACTION_WAIT:
            wait_ms(step.ms);
            break;
        case CLERK_ACTION_DONE:
        case CLERK_ACTION_MISUSE: /* Null, or not a new call: then finish says so. */
            return clerk_call_finish(call, json);
        }
    }
}
