/* clinicd migrate …: the schema, from the command line. */
#include "db/migrate.h"

#include "api/app/commands.h"
#include "api/app/site.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WAIT_S = 10 };

static const char *const state_names[] = {
    [MIGRATION_APPLIED] = "applied",
    [MIGRATION_PENDING] = "pending",
    [MIGRATION_EDITED] = "edited",
    [MIGRATION_UNKNOWN] = "unknown",
};

static void said(void *user, const char *line)
{
    (void)user;
    fprintf(stderr, "%s\n", line);
}

/* An operator's own server needs no home: only the migrator's url. */
static enum err migrator_open(struct call *call, struct site *site, struct migrate_options *options)
{
    *site = (struct site){.settings = &call->settings, .home = {.lock = -1}};
    *options = (struct migrate_options){
        .lock_wait_ms = WAIT_S * 1000, .to = -1, .data_loss_ok = -1, .say = said};
    enum err err = ERR_NONE;
    if (call->settings.database_url[0] == '\0')
        err = site_open(&call->settings, SITE_VISIT, &call->fault, site);
    return err ? err : site_migrator_url(site, &call->fault, &options->url);
}

/* Reads --wait into the options; false after a usage fault. */
static bool wait_take(struct call *call, struct migrate_options *options)
{
    int wait_s = call_number(call_option(call, "--wait"), WAIT_S);
    if (wait_s < 0)
        call_usage(call, "--wait needs a number of seconds");
    options->lock_wait_ms = wait_s * 1000L;
    return wait_s >= 0;
}

enum exit_code run_migrate_up(struct call *call)
{
    struct site site;
    struct migrate_options options;
    int applied = 0, to = call_number(call_option(call, "--to"), -1);
    if (to == -2)
        return call_usage(call, "--to needs a version");
    enum err err = migrator_open(call, &site, &options);
    options.to = to;
    if (!err && wait_take(call, &options))
        err = migrate_up(&options, &call->fault, &applied);
    site_close(&site);
    if (err || call->fault.err)
        return call_failed(call);
    buf_format(&call->text, "%d applied\n", applied);
    buf_format(&call->result, "{\"applied\": %d}", applied);
    return EXIT_DONE;
}

enum exit_code run_migrate_down(struct call *call)
{
    struct site site;
    struct migrate_options options;
    int reverted = 0, steps = call_number(call->operands_n ? call->operands[0] : NULL, 1);
    int loss = call_number(call_option(call, "--data-loss-ok"), -1);
    if (steps < 1 || call->operands_n > 1)
        return call_usage(call, "say how many migrations to revert");
    if (loss == -2)
        return call_usage(call, "--data-loss-ok needs a number of rows");
    enum err err = migrator_open(call, &site, &options);
    options.data_loss_ok = loss;
    if (!err && wait_take(call, &options))
        err = migrate_down(&options, steps, &call->fault, &reverted);
    site_close(&site);
    if (err || call->fault.err)
        return call_failed(call);
    buf_format(&call->text, "%d reverted\n", reverted);
    buf_format(&call->result, "{\"reverted\": %d}", reverted);
    return EXIT_DONE;
}

static void status_write(struct call *call, const struct migration_status *row, bool is_first)
{
    buf_format(&call->text, "%04d  %-24s %-8s %s\n", row->version, row->name,
               state_names[row->state], row->applied_at ? row->applied_at : "");
    buf_format(&call->result, "%s{\"version\": %d, \"name\": ", is_first ? "" : ", ", row->version);
    buf_json_string(&call->result, row->name);
    buf_format(&call->result, ", \"state\": \"%s\", \"applied_at\": ", state_names[row->state]);
    buf_json_string(&call->result, row->applied_at);
    buf_format(&call->result, ", \"duration_ms\": %" PRId64 "}", row->duration_ms);
}

enum exit_code run_migrate_status(struct call *call)
{
    struct site site;
    struct migrate_options options;
    struct migration_status *rows;
    size_t n = 0;
    enum err err = migrator_open(call, &site, &options);
    if (!err)
        err = migrate_status(&options, &call->arena, &call->fault, &rows, &n);
    site_close(&site);
    if (err)
        return call_failed(call);

    bool is_pending = false, is_drifted = false;
    buf_char(&call->result, '[');
    for (size_t i = 0; i < n; i++) {
        status_write(call, &rows[i], i == 0);
        is_pending |= rows[i].state == MIGRATION_PENDING;
        is_drifted |= rows[i].state == MIGRATION_EDITED || rows[i].state == MIGRATION_UNKNOWN;
    }
    buf_char(&call->result, ']');
    if (is_pending)
        call_next(call, "migrate up");
    if (!call_option(call, "--check"))
        return EXIT_DONE;
    return is_drifted ? EXIT_DRIFT : is_pending ? EXIT_PENDING : EXIT_DONE;
}

enum exit_code run_migrate_verify(struct call *call)
{
    struct site site;
    struct migrate_options options;
    enum err err = migrator_open(call, &site, &options);
    if (!err)
        err = migrate_verify(&options, &call->fault);
    site_close(&site);
    if (err)
        return call_failed(call);
    buf_text(&call->text, "verified\n");
    buf_text(&call->result, "{\"verified\": true}");
    return EXIT_DONE;
}

static void statements_write(struct buf *out, const char *const *statements)
{
    for (size_t i = 0; statements && statements[i]; i++)
        buf_format(out, "%s;\n\n", statements[i]);
}

static const struct migration *migration_find(int version)
{
    for (const struct migration *row = migrations; row->version; row++) {
        if (row->version == version)
            return row;
    }
    return NULL;
}

static void migration_write(struct call *call, const struct migration *migration)
{
    bool is_down = call_option(call, "--down") != NULL;
    buf_format(&call->text, "-- %04d %s, %s%s\n\n", migration->version, migration->name,
               is_down ? "down" : "up", migration->in_tx ? ", in one transaction" : "");
    statements_write(&call->text, is_down ? migration->down : migration->up);
}

enum exit_code run_migrate_sql(struct call *call)
{
    for (size_t i = 0; i < call->operands_n; i++) {
        const struct migration *migration = migration_find(call_number(call->operands[i], 0));
        if (!migration)
            return call_usage(call, "there is no migration %s", call->operands[i]);
        migration_write(call, migration);
    }
    for (const struct migration *row = migrations; call->operands_n == 0 && row->version; row++)
        migration_write(call, row);
    return EXIT_DONE;
}

enum exit_code run_migrate_roles(struct call *call)
{
    buf_text(&call->text, "-- Run by a superuser, once; a second time changes nothing.\n\n");
    statements_write(&call->text, migration_roles);
    return EXIT_DONE;
}
