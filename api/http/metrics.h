/* What the operator's /metrics shows: counters of this process, as Prometheus text.
 *
 * Labels are bounded: operations of the document, status classes, kinds of limit. Nothing that a
 * client sends ever becomes a label. Counting is lock-free and safe from any thread.
 */
#ifndef API_HTTP_METRICS_H
#define API_HTTP_METRICS_H

#include "api/http/custodian.h"
#include "api/http/document.h"
#include "api/http/streams.h"
#include "db/buf.h"
#include "db/database.h"

struct metrics;

/* The document outlives the metrics. */
struct metrics *metrics_make(const struct document *document);
void metrics_free(struct metrics *metrics); /* NULL is fine */

/* One answered request. operation NULL: none was found (404, 405). trips: round trips to the
 * database (tx.trips). */
void metrics_request(struct metrics *metrics, const struct operation *operation, int status,
                     int64_t duration_us, int trips);

enum metrics_limit {
    METRICS_LIMIT_ADDRESS,
    METRICS_LIMIT_CLINIC,
    METRICS_LIMIT_LOGIN,
    METRICS_LIMIT_OPERATION
};

/* One request refused by a limiter (it is counted as a request too). */
void metrics_limited(struct metrics *metrics, enum metrics_limit limit);

/* What is true now and kept elsewhere. */
struct metrics_now {
    int in_flight;
    bool is_draining;
    bool is_ready;
    uint64_t password_work_kib; /* models/account/password.h */
    struct database_stats database;
    struct streams_stats streams;
    struct custodian_stats files;
};

void metrics_render(const struct metrics *metrics, const struct metrics_now *now, struct buf *out);

#endif
