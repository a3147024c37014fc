/* What every `clinicd migrate …` begins and ends with: the database, Ctrl-C, progress on stderr,
 * and what the envelope says of the database. */
#ifndef API_APP_MIGRATION_H
#define API_APP_MIGRATION_H

#include "api/app/commands.h"
#include "api/app/guard.h"
#include "api/app/site.h"
#include "db/migrate.h"
#include "db/scratch.h"

/* One migrate command. `options` are the command's to fill further between begin and end. */
struct migration_work {
    struct call *call;
    struct site site;
    struct stop stop;
    struct migrate_options options;
    struct migrate_report report;
    struct guard guard;
};

/* Reads --wait, --lock-budget and what guards a migration where the command has them. ERR_INPUT: a
 * usage fault. */
enum err migration_begin(struct call *call, struct migration_work *work) FAILS;

/* Closes, tells the call about the database, and gives the exit code of `err`, which may be the
 * failure of migration_begin(). */
enum exit_code migration_end(struct migration_work *work, enum err err);

/* "files": what each file cost; for the result. */
void migration_files_write(struct buf *out, const struct migrate_report *report);

/* "prechecks": the red ones that kept the run from beginning, as lines of the text and in the
 * result. */
void migration_prechecks_write(struct call *call, const struct migrate_report *report);

/* "conditions": what the guard found; what is missing also as lines of the text. */
void migration_conditions_write(struct call *call, const struct migrate_report *report);

/* Which objects of the catalogue differ: lines of the text, and "drift" of the result. */
void migration_drift_write(struct call *call, const struct drift *drift, size_t n);

/* The database of --scratch, or one of our own, where a superuser is known who makes it: to be
 * given to scratch_end(). */
enum err scratch_take(struct call *call, const struct site *site, const char *migrate_url,
                      struct scratch *out) FAILS;

/* The moment "2h" ago, or one that is said as it is; a day ago when nothing is said. */
const char *migration_since(struct call *call, const char *said);

/* A number of seconds or milliseconds ("2s", "500ms", "10"); -1: none such. */
int64_t duration_ms(const char *text);

#endif
