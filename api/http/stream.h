/* Streams of server-sent events: what a handler says to answer with one, and what the server asks
 * of it afterwards.
 *
 *     static const struct stream_source source = {.news = "queue", .read = queue_events};
 *
 *     enum err queue_listen(struct request *request)
 *     {
 *         struct stream_place place;
 *         struct rows rows;
 *         enum err err = stream_asked(request, &place);
 *         if (!err)
 *             err = queue_bounds(request_tx(request), &rows);
 *         return err ? err : reply_stream(request, &source, &place, &rows);
 *     }
 *
 * The request ends there as every other does: identified, permitted, audited once, logged. What
 * comes after it is no request: see streams.h. An event is a row with `number` (1, 2, 3, … without
 * gaps in a clinic) and `_event`, its name; the rest is its data, shown as the operation's x-hide
 * and x-mask say for the listener's role.
 */
#ifndef API_HTTP_STREAM_H
#define API_HTTP_STREAM_H

#include "api/http/request.h"

#include <sys/types.h>

enum { STREAM_PAGE = 64 };

/* Where a kind of events comes from. Static. */
struct stream_source {
    const char
        *news; /* kind of db/listen.h that says "there are more"; its key is the clinic's id */
    /* The `most` events after that one, oldest first; fewer: there are no more. */
    enum err (*read)(struct tx *tx, int64_t after, int most, struct rows *out);
};

/* Where a client wants to go on. */
struct stream_place {
    bool is_known; /* it sent a Last-Event-ID */
    int64_t number;
};

/* Reads Last-Event-ID. ERR_INPUT bad-request: it is not one of ours. */
enum err stream_asked(struct request *request, struct stream_place *out) FAILS;

/* Answers with a stream that goes on behind `place`. `bounds` has one row: `last`, the number of
 * the clinic's newest event, and `oldest`, of the oldest that is kept (NULL: none). A client
 * without a place begins with the event "ready", one whose place is unknown or no longer kept with
 * "reset"; both carry the newest number. ERR_UNAVAILABLE overloaded: there are too many streams;
 * draining. */
enum err reply_stream(struct request *request, const struct stream_source *source,
                      const struct stream_place *place, const struct rows *bounds) FAILS;

/* --- for the server ------------------------------------------------------------------------------
 */

struct stream;

/* The next bytes, at most `room` of them; waits for them, but never long. -1: the stream is over.
 * One thread at a time. */
ssize_t stream_read(struct stream *stream, char *out, size_t room);

/* The other side has it, or has gone. */
void stream_close(struct stream *stream);

#endif
