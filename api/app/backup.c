/* clinicd backup, restore: from the command line. */
#include "db/backup.h"

#include "api/app/commands.h"
#include "api/app/progress.h"
#include "api/app/site.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MISSING_SHOWN = 20 };

struct backup_work {
    struct call *call;
    struct site site;
    struct stop stop;
    struct progress progress;
    struct backup_options options;
    struct store_options store;
};

static void progress_show(void *user, const char *what, int64_t done, int64_t total)
{
    const struct progress_moment moment = {
        .verb = what, .done = done, .total = total, .rejected = -1};
    progress_tell(user, &moment);
}

/* An operator's own server needs no home; what has to do with a legacy file needs no server. */
static enum err work_begin(struct call *call, bool needs_server, struct backup_work *work)
{
    struct fault aside = {.arena = &call->arena};
    *work = (struct backup_work){
        .call = call,
        .site = {.settings = &call->settings, .home = {.lock = -1}},
        .stop = {.fd = -1},
        .options = {.command = call->command->name,
                    .arguments = call->arguments,
                    .progress = progress_show},
    };
    progress_begin(call, &work->progress);
    work->options.user = &work->progress;
    if (stop_open(&work->stop))
        work->options.stop = &work->stop;
    enum err err = ERR_NONE;
    if (needs_server && call->settings.database_url[0] == '\0')
        err = site_open(&call->settings, SITE_VISIT, &call->fault, &work->site);
    if (!err && needs_server && site_migrator_url(&work->site, &aside, &work->options.ledger_url))
        work->options.ledger_url = NULL; /* a backup host may know one role only */
    return err;
}

static enum exit_code work_end(struct backup_work *work, enum err err)
{
    progress_end(&work->progress);
    site_close(&work->site);
    stop_close(&work->stop);
    return err ? call_failed(work->call) : EXIT_DONE;
}

static void database_write(struct call *call, const struct backup_facts *facts)
{
    struct buf out;
    if (!facts->database)
        return;
    buf_begin(&out, &call->arena, 160);
    buf_text(&out, "{\"name\": ");
    buf_json_string(&out, facts->database);
    buf_text(&out, ", \"server_version\": ");
    buf_json_string(&out, facts->server_version);
    buf_text(&out, ", \"system_identifier\": ");
    buf_json_string(&out, facts->system_identifier);
    buf_format(&out, ", \"schema_version\": %d}", facts->schema_version);
    call->database = out.text;
}

static void facts_write(struct call *call, const struct backup_facts *facts)
{
    struct buf *out = &call->result;
    buf_text(out, "\"id\": ");
    buf_json_string(out, facts->id);
    buf_text(out, ", \"folder\": ");
    buf_json_string(out, facts->folder);
    buf_format(out,
               ", \"kind\": \"%s\", \"tables\": %" PRId64 ", \"rows\": %" PRId64
               ", \"files\": %" PRId64 ", \"bytes\": %" PRId64 ", \"duration_ms\": %" PRId64,
               facts->kind, facts->tables, facts->rows, facts->files, facts->bytes,
               facts->duration_ms);
    database_write(call, facts);
    buf_text(out, ", \"missing\": [");
    for (size_t i = 0; i < facts->missing_n; i++) {
        buf_text(out, i ? ", " : "");
        buf_json_string(out, facts->missing[i]);
    }
    buf_char(out, ']');
    if (facts->not_noted)
        call_warn(call, "not noted in ops.backup and ops.run: %s", facts->not_noted);
}

static void backup_answer(struct call *call, const struct backup_facts *facts)
{
    buf_char(&call->result, '{');
    facts_write(call, facts);
    buf_char(&call->result, '}');
    buf_format(&call->text,
               "%s\n%" PRId64 " tables, %" PRId64 " rows, %" PRId64 " files, %" PRId64
               " bytes in %.1f s\n",
               facts->folder, facts->tables, facts->rows, facts->files, facts->bytes,
               (double)facts->duration_ms / 1000);
    for (size_t i = 0; i < facts->missing_n && i < MISSING_SHOWN; i++)
        buf_format(&call->text, "missing: file %s\n", facts->missing[i]);
    call_next(call, facts->missing_n
                        ? "files fsck"
                        : arena_format(&call->arena, "restore %s --verify", facts->folder));
}

/* The folder that is named, or the store that the settings name. */
static void store_take(struct backup_work *work, const char *folder)
{
    site_store(&work->site, &work->call->arena, &work->store);
    if (folder)
        work->store = (struct store_options){.folder = folder};
    work->options.store = &work->store;
}

