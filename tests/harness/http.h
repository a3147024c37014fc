/* The tests' HTTP client: talks to the real service and believes nothing that it says.
 *
 * Every answer, whichever test asked, is held against the document: the common headers, a status
 * that the operation documents, a body that its schema describes, the shape of a problem, no body
 * where none belongs. What does not fit is a flaw of the answer: http_send() fails the test with
 * it, and http_ask() leaves the verdict to the caller (who expects, say, a status of the library's
 * own).
 *
 * Each (operation, status) that was seen goes to the file CLINICD_TEST_SEEN; the last test of a run
 * (tests/api/seen_test.c) reads there whether the whole document was.
 */
#ifndef TESTS_HARNESS_HTTP_H
#define TESTS_HARNESS_HTTP_H

#include "api/http/document.h"

#include <stdbool.h>

struct client;

struct client *client_make(int port, const struct document *document);
void client_free(struct client *client);

enum { CALL_HEADERS_MAX = 16 };

/* What to send. Designated initialisers: `(struct call){.method = "GET", .path = "/version"}`. */
struct call {
    const char *method; /* NULL: GET */
    const char *path;   /* raw, with the query */
    const char *token;  /* Authorization: Bearer …, or NULL */
    const char *body;   /* NULL: none */
    size_t body_length; /* 0: strlen(body) */
    const char *type;   /* of the body; NULL: application/json */
    const char *if_match;
    const char
        *headers[CALL_HEADERS_MAX]; /* "Name: value", NULL-terminated; "Name:" takes one away */
};

struct answer {
    int status;
    const char *head; /* all header lines, as received */
    const char *body; /* NUL-terminated */
    size_t length;
    json_t *json;                      /* NULL: no JSON */
    const char *flaw;                  /* what does not fit the document; NULL: nothing */
    const struct operation *operation; /* NULL: the path is none of ours */
};

/* Of a stream of events the answer is what it says first; the connection is then closed.
 * Everything of the answer lives in the arena. Both die when there is no answer within 30 s. */
void http_ask(struct client *client, struct arena *arena, const struct call *call,
              struct answer *out);
void http_send(struct client *client, struct arena *arena, const struct call *call,
               struct answer *out);

/* A header's value, trimmed, in the arena; NULL: absent. `n` counts how often it is there, or NULL.
 */
const char *answer_header(struct arena *arena, const struct answer *answer, const char *name,
                          int *n);
const char *answer_code(const struct answer *answer);                     /* of a problem, or "" */
const char *answer_text(const struct answer *answer, const char *member); /* "" when absent */

/* Sends bytes as they are on a connection of its own and reads until the other side closes or
 * `wait_ms` pass without a byte. Returns what came, NUL-terminated. `half_close`: shut our side
 * first. */
char *http_raw(int port, struct arena *arena, const char *bytes, size_t length, bool half_close,
               int wait_ms, size_t *received);

#endif
