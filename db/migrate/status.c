/* What the database says of itself: nothing here writes. */
#include "db/migrate.h"

#include "db/migrate/catalogue.h"
#include "db/migrate/file.h"
#include "db/migrate/history.h"
#include "db/migrate/lock.h"
#include "db/migrate/run.h"
#include "db/migrate/step.h"

#include <stdlib.h>
#include <string.h>

static struct migration_status status_of(const struct history_row *row,
                                         const struct migration *file, bool is_same)
{
    struct migration_status status = {.state = MIGRATION_PENDING};
    if (file) {
        status.version = file->version;
        status.name = file->name;
    }
    if (row) {
        status.version = row->version;
        status.name = row->name;
        status.applied_at = row->applied_at;
        status.duration_ms = strtoll(row->duration_ms, NULL, 10);
        status.state = !file ? MIGRATION_UNKNOWN : is_same ? MIGRATION_APPLIED : MIGRATION_EDITED;
    }
    return status;
}

static void stopped_note(struct migration_status *status, const struct step_row *step,
                         struct arena *arena)
{
    status->state = MIGRATION_STOPPED;
    status->step = step->step;
    status->steps = step->steps;
    status->error = arena_copy(arena, step->error);
}

enum err migrate_status(const struct migrate_options *options, struct arena *arena,
                        struct fault *fault, struct migration_status **out, size_t *count)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    struct history history;
    struct step_row step;
    enum err err = migrator_open(&migrator);
    if (!err)
        err = history_read(&migrator, &history);
    if (!err)
        err = step_find(&migrator, &step);
    if (err)
        return err;
    migrator.report.schema_version = (int)history.count;
    size_t files_n = (size_t)files_latest(migrator.files);
    struct migration_status *all =
        arena_array(arena, struct migration_status, files_n + history.count + 1);
    size_t n = 0;
    size_t row = 0;
    for (size_t i = 0; i < files_n; i++) {
        bool is_applied =
            row < history.count && history.rows[row].version == migrator.files[i].version;
        const struct history_row *applied = is_applied ? &history.rows[row++] : NULL;
        bool is_same = false;
        if (applied)
            err = history_is_same(&migrator, applied, &migrator.files[i], &is_same);
        if (err)
            return err;
        all[n++] = status_of(applied, &migrator.files[i], is_same);
    }
    for (; row < history.count; row++)
        all[n++] = status_of(&history.rows[row], NULL, false);
    for (size_t i = 0; i < n; i++) {
        if (all[i].state == MIGRATION_PENDING && all[i].version == step.version)
            stopped_note(&all[i], &step, arena);
        all[i].name = arena_copy(arena, all[i].name);
        all[i].applied_at = arena_copy(arena, all[i].applied_at);
    }
    *out = all;
    *count = n;
    return ERR_NONE;
}

static bool is_among(int version, const int versions[])
{
    for (; versions && *versions; versions++)
        if (*versions == version)
            return true;
    return !versions;
}

static enum err files_ask(struct migrator *migrator, const struct history *history,
                          const int versions[])
{
    enum err err = migrator_run(migrator, "BEGIN READ ONLY", NULL);
    for (const int *version = versions; !err && version && *version; version++)
        if (*version < 1 || (size_t)*version > history->count)
            err = fail(migrator->fault, ERR_INPUT, "usage", "%04d is not applied", *version);
    for (size_t i = 0; !err && i < history->count; i++)
        if (is_among(history->rows[i].version, versions))
            err = file_verify(migrator, &migrator->files[i]);
    return err;
}

enum err migrate_verify_files(const struct migrate_options *options, const int versions[],
                              struct fault *fault)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    struct history history;
    enum err err = migrator_open(&migrator);
    if (!err)
        err = history_read(&migrator, &history);
    if (!err)
        err = history_check_chain(&migrator, &history);
    if (!err)
        err = run_check_chain(&migrator);
    if (!err)
        err = history_check(&migrator, &history);
    return err ? err : files_ask(&migrator, &history, versions);
}

enum err migrate_verify(const struct migrate_options *options, struct fault *fault)
{
    return migrate_verify_files(options, NULL, fault);
}

enum err migrate_holder(const struct migrate_options *options, struct fault *fault,
                        struct migrate_holder *out)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    enum err err = migrator_open(&migrator);
    return err ? err : lock_holder(&migrator, out);
}

enum err migrate_drift(const struct migrate_options *options, struct arena *arena,
                       struct fault *fault, struct drift **out, size_t *count)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    enum err err = migrator_open(&migrator);
    return err ? err : catalogue_drift(&migrator, arena, out, count);
}
