/* The prechecks of pending files: what the data must not hold before a file is applied. For
 * db/migrate/ only. */
#ifndef DB_MIGRATE_PRECHECK_H
#define DB_MIGRATE_PRECHECK_H

#include "db/migrate/migrator.h"

/* Asks those of the files from + 1 to `to`. One waits (is_later) when its file needs a pending
 * backfill, or when what it asks about is not there yet and files before it are pending. A file
 * that stopped half-way was asked when it began. */
enum err prechecks_ask(struct migrator *migrator, int from, int to, struct arena *arena,
                       struct precheck_finding **out, size_t *count) FAILS;

/* The same, with ERR_CONFLICT "precheck-failed" when one is red; the report gets the red ones. */
enum err prechecks_hold(struct migrator *migrator, int from, int to) FAILS;

#endif
