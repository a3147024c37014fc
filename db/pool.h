/* Connections for manual transactions: taken with a deadline, given back clean or dropped.
 * For the floor itself; nobody above db/ includes this. */
#ifndef DB_POOL_H
#define DB_POOL_H

#include "db/database.h"

#include <libpq-fe.h>

/* ERR_UNAVAILABLE when none is free within the pool's acquire timeout. */
enum err pool_take(struct database *database, struct fault *fault, PGconn **out) FAILS;

/* Only an idle connection goes back into service; any other state drops it. */
void pool_give(struct database *database, PGconn *pg);

struct pipeline *database_pipeline(struct database *database);

#endif
