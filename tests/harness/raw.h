/* A client that says exactly these bytes, keeps its connection, and survives a server that does
 * not: for hostile requests, and for what happens while the service or its database dies.
 *
 * One connection belongs to one thread. What it answers is not held against the document: whoever
 * wants that calls answer_judge().
 */
#ifndef TESTS_HARNESS_RAW_H
#define TESTS_HARNESS_RAW_H

#include "db/buf.h"
#include "tests/harness/http.h"

struct raw {
    int port;
    const char *from; /* our own address, "127.0.0.2"; set after raw_open(); NULL: any */
    int fd;           /* -1: not connected; raw_ask() connects by itself */
    struct buf in;
};

enum raw_end {
    RAW_ANSWERED,
    RAW_REFUSED, /* nobody listens: the request was never sent */
    RAW_CUT,     /* the connection ended before the whole answer was there */
    RAW_SILENT,  /* no whole answer within the time */
};

void raw_open(struct raw *raw, int port);
void raw_close(struct raw *raw);

/* Sends the bytes and waits for one final answer (100 is passed over), at most `wait_ms`. A kept
 * connection that was closed since its last answer is opened anew first. status, head, body and
 * length of `out` are filled in, in the arena. is_head: the answer has no body. */
enum raw_end raw_ask(struct raw *raw, struct arena *arena, const char *bytes, size_t length,
                     bool is_head, int wait_ms, struct answer *out);

/* A request as bytes: method, path, token, body, type, if_match and headers of the call, HTTP/1.1,
 * with Host and Content-Length. */
void raw_write(struct buf *out, const struct call *call);

/* How many answers stand one after another in what a connection gave, and the status of the first.
 */
int raw_count(const char *bytes, size_t length, int *first);

#endif
