/* One file up or down, with what it costs. For db/migrate/ only. */
#ifndef DB_MIGRATE_FILE_H
#define DB_MIGRATE_FILE_H

#include "db/migrate/migrator.h"

int files_latest(const struct migration *files);
const struct migration *files_of(const struct migrate_options *options);

/* Applies it, again and again while a lock is not to be had, and puts what it cost into the report.
 * It waits for a lock no longer than the budget, because everybody else queues behind it; then it
 * steps back and lets them through (operations.md A3.6). */
enum err file_apply(struct migrator *migrator, const struct migration *file) FAILS;

/* Reverts it, unless it would lose more than `loss` rows by now. */
enum err file_revert(struct migrator *migrator, const struct migration *file, int64_t loss) FAILS;

/* ERR_INTERNAL "verification-failed". */
enum err file_verify(struct migrator *migrator, const struct migration *file) FAILS;

/* Rows that going down would lose, as the file itself counts them. */
enum err file_count_loss(struct migrator *migrator, const struct migration *file,
                         int64_t *out) FAILS;

#endif
