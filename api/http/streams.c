#include "api/http/stream_parts.h"
#include "db/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t SECOND_US = 1000000;

void streams_condition(pthread_cond_t *out)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(out, &attributes);
    pthread_condattr_destroy(&attributes);
}

void streams_wait(struct streams *streams, pthread_cond_t *condition, int64_t until_us)
{
    const struct timespec until = {.tv_sec = until_us / SECOND_US,
                                   .tv_nsec = until_us % SECOND_US * 1000};
    pthread_cond_timedwait(condition, &streams->lock, &until);
}

/* --- the feeder ---------------------------------------------------------------------------------
 */

static bool is_due(const struct channel *channel, int64_t now_us)
{
    return channel->is_woken || channel->check_us <= now_us;
}

/* To the end of the list: whoever is talked about all the time does not keep the others waiting. */
static void move_back(struct streams *streams, struct channel *channel)
{
    struct channel **place = &streams->channels;
    while (*place != channel)
        place = &(*place)->after;
    *place = channel->after;
    while (*place)
        place = &(*place)->after;
    *place = channel;
    channel->after = NULL;
}

/* The lock is let go while the database is asked. */
static void serve(struct streams *streams, struct channel *channel, int64_t now_us)
{
    bool is_checked = channel->check_us <= now_us;
    channel->is_woken = false;
    channel->is_fed = true;
    move_back(streams, channel);
    pthread_mutex_unlock(&streams->lock);
    bool is_good = channel_feed(streams, channel);
    if (is_checked)
        channel_check(streams, channel);
    pthread_mutex_lock(&streams->lock);
    channel->is_fed = false;
    if (is_checked)
        channel->check_us = now_us + STREAM_CHECK_S * SECOND_US;
    if (!is_good)
        channel->check_us = now_us + SECOND_US; /* the database is away */
    channel_leave(streams, channel);
}

static void *feed(void *user)
{
    struct streams *streams = user;
    pthread_mutex_lock(&streams->lock);
    while (!streams->is_stopping) {
        int64_t now_us = clock_monotonic_us(), until_us = now_us + SECOND_US;
        struct channel *due = streams->channels;
        for (; due && !is_due(due, now_us); due = due->after)
            if (due->check_us < until_us)
                until_us = due->check_us;
        if (due)
            serve(streams, due, now_us);
        else
            streams_wait(streams, &streams->news, until_us);
    }
    pthread_mutex_unlock(&streams->lock);
    return NULL;
}

/* --- what is heard ------------------------------------------------------------------------------
 */

/* What is said twice does no harm: who is still alive is asked, not concluded. */
static void hear(struct channel *channel, const char *kind, const char *key)
{
    bool is_events = strcmp(kind, channel->source->news) == 0;
    bool is_missed = strcmp(kind, "*") == 0;
    if (is_missed || (is_events && strtoll(key, NULL, 10) == channel->clinic_id))
        channel->is_woken = true;
    if (is_missed || (!is_events && channel_has(channel, kind, key)))
        channel->check_us = 0;
}

void streams_news(struct streams *streams, const char *kind, const char *key)
{
    pthread_mutex_lock(&streams->lock);
    for (struct channel *channel = streams->channels; channel; channel = channel->after)
        hear(channel, kind, key);
    pthread_cond_signal(&streams->news);
    pthread_mutex_unlock(&streams->lock);
}

void streams_stats_read(struct streams *streams, struct streams_stats *out)
{
    pthread_mutex_lock(&streams->lock);
    *out = streams->stats;
    pthread_mutex_unlock(&streams->lock);
    out->reads = atomic_load(&streams->reads);
    out->events = atomic_load(&streams->events);
}

/* --- begin and end ------------------------------------------------------------------------------
 */

struct streams *streams_make(const struct streams_options *options)
{
    struct streams *streams = calloc(1, sizeof *streams);
    if (!streams)
        abort();
    streams->options = *options;
    pthread_mutex_init(&streams->lock, NULL);
    streams_condition(&streams->news);
    if (pthread_create(&streams->feeder, NULL, feed, streams))
        abort();
    return streams;
}

void streams_end(struct streams *streams)
{
    if (!streams)
        return;
    pthread_mutex_lock(&streams->lock);
    streams->is_over = true;
    for (struct channel *channel = streams->channels; channel; channel = channel->after)
        channel_end(channel, "the service is shutting down");
    pthread_mutex_unlock(&streams->lock);
}

void streams_hold(struct streams *streams, const char *why)
{
    pthread_mutex_lock(&streams->lock);
    streams->is_held = why != NULL;
    for (struct channel *channel = streams->channels; why && channel; channel = channel->after)
        channel_end(channel, why);
    pthread_mutex_unlock(&streams->lock);
}

void streams_free(struct streams *streams)
{
    if (!streams)
        return;
    pthread_mutex_lock(&streams->lock);
    streams->is_stopping = true;
    pthread_cond_signal(&streams->news);
    pthread_mutex_unlock(&streams->lock);
    pthread_join(streams->feeder, NULL);
    pthread_cond_destroy(&streams->news);
    pthread_mutex_destroy(&streams->lock);
    free(streams);
}
