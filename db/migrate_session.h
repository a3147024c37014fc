/* The migrator's connection: settings, the lock that lets one runner in at a time, statements one
 * to a message. For migrate.c and history.c only.
 */
#ifndef DB_MIGRATE_SESSION_H
#define DB_MIGRATE_SESSION_H

#include "db/migrate.h"

#include <libpq-fe.h>

/* One run. Begin with options, fault and files; conn is the session's. */
struct session {
    const struct migrate_options *options;
    struct fault *fault;
    const struct migration *files; /* number n is at n - 1: the build refuses gaps */
    PGconn *conn;
    bool is_locked;
};

/* Connects to the primary itself (no pooler, no standby) and makes the session's settings. */
enum err migration_session_open(struct session *session) FAILS;

/* Polls for the lock; ERR_TIMEOUT names who holds it. */
enum err session_lock(struct session *session) FAILS;

/* Gives back lock and connection. */
void migration_session_close(struct session *session);

/* Names the session, so that others see what it is doing. `version` 0: nothing in particular. */
enum err session_name(struct session *session, int version) FAILS;

/* Where a statement stands, for the story of its failure. */
struct place {
    const struct migration *file; /* NULL: the runner's own statement */
    const char *section;
    int number; /* from 1 */
};

/* Runs one statement by the extended protocol, which takes one only. `out` may be NULL, else it is
 * tied to the arena of the fault. */
enum err session_run(struct session *session, const char *sql, PGresult **out) FAILS;
enum err session_run_params(struct session *session, const char *sql, int n,
                            const char *const values[], PGresult **out) FAILS;
enum err session_run_at(struct session *session, const struct place *place, const char *sql,
                        PGresult **out) FAILS;

/* True after a failure of session_run_at() that is only bad luck: a lock was not to be had. */
bool session_lost_a_lock(const struct session *session);

/* One line of progress to whoever listens. */
void session_say(const struct session *session, const char *format, ...) PRINTF(2, 3);

#endif
