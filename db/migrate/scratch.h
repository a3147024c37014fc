/* What the proofs in a scratch database share. For db/migrate/ only. */
#ifndef DB_MIGRATE_SCRATCH_H
#define DB_MIGRATE_SCRATCH_H

#include "db/migrate/migrator.h"

/* The same for another database: no report, no guard, no rows that may be lost. */
struct migrate_options scratch_options(const struct migrate_options *options, const char *url);

/* Another database than ours, with nothing in it that we could take for our own and drop. */
enum err scratch_check(const struct migrate_options *options, const struct migrate_options *scratch,
                       struct fault *fault) FAILS;

/* The catalogue of whatever database the options name. */
enum err scratch_lines(const struct migrate_options *options, struct fault *fault,
                       struct catalogue_line **lines, size_t *n) FAILS;

/* Empties it, whatever happened: the story stays that of the failure. */
void scratch_clean(const struct migrate_options *scratch, struct fault *fault);

#endif
