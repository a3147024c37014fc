#include "db/migrate/maintain.h"

#include "db/clock.h"
#include "db/migrate/file.h"
#include "db/migrate/history.h"
#include "db/migrate/lock.h"
#include "db/migrate/run.h"
#include "db/migrate/step.h"

#include <stdlib.h>
#include <string.h>

enum { DRAIN_POLL_MS = 50 };

#define RFC3339(instant) "to_char(" instant ", 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

static const char select_order[] = "SELECT is_read_only, is_fenced, reason, " RFC3339(
    "since") ", " RFC3339("ends_at") ", ordered_by, app_limit FROM ops.maintenance";

static const char select_sessions[] =
    "SELECT count(*), count(*) FILTER (WHERE state <> 'idle')"
    "  FROM pg_catalog.pg_stat_activity"
    " WHERE usename = 'clinicd_app' AND datname = current_database()";

static const char upsert_order[] =
    "INSERT INTO ops.maintenance AS m (is_read_only, reason, ends_at, is_fenced, app_limit, since,"
    "                                  ordered_by, run_id)"
    " VALUES ($1::bool, $2, coalesce($3::timestamptz, clock_timestamp() + $4::interval), $5::bool,"
    "         (SELECT rolconnlimit FROM pg_catalog.pg_roles WHERE rolname = 'clinicd_app'),"
    "         clock_timestamp(), session_user, $6::bigint)"
    " ON CONFLICT (only_one) DO UPDATE SET is_read_only = excluded.is_read_only,"
    "     reason = excluded.reason, ends_at = excluded.ends_at,"
    "     is_fenced = m.is_fenced OR excluded.is_fenced,"
    "     app_limit = CASE WHEN m.is_fenced THEN m.app_limit ELSE excluded.app_limit END,"
    "     ordered_by = excluded.ordered_by, run_id = excluded.run_id, pass_sha256 = NULL,"
    "     pass_ends_at = NULL, pass_run_id = NULL, smoke_run_id = NULL";

static const char delete_order[] = "DELETE FROM ops.maintenance";

static const char lower_order[] = "UPDATE ops.maintenance SET is_fenced = false";

/* A smoke run with the order's pass was green, and no migration has ended since it began. */
static const char select_proof[] =
    "SELECT EXISTS (SELECT FROM ops.maintenance m JOIN ops.run s ON s.id = m.smoke_run_id"
    "  WHERE NOT EXISTS (SELECT FROM ops.run r WHERE r.command LIKE 'migrate %'"
    "    AND r.started_at + coalesce(r.duration_ms, 0) * interval '1 ms' >= s.started_at))";

/* Said aloud only, for schema clinicd may not be there: who misses it looks every second. */
static const char tell[] = "SELECT pg_notify('clinicd', 'maintenance order')";

static const char end_sessions[] =
    "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000))"
    "  FROM pg_catalog.pg_stat_activity WHERE usename = 'clinicd_app'";

static const char count_busy[] = "SELECT count(*) FROM pg_catalog.pg_stat_activity"
                                 " WHERE usename = 'clinicd_app' AND state <> 'idle'";

static const char *text_or_null(const PGresult *result, int column)
{
    return PQgetisnull(result, 0, column) ? NULL : PQgetvalue(result, 0, column);
}

/* `limit` is what clinicd_app's connections were limited to before a fence. */
static enum err order_read(struct migrator *migrator, struct maintain_state *out, int *limit)
{
    PGresult *result = NULL;
    *out = (struct maintain_state){.is_on = false};
    enum err err =
        migrator_run(migrator, "SELECT to_regclass('ops.maintenance') IS NOT NULL", &result);
    if (err || *PQgetvalue(result, 0, 0) != 't')
        return err;
    err = migrator_run(migrator, select_order, &result);
    if (err || PQntuples(result) == 0)
        return err;
    *out = (struct maintain_state){.is_on = true,
                                   .is_read_only = *PQgetvalue(result, 0, 0) == 't',
                                   .is_fenced = *PQgetvalue(result, 0, 1) == 't',
                                   .reason = text_or_null(result, 2),
                                   .since = PQgetvalue(result, 0, 3),
                                   .ends_at = text_or_null(result, 4),
                                   .ordered_by = PQgetvalue(result, 0, 5)};
    *limit = atoi(PQgetvalue(result, 0, 6));
    return ERR_NONE;
}

