#include "db/migrate/job.h"

#include "db/clock.h"
#include "db/migrate/history.h"
#include "db/migrate/lock.h"
#include "db/migrate/run.h"

#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_FIRST = 500,
    CHUNK_MOST = 100000,
    CHUNK_US = 200 * 1000, /* so long a piece should take */
    PAUSE_MS = 250,
    SAY_EVERY_US = 10 * 1000 * 1000,
};

static const char has_table[] = "SELECT to_regclass('ops.job') IS NOT NULL";

static const char insert_job[] =
    "INSERT INTO ops.job (version, name, state, end_key, total, chunk, started_at, heartbeat)"
    " VALUES ($1::int, $2, CASE WHEN $3::text IS NULL THEN 'done' ELSE 'running' END, $3::text,"
    "         $4::bigint, $5::int, clock_timestamp(), clock_timestamp())";

static const char select_job[] = "SELECT state, cursor, end_key, chunk, throttle, done, total"
                                 "  FROM ops.job WHERE version = $1::int FOR UPDATE";

static const char update_job[] =
    "UPDATE ops.job SET cursor = coalesce($2, cursor), done = done + $3::bigint, chunk = $4::int,"
    "       state = CASE WHEN $2::text IS NULL THEN 'done' ELSE state END,"
    "       worked_us = worked_us + $5::bigint, heartbeat = clock_timestamp()"
    " WHERE version = $1::int";

static const char select_last[] =
    "SELECT j.version, j.name, j.state, j.total, j.done, j.chunk, j.throttle, j.worked_us,"
    "       (extract(epoch FROM clock_timestamp() - j.heartbeat) * 1000)::bigint, s.error"
    "  FROM ops.job j LEFT JOIN ops.migration_step s USING (version)"
    " ORDER BY j.version DESC LIMIT 1";

static const char steer_job[] =
    "UPDATE ops.job SET state = coalesce($1, state), throttle = coalesce($2::int, throttle)"
    " WHERE state <> 'done'";

/* The job as the last piece left it. */
struct job {
    struct migrator *migrator;
    const struct migration *file;
    const char *version; /* as a parameter */
    const char *state, *cursor, *end;
    int chunk, throttle;
    int64_t done, total;
    int64_t said_us;
    bool is_waiting; /* paused, and said so */
};

static const char *number(struct arena *arena, int64_t n)
{
    return arena_format(arena, "%lld", (long long)n);
}

static const char *text_or_null(const PGresult *result, int column)
{
    return PQgetisnull(result, 0, column) ? NULL : PQgetvalue(result, 0, column);
}

static enum err job_read(struct job *job)
{
    PGresult *result = NULL;
    enum err err = migrator_run_params(job->migrator, select_job, 1, &job->version, &result);
    if (err)
        return err;
    job->state = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : NULL;
    if (!job->state)
        return ERR_NONE;
    job->cursor = text_or_null(result, 1);
    job->end = text_or_null(result, 2);
    job->chunk = atoi(PQgetvalue(result, 0, 3));
    job->throttle = atoi(PQgetvalue(result, 0, 4));
    job->done = strtoll(PQgetvalue(result, 0, 5), NULL, 10);
    job->total = strtoll(PQgetvalue(result, 0, 6), NULL, 10);
    return ERR_NONE;
}

static enum err shape_fail(const struct job *job, int statement, const char *what)
{
    return fail(job->migrator->fault, ERR_INTERNAL, "migration-failed",
                "%04d_%s, section chunk, statement %d %s", job->file->version, job->file->name,
                statement, what);
}

/* The end is frozen here: what comes later is the program's to write well. */
static enum err job_make(struct job *job)
{
    struct place place = {.file = job->file, .section = "chunk", .number = 1};
    PGresult *result = NULL;
    enum err err = migrator_run_at(job->migrator, &place, job->file->chunk[0], &result);
    if (!err && (PQntuples(result) != 1 || PQnfields(result) != 2 || PQgetisnull(result, 0, 1)))
        err = shape_fail(job, 1, "gives no row of an end and a number");
    if (err)
        return err;
    const char *const values[] = {job->version, job->file->name, text_or_null(result, 0),
                                  PQgetvalue(result, 0, 1),
                                  number(job->migrator->fault->arena, CHUNK_FIRST)};
    return migrator_run_params(job->migrator, insert_job, 5, values, NULL);
}

