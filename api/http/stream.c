#include "api/http/stream.h"

#include "api/http/away.h"
#include "api/http/event_text.h"
#include "api/http/incoming.h"
#include "api/http/log.h"
#include "api/http/reply.h"
#include "api/http/service.h"
#include "api/http/stream_parts.h"
#include "db/clock.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Clients that were cut off together do not all come back at once. */
enum { RETRY_LEAST_MS = 1000, RETRY_SPREAD_MS = 2000, FULL_RETRY_S = 5, TEXT_MOST = 4096 };

/* --- the answer ---------------------------------------------------------------------------------
 */

enum err stream_asked(struct request *request, struct stream_place *out)
{
    struct stream_place place = {0};
    const char *id = request->incoming->header(request->incoming, "Last-Event-ID");
    place.is_known = id != NULL;
    if (id && !event_id_read(id, &place.number)) {
        fault_add(&request->fault, "header:Last-Event-ID", "malformed",
                  "is not the id of an event of this stream");
        return request_fail(request, ERR_INPUT, "bad-request", "Last-Event-ID is malformed");
    }
    *out = place;
    return ERR_NONE;
}

/* Is everything behind that place still there? */
static bool is_kept(const struct stream_place *place, const struct rows *bounds)
{
    int64_t last = rows_int(bounds, 0, "last", 0);
    int64_t oldest = rows_int(bounds, 0, "oldest", last + 1);
    return place->is_known && place->number <= last && place->number + 1 >= oldest;
}

static void greet(struct stream *stream, const struct stream_place *place, int64_t last,
                  bool goes_on)
{
    buf_begin(&stream->text, &stream->arena, 256);
    event_write_retry(&stream->text, RETRY_LEAST_MS + randombytes_uniform(RETRY_SPREAD_MS));
    if (goes_on)
        return;
    char now[CLOCK_TEXT];
    const char *data = arena_format(&stream->arena, "{\"number\":%lld,\"at\":\"%s\"}",
                                    (long long)last, clock_text(clock_now_us(), 3, now));
    event_write(&stream->text, last, place->is_known ? "reset" : "ready", data, strlen(data));
}

/* Under the lock. NULL: there is no room. */
static struct channel *find_room(struct streams *streams, struct request *request,
                                 const struct stream_source *source, int64_t behind, int64_t last)
{
    if (streams->stats.open >= streams->options.most)
        return NULL;
    int64_t begin = last - behind <= CHANNEL_RING ? behind : last;
    struct channel *channel =
        channel_join(streams, request->operation, source, request->scope.clinic_id, begin);
    return channel->streams_n < streams->options.most_per_clinic ? channel : NULL;
}

static bool enter(struct streams *streams, struct stream *stream, struct request *request,
                  const struct stream_source *source, int64_t last)
{
    pthread_mutex_lock(&streams->lock);
    bool is_closed = streams->is_over || streams->is_held;
    struct channel *channel =
        is_closed ? NULL : find_room(streams, request, source, stream->number - 1, last);
    if (channel) {
        stream->channel = channel;
        stream->view = channel_view(channel, request->principal->role);
        stream->is_behind = stream->number < channel->first;
        stream->after = channel->streams;
        if (stream->after)
            stream->after->before = stream;
        channel->streams = stream;
        channel->streams_n++;
        streams->stats.open++;
        streams->stats.opened++;
    }
    pthread_mutex_unlock(&streams->lock);
    return channel != NULL;
}

/* NULL: there is no room; the fault says so. */
static struct stream *open_stream(struct request *request, const struct stream_source *source,
                                  const struct stream_place *place, const struct rows *bounds)
{
    struct streams *streams = request->service->streams;
    int64_t last = rows_int(bounds, 0, "last", 0);
    bool goes_on = is_kept(place, bounds);
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        abort();
    *stream = (struct stream){.streams = streams,
                              .principal = *request->principal,
                              .number = (goes_on ? place->number : last) + 1,
                              .opened_us = clock_monotonic_us()};
    memcpy(stream->request_id, request->id, UUID_TEXT);
    if (enter(streams, stream, request, source, last)) {
        greet(stream, place, last, goes_on);
        return stream;
    }
    free(stream);
    return NULL;
}

static enum err refuse(struct request *request)
{
    request->fault.retry_after_s = FULL_RETRY_S;
    if (atomic_load(&request->service->is_draining))
        return request_fail(request, ERR_UNAVAILABLE, "draining", NULL);
    enum err err = away_check(request);
    if (err)
        return err;
    return request_fail(request, ERR_UNAVAILABLE, "overloaded", "there are too many streams");
}

