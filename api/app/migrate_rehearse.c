/* clinicd migrate rehearse: the way up and back in a scratch database, empty or with the data of a
 * backup. */
#include "api/app/migration.h"
#include "db/backup.h"
#include "db/verify.h"

#include <inttypes.h>

struct rehearsing {
    struct call *call;
    struct migration_work work;
    struct scratch scratch;
    struct rehearsal how;
    struct restore_report restored;
    struct verification isolation;
    struct rehearsal_report report;
};

/* The walls are of the newest schema. */
static enum err isolation_look(void *user, struct fault *fault)
{
    struct rehearsing *all = user;
    return verify_isolation(all->scratch.app_url, fault, &all->isolation);
}

static enum err restore(struct rehearsing *all, const char *folder)
{
    struct call *call = all->call;
    struct backup_options options = {.ledger_url = all->work.options.url,
                                     .command = "restore",
                                     .arguments = call->arguments,
                                     .stop = all->work.options.stop};
    if (!all->scratch.name)
        return fail(&call->fault, ERR_INPUT, "usage",
                    "--from needs a database of its own: without --scratch, and a superuser who "
                    "makes it in CLINICD_RESTORE_URL");
    enum err err = backup_restore(&options, all->scratch.maker_url, folder, all->scratch.name,
                                  &call->fault, &all->restored);
    if (err)
        return err;
    all->how.backup = all->restored.facts.id;
    bool is_newest = all->work.options.to < 0 || all->work.options.to == migrate_latest();
    if (is_newest && all->scratch.app_url)
        all->how.between = isolation_look;
    return ERR_NONE;
}

static void changes_write(struct call *call, const struct rehearsal_report *report)
{
    buf_text(&call->result, "\"changes\": [");
    for (size_t i = 0; i < report->changes_n; i++) {
        const struct backup_difference *one = &report->changes[i];
        buf_format(&call->text, "%s: %s before, %s after the way down\n", one->what, one->wanted,
                   one->found);
        buf_text(&call->result, i ? ", {\"what\": " : "{\"what\": ");
        buf_json_string(&call->result, one->what);
        buf_text(&call->result, ", \"before\": ");
        buf_json_string(&call->result, one->wanted);
        buf_text(&call->result, ", \"after\": ");
        buf_json_string(&call->result, one->found);
        buf_char(&call->result, '}');
    }
    buf_char(&call->result, ']');
}

static void times_write(struct call *call, const struct rehearsing *all, bool is_done)
{
    const struct rehearsal_report *report = &all->report;
    buf_format(&call->result,
               ", \"from\": %d, \"to\": %d, \"restore_ms\": %" PRId64 ", \"up_ms\": %" PRId64
               ", \"verify_ms\": %" PRId64 ", \"down_ms\": %" PRId64 ", \"again_ms\": %" PRId64,
               report->from, report->to, all->restored.facts.duration_ms, report->up_ms,
               report->verify_ms, report->down_ms, report->again_ms);
    if (!is_done)
        return;
    if (all->how.backup)
        buf_format(&call->text, "restore %.1f s, ", (double)all->restored.facts.duration_ms / 1000);
    buf_format(&call->text, "up %.1f s, verify %.1f s, down %.1f s, up again %.1f s\n",
               (double)report->up_ms / 1000, (double)report->verify_ms / 1000,
               (double)report->down_ms / 1000, (double)report->again_ms / 1000);
}

static void answer(struct rehearsing *all, enum err err)
{
    struct call *call = all->call;
    buf_char(&call->result, '{');
    migration_files_write(&call->result, &all->work.report);
    buf_text(&call->result, ", ");
    migration_drift_write(call, all->report.drift, all->report.drift_n);
    buf_text(&call->result, ", ");
    changes_write(call, &all->report);
    times_write(call, all, err == ERR_NONE);
    buf_char(&call->result, '}');
    for (size_t i = 0; i < all->isolation.n; i++)
        buf_format(&call->text, "%s %s: %s\n", all->isolation.findings[i].check,
                   all->isolation.findings[i].object, all->isolation.findings[i].detail);
    if (err)
        return;
    buf_format(&call->text,
               "rehearsed %zu files: up, verified, down to the same catalogue, rows and checksums, "
               "up again\n",
               all->work.report.done_n);
    call_next(call, "migrate up");
}

enum exit_code run_migrate_rehearse(struct call *call)
{
    struct rehearsing all = {.call = call};
    const char *folder = call_path(call, call_option(call, "--from"));
    int to = call_number(call_option(call, "--to"), -1);
    if (to == -2)
        return call_usage(call, "--to needs a version");
    enum err err = migration_begin(call, &all.work);
    all.work.options.to = to;
    if (!err)
        err = scratch_take(call, &all.work.site, all.work.options.url, &all.scratch);
    if (!err && folder)
        err = restore(&all, folder);
    all.how.scratch_url = all.scratch.url;
    all.how.user = &all;
    if (!err)
        err = migrate_rehearse(&all.work.options, &all.how, &call->fault, &all.report);
    scratch_end(&all.scratch, &call->fault);
    answer(&all, err);
    return migration_end(&all.work, err);
}
