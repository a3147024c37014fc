#include "db/migrate/lock.h"

#include "db/clock.h"

#include <stdlib.h>

enum { LOCK_POLL_MS = 250 };

/* The first number of the advisory lock is "clin"; the second could name other locks. */
#define LOCK_CLASS "1668049262"
#define LOCK_TRY "SELECT pg_try_advisory_lock(" LOCK_CLASS ", 1)"
#define LOCK_FREE "SELECT pg_advisory_unlock(" LOCK_CLASS ", 1)"

static const char select_holder[] =
    "SELECT a.pid, coalesce(nullif(a.application_name, ''), 'no name'),"
    "       coalesce(a.client_hostname, host(a.client_addr), 'this machine'),"
    "       to_char(a.backend_start, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    "  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.classid = " LOCK_CLASS " AND l.objid = 1"
    "   AND l.objsubid = 2 AND l.granted AND a.datname = current_database()";

enum err lock_holder(struct migrator *migrator, struct migrate_holder *out)
{
    PGresult *result = NULL;
    enum err err = migrator_run(migrator, select_holder, &result);
    if (err)
        return err;
    *out = (struct migrate_holder){.pid = 0};
    if (PQntuples(result) > 0)
        *out = (struct migrate_holder){.pid = atoi(PQgetvalue(result, 0, 0)),
                                       .application = PQgetvalue(result, 0, 1),
                                       .host = PQgetvalue(result, 0, 2),
                                       .since = PQgetvalue(result, 0, 3)};
    return ERR_NONE;
}

static enum err fail_locked(struct migrator *migrator)
{
    struct migrate_holder holder;
    enum err err = lock_holder(migrator, &holder);
    if (err)
        return err;
    if (holder.pid == 0)
        return fail(migrator->fault, ERR_TIMEOUT, "migration-locked",
                    "another migration held the lock until just now");
    return fail(migrator->fault, ERR_TIMEOUT, "migration-locked",
                "another migration runs: process %d (%s) on %s, there since %s", holder.pid,
                holder.application, holder.host, holder.since);
}

static enum err say_holder(struct migrator *migrator)
{
    struct migrate_holder holder;
    enum err err = lock_holder(migrator, &holder);
    if (!err && holder.pid != 0)
        migrator_say(migrator, "waits for another migration: process %d (%s) on %s, since %s",
                     holder.pid, holder.application, holder.host, holder.since);
    return err;
}

static enum err lock_try(struct migrator *migrator)
{
    PGresult *result = NULL;
    enum err err = migrator_run(migrator, LOCK_TRY, &result);
    if (!err)
        migrator->is_locked = *PQgetvalue(result, 0, 0) == 't';
    return err;
}

/* Polled, not waited for: a session that waits inside a statement holds a snapshot, and CREATE
 * INDEX CONCURRENTLY of the one that works would wait for it: a deadlock. */
enum err lock_take(struct migrator *migrator)
{
    int64_t deadline = clock_monotonic_us() + migrator->options->lock_wait_ms * 1000;
    enum err err = lock_try(migrator);
    if (!err && !migrator->is_locked)
        err = say_holder(migrator);
    while (!err && !migrator->is_locked) {
        if (clock_monotonic_us() >= deadline)
            return fail_locked(migrator);
        stop_sleep(migrator->options->stop, LOCK_POLL_MS);
        err = migrator_check_stop(migrator);
        if (!err)
            err = lock_try(migrator);
    }
    return err;
}

/* Said aloud, because the server may notice the closed connection only after the next runner has
 * tried. After a failure the statement may fail too: then the server does it. */
void lock_free(struct migrator *migrator)
{
    if (migrator->is_locked)
        PQclear(PQexecParams(migrator->conn, LOCK_FREE, 0, NULL, NULL, NULL, NULL, 0));
    migrator->is_locked = false;
}
