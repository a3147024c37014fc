#include "db/migrator.h"

#include "db/clock.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOCK_POLL_MS = 250 };

/* The first number of the advisory lock is "clin"; the second could name other locks. */
#define LOCK_CLASS "1668049262"
#define LOCK_TRY "SELECT pg_try_advisory_lock(" LOCK_CLASS ", 1)"
#define LOCK_FREE "SELECT pg_advisory_unlock(" LOCK_CLASS ", 1)"

static const char lock_holder[] =
    "SELECT a.pid, a.application_name, to_char(a.backend_start, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    "  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.classid = " LOCK_CLASS " AND l.objid = 1"
    "   AND l.objsubid = 2 AND l.granted AND a.datname = current_database()";

/* operations.md A3.3. With row_security off a statement that the walls would cut short fails
 * instead; the migrator may pass them (BYPASSRLS), so it never comes to that. */
static const char settings[] =
    "SELECT set_config('row_security', 'off', false),"
    "       set_config('lock_timeout', '2s', false),"
    "       set_config('statement_timeout', '1h', false),"
    "       set_config('idle_in_transaction_session_timeout', '5min', false),"
    "       set_config('search_path', 'clinicd, pg_temp', false),"
    "       set_config('TimeZone', 'UTC', false),"
    "       set_config('DateStyle', 'ISO', false),"
    "       set_config('check_function_bodies', 'on', false),"
    "       set_config('client_min_messages', 'warning', false),"
    "       set_config('synchronous_commit', 'on', false),"
    "       set_config('default_transaction_isolation', 'read committed', false)";

static void result_free(void *result)
{
    PQclear(result);
}

static enum err result_fail(struct migrator *migrator, const struct place *place,
                            const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (!state || !message)
        return fail(migrator->fault, ERR_UNAVAILABLE, "database-unavailable",
                    "the connection to the database broke: %s", PQerrorMessage(migrator->conn));
    if (!place->file)
        return fail(migrator->fault, ERR_INTERNAL, "migration-failed", "%s (%s)", message, state);
    return fail(migrator->fault, ERR_INTERNAL, "migration-failed",
                "%04d_%s, section %s, statement %d: %s (%s)", place->file->version,
                place->file->name, place->section, place->number, message, state);
}

static enum err run(struct migrator *migrator, const struct place *place, const char *sql, int n,
                    const char *const values[], PGresult **out)
{
    PGresult *result = PQexecParams(migrator->conn, sql, n, NULL, values, NULL, NULL, 0);
    arena_defer(migrator->fault->arena, result_free, result);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        return result_fail(migrator, place, result);
    if (out)
        *out = result;
    return ERR_NONE;
}

enum err migrator_run(struct migrator *migrator, const char *sql, PGresult **out)
{
    return run(migrator, &(struct place){.file = NULL}, sql, 0, NULL, out);
}

enum err migrator_run_params(struct migrator *migrator, const char *sql, int n,
                             const char *const values[], PGresult **out)
{
    return run(migrator, &(struct place){.file = NULL}, sql, n, values, out);
}

enum err migrator_run_at(struct migrator *migrator, const struct place *place, const char *sql,
                         PGresult **out)
{
    return run(migrator, place, sql, 0, NULL, out);
}

bool migrator_lost_a_lock(const struct migrator *migrator)
{
    const char *detail = migrator->fault->detail;
    return detail && (strstr(detail, "(55P03)") || strstr(detail, "(40P01)"));
}

/* A pooler in between shows another backend than the one that answers: an advisory lock and SET
 * would then belong to nobody in particular. */
static enum err check_directness(struct migrator *migrator)
{
    PGresult *result = NULL;
    enum err err = migrator_run(migrator, "SELECT pg_backend_pid()", &result);
    if (!err && atoi(PQgetvalue(result, 0, 0)) != PQbackendPID(migrator->conn))
        err = fail(migrator->fault, ERR_CONFLICT, "pooler-in-between",
                   "this is a pooler; migrations need the database's own address");
    return err;
}

enum err migrator_open(struct migrator *migrator)
{
    static const char *const names[] = {"dbname", "application_name", "connect_timeout",
                                        "target_session_attrs", NULL};
    const char *const values[] = {migrator->options->url, "clinicd migrate", "10", "primary", NULL};
    migrator->conn = PQconnectdbParams(names, values, true);
    if (PQstatus(migrator->conn) != CONNECTION_OK)
        return fail(migrator->fault, ERR_UNAVAILABLE, "database-unavailable",
                    "cannot connect to the database: %s", PQerrorMessage(migrator->conn));
    enum err err = check_directness(migrator);
    return err ? err : migrator_run(migrator, settings, NULL);
}

static enum err fail_locked(struct migrator *migrator)
{
    PGresult *result = NULL;
    enum err err = migrator_run(migrator, lock_holder, &result);
    if (err)
        return err;
    if (PQntuples(result) == 0)
        return fail(migrator->fault, ERR_TIMEOUT, "migration-locked",
                    "another migration held the lock until just now");
    return fail(migrator->fault, ERR_TIMEOUT, "migration-locked",
                "another migration runs: process %s (%s), there since %s", PQgetvalue(result, 0, 0),
                PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 2));
}

/* Polled, not waited for: a session that waits inside a statement holds a snapshot, and CREATE
 * INDEX CONCURRENTLY of the one that works would wait for it: a deadlock. */
enum err migrator_lock(struct migrator *migrator)
{
    int64_t deadline = clock_monotonic_us() + migrator->options->lock_wait_ms * 1000;
    const struct timespec pause = {.tv_nsec = LOCK_POLL_MS * 1000000L};
    while (true) {
        PGresult *result = NULL;
        enum err err = migrator_run(migrator, LOCK_TRY, &result);
        if (err)
            return err;
        migrator->is_locked = *PQgetvalue(result, 0, 0) == 't';
        if (migrator->is_locked)
            return ERR_NONE;
        if (clock_monotonic_us() >= deadline)
            return fail_locked(migrator);
        nanosleep(&pause, NULL);
    }
}

void migrator_close(struct migrator *migrator)
{
    /* Said aloud, because the server may notice the closed connection only after the next runner
     * has tried. After a failure the statement may fail too: then the server does it. */
    if (migrator->is_locked)
        PQclear(PQexecParams(migrator->conn, LOCK_FREE, 0, NULL, NULL, NULL, NULL, 0));
    PQfinish(migrator->conn);
    migrator->conn = NULL;
    migrator->is_locked = false;
}

enum err migrator_name(struct migrator *migrator, int version)
{
    const char *name = version > 0
                           ? arena_format(migrator->fault->arena, "clinicd migrate V%04d", version)
                           : "clinicd migrate";
    return migrator_run_params(migrator, "SELECT set_config('application_name', $1, false)", 1,
                               &name, NULL);
}

void migrator_say(const struct migrator *migrator, const char *format, ...)
{
    if (!migrator->options->say)
        return;
    va_list args;
    va_start(args, format);
    const char *line = arena_vformat(migrator->fault->arena, format, args);
    va_end(args);
    migrator->options->say(migrator->options->user, line);
}
