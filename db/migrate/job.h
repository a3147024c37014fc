/* ops.job: a backfill, the section `chunk` of a migration. Its first statement says once where the
 * work ends: a row (end text, total bigint), end NULL when there is nothing to do. Its second does
 * a piece: $1 the cursor (text, NULL at the beginning), $2 that end, $3 how many rows at most; it
 * gives a row (cursor text, rows bigint), cursor NULL when the end is reached. A cursor is the
 * file's own business: only the file reads it.
 *
 * Piece and cursor are one transaction, so whatever kills the runner, nothing is lost or done
 * twice. How large a piece is follows from how long the last one took. For db/migrate/ only.
 */
#ifndef DB_MIGRATE_JOB_H
#define DB_MIGRATE_JOB_H

#include "db/migrate/migrator.h"

/* From where it stands to its end; waits while somebody has it paused. `rows` is added to. */
enum err job_run(struct migrator *migrator, const struct migration *file, int64_t *rows) FAILS;

/* The file is reverted. */
enum err job_forget(struct migrator *migrator, int version) FAILS;

#endif
