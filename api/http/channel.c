#include "api/http/event_text.h"
#include "api/http/identify.h"
#include "api/http/permit.h"
#include "api/http/stream_parts.h"
#include "db/clock.h"
#include "models/session/session.h"

#include <stdlib.h>
#include <string.h>

enum { READ_US = 3 * 1000 * 1000 };

/* --- a channel and who is in it --------------------------------------------------------------- */

static void add_view(struct channel *channel, const char *role)
{
    for (int i = 1; i < channel->views_n; i++)
        if (strcmp(channel->roles[i], role) == 0)
            return;
    if (channel->views_n == CHANNEL_VIEWS_MAX)
        abort(); /* more roles than the document has */
    struct view *view = &channel->views[channel->views_n];
    permit_view(channel->operation, role, view);
    view->clinic_id = channel->clinic_id;
    channel->roles[channel->views_n++] = role;
}

static void make_views(struct channel *channel)
{
    const struct operation *operation = channel->operation;
    channel->views[0] = (struct view){.clinic_id = channel->clinic_id};
    channel->views_n = 1;
    for (size_t i = 0; i < operation->hidden_n; i++)
        add_view(channel, operation->hidden[i].role);
    for (size_t i = 0; i < operation->masked_n; i++)
        add_view(channel, operation->masked[i].role);
}

int channel_view(const struct channel *channel, const char *role)
{
    int view = channel->views_n - 1;
    while (view > 0 && strcmp(channel->roles[view], role) != 0)
        view--;
    return view;
}

struct channel *channel_join(struct streams *streams, const struct operation *operation,
                             const struct stream_source *source, int64_t clinic_id, int64_t number)
{
    struct channel **place = &streams->channels;
    for (; *place; place = &(*place)->after)
        if ((*place)->operation == operation && (*place)->clinic_id == clinic_id)
            return *place;
    struct channel *channel = calloc(1, sizeof *channel);
    if (!channel)
        abort();
    *channel = (struct channel){.operation = operation,
                                .source = source,
                                .clinic_id = clinic_id,
                                .first = number + 1,
                                .next = number + 1,
                                .is_woken = true, /* for what was committed meanwhile */
                                .check_us = clock_monotonic_us()};
    make_views(channel);
    streams_condition(&channel->grown);
    pthread_cond_signal(&streams->news);
    streams->stats.channels++;
    return *place = channel;
}

void channel_leave(struct streams *streams, struct channel *channel)
{
    if (channel->streams || channel->is_fed)
        return;
    struct channel **place = &streams->channels;
    while (*place != channel)
        place = &(*place)->after;
    *place = channel->after;
    for (int64_t number = channel->first; number < channel->next; number++)
        free(channel->ring[number % CHANNEL_RING].text);
    pthread_cond_destroy(&channel->grown);
    free(channel);
    streams->stats.channels--;
}

void channel_end(struct channel *channel, const char *why)
{
    for (struct stream *stream = channel->streams; stream; stream = stream->after)
        if (!stream->ended)
            stream->ended = why;
    pthread_cond_broadcast(&channel->grown);
}

bool channel_has(const struct channel *channel, const char *kind, const char *key)
{
    const struct stream *stream = channel->streams;
    while (stream && !principal_is_about(&stream->principal, kind, key))
        stream = stream->after;
    return stream != NULL;
}

/* --- asking ----------------------------------------------------------------------------------- */

static void begin(struct streams *streams, const struct channel *channel, struct fault *fault,
                  struct tx *out)
{
    const struct scope scope = {.clinic_id = channel->clinic_id,
                                .actor_kind = "system",
                                .operation = channel->operation->id,
                                .now_us = clock_now_us(),
                                .deadline_us = clock_monotonic_us() + READ_US};
    tx_begin(out, streams->options.database, &scope, TX_SINGLE, fault);
    atomic_fetch_add(&streams->reads, 1);
}

enum err channel_read(struct streams *streams, const struct channel *channel, int64_t after,
                      struct fault *fault, struct rows *out)
{
    struct tx tx;
    begin(streams, channel, fault, &tx);
    enum err err = channel->source->read(&tx, after, STREAM_PAGE, out);
    tx_end(&tx);
    return err;
}

