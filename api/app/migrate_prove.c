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

enum err scratch_take(struct call *call, const struct site *site, const char *migrate_url,
                      struct scratch *out)
{
    const char *url = call_option(call, "--scratch"), *maker_url = NULL;
    struct fault aside = {.arena = &call->arena};
    if (url) {
        *out = (struct scratch){.url = url};
        return ERR_NONE;
    }
    if (site_restore_url(site, &aside, &maker_url))
        return fail(&call->fault, ERR_INPUT, "usage",
                    "name an empty database as the role clinicd_migrator by --scratch URL, or a "
                    "superuser who makes one in CLINICD_RESTORE_URL");
    return scratch_begin(maker_url, migrate_url, site_app_url(site), &call->fault, out);
}

enum exit_code run_migrate_baseline(struct call *call)
{
    struct migration_work work;
    struct drift *drift = NULL;
    struct scratch scratch = {.name = NULL};
    size_t drift_n = 0;
    int version = call_number(call->operands_n == 1 ? call->operands[0] : NULL, 0);
    if (version < 1)
        return call_usage(call, "say which version the database is taken for");
    enum err err = migration_begin(call, &work);
    if (!err)
        err = scratch_take(call, &work.site, work.options.url, &scratch);
    if (!err)
        err = migrate_baseline(&work.options, version, scratch.url, &call->fault, &drift, &drift_n);
    scratch_end(&scratch, &call->fault);
    buf_format(&call->result, "{\"version\": %d, ", err ? 0 : version);
    migration_drift_write(call, drift, drift_n);
    buf_char(&call->result, '}');
    if (!err)
        buf_format(&call->text, "this database is version %04d, object by object\n", version);
    call_next(call, "migrate status");
    return migration_end(&work, err);
}
