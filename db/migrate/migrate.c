#include "db/migrate.h"

#include "db/migrate/file.h"
#include "db/migrate/guard.h"
#include "db/migrate/history.h"
#include "db/migrate/lock.h"
#include "db/migrate/precheck.h"
#include "db/migrate/run.h"
#include "db/migrate/step.h"

/* Opened, locked, written down as a run, and with its history … */
static enum err begin_unchecked(struct migrator *migrator, const char *command,
                                struct history *history)
{
    size_t files_n = (size_t)files_latest(migrator->files);
    migrator->report.done = arena_array(migrator->fault->arena, struct migrate_done, files_n + 1);
    enum err err = migrator_open(migrator);
    if (!err)
        err = lock_take(migrator);
    if (!err)
        err = history_prepare(migrator);
    if (!err)
        err = run_begin(migrator, command);
    if (!err)
        err = history_read(migrator, history);
    if (!err)
        migrator->report.schema_version = (int)history->count;
    return err;
}

/* … and that fits this program. */
static enum err begin(struct migrator *migrator, const char *command, struct history *history)
{
    enum err err = begin_unchecked(migrator, command, history);
    return err ? err : history_check(migrator, history);
}

/* All prechecks before anything is changed; and of each later file again, for what the files before
 * it made. */
static enum err go_up(struct migrator *migrator, int from, int to, int *done)
{
    enum err err = prechecks_hold(migrator, from, to);
    if (!err)
        err = guard_hold(migrator, from, to);
    for (int version = from; !err && version < to; version++) {
        if (version > from)
            err = prechecks_hold(migrator, version, version + 1);
        if (!err)
            err = file_apply(migrator, &migrator->files[version]);
        *done += !err;
    }
    migrator->report.schema_version += *done;
    return err;
}

enum err migrate_up(const struct migrate_options *options, struct fault *fault, int *applied)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    struct history history;
    int done = 0;
    int to = options->to < 0 ? files_latest(migrator.files) : options->to;
    if (to > files_latest(migrator.files))
        return fail(fault, ERR_INPUT, "migration-unknown", "there is no migration %04d", to);
    enum err err = begin(&migrator, "migrate up", &history);
    if (!err)
        err = go_up(&migrator, (int)history.count, to, &done);
    run_end(&migrator, err, NULL);
    if (!err)
        *applied = done;
    return err;
}

/* All that is to be reverted is counted before anything is, so that one number confirms it. */
static enum err confirm_loss(struct migrator *migrator, int from, int to, int64_t losses[])
{
    int64_t total = 0;
    for (int version = from; version > to; version--) {
        const struct migration *file = &migrator->files[version - 1];
        if (!file->down)
            return fail(migrator->fault, ERR_CONFLICT, "migration-irreversible",
                        "%04d_%s cannot be reverted: restore a backup", version, file->name);
        enum err err = file_count_loss(migrator, file, &losses[version]);
        if (err)
            return err;
        total += losses[version];
    }
    if (migrator->options->data_loss_ok != LOSS_ANY && migrator->options->data_loss_ok != total &&
        (total > 0 || migrator->options->data_loss_ok > 0))
        return fail(migrator->fault, ERR_CONFLICT, "data-loss-unconfirmed",
                    "this loses %lld rows; to confirm, say exactly that number", (long long)total);
    return ERR_NONE;
}

/* A file that is under way stands on all before it. */
static enum err check_nothing_stopped(struct migrator *migrator)
{
    struct step_row row;
    enum err err = step_find(migrator, &row);
    if (!err && row.version > 0)
        err = fail(migrator->fault, ERR_CONFLICT, "migration-stopped",
                   "%04d stopped after %d of %d statements: bring it to its end first", row.version,
                   row.step, row.steps);
    return err;
}

static enum err go_down(struct migrator *migrator, int from, int to, int *done)
{
    int64_t *losses = arena_array(migrator->fault->arena, int64_t, (size_t)from + 1);
    enum err err = check_nothing_stopped(migrator);
    if (!err)
        err = confirm_loss(migrator, from, to, losses);
    for (int version = from; !err && version > to; version--) {
        err = file_revert(migrator, &migrator->files[version - 1], losses[version]);
        *done += !err;
    }
    migrator->report.schema_version -= *done;
    return err;
}