enum err maintain_write(struct migrator *migrator, const char *sql, int n,
                        const char *const values[])
{
    enum err err = migrator_run(migrator, "BEGIN", NULL);
    if (!err)
        err = migrator_run_params(migrator, sql, n, values, NULL);
    if (!err)
        err = migrator_run(migrator, tell, NULL);
    if (!err)
        err = migrator_run(migrator, "COMMIT", NULL);
    migrator_roll_back(migrator);
    return err;
}

/* --- the fence -------------------------------------------------------------------------------- */

/* Roles are the server's: a superuser of another one would fence the wrong service. */
static enum err fence_open(const struct migrator *migrator, struct migrator *fence)
{
    enum err err = migrator_open(fence);
    if (!err && strcmp(fence->report.system_identifier, migrator->report.system_identifier) != 0)
        err = fail(fence->fault, ERR_CONFLICT, "other-server",
                   "the fence's superuser is of another server than the database");
    return err;
}

static enum err fence_limit(struct migrator *fence, int limit)
{
    const char *sql =
        arena_format(fence->fault->arena, "ALTER ROLE clinicd_app CONNECTION LIMIT %d", limit);
    return migrator_run(fence, sql, NULL);
}

/* Nobody comes in; who is in may end what it does. */
static enum err fence_drain(struct migrator *fence, int64_t drain_ms)
{
    int64_t until = clock_monotonic_us() + drain_ms * 1000;
    PGresult *result = NULL;
    enum err err = migrator_run(fence, count_busy, &result);
    while (!err && strcmp(PQgetvalue(result, 0, 0), "0") != 0 && clock_monotonic_us() < until) {
        stop_sleep(fence->options->stop, DRAIN_POLL_MS);
        err = migrator_check_stop(fence);
        if (!err)
            err = migrator_run(fence, count_busy, &result);
    }
    return err;
}

static enum err fence_raise(struct migrator *migrator, const struct maintain_order *order,
                            int *ended)
{
    struct migrate_options options = *migrator->options;
    options.url = order->fence_url;
    options.report = NULL;
    struct migrator fence CLEANUP(migrator_close) = {.options = &options, .fault = migrator->fault};
    PGresult *result = NULL;
    enum err err = fence_open(migrator, &fence);
    if (!err)
        err = fence_limit(&fence, 0);
    if (!err)
        err = fence_drain(&fence, order->drain_ms);
    if (!err)
        err = migrator_run(&fence, end_sessions, &result);
    if (!err)
        *ended = atoi(PQgetvalue(result, 0, 0));
    return err;
}

static enum err fence_lower(struct migrator *migrator, const char *url, int limit)
{
    struct migrate_options options = *migrator->options;
    options.url = url;
    options.report = NULL;
    struct migrator fence CLEANUP(migrator_close) = {.options = &options, .fault = migrator->fault};
    enum err err = fence_open(migrator, &fence);
    return err ? err : fence_limit(&fence, limit);
}

static enum err fence_need(struct fault *fault)
{
    return fail(fault, ERR_INPUT, "fence-needs-superuser",
                "a fence needs a superuser of the same server: set CLINICD_RESTORE_URL");
}

/* --- orders ----------------------------------------------------------------------------------- */

/* The tables of a tool that is newer than the last migration; the runner's lock, as two that make
 * them at once would fail. */
static enum err prepare(struct migrator *migrator)
{
    PGresult *result = NULL;
    enum err err = migrator_run(migrator,
                                "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid"
                                " = to_regclass('ops.maintenance') AND attname = 'smoke_run_id')",
                                &result);
    if (err || *PQgetvalue(result, 0, 0) == 't')
        return err;
    err = lock_take(migrator);
    if (!err)
        err = history_prepare(migrator);
    lock_free(migrator);
    return err;
}

enum err maintain_begin(struct migrator *migrator, const char *command)
{
    enum err err = migrator_open(migrator);
    if (!err)
        err = prepare(migrator);
    return err ? err : run_begin(migrator, command);
}

static enum err order_on(struct migrator *migrator, const struct maintain_order *order, int *ended)
{
    struct arena *arena = migrator->fault->arena;
    const char *in =
        order->ends_in_ms > 0 ? arena_format(arena, "%lldms", (long long)order->ends_in_ms) : NULL;
    const char *const values[] = {
        order->is_read_only ? "t" : "f", order->reason,   order->ends_at, in,
        order->is_fence ? "t" : "f",     migrator->run_id};
    *ended = 0;
    enum err err = maintain_write(migrator, upsert_order, 6, values);
    if (!err && order->is_fence)
        err = fence_raise(migrator, order, ended);
    return err;
}

