/* The migrator's connection: settings, statements one to a message, and a look, while one runs, at
 * who blocks it and at whether somebody asks to stop. For db/migrate/ only.
 */
#ifndef DB_MIGRATE_MIGRATOR_H
#define DB_MIGRATE_MIGRATOR_H

#include "db/migrate.h"
#include "db/migrate/watch.h"

#include <libpq-fe.h>

/* One run. Begin with options, fault and files; the rest is ours. */
struct migrator {
    const struct migrate_options *options;
    struct fault *fault;
    const struct migration *files; /* number n is at n - 1: the build refuses gaps */
    PGconn *conn;
    struct watch watch;
    struct migrate_report report; /* the options' one gets it in the end */
    bool is_locked;
    const char *run_id; /* of ops.run, while one is under way */
};

/* Connects to the primary itself (no pooler, no standby), makes the session's settings, and fills
 * the report. */
enum err migrator_open(struct migrator *migrator) FAILS;

int64_t migrator_lock_budget_ms(const struct migrator *migrator);

/* Gives back lock and connections. */
void migrator_close(struct migrator *migrator);

/* Names the migrator, so that others see what it is doing. `version` 0: nothing in particular. */
enum err migrator_name(struct migrator *migrator, int version) FAILS;

/* Where a statement stands, for the story of its failure. */
struct place {
    const struct migration *file; /* NULL: the runner's own statement */
    const char *section;
    int number; /* from 1 */
};

/* Runs one statement by the extended protocol, which takes one only. `out` may be NULL, else it is
 * tied to the arena of the fault. A lock that was not to be had is ERR_TIMEOUT "lock-not-got". */
enum err migrator_run(struct migrator *migrator, const char *sql, PGresult **out) FAILS;
enum err migrator_run_params(struct migrator *migrator, const char *sql, int n,
                             const char *const values[], PGresult **out) FAILS;
enum err migrator_run_at(struct migrator *migrator, const struct place *place, const char *sql,
                         PGresult **out) FAILS;

enum err migrator_run_params_at(struct migrator *migrator, const struct place *place,
                                const char *sql, int n, const char *const values[],
                                PGresult **out) FAILS;

/* Leaves no transaction open, whatever happened; the story stays that of the failure. */
void migrator_roll_back(struct migrator *migrator);

/* ERR_CONFLICT "stopped" when somebody asked: between two statements. */
enum err migrator_check_stop(struct migrator *migrator) FAILS;

/* True after a failure that is only bad luck: a lock was not to be had. */
bool migrator_lost_a_lock(const struct migrator *migrator);

/* Something for the report, that nobody may overlook although the run goes on. */
void migrator_notice(struct migrator *migrator, const char *text);

/* One line of progress to whoever listens. */
void migrator_say(const struct migrator *migrator, const char *format, ...) PRINTF(2, 3);

#endif
