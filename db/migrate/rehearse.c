/* The way up and back, somewhere else, before it is gone for good. */
#include "db/backup/parts.h"
#include "db/backup/survey.h"
#include "db/buf.h"
#include "db/clock.h"
#include "db/migrate/catalogue.h"
#include "db/migrate/file.h"
#include "db/migrate/guard.h"
#include "db/migrate/history.h"
#include "db/migrate/run.h"
#include "db/migrate/scratch.h"

#include <inttypes.h>
#include <string.h>

struct work {
    const struct rehearsal *how;
    struct fault *fault;
    struct migrate_options scratch; /* and its report: of the first way up */
    struct migrate_report up;
    struct rehearsal_report out;
};

/* A database as it stands: what is in its catalogue, and what its rows add up to. */
struct state {
    struct catalogue_line *lines;
    size_t lines_n;
    struct manifest sums;
};

/* What the runner notes for itself is another thing after every way up. */
static void own_tables_drop(struct manifest *sums)
{
    size_t n = 0;
    for (size_t i = 0; i < sums->tables_n; i++)
        if (strncmp(sums->tables[i].name, "ops.", 4) != 0)
            sums->tables[n++] = sums->tables[i];
    sums->tables_n = n;
}

static enum err state_read(const struct work *work, struct state *out)
{
    struct backup_options options = {.stop = work->scratch.stop};
    struct survey survey CLEANUP(survey_close) = {.conn = NULL};
    struct state state = {.lines = NULL};
    enum err err = scratch_lines(&work->scratch, work->fault, &state.lines, &state.lines_n);
    if (!err)
        err = survey_open(work->how->scratch_url, NULL, work->fault, &survey);
    survey.stop = work->scratch.stop;
    if (!err)
        err = survey_sums(&survey, &options, &state.sums);
    if (err)
        return err;
    own_tables_drop(&state.sums);
    *out = state;
    return ERR_NONE;
}

/* One way, with what it took. */
static enum err go(struct work *work, int version, struct migrate_report *report, int64_t *ms)
{
    int up = 0, down = 0;
    int64_t began_us = clock_monotonic_us();
    struct migrate_options options = work->scratch;
    options.report = report;
    options.data_loss_ok = LOSS_ANY;
    enum err err = migrate_to(&options, version, work->fault, &up, &down);
    *ms = (clock_monotonic_us() - began_us) / 1000;
    return err;
}

static enum err look_from_the_top(struct work *work)
{
    int64_t began_us = clock_monotonic_us();
    enum err err = migrate_verify(&work->scratch, work->fault);
    if (!err && work->how->between)
        err = work->how->between(work->how->user, work->fault);
    work->out.verify_ms = (clock_monotonic_us() - began_us) / 1000;
    return err;
}

/* Down must lead back to exactly where up began. */
static enum err compare(struct work *work, const struct state *before, const struct state *after)
{
    struct rehearsal_report *out = &work->out;
    out->drift_n = catalogue_compare(before->lines, before->lines_n, after->lines, after->lines_n,
                                     work->fault->arena, &out->drift);
    out->changes_n =
        manifest_compare(&before->sums, &after->sums, work->fault->arena, &out->changes);
    if (out->drift_n == 0 && out->changes_n == 0)
        return ERR_NONE;
    return fail(
        work->fault, ERR_INTERNAL, "verification-failed",
        "down from %04d to %04d does not lead back: %zu objects and %zu tables' rows differ",
        out->to, out->from, out->drift_n, out->changes_n);
}

static enum err there_and_back(struct work *work)
{
    struct state before, after;
    struct rehearsal_report *out = &work->out;
    int64_t ms = 0;
    enum err err = ERR_NONE;
    if (!work->how->backup)
        err = go(work, out->from, NULL, &ms);
    if (!err)
        err = state_read(work, &before);
    if (!err)
        err = go(work, out->to, &work->up, &out->up_ms);
    if (!err)
        err = look_from_the_top(work);
    if (!err)
        err = go(work, out->from, NULL, &out->down_ms);
    if (!err)
        err = state_read(work, &after);
    if (!err)
        err = compare(work, &before, &after);
    if (!err)
        err = go(work, out->to, NULL, &out->again_ms);
    return err ? err : migrate_verify(&work->scratch, work->fault);
}

