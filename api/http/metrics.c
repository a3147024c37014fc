#include "api/http/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Upper bounds of the latency buckets: in microseconds to compare, in seconds to print. */
static const struct {
    int64_t us;
    const char *seconds;
} bounds[] = {
    {250, "0.00025"}, {500, "0.0005"},  {1000, "0.001"},  {2500, "0.0025"}, {5000, "0.005"},
    {10000, "0.01"},  {25000, "0.025"}, {50000, "0.05"},  {100000, "0.1"},  {250000, "0.25"},
    {500000, "0.5"},  {1000000, "1"},   {2500000, "2.5"}, {10000000, "10"}, {INT64_MAX, "+Inf"},
};

static const char *const limit_names[] = {
    [METRICS_LIMIT_ADDRESS] = "address",
    [METRICS_LIMIT_CLINIC] = "clinic",
    [METRICS_LIMIT_LOGIN] = "login",
    [METRICS_LIMIT_OPERATION] = "operation",
};

enum {
    BUCKETS = sizeof bounds / sizeof bounds[0],
    LIMITS = sizeof limit_names / sizeof limit_names[0],
    CLASSES = 5, /* 1xx … 5xx */
    TRIPS = 5,   /* 0 … 3, and more */
};

struct operation_metrics {
    _Atomic uint64_t statuses[CLASSES];
    _Atomic uint64_t buckets[BUCKETS]; /* each request in one; summed up when rendered */
    _Atomic uint64_t duration_us;
};

struct metrics {
    const struct document *document;
    _Atomic uint64_t limited[LIMITS];
    _Atomic uint64_t trips[TRIPS];
    struct operation_metrics operations[]; /* the document's, and one for "none" */
};

struct metrics *metrics_make(const struct document *document)
{
    size_t rows = document->operations_n + 1;
    struct metrics *metrics = calloc(1, sizeof *metrics + rows * sizeof metrics->operations[0]);
    if (!metrics)
        abort();
    metrics->document = document;
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    free(metrics);
}

