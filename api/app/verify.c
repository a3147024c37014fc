/* clinicd verify isolation, schema, data: proofs about the database, as tables of findings. */
#include "db/verify.h"

#include "api/app/commands.h"
#include "api/app/migration.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LOCK_WAIT_MS = 60000 };

/* One of them: where the database is, and what was found. */
struct verify_work {
    struct call *call;
    struct site site;
    struct migrate_options options;
    struct verification found;
};

/* An operator's own server needs no home. */
static enum err work_begin(struct call *call, struct verify_work *work)
{
    *work = (struct verify_work){
        .call = call,
        .site = {.settings = &call->settings, .home = {.lock = -1}},
        .options = {.lock_wait_ms = LOCK_WAIT_MS, .to = -1, .data_loss_ok = -1}};
    if (call->settings.database_url[0] != '\0')
        return ERR_NONE;
    return site_open(&call->settings, SITE_VISIT, &call->fault, &work->site);
}

static void findings_text(struct buf *out, const struct verification *found)
{
    for (size_t i = 0; i < found->n; i++) {
        const struct finding *one = &found->findings[i];
        buf_format(out, "%-26s %-26s %s", one->check, one->object, one->detail);
        if (one->count > 0)
            buf_format(out, ": %" PRId64 "%s%s", one->count, one->ids ? " " : "",
                       one->ids ? one->ids : "");
        buf_char(out, '\n');
    }
}

static void findings_json(struct buf *out, const struct verification *found)
{
    buf_text(out, "\"findings\": [");
    for (size_t i = 0; i < found->n; i++) {
        const struct finding *one = &found->findings[i];
        buf_text(out, i ? ", {\"check\": " : "{\"check\": ");
        buf_json_string(out, one->check);
        buf_text(out, ", \"object\": ");
        buf_json_string(out, one->object);
        buf_text(out, ", \"detail\": ");
        buf_json_string(out, one->detail);
        if (one->count > 0)
            buf_format(out, ", \"count\": %" PRId64 ", \"ids\": %s", one->count,
                       one->ids ? one->ids : "[]");
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void database_tell(struct call *call, const struct verification *found)
{
    struct buf out;
    if (!found->database)
        return;
    buf_begin(&out, &call->arena, 128);
    buf_text(&out, "{\"name\": ");
    buf_json_string(&out, found->database);
    buf_text(&out, ", \"server_version\": ");
    buf_json_string(&out, found->server_version);
    buf_text(&out, ", \"system_identifier\": ");
    buf_json_string(&out, found->system_identifier);
    buf_char(&out, '}');
    call->database = out.text;
}

/* What was found is told also when something else failed behind it. */
static enum exit_code work_end(struct verify_work *work, enum err err, const char *all_is_well)
{
    struct call *call = work->call;
    site_close(&work->site);
    database_tell(call, &work->found);
    findings_text(&call->text, &work->found);
    buf_format(&call->result, "{\"tables\": %d, \"checks\": %d, ", work->found.tables,
               work->found.checks);
    findings_json(&call->result, &work->found);
    buf_char(&call->result, '}');
    if (err)
        return call_failed(call);
    buf_text(&call->text, all_is_well);
    return EXIT_DONE;
}

static enum err self_test(struct verify_work *work)
{
    struct call *call = work->call;
    struct scratch scratch = {.name = NULL};
    enum err err = site_migrator_url(&work->site, &call->fault, &work->options.url);
    if (!err)
        err = scratch_take(call, &work->site, work->options.url, &scratch);
    if (!err)
        err = verify_self_test(&work->options, site_app_url(&work->site), scratch.url, &call->fault,
                               &work->found);
    scratch_end(&scratch, &call->fault);
    return err;
}

enum exit_code run_verify_isolation(struct call *call)
{
    struct verify_work work;
    bool is_self_test = call_option(call, "--self-test") != NULL;
    if (call_option(call, "--http"))
        return run_verify_smoke(call); /* which then also tries every route */
    if (!is_self_test && call_option(call, "--scratch"))
        return call_usage(call, "--scratch is for --self-test");
    enum err err = work_begin(call, &work);
    if (!err)
        err = verify_isolation(site_app_url(&work.site), &call->fault, &work.found);
    if (!err && is_self_test) { /* the walls here stand; would it have noticed? */
        work.found = (struct verification){.n = 0};
        err = self_test(&work);
    }
    const char *well =
        is_self_test ? arena_format(&call->arena,
                                    "%d walls taken away one by one, %d checks: each was missed\n",
                                    work.found.tables, work.found.checks)
                     : arena_format(&call->arena, "%d tables, %d checks: the walls stand\n",
                                    work.found.tables, work.found.checks);
    if (!err && !is_self_test)
        call_next(call, "verify data");
    return work_end(&work, err, well);
}

/* As `.tables` and `.schema` of a legacy file's shell. */
static enum exit_code schema_show(struct call *call, const char *table)
{
    struct verify_work work;
    struct schema_line *lines = NULL;
    size_t n = 0;
    const char *url = NULL;
    enum err err = work_begin(call, &work);
    if (!err)
        err = site_migrator_url(&work.site, &call->fault, &url);
    if (!err)
        err = verify_show(url, strcmp(table, "all") == 0 ? NULL : table, &call->fault, &work.found,
                          &lines, &n);
    site_close(&work.site);
    database_tell(call, &work.found);
    buf_char(&call->result, '[');
    for (size_t i = 0; i < n; i++) {
        buf_format(&call->text, "%-10s %-30s %s\n", lines[i].kind, lines[i].name,
                   lines[i].definition);
        buf_text(&call->result, i ? ", {\"kind\": " : "{\"kind\": ");
        buf_json_string(&call->result, lines[i].kind);
        buf_text(&call->result, ", \"name\": ");
        buf_json_string(&call->result, lines[i].name);
        buf_text(&call->result, ", \"definition\": ");
        buf_json_string(&call->result, lines[i].definition);
        buf_char(&call->result, '}');
    }
    buf_char(&call->result, ']');
    return err ? call_failed(call) : EXIT_DONE;
}

enum exit_code run_verify_schema(struct call *call)
{
    const char *table = call_option(call, "--show");
    if (table)
        return schema_show(call, table);

    struct verify_work work;
    struct scratch scratch = {.name = NULL};
    enum err err = work_begin(call, &work);
    if (!err)
        err = site_migrator_url(&work.site, &call->fault, &work.options.url);
    if (!err && (call_option(call, "--scratch") || call_option(call, "--from-nothing")))
        err = scratch_take(call, &work.site, work.options.url, &scratch);
    if (!err)
        err = verify_schema(&work.options, scratch.url, &call->fault, &work.found);
    scratch_end(&scratch, &call->fault);
    call_next(call, err ? "migrate status --drift" : "verify isolation");
    return work_end(&work, err, "the schema is this program's\n");
}

enum exit_code run_verify_data(struct call *call)
{
    struct verify_work work;
    const char *url = NULL;
    enum err err = work_begin(call, &work);
    if (!err)
        err = site_migrator_url(&work.site, &call->fault, &url);
    const char *slug = call_option(call, "--clinic");
    bool wants_duplicates = call_option(call, "--duplicates") != NULL;
    if (!err)
        err = wants_duplicates ? verify_duplicates(url, slug, &call->fault, &work.found)
                               : verify_data(url, slug, &call->fault, &work.found);
    return work_end(&work, err,
                    wants_duplicates
                        ? "nothing is there twice\n"
                        : arena_format(&call->arena, "%d checks: the data agrees with itself\n",
                                       work.found.checks));
}
