/* What an import met and did, for people and as JSON; the same for a run that was disturbed. Its
 * times and its number are not in it. For db/import/ only. */
#ifndef DB_IMPORT_REPORT_H
#define DB_IMPORT_REPORT_H

#include "db/import/generation.h"
#include "db/import/profile.h"
#include "db/import/target.h"

/* The file and what is in it: the beginning of both forms; the JSON object stays open. */
void report_source(const struct source *source, const struct generation *generation,
                   const struct profile *profile, struct buf *text, struct buf *json);

/* What became of the rows and files, from the tables of the import. `profile` tells of the reports
 * that were left in the file, when there was no folder of them; else it is NULL. `slug` is set when
 * a clinic of it is still closed. */
enum err report_import(struct target *target, const char *id, const struct profile *profile,
                       struct buf *text, struct buf *json, const char **slug, int64_t *left) FAILS;

#endif
