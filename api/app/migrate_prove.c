/* clinicd migrate baseline, rehearse: proofs in a scratch database. */
#include "api/app/migration.h"

/* Which objects differ: as lines, and as "drift" of the result. */
void migration_drift_write(struct call *call, const struct drift *drift, size_t n)
{
    buf_text(&call->result, "\"drift\": [");
    for (size_t i = 0; i < n; i++) {
        buf_format(&call->text, "%-8s %s\n", drift[i].kind, drift[i].object);
        buf_format(&call->result, "%s{\"kind\": \"%s\", \"object\": ", i ? ", " : "",
                   drift[i].kind);
        buf_json_string(&call->result, drift[i].object);
        buf_char(&call->result, '}');
    }
    buf_char(&call->result, ']');
}

static const char *scratch_take(struct call *call)
{
    const char *url = call_option(call, "--scratch");
    if (!url || url[0] == '\0')
        call_usage(call, "--scratch URL is required: an empty database, as the role "
                         "clinicd_migrator, that is filled and emptied again");
    return url;
}

enum exit_code run_migrate_baseline(struct call *call)
{
    struct migration_work work;
    struct drift *drift = NULL;
    size_t drift_n = 0;
    int version = call_number(call->operands_n == 1 ? call->operands[0] : NULL, 0);
    const char *scratch = scratch_take(call);
    if (!scratch)
        return EXIT_USAGE;
    if (version < 1)
        return call_usage(call, "say which version the database is taken for");
    enum err err = migration_begin(call, &work);
    if (!err)
        err = migrate_baseline(&work.options, version, scratch, &call->fault, &drift, &drift_n);
    buf_format(&call->result, "{\"version\": %d, ", err ? 0 : version);
    migration_drift_write(call, drift, drift_n);
    buf_char(&call->result, '}');
    if (!err)
        buf_format(&call->text, "this database is version %04d, object by object\n", version);
    call_next(call, "migrate status");
    return migration_end(&work, err);
}

enum exit_code run_migrate_rehearse(struct call *call)
{
    struct migration_work work;
    struct drift *drift = NULL;
    size_t drift_n = 0;
    int to = call_number(call_option(call, "--to"), -1);
    const char *scratch = scratch_take(call);
    if (!scratch)
        return EXIT_USAGE;
    if (to == -2)
        return call_usage(call, "--to needs a version");
    enum err err = migration_begin(call, &work);
    work.options.to = to;
    if (!err)
        err = migrate_rehearse(&work.options, scratch, &call->fault, &drift, &drift_n);
    buf_char(&call->result, '{');
    migration_files_write(&call->result, &work.report);
    buf_text(&call->result, ", ");
    migration_drift_write(call, drift, drift_n);
    buf_char(&call->result, '}');
    if (!err)
        buf_format(&call->text,
                   "rehearsed %zu files: up, verified, down to the same catalogue, up again\n",
                   work.report.done_n);
    if (!err)
        call_next(call, "migrate up");
    return migration_end(&work, err);
}
