#include "db/migrate/watch.h"

#include "db/clock.h"
#include "db/migrate/migrator.h"

#include <stdlib.h>

/* The one who has waited longest for us to wait is not known; the oldest transaction is named. */
static const char blockers[] =
    "SELECT a.pid, coalesce(nullif(a.application_name, ''), 'no name') AS application,"
    "       coalesce(round(extract(epoch FROM clock_timestamp() - a.xact_start))::text, '?') AS "
    "age,"
    "       coalesce(regexp_replace(left(a.query, 120), '\\s+', ' ', 'g'), '') AS query"
    "  FROM unnest(pg_blocking_pids($1::int)) AS b (pid)"
    "  JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid"
    " ORDER BY a.xact_start NULLS LAST LIMIT 1";

static const char settings[] = "SELECT set_config('statement_timeout', '2s', false),"
                               "       set_config('search_path', 'pg_catalog', false)";

static bool watch_open(struct watch *watch, const char *url)
{
    static const char *const names[] = {"dbname", "application_name", "connect_timeout", NULL};
    const char *const values[] = {url, "clinicd migrate watch", "5", NULL};
    if (watch->conn || watch->is_broken)
        return !watch->is_broken;
    watch->conn = PQconnectdbParams(names, values, true);
    PGresult *result = PQexecParams(watch->conn, settings, 0, NULL, NULL, NULL, NULL, 0);
    watch->is_broken = PQresultStatus(result) != PGRES_TUPLES_OK;
    PQclear(result);
    return !watch->is_broken;
}

static void blocker_note(struct migrator *migrator, const PGresult *result)
{
    struct watch *watch = &migrator->watch;
    int64_t now = clock_monotonic_us();
    int pid = atoi(PQgetvalue(result, 0, 0));
    if (watch->looked_us > 0)
        watch->waited_us += now - watch->looked_us;
    watch->looked_us = now;
    if (pid == watch->blocker_pid)
        return;
    watch->blocker_pid = pid;
    watch->blocker =
        arena_format(migrator->fault->arena, "process %d (%s)", pid, PQgetvalue(result, 0, 1));
    migrator_say(migrator, "waits for %s, busy since %s s: %s", watch->blocker,
                 PQgetvalue(result, 0, 2), PQgetvalue(result, 0, 3));
}

void watch_look(struct migrator *migrator)
{
    struct watch *watch = &migrator->watch;
    if (!watch_open(watch, migrator->options->url))
        return;
    const char *pid = arena_format(migrator->fault->arena, "%d", PQbackendPID(migrator->conn));
    PGresult *result = PQexecParams(watch->conn, blockers, 1, NULL, &pid, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        watch->is_broken = true;
    else if (PQntuples(result) == 1)
        blocker_note(migrator, result);
    else
        watch->looked_us = 0;
    PQclear(result);
}

void watch_rest(struct watch *watch)
{
    if (watch->looked_us > 0)
        watch->waited_us += clock_monotonic_us() - watch->looked_us;
    watch->looked_us = 0;
}

void watch_reset(struct watch *watch)
{
    watch->blocker_pid = 0;
    watch->blocker = NULL;
    watch->waited_us = watch->looked_us = 0;
}

void watch_close(struct watch *watch)
{
    PQfinish(watch->conn);
    watch->conn = NULL;
}
