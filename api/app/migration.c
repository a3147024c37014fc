#include "api/app/migration.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 60000 };

static void said(void *user, const char *line)
{
    (void)user;
    fprintf(stderr, "%s\n", line);
}

int64_t duration_ms(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9)
        return -1;
    int64_t number = strtoll(text, NULL, 10);
    const char *unit = text + digits;
    return *unit == '\0' || strcmp(unit, "s") == 0 ? number * 1000
           : strcmp(unit, "ms") == 0               ? number
           : strcmp(unit, "m") == 0                ? number * 60000
           : strcmp(unit, "h") == 0                ? number * 3600000
                                                   : -1;
}

/* Leaves `out` alone when the command has no such option or it was not given. */
static enum err duration_take(struct call *call, const char *option, int64_t *out)
{
    const char *text = call_has_option(call, option) ? call_option(call, option) : NULL;
    if (!text)
        return ERR_NONE;
    int64_t ms = duration_ms(text);
    if (ms < 0)
        return fail(&call->fault, ERR_INPUT, "usage", "%s needs a time, as 500ms, 10s or 2m",
                    option);
    *out = ms;
    return ERR_NONE;
}

enum err migration_begin(struct call *call, struct migration_work *work)
{
    *work = (struct migration_work){
        .call = call,
        .site = {.settings = &call->settings, .home = {.lock = -1}},
        .stop = {.fd = -1},
        .options = {.lock_wait_ms = WAIT_MS,
                    .to = -1,
                    .data_loss_ok = -1,
                    .command = call->command->name,
                    .arguments = call->arguments,
                    .say = call->progress == PROGRESS_NONE ? NULL : said},
    };
    work->options.report = &work->report;
    enum err err = duration_take(call, "--wait", &work->options.lock_wait_ms);
    if (!err)
        err = duration_take(call, "--lock-budget", &work->options.lock_budget_ms);
    if (!err && stop_open(&work->stop))
        work->options.stop = &work->stop;
    /* An operator's own server needs no home: only the migrator's url. */
    if (!err && call->settings.database_url[0] == '\0')
        err = site_open(&call->settings, SITE_VISIT, &call->fault, &work->site);
    if (!err)
        err = site_migrator_url(&work->site, &call->fault, &work->options.url);
    if (err || !call_has_option(call, "--waive"))
        return err;
    work->options.guard = &work->guard.rules;
    return guard_take(call, &work->site, work->options.stop, work->options.url, &work->guard);
}

static void database_write(struct call *call, const struct migrate_report *report)
{
    struct buf out;
    buf_begin(&out, &call->arena, 160);
    buf_text(&out, "{\"name\": ");
    buf_json_string(&out, report->database);
    buf_text(&out, ", \"server_version\": ");
    buf_json_string(&out, report->server_version);
    buf_text(&out, ", \"system_identifier\": ");
    buf_json_string(&out, report->system_identifier);
    buf_format(&out, ", \"schema_version\": %d}", report->schema_version);
    call->database = out.text;
}

enum exit_code migration_end(struct migration_work *work, enum err err)
{
    site_close(&work->site);
    stop_close(&work->stop);
    if (work->report.database)
        database_write(work->call, &work->report);
    return err ? call_failed(work->call) : EXIT_DONE;
}

void migration_files_write(struct buf *out, const struct migrate_report *report)
{
    buf_text(out, "\"files\": [");
    for (size_t i = 0; i < report->done_n; i++) {
        const struct migrate_done *done = &report->done[i];
        buf_format(out, "%s{\"version\": %d, \"name\": ", i ? ", " : "", done->version);
        buf_json_string(out, done->name);
        buf_format(out,
                   ", \"duration_ms\": %" PRId64 ", \"lock_wait_ms\": %" PRId64
                   ", \"lock_hold_ms\": %" PRId64 ", \"rows\": %" PRId64 ", \"retries\": %d}",
                   done->duration_ms, done->lock_wait_ms, done->lock_hold_ms, done->rows,
                   done->retries);
    }
    buf_char(out, ']');
}

void migration_prechecks_write(struct call *call, const struct migrate_report *report)
{
    struct buf *out = &call->result;
    buf_text(out, "\"prechecks\": [");
    for (size_t i = 0; i < report->prechecks_n; i++) {
        const struct precheck_finding *one = &report->prechecks[i];
        buf_format(out, "%s{\"version\": %d, \"name\": ", i ? ", " : "", one->version);
        buf_json_string(out, one->name);
        buf_text(out, ", \"finds\": ");
        buf_json_string(out, one->finds);
        buf_format(out, ", \"count\": %" PRId64 ", \"ids\": %s, \"cure\": ", one->count, one->ids);
        buf_json_string(out, one->cure);
        buf_char(out, '}');
        buf_format(&call->text, "red  %04d_%s: %" PRId64 " %s, as %s\n     -> %s\n", one->version,
                   one->name, one->count, one->finds, one->ids, one->cure);
    }
    buf_char(out, ']');
}

void migration_conditions_write(struct call *call, const struct migrate_report *report)
{
    struct buf *out = &call->result;
    buf_text(out, "\"conditions\": [");
    for (size_t i = 0; i < report->conditions_n; i++) {
        const struct migrate_condition *one = &report->conditions[i];
        buf_format(out,
                   "%s{\"name\": \"%s\", \"holds\": %s, \"waived\": %s, \"found\": ", i ? ", " : "",
                   one->name, one->holds ? "true" : "false", one->is_waived ? "true" : "false");
        buf_json_string(out, one->found);
        buf_char(out, '}');
        if (!one->holds)
            buf_format(&call->text, "%-6s  %-9s  %s\n", one->is_waived ? "waived" : "red",
                       one->name, one->found);
    }
    buf_char(out, ']');
}
