/* clinicd migrate sql, roles: what is sent to the server, to the byte; what stands between the
 * statements are comments. */
#include "api/app/migration.h"

#include <string.h>

static void statements_write(struct buf *out, const char *const *statements)
{
    for (size_t i = 0; statements && statements[i]; i++)
        buf_format(out, "%s;\n\n", statements[i]);
}

/* Whom a statement keeps waiting stands above it. */
static enum err up_write(struct call *call, const struct migration *migration)
{
    struct plan_file plan = {.steps_n = 0};
    enum err err = migrate_effects(migration, &call->arena, &call->fault, &plan);
    for (int i = 0; !err && migration->up[i]; i++) {
        for (size_t step = 0; step < plan.steps_n; step++)
            if (plan.steps[step].number == i + 1 && plan.steps[step].lock)
                buf_format(&call->text, "-- %s on %s\n", plan.steps[step].lock,
                           plan.steps[step].table);
        buf_format(&call->text, "%s;\n\n", migration->up[i]);
    }
    return err;
}

static enum err migration_write(struct call *call, const struct migration *migration)
{
    bool is_down = call_option(call, "--down") != NULL;
    bool with_questions = call_option(call, "--verify") != NULL && !is_down;
    enum err err = ERR_NONE;
    buf_format(&call->text, "-- %04d %s, %s%s\n\n", migration->version, migration->name,
               is_down ? "down" : "up", migration->in_tx ? ", in one transaction" : "");
    const struct precheck *precheck = with_questions ? migration->precheck : NULL;
    for (; precheck && precheck->sql; precheck++)
        buf_format(&call->text, "-- finds: %s\n%s;\n\n", precheck->finds, precheck->sql);
    if (is_down)
        statements_write(&call->text, migration->down);
    else
        err = up_write(call, migration);
    if (!is_down)
        statements_write(&call->text, migration->chunk);
    if (with_questions)
        statements_write(&call->text, migration->verify);
    return err;
}

static const struct migration *migration_find(int version)
{
    for (const struct migration *row = migrations; row->version; row++) {
        if (row->version == version)
            return row;
    }
    return NULL;
}

static enum err pending_write(struct call *call, const struct migrate_options *options)
{
    struct migration_status *all = NULL;
    size_t n = 0;
    enum err err = migrate_status(options, &call->arena, &call->fault, &all, &n);
    for (size_t i = 0; !err && i < n; i++)
        if (all[i].state == MIGRATION_PENDING || all[i].state == MIGRATION_STOPPED)
            err = migration_write(call, migration_find(all[i].version));
    return err;
}

static enum exit_code pending_run(struct call *call)
{
    struct migration_work work;
    if (call->operands_n > 0)
        return call_usage(call, "say versions, or --all-pending");
    enum err err = migration_begin(call, &work);
    if (!err)
        err = pending_write(call, &work.options);
    return migration_end(&work, err);
}

enum exit_code run_migrate_sql(struct call *call)
{
    enum err err = ERR_NONE;
    if (call_option(call, "--all-pending"))
        return pending_run(call);
    for (size_t i = 0; !err && i < call->operands_n; i++) {
        const struct migration *migration = migration_find(call_number(call->operands[i], 0));
        if (!migration)
            return call_usage(call, "there is no migration %s", call->operands[i]);
        err = migration_write(call, migration);
    }
    for (const struct migration *row = migrations; !err && call->operands_n == 0 && row->version;
         row++)
        err = migration_write(call, row);
    return err ? call_failed(call) : EXIT_DONE;
}

enum exit_code run_migrate_roles(struct call *call)
{
    buf_text(&call->text, "-- Run by a superuser, once; a second time changes nothing.\n\n");
    statements_write(&call->text, migration_roles);
    return EXIT_DONE;
}
