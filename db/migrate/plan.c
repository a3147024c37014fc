/* What `up` would do: the statements' effects (effect.c) on the tables as large as they are now. */
#include "db/migrate/plan.h"
#include "db/migrate/file.h"
#include "db/migrate/history.h"
#include "db/migrate/script.h"

#include <stdlib.h>
#include <string.h>

/* A table that was never analysed is measured: 224 bytes a row (operations.md A8). */
static const char select_sizes[] =
    "SELECT c.relname, CASE WHEN c.reltuples >= 0 THEN c.reltuples"
    "                       ELSE pg_relation_size(c.oid) / 224 END::bigint"
    "  FROM pg_catalog.pg_class c WHERE c.relnamespace = to_regnamespace('clinicd')"
    "   AND c.relkind IN ('r', 'p', 'm')";

/* With the question to each, for which the server quotes its name. */
static const char select_tables[] =
    "SELECT relname, format('SELECT EXISTS (SELECT FROM %s)', oid::regclass)"
    "  FROM pg_catalog.pg_class WHERE relnamespace = to_regnamespace('clinicd')"
    "   AND relkind IN ('r', 'p', 'm') AND NOT relispartition ORDER BY relname";

static int64_t rows_of(const PGresult *sizes, const char *table)
{
    for (int i = 0; i < PQntuples(sizes); i++) /* none of NULL */
        if (strcmp(PQgetvalue(sizes, i, 0), table) == 0)
            return strtoll(PQgetvalue(sizes, i, 1), NULL, 10);
    return 0;
}

static void step_add(struct plan_file *plan, const struct statement *statement,
                     const PGresult *sizes, struct arena *arena)
{
    const struct effect *effect = &statement->effect;
    int64_t rows = statement->table ? rows_of(sizes, statement->table) : 0;
    double seconds = effect->seconds_per_million * (double)rows / 1e6;
    plan->steps[plan->steps_n++] =
        (struct plan_step){.number = statement->number,
                           .operation = effect->operation,
                           .table = statement->table ? arena_copy(arena, statement->table) : "?",
                           .lock = effect->lock,
                           .rows = rows,
                           .seconds = seconds};
    plan->seconds += seconds;
}

/* In a transaction a lock is held from its statement to the end. */
static double hold_of(const struct plan_file *plan)
{
    double held = 0, longest = 0;
    bool is_held = false;
    for (size_t i = 0; i < plan->steps_n; i++) {
        const struct plan_step *step = &plan->steps[i];
        is_held = step->lock || (is_held && plan->in_tx);
        held = is_held ? (plan->in_tx ? held + step->seconds : step->seconds) : 0;
        longest = held > longest ? held : longest;
    }
    return longest;
}

static enum err file_plan(const struct migration *file, const PGresult *sizes, struct arena *arena,
                          struct fault *fault, struct plan_file *out)
{
    struct store store CLEANUP(store_end) = {0};
    struct script script;
    if (!script_read(&store, file->name, file->text, &script))
        return fail(fault, ERR_INTERNAL, "unreadable", "%04d_%s is no SQL", file->version,
                    file->name);
    struct plan_file plan = {.version = file->version,
                             .name = file->name,
                             .kind = file->kind,
                             .in_tx = file->in_tx,
                             .is_reversible = file->down != NULL,
                             .loses_rows = file->loss != NULL,
                             .steps = arena_array(arena, struct plan_step, script.n + 1)};
    for (size_t i = 0; i < script.n; i++) {
        const struct statement *statement = &script.statements[i];
        if (statement->section == SCRIPT_UP && statement->effect.operation && !statement->is_new)
            step_add(&plan, statement, sizes, arena);
    }
    plan.hold_seconds = hold_of(&plan);
    *out = plan;
    return ERR_NONE;
}

enum err plan_files(struct migrator *migrator, int from, int to, struct arena *arena,
                    struct plan_file **out)
{
    PGresult *sizes = NULL;
    enum err err = migrator_run(migrator, select_sizes, &sizes);
    struct plan_file *plans = arena_array(arena, struct plan_file, (size_t)to + 1);
    for (int version = from; !err && version < to; version++)
        err = file_plan(&migrator->files[version], sizes, arena, migrator->fault,
                        &plans[version - from]);
    if (!err)
        *out = plans;
    return err;
}

enum err migrate_plan(const struct migrate_options *options, struct arena *arena,
                      struct fault *fault, struct plan_file **out, size_t *count)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    struct history history = {.count = 0};
    int to = options->to < 0 ? files_latest(migrator.files) : options->to;
    if (to > files_latest(migrator.files))
        return fail(fault, ERR_INPUT, "migration-unknown", "there is no migration %04d", to);
    enum err err = migrator_open(&migrator);
    if (!err)
        err = history_read(&migrator, &history);
    if (!err)
        err = history_check(&migrator, &history);
    int from = (int)history.count;
    if (!err)
        err = plan_files(&migrator, from, to, arena, out);
    if (err)
        return err;
    migrator.report.schema_version = from;
    *count = to > from ? (size_t)(to - from) : 0;
    return ERR_NONE;
}

enum err migrate_tables_in_use(const struct migrate_options *options, struct arena *arena,
                               struct fault *fault, const char *const **out)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    PGresult *tables = NULL, *found = NULL;
    enum err err = migrator_open(&migrator);
    if (!err)
        err = migrator_run(&migrator, select_tables, &tables);
    if (err)
        return err;
    const char **names = arena_array(arena, const char *, (size_t)PQntuples(tables) + 1);
    size_t n = 0;
    for (int i = 0; !err && i < PQntuples(tables); i++) {
        err = migrator_run(&migrator, PQgetvalue(tables, i, 1), &found);
        if (!err && *PQgetvalue(found, 0, 0) == 't')
            names[n++] = arena_copy(arena, PQgetvalue(tables, i, 0));
    }
    if (!err)
        *out = names;
    return err;
}

enum err migrate_effects(const struct migration *file, struct arena *arena, struct fault *fault,
                         struct plan_file *out)
{
    return file_plan(file, NULL, arena, fault, out);
}