static void count(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

static uint64_t counted(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void metrics_request(struct metrics *metrics, const struct operation *operation, int status,
                     int64_t duration_us, int trips)
{
    const struct document *document = metrics->document;
    size_t row = operation ? (size_t)(operation - document->operations) : document->operations_n;
    struct operation_metrics *seen = &metrics->operations[row];
    size_t bucket = 0;
    while (duration_us > bounds[bucket].us)
        bucket++;
    int class = status / 100 - 1;
    count(&seen->statuses[class >= 0 && class < CLASSES ? class : CLASSES - 1], 1);
    count(&seen->buckets[bucket], 1);
    count(&seen->duration_us, duration_us > 0 ? (uint64_t)duration_us : 0);
    count(&metrics->trips[trips >= 0 && trips < TRIPS ? trips : TRIPS - 1], 1);
}

void metrics_limited(struct metrics *metrics, enum metrics_limit limit)
{
    count(&metrics->limited[limit], 1);
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void value(struct buf *out, const char *name, const char *type, const char *help,
                  uint64_t number)
{
    head(out, name, type, help);
    buf_format(out, "%s %" PRIu64 "\n", name, number);
}

static const char *operation_name(const struct metrics *metrics, size_t row)
{
    const struct document *document = metrics->document;
    return row < document->operations_n ? document->operations[row].id : "none";
}

static void render_requests(const struct metrics *metrics, struct buf *out)
{
    const char *name = "clinicd_http_requests_total";
    head(out, name, "counter", "Requests answered, by operation and class of status.");
    for (size_t row = 0; row <= metrics->document->operations_n; row++) {
        for (int class = 0; class < CLASSES; class ++) {
            uint64_t seen = counted(&metrics->operations[row].statuses[class]);
            if (seen)
                buf_format(out, "%s{operation=\"%s\",status=\"%dxx\"} %" PRIu64 "\n", name,
                           operation_name(metrics, row), class + 1, seen);
        }
    }
}

/* The count is the last bucket's sum, not a counter of its own: the three lines always agree. */
static void render_durations(const struct metrics *metrics, struct buf *out)
{
    const char *name = "clinicd_http_request_duration_seconds";
    head(out, name, "histogram", "From the first byte seen to the answer handed over.");
    for (size_t row = 0; row <= metrics->document->operations_n; row++) {
        const struct operation_metrics *seen = &metrics->operations[row];
        const char *operation = operation_name(metrics, row);
        uint64_t counts[BUCKETS], sum = 0;
        for (size_t i = 0; i < BUCKETS; i++)
            counts[i] = sum += counted(&seen->buckets[i]);
        if (sum == 0)
            continue;
        for (size_t i = 0; i < BUCKETS; i++)
            buf_format(out, "%s_bucket{operation=\"%s\",le=\"%s\"} %" PRIu64 "\n", name, operation,
                       bounds[i].seconds, counts[i]);
        uint64_t us = counted(&seen->duration_us);
        buf_format(out, "%s_sum{operation=\"%s\"} %" PRIu64 ".%06" PRIu64 "\n", name, operation,
                   us / 1000000, us % 1000000);
        buf_format(out, "%s_count{operation=\"%s\"} %" PRIu64 "\n", name, operation, sum);
    }
}

static void render_limits_and_trips(const struct metrics *metrics, struct buf *out)
{
    head(out, "clinicd_limited_total", "counter", "Requests refused by a rate limit.");
    for (size_t i = 0; i < LIMITS; i++)
        buf_format(out, "clinicd_limited_total{limit=\"%s\"} %" PRIu64 "\n", limit_names[i],
                   counted(&metrics->limited[i]));
    head(out, "clinicd_http_request_trips_total", "counter",
         "Requests, by round trips to the database.");
    for (int i = 0; i < TRIPS; i++)
        buf_format(out, "clinicd_http_request_trips_total{trips=\"%d%s\"} %" PRIu64 "\n", i,
                   i == TRIPS - 1 ? "+" : "", counted(&metrics->trips[i]));
}

static void render_database(const struct database_stats *stats, struct buf *out)
{
    value(out, "clinicd_database_units_total", "counter", "Units carried by the pipelines.",
          stats->units);
    value(out, "clinicd_database_failures_total", "counter", "Units that failed.", stats->failures);
    value(out, "clinicd_database_reconnects_total", "counter", "Connections made again.",
          stats->reconnects);
    value(out, "clinicd_database_transactions_total", "counter", "Manual transactions.",
          stats->transactions);
    value(out, "clinicd_audit_batches_total", "counter", "Flushes of audit rows.",
          stats->audit_batches);
    value(out, "clinicd_audit_rows_total", "counter", "Audit rows written in them.",
          stats->audit_rows);
    value(out, "clinicd_database_connections", "gauge", "Connections that work now.",
          (uint64_t)stats->connected);
    value(out, "clinicd_database_connections_wanted", "gauge", "Connections there should be.",
          (uint64_t)stats->wanted);
    value(out, "clinicd_database_in_flight", "gauge", "Units sent and not yet answered.",
          (uint64_t)stats->in_flight);
    value(out, "clinicd_database_waiting", "gauge", "Requests that wait for a connection.",
          (uint64_t)stats->waiting);
}

static void render_streams(const struct streams_stats *stats, struct buf *out)
{
    value(out, "clinicd_streams_open", "gauge", "Streams of events that somebody listens to.",
          (uint64_t)stats->open);
    value(out, "clinicd_stream_channels", "gauge", "Clinics that somebody listens to.",
          (uint64_t)stats->channels);
    value(out, "clinicd_streams_total", "counter", "Streams opened.", stats->opened);
    value(out, "clinicd_streams_cut_total", "counter", "Streams cut off: they read too slowly.",
          stats->cut);
    value(out, "clinicd_stream_events_total", "counter", "Events written to listeners.",
          stats->events);
    value(out, "clinicd_stream_reads_total", "counter", "Reads of events from the database.",
          stats->reads);
}

static void render_files(const struct custodian_stats *files, struct buf *out)
{
    value(out, "clinicd_files_missing", "gauge",
          "Files that are not in the store as they should be; see `clinicd files fsck`.",
          files->missing);
    value(out, "clinicd_files_unexplained", "gauge",
          "Files without a row, too many to be removed without a word.", files->strays);
    value(out, "clinicd_files_waiting", "gauge", "Files that wait for the scanner.",
          files->waiting);
    value(out, "clinicd_files_scanned_total", "counter", "Files that the scanner judged.",
          files->scanned);
    value(out, "clinicd_files_infected_total", "counter", "Files that it found infected.",
          files->infected);
    value(out, "clinicd_files_removed_total", "counter",
          "Leftovers of uploads that were cut off, removed.", files->removed);
    value(out, "clinicd_files_failures_total", "counter",
          "Looks at the files that did not come to an end.", files->failures);
}

void metrics_render(const struct metrics *metrics, const struct metrics_now *now, struct buf *out)
{
    head(out, "clinicd_build_info", "gauge", "The program's version.");
    buf_text(out, "clinicd_build_info{version=\"" CLINICD_VERSION "\"} 1\n");
    value(out, "clinicd_ready", "gauge", "1 when requests are served.", now->is_ready);
    value(out, "clinicd_draining", "gauge", "1 while stopping.", now->is_draining);
    value(out, "clinicd_http_in_flight", "gauge", "Requests being answered.",
          (uint64_t)now->in_flight);
    render_requests(metrics, out);
    render_durations(metrics, out);
    render_limits_and_trips(metrics, out);
    render_streams(&now->streams, out);
    render_files(&now->files, out);
    value(out, "clinicd_password_work_kib_total", "counter",
          "What hashing passwords cost: KiB of memory times passes.", now->password_work_kib);
    render_database(&now->database, out);
}
