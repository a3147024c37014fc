/* The pipeline: one thread that carries everybody's single-trip units over few connections.
 * For the floor itself; nobody above db/ includes this.
 *
 * A unit is a handful of statements and one Sync: one round trip, one transaction. A request thread
 * fills it, gives it to pipeline_run() and sleeps until it is done; what it points to stays its
 * own. A unit is always ended: by its results, by its deadline (the connection is then dropped, as
 * everything behind it waits too) or by the end of its connection.
 *
 * Audit rows of reads have no timer (decisions 22). A read that comes while no audit row is under
 * way is sent in its audited form and writes its row in its own trip. While one is under way, reads
 * are sent plain; the rows that they owe are collected and written by one INSERT as soon as the one
 * under way has returned, at most AUDIT_BATCH_MAX at once, and only then are they done.
 */
#ifndef DB_PIPELINE_H
#define DB_PIPELINE_H

#include "db/buf.h"
#include "db/database.h"
#include "db/query.h"

#include <libpq-fe.h>
#include <semaphore.h>

enum { STEPS_MAX = 6, AUDIT_BATCH_MAX = 64 };

struct step {
    const struct statement *statement;
    const char *const *args;
    PGresult *result; /* the requester clears it */
};

enum unit_audit {
    UNIT_PLAIN,    /* nothing owed, or the steps see to it themselves */
    UNIT_WRAPPED,  /* a read: its main step has an audited form */
    UNIT_APPENDED, /* a read: its last step writes the row, and can be left to the batch */
};

enum unit_outcome {
    UNIT_DONE,     /* look at the steps' results */
    UNIT_REFUSED,  /* no connection, or the deadline passed before it was sent: nothing happened */
    UNIT_LOST,     /* the connection went while it was under way: nobody knows */
    UNIT_UNAUDITED /* a read whose audit row could not be written: must not be answered */
};

struct unit {
    struct step steps[STEPS_MAX];
    int steps_n;
    int main_step;
    const struct statement *audited; /* of the main step; UNIT_WRAPPED */
    const char *const *reserved;
    bool is_write;
    int64_t clinic_id;
    int64_t deadline_us; /* monotonic */
    enum unit_audit audit;
    /* Appends the audit row as a JSON object; runs on the pipeline's thread, when the results are
     * there and the batch writes the row. False: this read owes none (it failed). */
    bool (*audit_render)(const struct unit *unit, struct buf *out);
    const void *owner;

    enum unit_outcome outcome;

    /* the pipeline's own */
    int at;
    bool holds_audit_turn;
    struct unit *next;
    sem_t done;
};

struct pipeline;

struct pipeline *pipeline_start(const struct database_options *options);
void pipeline_stop(struct pipeline *pipeline);

/* Runs the unit and returns when it is done, whatever the outcome. */
void pipeline_run(struct pipeline *pipeline, struct unit *unit);

/* Gives the pipeline a connection for one of its places (by the mender, see database.c). */
void pipeline_connect(struct pipeline *pipeline, int place, PGconn *pg);

/* A place that has no connection, now the caller's to fill, or -1. Whoever cannot fill it gives up,
 * so that it is found vacant again. */
int pipeline_vacant(struct pipeline *pipeline);
void pipeline_give_up(struct pipeline *pipeline, int place);
int pipeline_places(const struct pipeline *pipeline);
void pipeline_stats(struct pipeline *pipeline, struct database_stats *out);

#endif