enum err maintain_on(const struct migrate_options *options, const struct maintain_order *order,
                     struct fault *fault, int *ended)
{
    struct migrator migrator CLEANUP(migrator_close) = {.options = options, .fault = fault};
    int n = 0;
    if (order->is_fence && !order->fence_url)
        return fence_need(fault);
    enum err err = maintain_begin(&migrator, "maintenance on");
    if (!err)
        err = order_on(&migrator, order, &n);
    run_end(&migrator, err, NULL);
    if (!err)
        *ended = n;
    return err;
}

/* What the service itself would refuse to start on, or would break under it. */
static enum err check_order(struct migrator *migrator)
{
    struct migrate_holder holder;
    struct step_row step;
    struct history history;
    enum err err = lock_holder(migrator, &holder);
    if (!err && holder.pid != 0)
        return fail(migrator->fault, ERR_CONFLICT, "not-ready", "a migration runs: process %d (%s)",
                    holder.pid, holder.application);
    if (!err)
        err = step_find(migrator, &step);
    if (!err && step.version > 0)
        return fail(migrator->fault, ERR_CONFLICT, "not-ready",
                    "%04d stopped after %d of %d statements", step.version, step.step, step.steps);
    if (!err)
        err = history_read(migrator, &history);
    if (!err && (int)history.count != files_latest(files_of(migrator->options)))
        err = fail(migrator->fault, ERR_CONFLICT, "not-ready",
                   "the database is at schema version %zu, this program needs %d", history.count,
                   files_latest(files_of(migrator->options)));
    return err;
}

/* That it answers at all, and every part of it, from outside. */
static enum err check_proof(struct migrator *migrator)
{
    PGresult *result = NULL;
    enum err err = migrator_run(migrator, select_proof, &result);
    if (!err && *PQgetvalue(result, 0, 0) != 't')
        err = fail(migrator->fault, ERR_CONFLICT, "smoke-missing",
                   "no smoke run was green since the service was taken away, or something was "
                   "migrated since");
    return err;
}

static enum err order_off(struct migrator *migrator, const char *fence_url, bool is_forced,
                          bool *was_on)
{
    struct maintain_state state;
    int limit = -1;
    enum err err = order_read(migrator, &state, &limit);
    if (!err)
        *was_on = state.is_on;
    if (!err && state.is_on && !is_forced)
        err = check_order(migrator);
    if (!err && state.is_on && !is_forced)
        err = check_proof(migrator);
    if (!err && state.is_fenced)
        err = fence_url ? fence_lower(migrator, fence_url, limit) : fence_need(migrator->fault);
    return err ? err : maintain_write(migrator, delete_order, 0, NULL);
}

enum err maintain_off(const struct migrate_options *options, const char *fence_url, bool is_forced,
                      struct fault *fault, bool *was_on)
{
    struct migrator migrator CLEANUP(migrator_close) = {.options = options, .fault = fault};
    bool was = false;
    enum err err = maintain_begin(&migrator, "maintenance off");
    if (!err)
        err = order_off(&migrator, fence_url, is_forced, &was);
    run_end(&migrator, err, NULL);
    if (!err)
        *was_on = was;
    return err;
}

static enum err order_lower(struct migrator *migrator, const char *fence_url)
{
    struct maintain_state state;
    int limit = -1;
    enum err err = order_read(migrator, &state, &limit);
    if (err || !state.is_fenced)
        return err;
    err = fence_url ? fence_lower(migrator, fence_url, limit) : fence_need(migrator->fault);
    return err ? err : maintain_write(migrator, lower_order, 0, NULL);
}

enum err maintain_lower(const struct migrate_options *options, const char *fence_url,
                        struct fault *fault)
{
    struct migrator migrator CLEANUP(migrator_close) = {.options = options, .fault = fault};
    enum err err = maintain_begin(&migrator, "maintenance off");
    if (!err)
        err = order_lower(&migrator, fence_url);
    run_end(&migrator, err, NULL);
    return err;
}

enum err maintain_status(const struct migrate_options *options, struct fault *fault,
                         struct maintain_state *out)
{
    struct migrator migrator CLEANUP(migrator_close) = {.options = options, .fault = fault};
    struct maintain_state state;
    PGresult *result = NULL;
    int limit;
    enum err err = migrator_open(&migrator);
    if (!err)
        err = order_read(&migrator, &state, &limit);
    if (!err)
        err = migrator_run(&migrator, select_sessions, &result);
    if (err)
        return err;
    *out = state;
    out->sessions = atoi(PQgetvalue(result, 0, 0));
    out->busy = atoi(PQgetvalue(result, 0, 1));
    return ERR_NONE;
}
