/* ops.migration_step: how far a file without transaction has come. Each statement of such a file
 * can be run again (a lint sees to it), so a crash between a statement and its count costs one more
 * run of that statement. For db/migrate/ only.
 */
#ifndef DB_MIGRATE_STEP_H
#define DB_MIGRATE_STEP_H

#include "db/migrate/migrator.h"

struct step_row {
    int version; /* 0: no file is under way */
    int step, steps;
    const char *sha256, *error; /* NULL: none */
};

/* The file that is under way: there is one at most, for the next waits for it. */
enum err step_find(struct migrator *migrator, struct step_row *out) FAILS;

/* Where to go on: 0 when the file begins now. ERR_CONFLICT "migration-edited" when it began as
 * another text. */
enum err step_begin(struct migrator *migrator, const struct migration *file, int *step) FAILS;
enum err step_done(struct migrator *migrator, const struct migration *file, int step) FAILS;
enum err step_end(struct migrator *migrator, const struct migration *file) FAILS;

/* Notes what stopped the file; its own failure is silent. */
void step_note(struct migrator *migrator, const struct migration *file);

/* What CREATE INDEX CONCURRENTLY left behind when it failed: IF NOT EXISTS would take it for done.
 * Dropped, and said, unless somebody builds it just now. */
enum err step_drop_broken_indexes(struct migrator *migrator, int *dropped) FAILS;

#endif
