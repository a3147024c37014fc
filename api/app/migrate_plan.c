/* clinicd migrate plan: what `up` would do, to which tables, for how long. */
#include "api/app/migration.h"

#include <inttypes.h>

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

static void plan_write(struct call *call, const struct plan_file *files, size_t n,
                       int64_t budget_ms)
{
    double seconds = 0, hold = 0;
    buf_text(&call->result, "{\"files\": [");
    for (size_t i = 0; i < n; i++) {
        file_write(call, &files[i], i == 0);
        seconds += files[i].seconds;
        hold = files[i].hold_seconds > hold ? files[i].hold_seconds : hold;
    }
    bool fits = hold * 1000 <= (double)budget_ms;
    buf_format(&call->result, "], \"seconds\": %.3f, \"lock_seconds\": %.3f, \"maintenance\": %s}",
               seconds, hold, fits ? "false" : "true");
    buf_format(&call->text, "%zu pending, about %.1f s; others wait %.1f s at most: %s\n", n,
               seconds, hold, fits ? "fits beside a running service" : "needs maintenance");
}

enum exit_code run_migrate_plan(struct call *call)
{
    struct migration_work work;
    struct plan_file *files = NULL;
    size_t n = 0;
    int to = call_number(call_option(call, "--to"), -1);
    if (to == -2)
        return call_usage(call, "--to needs a version");
    enum err err = migration_begin(call, &work);
    work.options.to = to;
    if (!err)
        err = migrate_plan(&work.options, &call->arena, &call->fault, &files, &n);
    if (!err) {
        int64_t own = work.options.lock_budget_ms;
        plan_write(call, files, n, own > 0 ? own : LOCK_BUDGET_MS);
        if (n > 0)
            call_next(call, "migrate up");
    }
    return migration_end(&work, err);
}
