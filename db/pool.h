/* Connections for manual transactions: taken with a deadline, given back clean or dropped.
 * For the floor itself; nobody above db/ includes this. */
#ifndef DB_POOL_H
#define DB_POOL_H

#include "db/database.h"

#include <libpq-fe.h>

struct pool;

/* Empty; pool_fill() brings the connections. The options outlive the pool. */
struct pool *pool_make(const struct database_options *options);

/* Nobody gets a connection any more; those that wait are told at once. */
void pool_close(struct pool *pool);
void pool_free(struct pool *pool);

/* Makes what is missing. False: the server cannot be reached now, the fault says why. */
bool pool_fill(struct pool *pool, struct fault *fault);

/* ERR_UNAVAILABLE when none is free within the acquire timeout. */
enum err pool_take(struct pool *pool, struct fault *fault, PGconn **out) FAILS;

/* Only an idle connection goes back into service; any other state drops it. */
void pool_give(struct pool *pool, PGconn *pg);

void pool_stats(struct pool *pool, struct database_stats *out); /* adds its numbers */

/* What tx.c rides on. */
struct pipeline *database_pipeline(struct database *database);
struct pool *database_pool(struct database *database);

#endif
