/* What must be true before a database that holds clinics is migrated (operations.md A10, "Prod
 * before"). For db/migrate/ only. */
#ifndef DB_MIGRATE_GUARD_H
#define DB_MIGRATE_GUARD_H

#include "db/migrate/migrator.h"

/* Asks the conditions of the options' guard, makes the backup when only that is missing and
 * somebody can, and puts all answers into the report. ERR_CONFLICT "not-ready": one neither holds
 * nor is waived. Nothing is asked without a guard, without clinics, or of a file under way. */
enum err guard_hold(struct migrator *migrator, int from, int to) FAILS;

/* The hashes of the files from + 1 to `to`, as a rehearsal notes them: {"12": "…"}. */
const char *guard_hashes(struct arena *arena, const struct migration *files, int from, int to);

#endif
