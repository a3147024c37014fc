/* What stream.c (one listener), channel.c (a clinic's events) and streams.c (all of it) share.
 * Every member that is not said to be of one thread is guarded by streams.lock, which nobody holds
 * while asking the database. */
#ifndef API_HTTP_STREAM_PARTS_H
#define API_HTTP_STREAM_PARTS_H

#include "api/http/stream.h"
#include "api/http/streams.h"

#include <pthread.h>
#include <stdatomic.h>

enum { CHANNEL_VIEWS_MAX = 8 };

/* An event as it is written: the texts of all views, one behind the other. */
struct event {
    char *text; /* of the ring */
    size_t ends[CHANNEL_VIEWS_MAX];
};

struct channel {
    const struct operation *operation;
    const struct stream_source *source;
    int64_t clinic_id;
    struct view views[CHANNEL_VIEWS_MAX]; /* [0]: of every role that the document does not name */
    const char *roles[CHANNEL_VIEWS_MAX];
    int views_n;
    struct event ring[CHANNEL_RING]; /* [number % CHANNEL_RING] */
    int64_t first, next;             /* the ring holds the events [first, next) */
    struct stream *streams;
    int streams_n;
    bool is_woken, is_fed; /* there is news; the feeder is at it */
    int64_t check_us;      /* when its sessions are looked after, monotonic */
    pthread_cond_t grown;
    struct channel *after;
};

struct stream {
    struct streams *streams;
    struct channel *channel;
    struct stream *before, *after; /* in the channel */
    struct principal principal;
    char request_id[UUID_TEXT];
    int view;
    int64_t number;    /* the next event that it wants */
    const char *ended; /* why; a literal. NULL: it goes on */

    /* of the connection's thread */
    bool is_behind; /* reads up by itself */
    bool is_told;   /* that it has ended */
    int64_t opened_us;
    uint64_t events;
    struct arena arena; /* of the text; empty while there is nothing to write */
    struct buf text;
    size_t written;
};

struct streams {
    struct streams_options options;
    pthread_mutex_t lock;
    pthread_cond_t news; /* for the feeder */
    pthread_t feeder;
    struct channel *channels;
    bool is_over, is_held, is_stopping;
    struct streams_stats stats;
    atomic_uint_fast64_t reads, events;
};

/* The channel of that source and clinic, made when there is none: it begins behind `number`. */
struct channel *channel_join(struct streams *streams, const struct operation *operation,
                             const struct stream_source *source, int64_t clinic_id, int64_t number);
/* Frees it when nobody needs it any more. */
void channel_leave(struct streams *streams, struct channel *channel);
int channel_view(const struct channel *channel, const char *role);

/* Asks the database; not under the lock. */
enum err channel_read(struct streams *streams, const struct channel *channel, int64_t after,
                      struct fault *fault, struct rows *out) FAILS;
void channel_write_event(const struct channel *channel, int view, const struct rows *rows, int row,
                         struct buf *out);

/* Reads what is new and tells the listeners. False: it could not; try again a little later. */
bool channel_feed(struct streams *streams, struct channel *channel);

/* Ends whoever's session has ended. */
void channel_check(struct streams *streams, struct channel *channel);

/* Is that news (db/listen.h) about anybody in it? */
bool channel_has(const struct channel *channel, const char *kind, const char *key);
void channel_end(struct channel *channel, const char *why);

/* Waits on the condition, at most until then (monotonic). */
void streams_wait(struct streams *streams, pthread_cond_t *condition, int64_t until_us);
void streams_condition(pthread_cond_t *out);

#endif
