/* clinicd import …: a legacy database, from the command line. */
#include "api/app/import_command.h"
#include "api/app/progress.h"
#include "api/app/report.h"
#include "api/app/report_file.h"
#include "api/app/site.h"
#include "db/keys.h"
#include "db/noted.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void progress_show(void *user, const struct import_progress *progress)
{
    const struct progress_moment moment = {.verb = progress->verb,
                                           .what = progress->name,
                                           .done = progress->done,
                                           .total = progress->total,
                                           .rejected = progress->rejected,
                                           .bytes = progress->bytes,
                                           .chunk = progress->chunk};
    progress_tell(user, &moment);
}

/* An operator's own server needs no home, only the migrator's url; a store may lie in it. */
static enum err url_find(struct call *call, struct site *site, bool has_store, const char **out)
{
    *site = (struct site){.settings = &call->settings, .home = {.lock = -1}};
    enum err err = ERR_NONE;
    if (has_store || call->settings.database_url[0] == '\0')
        err = site_open(&call->settings, SITE_VISIT, &call->fault, site);
    return err ? err : site_migrator_url(site, &call->fault, out);
}

/* A run of the importer that is noted in ops.run. */
struct import_work {
    struct call *call;
    struct site site;
    struct store_options store;
    const char *url;
    struct noted *noted;
};

static enum err work_begin(struct call *call, bool has_store, struct import_work *work)
{
    *work = (struct import_work){.call = call, .site = {.home = {.lock = -1}}};
    enum err err = url_find(call, &work->site, has_store, &work->url);
    site_store(&work->site, &call->arena, &work->store);
    return err ? err
               : noted_begin(work->url, call->command->name, call->arguments, &call->fault,
                             &work->noted);
}

/* The store is the home's, whose user alone may change it. */
static enum err store_enter(struct import_work *work)
{
    struct call *call = work->call;
    enum err err = ERR_NONE;
    if (!work->site.embedded)
        err = site_open(&call->settings, SITE_VISIT, &call->fault, &work->site);
    if (!err)
        site_store(&work->site, &call->arena, &work->store);
    return err;
}

/* result: what came of it, a JSON object. */
static void work_end(struct import_work *work, const char *result)
{
    const char *why = work->noted ? noted_end(work->noted, &work->call->fault, result) : NULL;
    if (why)
        call_warn(work->call, "the end of this run could not be noted in ops.run: %s", why);
    site_close(&work->site);
}

static enum exit_code undo(struct call *call, int id)
{
    struct import_work work;
    if (id < 1)
        return call_usage(call, "--undo needs the number of an import");
    enum err err = work_begin(call, false, &work);
    if (!err)
        err = import_undo(work.url, NULL, id, &call->fault, &call->text, &call->result);
    if (err && call->fault.code && strcmp(call->fault.code, "import-needs-files") == 0) {
        fault_reset(&call->fault);
        err = store_enter(&work);
        if (!err)
            err = import_undo(work.url, &work.store, id, &call->fault, &call->text, &call->result);
    }
    work_end(&work, arena_format(&call->arena, "{\"import\": %d, \"undone\": %s}", id,
                                 err ? "false" : "true"));
    return err ? call_failed(call) : EXIT_DONE;
}

static enum exit_code activate(struct call *call, int id)
{
    struct import_work work;
    if (id < 1)
        return call_usage(call, "--open needs the number of an import");
    enum err err = work_begin(call, false, &work);
    if (!err)
        err = import_activate(work.url, id, &call->fault);
    work_end(&work, arena_format(&call->arena, "{\"import\": %d, \"opened\": %s}", id,
                                 err ? "false" : "true"));
    if (err)
        return call_failed(call);
    buf_format(&call->text, "the clinics of import %d are open\n", id);
    buf_format(&call->result, "{\"activated\": %d}", id);
    return EXIT_DONE;
}

/* What the import said of itself. */
struct import_story {
    json_t *report;           /* NULL: it did not come so far */
    const char *text;         /* canonical, with its newline */
    char sha256[DIGEST_TEXT]; /* of the text, so of the file */
};

static void story_read(struct call *call, const struct buf *json, struct import_story *out)
{
    *out = (struct import_story){.report = json_loadb(json->text, json->length, 0, NULL)};
    if (!out->report)
        return;
    out->text = arena_format(&call->arena, "%s\n", report_canonical(&call->arena, out->report));
    digest_hex(out->text, strlen(out->text), out->sha256);
}

