#include "db/verify.h"

static enum err pending_check(const struct migrate_options *options, struct fault *fault,
                              struct verification *out)
{
    static const char *const words[] = {"applied", "pending", "edited", "unknown", "stopped"};
    struct migration_status *all = NULL;
    size_t n = 0;
    enum err err = migrate_status(options, fault->arena, fault, &all, &n);
    for (size_t i = 0; !err && i < n; i++) {
        out->checks++;
        if (all[i].state != MIGRATION_APPLIED)
            verification_find(out, fault->arena,
                              &(struct finding){.check = "migration",
                                                .object = arena_format(fault->arena, "%04d %s",
                                                                       all[i].version, all[i].name),
                                                .detail = words[all[i].state]});
    }
    return err;
}

static enum err drift_check(const struct migrate_options *options, const char *scratch_url,
                            struct fault *fault, struct verification *out)
{
    struct drift *drift = NULL;
    size_t n = 0;
    enum err err = scratch_url ? migrate_compare(options, scratch_url, fault, &drift, &n)
                               : migrate_drift(options, fault->arena, fault, &drift, &n);
    for (size_t i = 0; !err && i < n; i++)
        verification_find(out, fault->arena,
                          &(struct finding){.check = "drift",
                                            .object = drift[i].object,
                                            .detail = drift[i].kind});
    out->checks += !err;
    return err;
}

/* The files' own verify sections, only when all of them are there. */
enum err verify_schema(const struct migrate_options *options, const char *scratch_url,
                       struct fault *fault, struct verification *out)
{
    struct migrate_report report = {.done_n = 0};
    struct migrate_options own = *options;
    own.report = &report;
    enum err err = pending_check(&own, fault, out);
    if (!err && out->n == 0)
        err = drift_check(&own, scratch_url, fault, out);
    if (!err && out->n == 0)
        err = migrate_verify(&own, fault);
    out->database = report.database;
    out->server_version = report.server_version;
    out->system_identifier = report.system_identifier;
    return err ? err : verification_verdict(out, fault);
}
