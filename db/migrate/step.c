#include "db/migrate/step.h"

#include "db/migrate/history.h"

#include <stdlib.h>
#include <string.h>

static const char select_step[] =
    "SELECT version, step, steps, sha256, error FROM ops.migration_step ORDER BY version LIMIT 1";

static const char insert_step[] =
    "INSERT INTO ops.migration_step (version, sha256, step, steps, started_at, updated_at)"
    " VALUES ($1::int, $2, 0, $3::int, clock_timestamp(), clock_timestamp())";

static const char update_step[] = "UPDATE ops.migration_step SET step = $2::int, error = NULL,"
                                  "       updated_at = clock_timestamp() WHERE version = $1::int";

static const char update_error[] = "UPDATE ops.migration_step SET error = $2,"
                                   "       updated_at = clock_timestamp() WHERE version = $1::int";

static const char delete_step[] = "DELETE FROM ops.migration_step WHERE version = $1::int";

static const char broken_indexes[] =
    "SELECT c.oid::regclass::text, format('DROP INDEX CONCURRENTLY %s', c.oid::regclass)"
    "  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
    " WHERE c.relnamespace = to_regnamespace('clinicd') AND c.relkind = 'i' AND NOT i.indisvalid"
    "   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p"
    "                    WHERE p.index_relid = c.oid)"
    " ORDER BY 1";

static int count_statements(const char *const *statements)
{
    int n = 0;
    while (statements[n])
        n++;
    return n;
}

enum err step_find(struct migrator *migrator, struct step_row *out)
{
    PGresult *result = NULL;
    *out = (struct step_row){.version = 0};
    enum err err =
        migrator_run(migrator, "SELECT to_regclass('ops.migration_step') IS NOT NULL", &result);
    if (err || *PQgetvalue(result, 0, 0) != 't')
        return err;
    err = migrator_run(migrator, select_step, &result);
    if (!err && PQntuples(result) > 0)
        *out =
            (struct step_row){.version = atoi(PQgetvalue(result, 0, 0)),
                              .step = atoi(PQgetvalue(result, 0, 1)),
                              .steps = atoi(PQgetvalue(result, 0, 2)),
                              .sha256 = PQgetvalue(result, 0, 3),
                              .error = PQgetisnull(result, 0, 4) ? NULL : PQgetvalue(result, 0, 4)};
    return err;
}

enum err step_begin(struct migrator *migrator, const struct migration *file, int *step)
{
    struct arena *arena = migrator->fault->arena;
    struct step_row row;
    char digest[DIGEST_TEXT];
    enum err err = step_find(migrator, &row);
    if (err)
        return err;
    if (row.version == 0) {
        const char *const values[] = {arena_format(arena, "%d", file->version),
                                      migration_digest(file, digest),
                                      arena_format(arena, "%d", count_statements(file->up))};
        err = migrator_run_params(migrator, insert_step, 3, values, NULL);
    } else if (row.version != file->version || strcmp(row.sha256, migration_digest(file, digest))) {
        err = fail(migrator->fault, ERR_CONFLICT, "migration-edited",
                   "%04d stopped after %d of %d statements, and %04d_%s is not that file",
                   row.version, row.step, row.steps, file->version, file->name);
    }
    if (!err)
        *step = row.step;
    return err;
}

enum err step_done(struct migrator *migrator, const struct migration *file, int step)
{
    struct arena *arena = migrator->fault->arena;
    const char *const values[] = {arena_format(arena, "%d", file->version),
                                  arena_format(arena, "%d", step)};
    return migrator_run_params(migrator, update_step, 2, values, NULL);
}

enum err step_end(struct migrator *migrator, const struct migration *file)
{
    const char *version = arena_format(migrator->fault->arena, "%d", file->version);
    return migrator_run_params(migrator, delete_step, 1, &version, NULL);
}

void step_note(struct migrator *migrator, const struct migration *file)
{
    struct fault *story = migrator->fault;
    struct fault aside = {.arena = story->arena};
    const char *const values[] = {arena_format(story->arena, "%d", file->version), story->detail};
    migrator->fault = &aside;
    if (migrator_run_params(migrator, update_error, 2, values, NULL))
        migrator_say(migrator, "what stopped the file could not be noted: %s", aside.detail);
    migrator->fault = story;
}

enum err step_drop_broken_indexes(struct migrator *migrator, int *dropped)
{
    PGresult *result = NULL;
    enum err err = migrator_run(migrator, broken_indexes, &result);
    for (int i = 0; !err && i < PQntuples(result); i++) {
        err = migrator_run(migrator, PQgetvalue(result, i, 1), NULL);
        if (!err) {
            migrator_say(migrator, "dropped the invalid index %s", PQgetvalue(result, i, 0));
            ++*dropped;
        }
    }
    return err;
}