/* Twice or half as much at most: one lucky or unlucky piece says little. */
static int chunk_next(int chunk, int64_t took_us)
{
    int64_t next = (int64_t)chunk * CHUNK_US / (took_us > 0 ? took_us : 1);
    if (next > chunk * 2LL)
        next = chunk * 2LL;
    if (next < chunk / 2)
        next = chunk / 2;
    return next < 1 ? 1 : next > CHUNK_MOST ? CHUNK_MOST : (int)next;
}

static enum err piece_do(struct job *job, int64_t *took_us, int64_t *rows)
{
    struct arena *arena = job->migrator->fault->arena;
    const char *const values[] = {job->cursor, job->end, number(arena, job->chunk)};
    PGresult *result = NULL;
    int64_t began_us = clock_monotonic_us();
    struct place place = {.file = job->file, .section = "chunk", .number = 2};
    enum err err =
        migrator_run_params_at(job->migrator, &place, job->file->chunk[1], 3, values, &result);
    *took_us = clock_monotonic_us() - began_us;
    if (!err && (PQntuples(result) != 1 || PQnfields(result) != 2 || PQgetisnull(result, 0, 1)))
        err = shape_fail(job, 2, "gives no row of a cursor and a number");
    if (err)
        return err;
    const char *next = text_or_null(result, 0);
    if (next && job->cursor && strcmp(next, job->cursor) == 0)
        return shape_fail(job, 2, "does not move the cursor");
    *rows = strtoll(PQgetvalue(result, 0, 1), NULL, 10);
    const char *const after[] = {job->version, next, number(arena, *rows),
                                 number(arena, chunk_next(job->chunk, *took_us)),
                                 number(arena, *took_us)};
    return migrator_run_params(job->migrator, update_job, 5, after, NULL);
}

static void say_progress(struct job *job, int64_t now_us)
{
    if (now_us - job->said_us < SAY_EVERY_US)
        return;
    job->said_us = now_us;
    migrator_say(job->migrator, "%04d %s: %lld of about %lld rows, %d at a time",
                 job->file->version, job->file->name, (long long)job->done, (long long)job->total,
                 job->chunk);
}

/* At 25 % a piece of 200 ms is followed by 600 ms of rest. */
static void rest(const struct job *job, int64_t took_us)
{
    int64_t ms = took_us / 1000 * (100 - job->throttle) / job->throttle;
    if (ms > 0)
        stop_sleep(job->migrator->options->stop, (int)ms);
}

static void wait_paused(struct job *job)
{
    if (!job->is_waiting)
        migrator_say(job->migrator, "%04d %s is paused: `migrate resume` lets it go on",
                     job->file->version, job->file->name);
    job->is_waiting = true;
    stop_sleep(job->migrator->options->stop, PAUSE_MS);
}

/* One transaction: what somebody ordered meanwhile, a piece, where it stands. */
static enum err turn(struct job *job, int64_t *rows)
{
    int64_t took_us = 0, done = 0;
    enum err err = migrator_check_stop(job->migrator);
    if (!err)
        err = migrator_run(job->migrator, "BEGIN", NULL);
    if (!err)
        err = job_read(job);
    if (!err && !job->state)
        err = job_make(job);
    else if (!err && strcmp(job->state, "running") == 0)
        err = piece_do(job, &took_us, &done);
    if (!err)
        err = migrator_run(job->migrator, "COMMIT", NULL);
    if (err) {
        migrator_roll_back(job->migrator);
        return err;
    }
    *rows += done;
    bool is_paused = job->state && strcmp(job->state, "paused") == 0;
    if (is_paused)
        wait_paused(job);
    job->is_waiting = is_paused;
    say_progress(job, clock_monotonic_us());
    if (took_us > 0)
        rest(job, took_us);
    return ERR_NONE;
}

/* Whose name lives in the arena of a turn. */
static void forget_blocker(struct watch *watch)
{
    int64_t waited_us = watch->waited_us;
    watch_reset(watch);
    watch->waited_us = waited_us;
}

