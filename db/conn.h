/* One connection to PostgreSQL, in pipeline mode, with every query of the program prepared.
 * For the floor itself; nobody above db/ includes this. */
#ifndef DB_CONN_H
#define DB_CONN_H

#include "db/database.h"
#include "db/query.h"

#include <libpq-fe.h>

/* Connects (at most 2 s), prepares all, enters pipeline mode; non-blocking when asked. */
enum err conn_open(const struct database_options *options, bool is_blocking, struct fault *fault,
                   PGconn **out) FAILS;

/* What $name parameters are bound to: reserved ones by number, own ones from the args struct. */
void conn_bind(const struct statement *statement, const char *const *reserved,
               const char *const *args, const char *values[PARAMS_MAX]);

/* Sends one prepared statement into the pipeline. False: the connection is gone. */
bool conn_send(PGconn *pg, const struct statement *statement, const char *const *reserved,
               const char *const *args);

/* The next result, waiting at most until deadline_us (monotonic). NULL is libpq's "end of this
 * statement". False: the connection died or the time is over; it must then be dropped. */
bool conn_next(PGconn *pg, int64_t deadline_us, PGresult **out);

/* The failure that a result tells, as a story. */
enum err conn_failure(const PGresult *result, struct fault *fault);

#endif
