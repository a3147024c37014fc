/* One request to an S3 server at a time, by libcurl, signed with version 4. Path style:
 * https://host/bucket/prefix/key. Nothing is decided here about what an answer means, but for this:
 * what can be asked again (a server that is busy, a connection that broke before an answer) is
 * asked again, a little later each time, within the timeout.
 *
 * libcurl 7.88 signs a query as it is written: parameters must be in order and escaped already. */
#ifndef DB_STORE_S3_H
#define DB_STORE_S3_H

#include "db/arena.h"
#include "db/buf.h"
#include "db/store/store.h"

struct s3;

/* ERR_INPUT, for the operator: the settings are none. */
enum err s3_open(const struct store_options *options, struct fault *fault, struct s3 **out) FAILS;
void s3_close(struct s3 *s3); /* NULL is fine; all calls have ended */

const char *s3_prefix(const struct s3 *s3); /* "" or "prefix/" */

struct s3_request {
    const char *method; /* GET HEAD PUT DELETE */
    const char *key;    /* under the bucket; "" is the bucket itself */
    const char *query;  /* or NULL */
    const char *range;  /* "0-99" or NULL */
    const char *sha256; /* of the body of a PUT */
    int body;           /* of a PUT: read by pread() from 0 on */
    uint64_t body_size;
};

struct s3_answer {
    long status;
    uint64_t length; /* Content-Length */
    uint64_t total;  /* of Content-Range; else 0 */
    struct buf body; /* of an answer that is taken whole; bounded */
};

/* Asks and takes the whole answer. ERR_UNAVAILABLE store-unavailable: there was none; any status is
 * an answer otherwise, but those that say "later". */
enum err s3_ask(struct s3 *s3, const struct s3_request *request, struct fault *fault,
                struct s3_answer *out) FAILS;

/* Asks and returns when the body begins: 206 or 200. Other answers as above. */
struct s3_stream;
enum err s3_stream_open(struct s3 *s3, const struct s3_request *request, struct fault *fault,
                        struct s3_answer *out, struct s3_stream **stream) FAILS;
/* As store_reader_read(). */
ssize_t s3_stream_read(struct s3_stream *stream, void *out, size_t room);
void s3_stream_close(struct s3_stream *stream); /* NULL is fine */

#endif
