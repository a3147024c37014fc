/* The table of the legacy guide, with figures that were computed and measured. */
#include "db/migrate/file.h"
#include "db/migrate/history.h"
#include "db/migrate/plan.h"

#include <stdlib.h>
#include <string.h>

/* Seconds for each GiB of database, with its sums beside it: pg_dump, pg_restore; for each million
 * rows of a checksum; and what a command takes at the least (operations.md A8). */
#define DUMP_SECONDS 5.0
#define RESTORE_SECONDS 16.0
#define SUM_SECONDS 1.4
#define LEAST_SECONDS 1.0

static const double bytes_in_gib = 1024.0 * 1024 * 1024;

static const char select_sizes[] =
    "SELECT pg_database_size(current_database()),"
    "       coalesce(sum(greatest(reltuples, 0)), 0)::bigint"
    "  FROM pg_catalog.pg_class WHERE relnamespace = to_regnamespace('clinicd')"
    "   AND relkind = 'r'";

/* Of a rehearsal, which says what each of its ways took, the newest green one counts. */
static const char select_times[] =
    "WITH r AS MATERIALIZED (SELECT number, command, result, duration_ms / 1000.0 AS s"
    "    FROM ops.run WHERE outcome = 'done' AND started_at >= $1::timestamptz),"
    " h AS MATERIALIZED (SELECT result::jsonb AS j, s FROM r WHERE command = 'migrate rehearse'"
    "    ORDER BY number DESC LIMIT 1)"
    " SELECT (SELECT sum(s) FROM r WHERE command IN ('backup', 'restore')) AS backup,"
    "        (SELECT sum(duration_ms) / 1000.0 FROM ops.migration"
    "          WHERE applied_at >= $1::timestamptz AND kind <> 'backfill') AS up,"
    "        (SELECT sum(duration_ms) / 1000.0 FROM ops.migration"
    "          WHERE applied_at >= $1::timestamptz AND kind = 'backfill') AS fill,"
    "        (SELECT sum(s) FROM r WHERE command = 'import') AS import,"
    "        (SELECT s FROM h) AS rehearsal,"
    "        (SELECT (j ->> 'up_ms')::bigint / 1000.0 FROM h) AS rehearsed_up,"
    "        (SELECT (j ->> 'verify_ms')::bigint / 1000.0 FROM h) AS rehearsed_verify,"
    "        (SELECT ((j ->> 'down_ms')::bigint + (j ->> 'again_ms')::bigint) / 1000.0 FROM h)"
    "            AS rehearsed_back";

static const char select_runs[] =
    "SELECT to_char(started_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS started_at, command,"
    "       arguments, coalesce(outcome, 'did not end') AS outcome,"
    "       coalesce(duration_ms, -1) AS duration_ms, db_role, os_user, host, result"
    "  FROM ops.run WHERE started_at >= $1::timestamptz ORDER BY id";

/* What was applied since then, and stays. */
static const char select_applied[] =
    "SELECT count(*) FROM ops.migration WHERE applied_at >= $1::timestamptz";

static const char has_runs[] = "SELECT to_regclass('ops.run') IS NOT NULL";

static double column_seconds(const PGresult *times, const char *column)
{
    int at = times ? PQfnumber(times, column) : -1;
    return at < 0 || PQgetisnull(times, 0, at) ? TIMELINE_UNKNOWN
                                               : strtod(PQgetvalue(times, 0, at), NULL);
}

static void row_set(struct timeline_row *row, const char *step, const char *note, double estimated)
{
    *row = (struct timeline_row){.step = step,
                                 .note = note,
                                 .estimated = estimated,
                                 .rehearsed = TIMELINE_UNKNOWN,
                                 .real = TIMELINE_UNKNOWN};
}

/* The seed's rows, in its order. What people do takes as long as it takes: no seconds. */
static void rows_fill(const PGresult *sizes, const struct plan_file *files, size_t n,
                      const PGresult *times, struct timeline_row out[TIMELINE_ROWS])
{
    double gib = strtod(PQgetvalue(sizes, 0, 0), NULL) / bytes_in_gib;
    double millions = strtod(PQgetvalue(sizes, 0, 1), NULL) / 1e6;
    double up = 0, fill = 0;
    for (size_t i = 0; i < n; i++)
        *(strcmp(files[i].kind, "backfill") == 0 ? &fill : &up) += files[i].seconds;
    double sums = LEAST_SECONDS + SUM_SECONDS * millions;
    double restore = LEAST_SECONDS + RESTORE_SECONDS * gib + sums;
    double back = n > 0 ? 2 * (LEAST_SECONDS + up) : 0;
    row_set(&out[0], "Backup", "dump, restore and compare: backup, restore --verify",
            LEAST_SECONDS + DUMP_SECONDS * gib + restore);
    out[0].real = column_seconds(times, "backup");
    row_set(&out[1], "Generate", "nothing: the files are in the program", 0);
    row_set(&out[2], "Review SQL", "by people: migrate plan, lint, sql --all-pending",
            TIMELINE_UNKNOWN);
    row_set(&out[3], "Run migrate", "migrate up", n > 0 ? LEAST_SECONDS + up : 0);
    out[3].rehearsed = column_seconds(times, "rehearsed_up");
    out[3].real = column_seconds(times, "up");
    row_set(&out[4], "Seed initial clinic", "clinic create, when it is the first", LEAST_SECONDS);
    row_set(&out[5], "Data migration", "backfills; of a legacy file: import FILE --dry-run", fill);
    out[5].real = column_seconds(times, "import");
    if (out[5].real < 0)
        out[5].real = column_seconds(times, "fill");
    row_set(&out[6], "Verification", "migrate verify, verify isolation, verify data",
            2 * LEAST_SECONDS + sums);
    out[6].rehearsed = column_seconds(times, "rehearsed_verify");
    row_set(&out[7], "Rollback prep", "migrate rehearse --from BACKUP: the way down and up again",
            n > 0 ? restore + back + 2 * sums : 0);
    out[7].rehearsed = column_seconds(times, "rehearsed_back");
    out[7].real = column_seconds(times, "rehearsal");
}

