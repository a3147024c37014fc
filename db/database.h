/* The database as the service sees it: connections, the pipeline that carries everybody's
 * single-trip statements, and the audit batch that rides on it.
 *
 * One database thread owns `read_connections` + `write_connections` in libpq's pipeline mode; units
 * of one Sync each are handed to it by the request threads, which sleep until theirs is done. A
 * failing unit hits only its own request. Reads go to the least loaded read connection; writes to
 * the write connection that the clinic's id chooses, so one clinic's lock never holds up another's.
 * `transaction_connections` are taken by manual transactions, with a deadline.
 *
 * Connections that broke are dropped and made again with a capped back-off with jitter; until then
 * calls fail with ERR_UNAVAILABLE. Nothing here retries a write.
 */
#ifndef DB_DATABASE_H
#define DB_DATABASE_H

#include "db/error.h"

#include <stdbool.h>
#include <stdint.h>

struct database;

struct database_options {
    const char *url;             /* libpq connection string; borrowed for the database's life */
    int read_connections;        /* 2 */
    int write_connections;       /* 8 */
    int transaction_connections; /* 8 */
    int acquire_timeout_ms;      /* 2000 */
    int statement_timeout_ms;    /* 5000 */
    int lock_timeout_ms;         /* 2000 */
    bool allow_unsafe_role;      /* tests of wall 1 only: run as a role that bypasses RLS */
    bool (*chore)(struct database *database); /* done with the housekeeping; true: there is more */
};

struct database_stats {
    uint64_t units, failures, reconnects, audit_batches, audit_rows, transactions;
    int connected, wanted, in_flight, waiting;
};

/* Connects, prepares every query on every connection, checks who we are (not superuser, not
 * BYPASSRLS, owner of nothing, server 15 or newer, schema at this program's version) and starts the
 * database thread. ERR_UNAVAILABLE: cannot connect; ERR_INTERNAL: refused, the fault says why. */
enum err database_open(const struct database_options *options, struct fault *fault,
                       struct database **out) FAILS;

/* Waits for what is in flight (bounded), then closes. NULL is fine. */
void database_close(struct database *database);

/* True when a connection works now; never blocks longer than a second. Cached for one second. */
bool database_is_ready(struct database *database);

void database_stats_read(const struct database *database, struct database_stats *out);

/* "amber" remark about the server's minor release, or NULL. Belongs to the database. */
const char *database_remark(const struct database *database);

#endif