/* Where the way begins: of a restored database at its own version. */
static enum err range_find(struct work *work, const struct migrate_options *options)
{
    const struct migration *files = files_of(options);
    struct migration_status *status = NULL;
    size_t n = 0;
    int latest = files_latest(files);
    work->out.to = options->to < 0 ? latest : options->to;
    if (work->out.to > latest)
        return fail(work->fault, ERR_INPUT, "migration-unknown", "there is no migration %04d",
                    work->out.to);
    enum err err = migrate_status(work->how->backup ? &work->scratch : options, work->fault->arena,
                                  work->fault, &status, &n);
    for (size_t i = 0; !err && i < n; i++)
        work->out.from += status[i].state == MIGRATION_APPLIED;
    if (err || work->out.from < work->out.to)
        return err;
    if (work->how->backup)
        return fail(work->fault, ERR_CONFLICT, "nothing-pending",
                    "the backup is of version %04d: there is nothing to rehearse", work->out.from);
    work->out.from = 0; /* nothing is pending: all of it, then */
    return ERR_NONE;
}

static const char *result_json(const struct work *work, const struct migration *files)
{
    struct buf out;
    int64_t hold_ms = 0;
    buf_begin(&out, work->fault->arena, 512);
    buf_format(&out, "{\"from\": %d, \"to\": %d, \"backup\": ", work->out.from, work->out.to);
    buf_json_string(&out, work->how->backup);
    buf_format(&out, ", \"hashes\": %s, \"files\": [",
               guard_hashes(work->fault->arena, files, work->out.from, work->out.to));
    for (size_t i = 0; i < work->up.done_n; i++) {
        const struct migrate_done *done = &work->up.done[i];
        hold_ms = done->lock_hold_ms > hold_ms ? done->lock_hold_ms : hold_ms;
        buf_format(&out,
                   "%s{\"version\": %d, \"duration_ms\": %" PRId64 ", \"lock_hold_ms\": %" PRId64
                   ", \"rows\": %" PRId64 "}",
                   i ? ", " : "", done->version, done->duration_ms, done->lock_hold_ms, done->rows);
    }
    buf_format(&out,
               "], \"lock_hold_ms\": %" PRId64 ", \"up_ms\": %" PRId64 ", \"verify_ms\": %" PRId64
               ", \"down_ms\": %" PRId64 ", \"again_ms\": %" PRId64 "}",
               hold_ms, work->out.up_ms, work->out.verify_ms, work->out.down_ms,
               work->out.again_ms);
    return out.text;
}

/* A database that was never migrated has no ops.run, and gets none by a rehearsal. */
static enum err run_note(struct migrator *real)
{
    PGresult *result = NULL;
    enum err err = migrator_open(real);
    if (!err)
        err = migrator_run(real, "SELECT to_regclass('ops.run') IS NOT NULL", &result);
    return err || *PQgetvalue(result, 0, 0) != 't' ? err : run_begin(real, "migrate rehearse");
}

enum err migrate_rehearse(const struct migrate_options *options, const struct rehearsal *how,
                          struct fault *fault, struct rehearsal_report *out)
{
    struct migrate_options quiet = scratch_options(options, options->url);
    struct migrator real CLEANUP(migrator_close) = {
        .options = &quiet, .fault = fault, .files = files_of(options)};
    struct work work = {
        .how = how, .fault = fault, .scratch = scratch_options(options, how->scratch_url)};
    enum err err = range_find(&work, options);
    if (!err && !how->backup)
        err = scratch_check(options, &work.scratch, fault);
    if (err)
        return err;
    err = run_note(&real);
    if (!err)
        err = there_and_back(&work);
    if (real.run_id)
        run_end(&real, err, result_json(&work, real.files));
    if (!how->backup)
        scratch_clean(&work.scratch, fault);
    if (options->report)
        *options->report = work.up;
    *out = work.out;
    return err;
}