/* When `since` is no time, the server says so. */
static enum err times_read(struct migrator *migrator, const char *since, PGresult **out)
{
    PGresult *result = NULL;
    enum err err = migrator_run(migrator, has_runs, &result);
    if (err || *PQgetvalue(result, 0, 0) != 't')
        return err;
    return migrator_run_params(migrator, select_times, 1, &since, out);
}

static enum err open_at_history(struct migrator *migrator, struct history *history)
{
    enum err err = migrator_open(migrator);
    if (!err)
        err = history_read(migrator, history);
    if (!err)
        err = history_check(migrator, history);
    if (!err)
        migrator->report.schema_version = (int)history->count;
    return err;
}

enum err migrate_timeline(const struct migrate_options *options, const char *since,
                          struct arena *arena, struct fault *fault,
                          struct timeline_row out[TIMELINE_ROWS])
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    struct history history = {.count = 0};
    struct plan_file *files = NULL;
    PGresult *times = NULL, *sizes = NULL;
    int to = options->to < 0 ? files_latest(migrator.files) : options->to;
    enum err err = open_at_history(&migrator, &history);
    int from = (int)history.count;
    if (!err)
        err = plan_files(&migrator, from, to, arena, &files);
    if (!err)
        err = times_read(&migrator, since, &times);
    if (!err)
        err = migrator_run(&migrator, select_sizes, &sizes);
    if (!err)
        rows_fill(sizes, files, to > from ? (size_t)(to - from) : 0, times, out);
    return err;
}

static void runs_fill(const PGresult *rows, struct arena *arena, struct run_report *out)
{
    out->runs_n = (size_t)PQntuples(rows);
    out->runs = arena_array(arena, struct run_line, out->runs_n + 1);
    for (size_t i = 0; i < out->runs_n; i++) {
        int at = (int)i;
        out->runs[i] = (struct run_line){
            .started_at = arena_copy(arena, PQgetvalue(rows, at, 0)),
            .command = arena_copy(arena, PQgetvalue(rows, at, 1)),
            .arguments = arena_copy(arena, PQgetvalue(rows, at, 2)),
            .outcome = arena_copy(arena, PQgetvalue(rows, at, 3)),
            .duration_ms = strtoll(PQgetvalue(rows, at, 4), NULL, 10),
            .db_role = arena_copy(arena, PQgetvalue(rows, at, 5)),
            .os_user = arena_copy(arena, PQgetvalue(rows, at, 6)),
            .host = arena_copy(arena, PQgetvalue(rows, at, 7)),
            .result =
                arena_copy(arena, PQgetisnull(rows, at, 8) ? "null" : PQgetvalue(rows, at, 8))};
    }
}

/* The files that were applied since, and what was estimated for them, by the tables of now. */
static enum err applied_fill(struct migrator *migrator, const struct history *history,
                             const char *since, struct arena *arena, struct run_report *out)
{
    PGresult *count = NULL;
    enum err err = migrator_run_params(migrator, select_applied, 1, &since, &count);
    if (err)
        return err;
    int to = (int)history->count, from = to - atoi(PQgetvalue(count, 0, 0));
    struct plan_file *files = NULL;
    err = plan_files(migrator, from, to, arena, &files);
    if (err)
        return err;
    out->files_n = (size_t)(to - from);
    out->files = arena_array(arena, struct applied_file, out->files_n + 1);
    for (size_t i = 0; i < out->files_n; i++) {
        const struct history_row *row = &history->rows[(size_t)from + i];
        out->files[i] = (struct applied_file){.version = row->version,
                                              .name = arena_copy(arena, row->name),
                                              .applied_at = arena_copy(arena, row->applied_at),
                                              .estimated = files[i].seconds,
                                              .real = strtod(row->duration_ms, NULL) / 1000};
    }
    PGresult *times = NULL, *sizes = NULL;
    err = times_read(migrator, since, &times);
    if (!err)
        err = migrator_run(migrator, select_sizes, &sizes);
    if (!err)
        rows_fill(sizes, files, out->files_n, times, out->timeline);
    return err;
}

enum err migrate_runs(const struct migrate_options *options, const char *since, struct arena *arena,
                      struct fault *fault, struct run_report *out)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    struct history history = {.count = 0};
    struct run_report report = {.runs_n = 0};
    PGresult *rows = NULL;
    enum err err = open_at_history(&migrator, &history);
    if (!err)
        err = migrator_run(&migrator, has_runs, &rows);
    if (!err && *PQgetvalue(rows, 0, 0) != 't')
        err = fail(fault, ERR_CONFLICT, "never-migrated", "the database was never migrated");
    if (!err)
        err = migrator_run_params(&migrator, select_runs, 1, &since, &rows);
    if (err && fault->detail && strstr(fault->detail, "(22007)")) {
        fault_reset(fault);
        err = fail(fault, ERR_INPUT, "usage", "%s is no moment", since);
    }
    if (err)
        return err;
    runs_fill(rows, arena, &report);
    err = applied_fill(&migrator, &history, since, arena, &report);
    if (!err)
        *out = report;
    return err;
}
