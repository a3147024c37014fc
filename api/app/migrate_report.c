/* clinicd migrate report: what was run, as it is told to the team: Markdown, or JSON. */
#include "api/app/migration.h"
#include "api/app/timeline.h"
#include "db/clock.h"

#include <inttypes.h>
#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000 };

const char *migration_since(struct call *call, const char *said)
{
    char at[CLOCK_TEXT];
    int64_t ms = said ? duration_ms(said) : DAY_MS;
    return ms < 0 ? said
                  : arena_copy(&call->arena, clock_text(call->started_us - ms * 1000, 3, at));
}

static void runs_text(struct buf *out, const struct run_report *report)
{
    buf_text(out, "| Started | Command | Arguments | Outcome | Seconds | Who |\n"
                  "|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < report->runs_n; i++) {
        const struct run_line *run = &report->runs[i];
        buf_format(out, "| %s | %s | `%s` | %s | ", run->started_at, run->command, run->arguments,
                   run->outcome);
        if (run->duration_ms >= 0)
            buf_format(out, "%.1f", (double)run->duration_ms / 1000);
        buf_format(out, " | %s (%s on %s) |\n", run->db_role, run->os_user, run->host);
    }
}

static void files_text(struct buf *out, const struct run_report *report)
{
    buf_text(out, "| Migration | Applied | Estimated | Real |\n|---|---|---|---|\n");
    for (size_t i = 0; i < report->files_n; i++) {
        const struct applied_file *file = &report->files[i];
        buf_format(out, "| %04d %s | %s | %.1f s | %.1f s |\n", file->version, file->name,
                   file->applied_at, file->estimated, file->real);
    }
}

static void report_text(struct buf *out, const char *since, const struct run_report *report)
{
    buf_format(out, "# Since %s\n\n", since);
    runs_text(out, report);
    buf_char(out, '\n');
    files_text(out, report);
    buf_char(out, '\n');
    timeline_markdown(out, report->timeline);
}

static void run_json(struct buf *out, const struct run_line *run)
{
    const char *const members[][2] = {{"started_at", run->started_at}, {"command", run->command},
                                      {"outcome", run->outcome},       {"db_role", run->db_role},
                                      {"os_user", run->os_user},       {"host", run->host}};
    buf_char(out, '{');
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        buf_format(out, "%s\"%s\": ", i ? ", " : "", members[i][0]);
        buf_json_string(out, members[i][1]);
    }
    buf_format(out, ", \"arguments\": %s, \"result\": %s, \"duration_ms\": ", run->arguments,
               run->result);
    if (run->duration_ms < 0)
        buf_text(out, "null}");
    else
        buf_format(out, "%" PRId64 "}", run->duration_ms);
}

static void report_json(struct buf *out, const char *since, const struct run_report *report)
{
    buf_text(out, "{\"since\": ");
    buf_json_string(out, since);
    buf_text(out, ", \"runs\": [");
    for (size_t i = 0; i < report->runs_n; i++) {
        buf_text(out, i ? ", " : "");
        run_json(out, &report->runs[i]);
    }
    buf_text(out, "], \"files\": [");
    for (size_t i = 0; i < report->files_n; i++) {
        const struct applied_file *file = &report->files[i];
        buf_format(out, "%s{\"version\": %d, \"name\": ", i ? ", " : "", file->version);
        buf_json_string(out, file->name);
        buf_format(out, ", \"applied_at\": \"%s\", \"estimated\": %.3f, \"real\": %.3f}",
                   file->applied_at, file->estimated, file->real);
    }
    buf_text(out, "], \"timeline\": ");
    timeline_json(out, report->timeline);
    buf_char(out, '}');
}

enum exit_code run_migrate_report(struct call *call)
{
    struct migration_work work;
    struct run_report report = {.runs_n = 0};
    const char *since = migration_since(call, call_option(call, "--since"));
    enum err err = migration_begin(call, &work);
    if (!err)
        err = migrate_runs(&work.options, since, &call->arena, &call->fault, &report);
    if (!err) {
        report_text(&call->text, since, &report);
        report_json(&call->result, since, &report);
    }
    return migration_end(&work, err);
}
