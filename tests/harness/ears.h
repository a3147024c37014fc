/* Many listeners to events at once, in one thread: clients that believe nothing. Each opens a
 * stream, takes chunks and server-sent events apart by itself, and remembers the last id that it
 * heard, with which it comes back. What is no well-formed stream dies.
 */
#ifndef TESTS_HARNESS_EARS_H
#define TESTS_HARNESS_EARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    char *at;
    size_t from, n, room; /* [from, n) is still to be taken */
};

struct ear {
    /* set before it is opened */
    const char *path, *token;
    const char *from; /* our own address, "127.0.0.2"; NULL: any */
    int64_t last;     /* id of the last event; -1: none */
    size_t sip;       /* reads no more than so many bytes at once; 0: all that there is */
    void *user;

    int fd;          /* -1: not connected */
    int status;      /* of its answer; 0: not yet */
    bool is_over;    /* the stream came to its end, and was not just cut */
    unsigned beats;  /* comment lines without a word */
    char remark[64]; /* the last one with words */
    struct bytes in, text;
    size_t chunk; /* bytes of the chunk that are still to come */
};

struct ears {
    int port, epoll;
    struct ear *ear;
    size_t n;
    void (*heard)(struct ear *ear, int64_t id, const char *name, const char *data);
};

void ears_begin(struct ears *ears, int port, size_t n);
void ears_end(struct ears *ears);

/* Connects and asks, with Last-Event-ID when there was one. False: nobody listens. */
bool ear_open(struct ears *ears, struct ear *ear);
void ear_close(struct ear *ear);

/* Hears whatever comes within so long; at once when something came. Returns how many are connected.
 */
size_t ears_hear(struct ears *ears, int ms);

/* Hears until all have a status or so long has passed; the number of those that have that one. */
size_t ears_answered(struct ears *ears, int status, int ms);

#endif
