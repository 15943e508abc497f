/* Lists the sessions of a user, page by page: a line of JSON for each page. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "curl_transport.h"

/* A JSON string. What is not UTF-8 passes, for the library to refuse. */
static void put_string(FILE *out, const char *text) {
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            fputc('\\', out);
            fputc(*c, out);
        } else if (*c < 0x20) {
            fprintf(out, "\\u%04x", *c);
        } else {
            fputc(*c, out);
        }
    }
    fputc('"', out);
}

/* The JSON object of some names and values, without those that are null. Null if there is no memory; free it. */
static char *object(size_t count, const char *const (*fields)[2]) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL) {
        return NULL;
    }
    const char *before = "{";
    for (size_t i = 0; i < count; i++) {
        if (fields[i][1] != NULL) {
            fputs(before, out);
            put_string(out, fields[i][0]);
            fputc(':', out);
            put_string(out, fields[i][1]);
            before = ",";
        }
    }
    fputs(before[0] == '{' ? "{}" : "}", out);
    bool is_whole = ferror(out) == 0;
    if (fclose(out) != 0 || !is_whole) {
        free(text);
        return NULL;
    }
    return text;
}

/* Prints each page. The pages end where one does not come. */
static bool print_pages(CURL *curl, clerk_pages *pages) {
    bool is_ok = true;
    clerk_call *call;
    while ((call = clerk_pages_next(pages)) != NULL) {
        clerk_bytes json;
        is_ok = clerk_curl_run(curl, call, &json);
        FILE *out = is_ok ? stdout : stderr;
        if (json.data != NULL) {
            fwrite(json.data, 1, json.len, out);
        }
        fputc('\n', out);
        clerk_call_free(call);
    }
    return is_ok;
}

int main(int argc, char **argv) {
    if (argc != 2 || argv[1][0] == '\0') {
        fputs("Usage: list_sessions USER_ID\n"
              "CLERK_SECRET_KEY and, if not Clerk's own, CLERK_API_URL are read from the environment.\n",
              stderr);
        return 2;
    }
    const char *const settings_fields[][2] = {{"secret_key", getenv("CLERK_SECRET_KEY")},
                                              {"api_url", getenv("CLERK_API_URL")}};
    const char *const list_fields[][2] = {{"user_id", argv[1]}};
    char *settings = object(2, settings_fields);
    char *list = object(1, list_fields);
    CURL *curl = NULL;
    clerk_client *client = NULL;
    clerk_pages *pages = NULL;
    bool is_ok = false;

    if (settings != NULL && list != NULL && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
        curl = curl_easy_init();
        client = clerk_client_new(settings);
        pages = clerk_pages_new(client, list, NULL);
    }
    if (curl == NULL || pages == NULL) {
        fputs("{\"kind\":\"other\",\"message\":\"out of memory\"}\n", stderr);
    } else {
        /* Refused settings need no check of their own: the first page comes to that error. */
        is_ok = print_pages(curl, pages);
    }

    clerk_pages_free(pages);
    clerk_client_free(client);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    free(list);
    free(settings);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        is_ok = false;
    }
    return is_ok ? 0 : 1;
}