enum err migrate_down(const struct migrate_options *options, int steps, struct fault *fault,
                      int *reverted)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    struct history history;
    int done = 0;
    enum err err = begin(&migrator, "migrate down", &history);
    int from = err ? 0 : (int)history.count;
    if (!err && steps > from)
        err =
            fail(fault, ERR_INPUT, "migration-unknown", "only %d are applied, not %d", from, steps);
    if (!err)
        err = go_down(&migrator, from, from - steps, &done);
    run_end(&migrator, err, NULL);
    if (!err)
        *reverted = done;
    return err;
}

enum err migrate_to(const struct migrate_options *options, int version, struct fault *fault,
                    int *applied, int *reverted)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    struct history history;
    int up = 0, down = 0;
    if (version > files_latest(migrator.files))
        return fail(fault, ERR_INPUT, "migration-unknown", "there is no migration %04d", version);
    enum err err = begin(&migrator, "migrate to", &history);
    int from = err ? version : (int)history.count;
    if (!err && from < version)
        err = go_up(&migrator, from, version, &up);
    else if (!err && from > version)
        err = go_down(&migrator, from, version, &down);
    run_end(&migrator, err, NULL);
    if (err)
        return err;
    *applied = up;
    *reverted = down;
    return ERR_NONE;
}

static enum err repair(struct migrator *migrator, const struct history *history, int *version,
                       int *indexes)
{
    struct step_row row;
    enum err err = step_drop_broken_indexes(migrator, indexes);
    if (!err)
        err = step_find(migrator, &row);
    if (err || row.version == 0)
        return err;
    migrator_say(migrator, "%04d stopped after %d of %d statements%s%s", row.version, row.step,
                 row.steps, row.error ? ": " : "", row.error ? row.error : "");
    if (row.version != (int)history->count + 1 || row.version > files_latest(migrator->files))
        return fail(migrator->fault, ERR_CONFLICT, "migration-unknown",
                    "%04d is under way, but it is not the next file of this program", row.version);
    err = file_apply(migrator, &migrator->files[row.version - 1]);
    if (!err)
        *version = row.version;
    return err;
}

enum err migrate_repair(const struct migrate_options *options, struct fault *fault, int *version,
                        int *indexes)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    struct history history;
    int dropped = 0, continued = 0;
    enum err err = begin(&migrator, "migrate repair", &history);
    if (!err)
        err = repair(&migrator, &history, &continued, &dropped);
    migrator.report.schema_version += continued > 0;
    run_end(&migrator, err, NULL);
    if (err)
        return err;
    *version = continued;
    *indexes = dropped;
    return ERR_NONE;
}

static enum err accept(struct migrator *migrator, const struct history *history, int version,
                       const char *reason)
{
    bool is_same = false;
    if (version < 1 || (size_t)version > history->count ||
        version > files_latest(migrator->files) || history->rows[version - 1].version != version)
        return fail(migrator->fault, ERR_INPUT, "migration-unknown", "%04d is not applied",
                    version);
    const struct migration *file = &migrator->files[version - 1];
    enum err err = history_is_same(migrator, &history->rows[version - 1], file, &is_same);
    if (!err && is_same)
        err = fail(migrator->fault, ERR_CONFLICT, "not-edited",
                   "%04d_%s is what was applied: there is nothing to accept", version, file->name);
    return err ? err : history_accept(migrator, file, reason);
}

enum err migrate_accept(const struct migrate_options *options, int version, const char *reason,
                        struct fault *fault)
{
    struct migrator migrator CLEANUP(migrator_close) = {
        .options = options, .fault = fault, .files = files_of(options)};
    struct history history;
    enum err err = begin_unchecked(&migrator, "migrate accept", &history);
    if (!err)
        err = accept(&migrator, &history, version, reason);
    run_end(&migrator, err, NULL);
    return err;
}
