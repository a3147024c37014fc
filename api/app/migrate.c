/* clinicd migrate up, down, to, repair, accept, verify: the schema, from the command line.
 */
#include "api/app/migration.h"

#include <stdio.h>
#include <string.h>

/* What the server warned of; with --strict that is a failure, though what was applied stays. */
static enum err notices_take(struct call *call, const struct migrate_report *report, enum err err)
{
    size_t told = report->notices_n < NOTICES_MAX ? report->notices_n : NOTICES_MAX;
    for (size_t i = 0; i < told; i++)
        call_warn(call, "%s", report->notices[i]);
    if (err || report->notices_n == 0 || !call_option(call, "--strict"))
        return err;
    return fail(&call->fault, ERR_INTERNAL, "verification-failed",
                "the server warned %zu times on the way (--strict)", report->notices_n);
}

/* What to do about what stood in the way, else where to look. */
static void next_tell(struct call *call, const struct migrate_report *report, enum err err)
{
    static const char *const cures[CONDITIONS_N] = {[CONDITION_BACKUP] = "backup",
                                                    [CONDITION_DOCTOR] = "doctor --for migrate",
                                                    [CONDITION_REHEARSAL] = "migrate rehearse",
                                                    [CONDITION_WINDOW] = "maintenance on"};
    if (!err)
        call_next(call, "migrate verify");
    else if (report->prechecks_n > 0)
        call_next(call, "doctor --for migrate");
    else if (report->conditions_n == 0)
        call_next(call, "migrate status");
    for (size_t i = 0; err && i < report->conditions_n; i++)
        if (!report->conditions[i].holds && !report->conditions[i].is_waived)
            call_next(call, cures[i]);
}

enum exit_code run_migrate_up(struct call *call)
{
    struct migration_work work;
    int applied = 0, to = call_number(call_option(call, "--to"), -1);
    if (to == -2)
        return call_usage(call, "--to needs a version");
    enum err err = migration_begin(call, &work);
    work.options.to = to;
    if (!err)
        err = migrate_up(&work.options, &call->fault, &applied);
    buf_format(&call->result, "{\"applied\": %d, \"warnings\": %zu, ", applied,
               work.report.notices_n);
    migration_files_write(&call->result, &work.report);
    buf_text(&call->result, ", ");
    migration_prechecks_write(call, &work.report);
    buf_text(&call->result, ", ");
    migration_conditions_write(call, &work.report);
    buf_char(&call->result, '}');
    err = notices_take(call, &work.report, err);
    if (err && work.report.done_n > 0)
        call_warn(call, "%zu files were applied and stay", work.report.done_n);
    if (!err)
        buf_format(&call->text, "%d applied\n", applied);
    next_tell(call, &work.report, err);
    return migration_end(&work, err);
}

enum exit_code run_migrate_down(struct call *call)
{
    struct migration_work work;
    int reverted = 0, steps = call_number(call->operands_n ? call->operands[0] : NULL, 1);
    int loss = call_number(call_option(call, "--data-loss-ok"), -1);
    if (steps < 1 || call->operands_n > 1)
        return call_usage(call, "say how many migrations to revert");
    if (loss == -2)
        return call_usage(call, "--data-loss-ok needs a number of rows");
    enum err err = migration_begin(call, &work);
    work.options.data_loss_ok = loss;
    if (!err)
        err = migrate_down(&work.options, steps, &call->fault, &reverted);
    buf_format(&call->result, "{\"reverted\": %d, ", reverted);
    migration_files_write(&call->result, &work.report);
    buf_char(&call->result, '}');
    if (!err)
        buf_format(&call->text, "%d reverted\n", reverted);
    call_next(call, "migrate status");
    return migration_end(&work, err);
}

enum exit_code run_migrate_to(struct call *call)
{
    struct migration_work work;
    const char *target = call->operands_n == 1 ? call->operands[0] : "";
    int applied = 0, reverted = 0;
    int version = strcmp(target, "zero") == 0 ? 0 : call_number(target, 0);
    int loss = call_number(call_option(call, "--data-loss-ok"), -1);
    if (version < 0 || (version == 0 && strcmp(target, "zero") != 0))
        return call_usage(call, "say which version, or zero");
    if (loss == -2)
        return call_usage(call, "--data-loss-ok needs a number of rows");
    enum err err = migration_begin(call, &work);
    work.options.data_loss_ok = loss;
    if (!err)
        err = migrate_to(&work.options, version, &call->fault, &applied, &reverted);
    buf_format(&call->result, "{\"applied\": %d, \"reverted\": %d, ", applied, reverted);
    migration_files_write(&call->result, &work.report);
    buf_text(&call->result, ", ");
    migration_prechecks_write(call, &work.report);
    buf_text(&call->result, ", ");
    migration_conditions_write(call, &work.report);
    buf_char(&call->result, '}');
    if (!err)
        buf_format(&call->text, "%d applied, %d reverted\n", applied, reverted);
    call_next(call, "migrate status");
    return migration_end(&work, err);
}

enum exit_code run_migrate_repair(struct call *call)
{
    struct migration_work work;
    int version = 0, indexes = 0;
    enum err err = migration_begin(call, &work);
    if (!err)
        err = migrate_repair(&work.options, &call->fault, &version, &indexes);
    buf_format(&call->result, "{\"continued\": %d, \"indexes_dropped\": %d, ", version, indexes);
    migration_files_write(&call->result, &work.report);
    buf_char(&call->result, '}');
    if (!err && version > 0)
        buf_format(&call->text, "%04d is at its end; ", version);
    else if (!err)
        buf_text(&call->text, "no file is under way; ");
    if (!err)
        buf_format(&call->text, "%d invalid indexes dropped\n", indexes);
    call_next(call, err ? "migrate status" : "migrate up");
    return migration_end(&work, err);
}

enum exit_code run_migrate_accept(struct call *call)
{
    struct migration_work work;
    const char *reason = call_option(call, "--reason");
    int version = call_number(call->operands_n == 1 ? call->operands[0] : NULL, 0);
    if (version < 1 || !reason || reason[0] == '\0')
        return call_usage(call, "say which version, and --reason TEXT");
    enum err err = migration_begin(call, &work);
    if (!err)
        err = migrate_accept(&work.options, version, reason, &call->fault);
    buf_format(&call->result, "{\"accepted\": %d}", err ? 0 : version);
    if (!err)
        buf_format(&call->text, "%04d is accepted as it is now\n", version);
    call_next(call, "migrate status");
    return migration_end(&work, err);
}

enum exit_code run_migrate_verify(struct call *call)
{
    struct migration_work work;
    int versions[COMMAND_OPERANDS_MAX + 1] = {0};
    for (size_t i = 0; i < call->operands_n; i++) {
        versions[i] = call_number(call->operands[i], 0);
        if (versions[i] < 1)
            return call_usage(call, "say versions, not %s", call->operands[i]);
    }
    enum err err = migration_begin(call, &work);
    if (!err)
        err = migrate_verify_files(&work.options, call->operands_n > 0 ? versions : NULL,
                                   &call->fault);
    buf_format(&call->result, "{\"verified\": %s}", err ? "false" : "true");
    if (!err)
        buf_text(&call->text, "verified\n");
    return migration_end(&work, err);
}