enum err reply_stream(struct request *request, const struct stream_source *source,
                      const struct stream_place *place, const struct rows *bounds)
{
    struct reply *reply = request->reply;
    if (strcmp(request->method, "HEAD") != 0) { /* which would get the end of chunks it never saw */
        reply->stream = open_stream(request, source, place, bounds);
        if (!reply->stream)
            return refuse(request);
    }
    reply->status = request->operation->success;
    reply->content_type = "text/event-stream; charset=utf-8";
    reply_header(request, "X-Accel-Buffering", "no"); /* a proxy passes on what there is */
    return ERR_NONE;
}

/* --- the rest of its life -----------------------------------------------------------------------
 */

/* A page of what it missed, from the database. Not under the lock. */
static void read_up(struct stream *stream)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    struct rows rows;
    if (channel_read(stream->streams, stream->channel, stream->number - 1, &fault, &rows))
        rows.count = 0;
    int row = 0;
    for (; row < rows.count && rows_int(&rows, row, "number", 0) == stream->number; row++) {
        channel_write_event(stream->channel, stream->view, &rows, row, &stream->text);
        stream->number++;
        stream->events++;
    }
    atomic_fetch_add(&stream->streams->events, (uint64_t)row);
    if (!row) { /* no database, or purged meanwhile: it comes back and is told */
        pthread_mutex_lock(&stream->streams->lock);
        stream->ended = "events cannot be read";
        pthread_mutex_unlock(&stream->streams->lock);
    }
}

/* What the ring has for it, as much as a text may be. Under the lock. */
static void take_events(struct stream *stream)
{
    const struct channel *channel = stream->channel;
    uint64_t before = stream->events;
    while (stream->number < channel->next && stream->text.length < TEXT_MOST) {
        const struct event *event = &channel->ring[stream->number % CHANNEL_RING];
        size_t from = stream->view ? event->ends[stream->view - 1] : 0;
        buf_add(&stream->text, event->text + from, event->ends[stream->view] - from);
        stream->number++;
        stream->events++;
    }
    atomic_fetch_add(&stream->streams->events, stream->events - before);
}

/* Under the lock. False: it must read up itself. */
static bool wait_for_text(struct stream *stream)
{
    struct streams *streams = stream->streams;
    struct channel *channel = stream->channel;
    int64_t beat_us = clock_monotonic_us() + streams->options.heartbeat_ms * INT64_C(1000);
    while (!stream->text.length && !stream->ended) {
        stream->is_behind = stream->is_behind && stream->number < channel->first;
        if (stream->is_behind)
            return false;
        if (stream->number < channel->first) {
            stream->ended = "too slow";
            streams->stats.cut++;
        } else if (stream->number < channel->next) {
            take_events(stream);
        } else if (clock_monotonic_us() >= beat_us) {
            event_write_remark(&stream->text, "");
        } else {
            streams_wait(streams, &channel->grown, beat_us);
        }
    }
    return true;
}

static void fill(struct stream *stream)
{
    buf_begin(&stream->text, &stream->arena, 512);
    stream->written = 0;
    while (!stream->text.length && !stream->is_told) {
        pthread_mutex_lock(&stream->streams->lock);
        bool is_behind = !wait_for_text(stream);
        const char *ended = stream->ended;
        pthread_mutex_unlock(&stream->streams->lock);
        if (is_behind)
            read_up(stream);
        else if (ended && !stream->text.length) {
            event_write_remark(&stream->text, ended);
            stream->is_told = true;
        }
    }
}

ssize_t stream_read(struct stream *stream, char *out, size_t room)
{
    if (stream->written == stream->text.length) {
        if (stream->is_told)
            return -1;
        fill(stream);
    }
    size_t left = stream->text.length - stream->written;
    size_t n = left < room ? left : room;
    memcpy(out, stream->text.text + stream->written, n);
    stream->written += n;
    if (n == left) { /* while it waits it holds nothing */
        arena_end(&stream->arena);
        stream->text = (struct buf){0};
        stream->written = 0;
    }
    return (ssize_t)n;
}

static void log_end(const struct stream *stream, const char *why)
{
    char fields[200];
    snprintf(fields, sizeof fields,
             "\"request_id\":\"%s\",\"ms\":%lld,\"events\":%llu,\"why\":\"%s\"", stream->request_id,
             (long long)(clock_monotonic_us() - stream->opened_us) / 1000,
             (unsigned long long)stream->events, why);
    log_event(LOG_INFO_, "stream ended", fields);
}

void stream_close(struct stream *stream)
{
    struct streams *streams = stream->streams;
    struct channel *channel = stream->channel;
    pthread_mutex_lock(&streams->lock);
    const char *why = stream->ended ? stream->ended : "the client has gone";
    if (stream->before)
        stream->before->after = stream->after;
    else
        channel->streams = stream->after;
    if (stream->after)
        stream->after->before = stream->before;
    channel->streams_n--;
    streams->stats.open--;
    channel_leave(streams, channel);
    pthread_mutex_unlock(&streams->lock);
    log_end(stream, why);
    arena_end(&stream->arena);
    free(stream);
}
