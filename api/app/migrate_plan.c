/* clinicd migrate plan: what `up` would do, to which tables, for how long. */
#include "api/app/migration.h"
#include "api/app/timeline.h"

#include <inttypes.h>
#include <string.h>

enum { LOCK_BUDGET_MS = 2000 };

static void step_write(struct call *call, const struct plan_step *step, bool is_first)
{
    struct buf *out = &call->result;
    buf_format(&call->text, "      %-20s %-20s %-20s %10" PRId64 " rows %8.2f s\n", step->operation,
               step->table, step->lock ? step->lock : "-", step->rows, step->seconds);
    buf_format(out,
               "%s{\"statement\": %d, \"operation\": \"%s\", \"table\": ", is_first ? "" : ", ",
               step->number, step->operation);
    buf_json_string(out, step->table);
    buf_text(out, ", \"lock\": ");
    buf_json_string(out, step->lock);
    buf_format(out, ", \"rows\": %" PRId64 ", \"seconds\": %.3f}", step->rows, step->seconds);
}

static void file_write(struct call *call, const struct plan_file *file, bool is_first)
{
    struct buf *out = &call->result;
    buf_format(&call->text, "%04d  %s: %s, %s, %s\n", file->version, file->name, file->kind,
               file->in_tx ? "one transaction" : "statement by statement",
               !file->is_reversible ? "cannot be reverted: restore a backup"
               : file->loses_rows   ? "reverting it loses rows"
                                    : "can be reverted");
    buf_format(out, "%s{\"version\": %d, \"name\": ", is_first ? "" : ", ", file->version);
    buf_json_string(out, file->name);
    buf_format(out,
               ", \"kind\": \"%s\", \"tx\": %s, \"reversible\": %s, \"loses_rows\": %s, "
               "\"seconds\": %.3f, \"lock_seconds\": %.3f, \"steps\": [",
               file->kind, file->in_tx ? "true" : "false", file->is_reversible ? "true" : "false",
               file->loses_rows ? "true" : "false", file->seconds, file->hold_seconds);
    for (size_t i = 0; i < file->steps_n; i++)
        step_write(call, &file->steps[i], i == 0);
    buf_text(out, "]}");
}

struct totals {
    double seconds, hold;
    bool fits; /* beside a running service */
};

static struct totals totals_of(const struct plan_file *files, size_t n, int64_t budget_ms)
{
    struct totals totals = {.seconds = 0};
    for (size_t i = 0; i < n; i++) {
        totals.seconds += files[i].seconds;
        if (files[i].hold_seconds > totals.hold)
            totals.hold = files[i].hold_seconds;
    }
    totals.fits = totals.hold * 1000 <= (double)budget_ms;
    return totals;
}

static void plan_write(struct call *call, const struct plan_file *files, size_t n,
                       const struct totals *totals, const struct timeline_row rows[TIMELINE_ROWS])
{
    buf_text(&call->result, "{\"files\": [");
    for (size_t i = 0; i < n; i++)
        file_write(call, &files[i], i == 0);
    buf_format(&call->result,
               "], \"seconds\": %.3f, \"lock_seconds\": %.3f, \"maintenance\": %s, "
               "\"timeline\": ",
               totals->seconds, totals->hold, totals->fits ? "false" : "true");
    timeline_json(&call->result, rows);
    buf_char(&call->result, '}');
    buf_format(&call->text, "%zu pending, about %.1f s; others wait %.1f s at most: %s\n\n", n,
               totals->seconds, totals->hold,
               totals->fits ? "fits beside a running service" : "needs maintenance");
    timeline_text(&call->text, rows);
}

/* What the team is told before it begins. */
static void notice_write(struct buf *out, const struct plan_file *files, size_t n,
                         const struct totals *totals, const struct timeline_row rows[TIMELINE_ROWS])
{
    buf_text(out, "# The database is going to be migrated\n\n");
    if (totals->fits)
        buf_format(out,
                   "The service goes on meanwhile; a request may wait %.1f s at most. %zu files, "
                   "about %.1f s.\n\n",
                   totals->hold, n, totals->seconds);
    else
        buf_format(out,
                   "**The service is away meanwhile**: requests would wait %.1f s. %zu files, "
                   "about %.1f s.\n\n",
                   totals->hold, n, totals->seconds);
    for (size_t i = 0; i < n; i++)
        buf_format(out, "- %04d %s: %s\n", files[i].version, files[i].name,
                   !files[i].is_reversible ? "cannot be reverted, only restored"
                   : files[i].loses_rows   ? "reverting it loses rows"
                                           : "can be reverted");
    buf_char(out, '\n');
    timeline_markdown(out, rows);
}

static void answer_write(struct call *call, const struct plan_file *files, size_t n,
                         int64_t budget_ms, const struct timeline_row rows[TIMELINE_ROWS])
{
    const char *format = call_option(call, "--format");
    struct totals totals = totals_of(files, n, budget_ms);
    plan_write(call, files, n, &totals, rows);
    if (format && strcmp(format, "markdown") == 0) {
        buf_begin(&call->text, &call->arena, 1024);
        notice_write(&call->text, files, n, &totals, rows);
    }
}

enum exit_code run_migrate_plan(struct call *call)
{
    struct migration_work work;
    struct plan_file *files = NULL;
    struct timeline_row rows[TIMELINE_ROWS];
    size_t n = 0;
    const char *format = call_option(call, "--format");
    int to = call_number(call_option(call, "--to"), -1);
    if (to == -2)
        return call_usage(call, "--to needs a version");
    if (format && strcmp(format, "text") != 0 && strcmp(format, "markdown") != 0)
        return call_usage(call, "--format is text or markdown");
    enum err err = migration_begin(call, &work);
    work.options.to = to;
    if (!err)
        err = migrate_plan(&work.options, &call->arena, &call->fault, &files, &n);
    if (!err)
        err = migrate_timeline(&work.options, migration_since(call, NULL), &call->arena,
                               &call->fault, rows);
    if (!err) {
        int64_t own = work.options.lock_budget_ms;
        answer_write(call, files, n, own > 0 ? own : LOCK_BUDGET_MS, rows);
        if (n > 0)
            call_next(call, "migrate rehearse");
    }
    return migration_end(&work, err);
}
