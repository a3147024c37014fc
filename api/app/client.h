/* A small HTTP client for the operator's commands: one request a connection, plain HTTP, JSON both
 * ways, at most ten seconds and a megabyte. */
#ifndef API_APP_CLIENT_H
#define API_APP_CLIENT_H

#include "db/arena.h"

struct client_call {
    const char *url; /* "http://127.0.0.1:8080", without a path */
    const char *method, *path;
    const char *token;    /* or NULL */
    const char *if_match; /* or NULL */
    const char *pass;     /* through maintenance (db/maintain.h), or NULL */
    const char *body;     /* JSON text, or NULL */
    const char *type;     /* of a body that is something else, or NULL */
};

struct client_answer {
    int status;
    const char *etag; /* or NULL */
    json_t *json;     /* NULL: none */
};

/* ERR_INPUT: not such a URL; ERR_UNAVAILABLE: nobody there, or no answer. The answer lives in the
 * fault's arena. */
enum err client_ask(const struct client_call *call, struct fault *fault,
                    struct client_answer *out) FAILS;

#endif