enum err job_run(struct migrator *migrator, const struct migration *file, int64_t *rows)
{
    struct fault *story = migrator->fault;
    struct job job = {.migrator = migrator,
                      .file = file,
                      .version = number(story->arena, file->version),
                      .said_us = clock_monotonic_us()};
    enum err err = ERR_NONE;
    while (!err && (!job.state || strcmp(job.state, "done") != 0)) {
        /* A night's work must not fill the run's arena with results. */
        struct arena arena CLEANUP(arena_end) = {0};
        struct fault here = {.arena = &arena};
        migrator->fault = &here;
        err = turn(&job, rows);
        /* The state outlives the turn only as a word. */
        job.state = !job.state                         ? NULL
                    : strcmp(job.state, "done") == 0   ? "done"
                    : strcmp(job.state, "paused") == 0 ? "paused"
                                                       : "running";
        migrator->fault = story;
        if (err)
            err = fail(story, err, here.code, "%s", here.detail ? here.detail : "failed");
        forget_blocker(&migrator->watch);
    }
    return err;
}

enum err job_forget(struct migrator *migrator, int version)
{
    const char *value = number(migrator->fault->arena, version);
    return migrator_run_params(migrator, "DELETE FROM ops.job WHERE version = $1::int", 1, &value,
                               NULL);
}

/* --- from a second terminal --------------------------------------------------------------------
 */

static enum err table_check(struct migrator *migrator, bool *is_there)
{
    PGresult *result = NULL;
    enum err err = migrator_run(migrator, has_table, &result);
    if (!err)
        *is_there = *PQgetvalue(result, 0, 0) == 't';
    return err;
}

static enum err last_read(struct migrator *migrator, struct migrate_job *out)
{
    struct migrate_holder holder;
    PGresult *result = NULL;
    enum err err = migrator_run(migrator, select_last, &result);
    if (!err)
        err = lock_holder(migrator, &holder);
    if (err || PQntuples(result) == 0)
        return err;
    *out = (struct migrate_job){
        .version = atoi(PQgetvalue(result, 0, 0)),
        .name = PQgetvalue(result, 0, 1),
        .state = PQgetvalue(result, 0, 2),
        .total = strtoll(PQgetvalue(result, 0, 3), NULL, 10),
        .done = strtoll(PQgetvalue(result, 0, 4), NULL, 10),
        .chunk = atoi(PQgetvalue(result, 0, 5)),
        .throttle = atoi(PQgetvalue(result, 0, 6)),
        .worked_ms = strtoll(PQgetvalue(result, 0, 7), NULL, 10) / 1000,
        .silent_ms = strtoll(PQgetvalue(result, 0, 8), NULL, 10),
        .error = text_or_null(result, 9),
        .pid = holder.pid,
    };
    return ERR_NONE;
}

enum err migrate_progress(const struct migrate_options *options, struct fault *fault,
                          struct migrate_job *out)
{
    struct migrator migrator CLEANUP(migrator_close) = {.options = options, .fault = fault};
    struct migrate_job job = {.version = 0};
    bool is_there = false;
    enum err err = migrator_open(&migrator);
    if (!err)
        err = table_check(&migrator, &is_there);
    if (!err && is_there)
        err = last_read(&migrator, &job);
    if (!err)
        *out = job;
    return err;
}

static enum err steer(struct migrator *migrator, const char *state, int throttle)
{
    const char *percent = throttle > 0 ? number(migrator->fault->arena, throttle) : NULL;
    const char *const values[] = {state, percent};
    PGresult *result = NULL;
    enum err err = migrator_run_params(migrator, steer_job, 2, values, &result);
    if (!err && strcmp(PQcmdTuples(result), "0") == 0)
        err = fail(migrator->fault, ERR_CONFLICT, "no-job", "no backfill is under way");
    return err;
}

enum err migrate_steer(const struct migrate_options *options, const char *state, int throttle,
                       struct fault *fault)
{
    struct migrator migrator CLEANUP(migrator_close) = {.options = options, .fault = fault};
    bool is_there = false;
    enum err err = migrator_open(&migrator);
    if (!err)
        err = table_check(&migrator, &is_there);
    if (!err && !is_there)
        err = fail(fault, ERR_CONFLICT, "no-job", "no backfill is under way");
    if (!err)
        err = run_begin(&migrator, "migrate steer");
    if (!err)
        err = steer(&migrator, state, throttle);
    run_end(&migrator, err, NULL);
    return err;
}