/* What ops.run keeps: the report whole, so that it can be shown again. */
static const char *note_of(struct call *call, const struct import_story *story, int64_t id)
{
    struct buf out;
    buf_begin(&out, &call->arena, 256);
    buf_format(&out, "{\"import\": %" PRId64, id);
    if (story->text)
        buf_format(&out, ", \"report\": %.*s, \"report_sha256\": \"%s\"",
                   (int)strlen(story->text) - 1, story->text, story->sha256);
    if (call->fault.err) {
        buf_text(&out, ", \"error\": ");
        buf_json_string(&out, call->fault.detail);
    }
    buf_char(&out, '}');
    return out.text;
}

/* The one-time password is shown, and is in no report. */
static void made_tell(struct call *call, const struct import_command *command, json_t *result)
{
    const struct import_clinic *made = &command->made;
    buf_format(&call->text, "made the clinic %s; its administrator %s has the password %s\n",
               made->slug, made->admin_username, command->password);
    json_object_set_new(result, "created_clinic",
                        json_pack("{s:s, s:{s:s, s:s}}", "slug", made->slug, "admin", "username",
                                  made->admin_username, "one_time_password", command->password));
    call_warn(call, "the password is shown now and never again; it must be changed in 72 hours");
}

static void answer(struct call *call, const struct import_command *command,
                   const struct import_story *story, const struct import_result *result)
{
    if (!story->report)
        return;
    json_t *all = story->report;
    if (result->id)
        json_object_set_new(all, "import", json_integer(result->id));
    if (result->has_made)
        made_tell(call, command, all);
    if (story->text)
        json_object_set_new(all, "report_sha256", json_string(story->sha256));
    buf_text(&call->result, report_canonical(&call->arena, all));
    json_decref(all);
    if (result->rejected > 0)
        call_warn(call,
                  "%" PRId64
                  " rows were rejected: mend them in the legacy database and import it again",
                  result->rejected);
    if (result->left > 0)
        call_warn(call,
                  "%" PRId64 " reports were left in the file: import it again with --files DIR, "
                  "the folder where theirs lie (MEDIA_ROOT)",
                  result->left);
    if (result->slug && !call->fault.err)
        call_next(call, arena_format(&call->arena, "import --open %" PRId64, result->id));
}

static enum err import_do(struct call *call, struct import_command *command,
                          struct report_file *file)
{
    struct import_work work = {.call = call, .site = {.home = {.lock = -1}}};
    struct import_result result = {.id = 0};
    struct import_story story;
    struct buf json;
    struct progress progress;
    buf_begin(&json, &call->arena, 0);
    progress_begin(call, &progress);
    command->options.progress = progress_show;
    command->options.user = &progress;
    enum err err = command->options.is_dry
                       ? ERR_NONE
                       : work_begin(call, command->options.files != NULL, &work);
    command->options.url = work.url;
    command->options.store = &work.store;
    if (!err)
        err = import_run(&command->options, &call->fault, &call->text, &json, &result);
    progress_end(&progress);
    story_read(call, &json, &story);
    if (file->path && story.text &&
        report_file_write(file, story.text, strlen(story.text), &call->fault) && !err)
        err = call->fault.err;
    work_end(&work, note_of(call, &story, result.id));
    answer(call, command, &story, &result);
    return err;
}

enum exit_code run_import(struct call *call)
{
    struct import_command command;
    struct report_file file = {.path = NULL};
    struct stop stop = {.fd = -1};
    if (call_option(call, "--undo"))
        return undo(call, call_number(call_option(call, "--undo"), -1));
    if (call_option(call, "--activate") && call->operands_n == 0)
        return call_usage(call, "--activate goes with FILE; an import that is there: --open ID");
    if (call_option(call, "--open"))
        return activate(call, call_number(call_option(call, "--open"), -1));
    enum exit_code code = import_command_read(call, &command);
    if (code != EXIT_DONE)
        return code;
    if (command.report && report_file_open(command.report, &call->fault, &file))
        return call_failed(call);
    if (!command.options.is_dry && stop_open(&stop))
        command.options.stop = &stop;
    enum err err = import_do(call, &command, &file);
    if (command.options.stop)
        stop_close(&stop);
    report_file_drop(&file);
    return err ? call_failed(call) : EXIT_DONE;
}
