/* A legacy database that lives in PostgreSQL: its tables are written into a SQLite file as the
 * legacy program would have written them, and are imported from there. Read is one moment of it, by
 * a role that needs SELECT and no more; nothing is written there. For db/import/ only.
 */
#ifndef DB_IMPORT_POSTGRES_H
#define DB_IMPORT_POSTGRES_H

#include "db/import/source.h"

/* Fills `copy`, which is empty. The same rows make the same file. `options` for
 * stop and progress. ERR_CONFLICT "import-unreadable", "stopped"; ERR_UNAVAILABLE when it cannot be
 * reached. No password is in what it says. */
enum err postgres_copy(const struct import_options *options, sqlite3 *copy, struct fault *fault,
                       struct source_origin *origin) FAILS;

#endif
