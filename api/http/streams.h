/* Everybody who listens to this process: streams of server-sent events, by clinic.
 *
 * The listeners of a clinic share a channel. When news of an event comes (and every few seconds,
 * should news be lost), one thread, the feeder, reads what is new once for all of them; the channel
 * keeps the last CHANNEL_RING events as the text that is sent, one text for each view that a role
 * may have. A listener is a number, the next event that it wants, and the thread of its connection,
 * which sleeps; it holds memory only while it has something to write. Who comes back far behind
 * reads up by itself, a page at a time; who was with the others and falls a whole ring behind is
 * cut off, and comes back where it was.
 *
 * A stream ends when its session does, when its account or its clinic is closed or its role is
 * another one (asked at once when there is news of it, and every STREAM_CHECK_S seconds), and when
 * the process drains or is taken away for maintenance.
 */
#ifndef API_HTTP_STREAMS_H
#define API_HTTP_STREAMS_H

#include "db/database.h"

enum { CHANNEL_RING = 256, STREAM_CHECK_S = 5 };

struct streams;

struct streams_options {
    struct database *database;
    int most, most_per_clinic; /* listeners */
    int heartbeat_ms;          /* a silent stream says that it is there */
};

struct streams_stats {
    int open, channels;
    uint64_t opened, events; /* events: written to listeners */
    uint64_t reads;          /* of the database, by the feeder and by who reads up */
    uint64_t cut;            /* of the streams that ended: too slow */
};

struct streams *streams_make(const struct streams_options *options);

/* What the listener hears (db/listen.h). */
void streams_news(struct streams *streams, const char *kind, const char *key);

/* Ends all streams, now, and lets nobody in any more. NULL is fine, and so is twice. */
void streams_end(struct streams *streams);

/* Ends all streams and lets nobody in until it is called with NULL. */
void streams_hold(struct streams *streams, const char *why);

/* After streams_end() and once no stream is open; before the database closes. NULL is fine. */
void streams_free(struct streams *streams);

void streams_stats_read(struct streams *streams, struct streams_stats *out);

#endif
