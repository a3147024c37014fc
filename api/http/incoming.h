/* A request as it came off the wire and an answer as it goes back: what server.c (the only friend
 * of Ulfius here) exchanges with the machinery. Nothing in it is trusted yet. */
#ifndef API_HTTP_INCOMING_H
#define API_HTTP_INCOMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct service;
struct stream;
struct arena;
struct arrival;
struct content_stream;

struct incoming {
    const char *method;
    const char *url;      /* raw: path and query as sent */
    const char *protocol; /* "HTTP/1.1" */
    const char *peer;     /* address of the socket's other end */
    const void *body;
    size_t body_length;  /* limit + 1 at most */
    bool has_bad_header; /* no token, a control character, two spellings, too many */
    const char *(*header)(const struct incoming *incoming, const char *name); /* NULL: absent */
    const void *native;
    struct arrival *arrival; /* the body came in parts: arrival.h; NULL: it did not */
};

enum { REPLY_HEADERS_MAX = 24 };

struct reply {
    int status;
    const char *content_type;
    const char *bytes;
    size_t length;
    size_t headers_n;
    struct reply_header {
        const char *name, *value;
    } headers[REPLY_HEADERS_MAX];
    const char *etag; /* with its quotes, or NULL */
    bool must_close;  /* Connection: close */
    bool is_json;
    struct stream *stream;          /* goes on after the answer; the server closes it (stream.h) */
    struct content_stream *content; /* a file's bytes instead of `bytes`; the server closes it */
    uint64_t content_length;
    bool is_localised; /* in the language that Accept-Language chose */
};

/* One exchange, from the first byte understood to the last byte decided. The answer's memory lives
 * in `arena`. */
void dispatch(struct service *service, const struct incoming *incoming, struct arena *arena,
              struct reply *reply);

/* The headers of a body in parts are in, and none of it was read: may it come? The first half of
 * the way, up to the permissions. Then *out waits for the body, and the whole way is gone when that
 * is there. NULL: no; reply is the answer, and the connection is of no more use. */
void dispatch_admit(struct service *service, const struct incoming *incoming, struct arena *arena,
                    struct reply *reply, struct arrival **out);

#endif