enum exit_code run_backup(struct call *call)
{
    struct backup_work work;
    struct backup_facts facts = {.id = NULL};
    const char *source = call_path(call, call_option(call, "--source")), *url = NULL;
    const char *to = call_path(call, call_option(call, "--to"));
    const char *files = call_path(call, call_option(call, "--files"));
    enum err err = work_begin(call, source == NULL, &work);
    if (!err && source) {
        err = backup_legacy(&work.options, source,
                            to ? to : site_backups_dir(&work.site, &call->arena), &call->fault,
                            &facts);
    } else if (!err) {
        err = site_backup_url(&work.site, &call->fault, &url);
        store_take(&work, files);
        if (!err)
            err =
                backup_run(&work.options, url, to ? to : site_backups_dir(&work.site, &call->arena),
                           &call->fault, &facts);
    }
    if (facts.id)
        backup_answer(call, &facts);
    return work_end(&work, err);
}

static void differences_write(struct call *call, const struct restore_report *report)
{
    buf_text(&call->result, ", \"differences\": [");
    for (size_t i = 0; i < report->differences_n; i++) {
        const struct backup_difference *one = &report->differences[i];
        buf_format(&call->text, "%s: %s in the backup's manifest, %s restored\n", one->what,
                   one->wanted, one->found);
        buf_text(&call->result, i ? ", {\"what\": " : "{\"what\": ");
        buf_json_string(&call->result, one->what);
        buf_text(&call->result, ", \"wanted\": ");
        buf_json_string(&call->result, one->wanted);
        buf_text(&call->result, ", \"found\": ");
        buf_json_string(&call->result, one->found);
        buf_char(&call->result, '}');
    }
    buf_char(&call->result, ']');
}

static void restore_answer(struct call *call, const struct restore_report *report, const char *into,
                           enum err err)
{
    const struct backup_facts *facts = &report->facts;
    if (!facts->id)
        return; /* refused before anything was done */
    buf_char(&call->result, '{');
    facts_write(call, facts);
    buf_format(&call->result, ", \"restore_ms\": %" PRId64 ", \"files_put\": %" PRId64,
               report->restore_ms, report->files_put);
    differences_write(call, report);
    buf_char(&call->result, '}');
    if (err)
        return;
    if (into)
        buf_format(&call->text, "made database %s\n", into);
    buf_format(&call->text,
               "%" PRId64 " tables, %" PRId64 " rows, equal in counts and checksums: restored in "
               "%.1f s, proven in %.1f s\n",
               facts->tables, facts->rows, (double)report->restore_ms / 1000,
               (double)facts->duration_ms / 1000);
    if (facts->missing_n > 0)
        call_warn(call, "the store lacked %zu files when this was made, as %s", facts->missing_n,
                  facts->missing[0]);
    if (call_option(call, "--files"))
        buf_format(&call->text, "%" PRId64 " files put back, %" PRId64 " were there already\n",
                   report->files_put, facts->files - report->files_put);
    else if (into && facts->files > 0)
        call_warn(call, "%" PRId64 " files stay in %s/files: --files puts them into a store",
                  facts->files, facts->folder);
}

enum exit_code run_restore(struct call *call)
{
    struct backup_work work;
    struct restore_report report = {.restore_ms = 0};
    const char *into = call_option(call, "--into"), *url = NULL;
    const char *files = call_option(call, "--files");
    bool is_usual = files && strcmp(files, "store") == 0;
    files = call_path(call, files);
    const char *folder = call->operands_n == 1 ? call_path(call, call->operands[0]) : NULL;
    if (!folder)
        return call_usage(call, "say which backup's folder");
    if (!into == !call_option(call, "--verify"))
        return call_usage(call, "say --verify, or --into DB");
    if (files && !into)
        return call_usage(call, "--files goes with --into");
    bool is_legacy = access(arena_format(&call->arena, "%s/legacy.sqlite3", folder), F_OK) == 0;
    enum err err = work_begin(call, !is_legacy, &work);
    if (!err && !is_legacy)
        err = site_restore_url(&work.site, &call->fault, &url);
    if (files)
        store_take(&work, is_usual ? NULL : files);
    if (!err)
        err = backup_restore(&work.options, url, folder, into, &call->fault, &report);
    restore_answer(call, &report, into, err);
    if (!err && is_legacy)
        call_next(call, arena_format(&call->arena, "import %s/legacy.sqlite3 --dry-run", folder));
    return work_end(&work, err);
}
