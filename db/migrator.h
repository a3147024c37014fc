/* The migrator's connection: settings, the lock that lets one runner in at a time, statements one
 * to a message. For migrate.c and history.c only.
 */
#ifndef DB_MIGRATOR_H
#define DB_MIGRATOR_H

#include "db/migrate.h"

#include <libpq-fe.h>

/* One run. Begin with options, fault and files; conn is ours. */
struct migrator {
    const struct migrate_options *options;
    struct fault *fault;
    const struct migration *files; /* number n is at n - 1: the build refuses gaps */
    PGconn *conn;
    bool is_locked;
};

/* Connects to the primary itself (no pooler, no standby) and makes the session's settings. */
enum err migrator_open(struct migrator *migrator) FAILS;

/* Polls for the lock; ERR_TIMEOUT names who holds it. */
enum err migrator_lock(struct migrator *migrator) FAILS;

/* Gives back lock and connection. */
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
 * tied to the arena of the fault. */
enum err migrator_run(struct migrator *migrator, const char *sql, PGresult **out) FAILS;
enum err migrator_run_params(struct migrator *migrator, const char *sql, int n,
                             const char *const values[], PGresult **out) FAILS;
enum err migrator_run_at(struct migrator *migrator, const struct place *place, const char *sql,
                         PGresult **out) FAILS;

/* True after a failure of migrator_run_at() that is only bad luck: a lock was not to be had. */
bool migrator_lost_a_lock(const struct migrator *migrator);

/* One line of progress to whoever listens. */
void migrator_say(const struct migrator *migrator, const char *format, ...) PRINTF(2, 3);

#endif