void channel_write_event(const struct channel *channel, int view, const struct rows *rows, int row,
                         struct buf *out)
{
    struct buf data;
    buf_begin(&data, rows->arena, 512);
    rows_render(&data, rows, row, &channel->views[view]);
    event_write(out, rows_int(rows, row, "number", 0), rows_text(rows, row, "_event"), data.text,
                data.length);
}

/* --- what is new ------------------------------------------------------------------------------ */

static struct event make_event(const struct channel *channel, const struct rows *rows, int row)
{
    struct event event = {0};
    struct buf text;
    buf_begin(&text, rows->arena, 1024);
    for (int view = 0; view < channel->views_n; view++) {
        channel_write_event(channel, view, rows, row, &text);
        event.ends[view] = text.length;
    }
    event.text = malloc(text.length + 1);
    if (!event.text)
        abort();
    memcpy(event.text, text.text, text.length + 1);
    return event;
}

static void push(struct channel *channel, struct event event)
{
    struct event *place = &channel->ring[channel->next % CHANNEL_RING];
    if (channel->next - channel->first == CHANNEL_RING)
        channel->first++;
    free(place->text);
    *place = event;
    channel->next++;
}

/* One helping. The events' texts are made before the lock is taken. False: it could not. */
static bool feed_some(struct streams *streams, struct channel *channel, int64_t after, bool *is_all)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    struct rows rows;
    if (channel_read(streams, channel, after, &fault, &rows))
        return false;
    *is_all = rows.count < STREAM_PAGE;
    bool is_whole = true;
    struct event *events = arena_array(&arena, struct event, (size_t)rows.count + 1);
    int n = 0;
    for (; n < rows.count && is_whole; n++) {
        is_whole = rows_int(&rows, n, "number", 0) == after + 1 + n;
        if (is_whole)
            events[n] = make_event(channel, &rows, n);
    }
    pthread_mutex_lock(&streams->lock);
    for (int i = 0; i < n && events[i].text; i++)
        push(channel, events[i]);
    if (!is_whole) /* purged while nobody read: they come back, and are told to begin anew */
        channel_end(channel, "events are missing");
    pthread_cond_broadcast(&channel->grown);
    pthread_mutex_unlock(&streams->lock);
    *is_all = *is_all || !is_whole;
    return true;
}

bool channel_feed(struct streams *streams, struct channel *channel)
{
    bool is_all = false, is_good = true;
    while (!is_all && is_good)
        is_good = feed_some(streams, channel, channel->next - 1, &is_all);
    return is_good;
}

/* --- whose session has ended ------------------------------------------------------------------ */

/* "{…,…}": the sessions of all listeners. */
static const char *sessions_of(struct streams *streams, const struct channel *channel,
                               struct arena *arena)
{
    struct buf ids;
    buf_begin(&ids, arena, 4096);
    pthread_mutex_lock(&streams->lock);
    for (const struct stream *stream = channel->streams; stream; stream = stream->after) {
        buf_char(&ids, ids.length ? ',' : '{');
        buf_text(&ids, stream->principal.session_id);
    }
    pthread_mutex_unlock(&streams->lock);
    if (!ids.length)
        return NULL;
    buf_char(&ids, '}');
    return ids.text;
}

static bool is_alive(const struct rows *alive, const struct principal *principal)
{
    int from = 0, to = alive->count;
    while (from < to) {
        int middle = from + (to - from) / 2;
        int order = strcmp(rows_text(alive, middle, "session_id"), principal->session_id);
        if (order == 0)
            return strcmp(rows_text(alive, middle, "role"), principal->role) == 0;
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return false;
}

void channel_check(struct streams *streams, struct channel *channel)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    struct rows alive;
    struct tx tx;
    int64_t asked_us = clock_monotonic_us();
    const char *ids = sessions_of(streams, channel, &arena);
    if (!ids)
        return;
    begin(streams, channel, &fault, &tx);
    enum err err = session_alive(&tx, ids, &alive);
    tx_end(&tx);
    if (err)
        return; /* without a database there is nothing to hear either */
    pthread_mutex_lock(&streams->lock);
    for (struct stream *stream = channel->streams; stream; stream = stream->after)
        if (stream->opened_us < asked_us && !stream->ended && !is_alive(&alive, &stream->principal))
            stream->ended = "the session has ended";
    pthread_cond_broadcast(&channel->grown);
    pthread_mutex_unlock(&streams->lock);
}
