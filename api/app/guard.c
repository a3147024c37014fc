#include "api/app/guard.h"

#include "api/app/commands.h"
#include "api/app/migration.h"
#include "db/backup.h"

#include <string.h>

enum { BACKUP_MAX_AGE_MS = 24 * 3600 * 1000 };

static const char *const names[CONDITIONS_N] = {"backup", "doctor", "rehearsal", "window"};

static enum err backup_make(void *user, struct fault *fault)
{
    const struct guard *guard = user;
    struct backup_options options = {
        .command = "backup", .arguments = guard->arguments, .stop = guard->stop};
    struct backup_facts facts = {.id = NULL};
    struct restore_report report = {.restore_ms = 0};
    const char *url = NULL, *restore_url = NULL;
    struct store_options store;
    site_store(guard->site, guard->arena, &store);
    options.store = &store;
    enum err err = site_migrator_url(guard->site, fault, &options.ledger_url);
    if (!err)
        err = site_backup_url(guard->site, fault, &url);
    if (!err)
        err = site_restore_url(guard->site, fault, &restore_url);
    if (!err)
        err = backup_run(&options, url, site_backups_dir(guard->site, guard->arena), fault, &facts);
    options.command = "restore";
    if (!err)
        err = backup_restore(&options, restore_url, facts.folder, NULL, fault, &report);
    return err;
}

/* Both urls are needed to make one and to prove it. */
static bool can_make_backup(const struct site *site)
{
    return site->embedded ||
           (site->settings->backup_url[0] != '\0' && site->settings->restore_url[0] != '\0');
}

/* "backup,window" */
static enum err waivers_take(struct call *call, struct migrate_guard *rules)
{
    const char *at = call_option(call, "--waive");
    rules->reason = call_option(call, "--reason");
    if (at && (!rules->reason || rules->reason[0] == '\0'))
        return fail(&call->fault, ERR_INPUT, "usage", "--waive needs --reason TEXT");
    while (at && *at) {
        size_t length = strcspn(at, ","), i = 0;
        while (i < CONDITIONS_N &&
               (strlen(names[i]) != length || strncmp(names[i], at, length) != 0))
            i++;
        if (i == CONDITIONS_N)
            return fail(&call->fault, ERR_INPUT, "usage",
                        "--waive is backup, doctor, rehearsal or window, not %.*s", (int)length,
                        at);
        rules->is_waived[i] = true;
        at += length + (at[length] == ',');
    }
    return ERR_NONE;
}

static enum err backup_take(struct call *call, const struct site *site, struct migrate_guard *rules)
{
    const char *how = call_option(call, "--backup"), *age = call_option(call, "--backup-max-age");
    if (how && strcmp(how, "auto") != 0 && strcmp(how, "none") != 0)
        return fail(&call->fault, ERR_INPUT, "usage", "--backup is auto or none");
    rules->backup_max_age_ms = age ? duration_ms(age) : BACKUP_MAX_AGE_MS;
    if (rules->backup_max_age_ms < 0)
        return fail(&call->fault, ERR_INPUT, "usage", "--backup-max-age needs a time, as 24h");
    bool is_auto = how ? strcmp(how, "auto") == 0 : can_make_backup(site);
    rules->backup = is_auto ? backup_make : NULL;
    return ERR_NONE;
}

enum err guard_take(struct call *call, const struct site *site, struct stop *stop,
                    const char *migrate_url, struct guard *guard)
{
    const struct settings *settings = &call->settings;
    *guard = (struct guard){.site = site,
                            .arena = &call->arena,
                            .arguments = call->arguments,
                            .stop = stop,
                            .doctor = {.purpose = "migrate",
                                       .app_url = site_app_url(site),
                                       .migrate_url = migrate_url,
                                       .data_dir = settings->data_dir,
                                       .connections = settings->read_connections +
                                                      settings->write_connections +
                                                      settings->transaction_connections}};
    guard->rules.doctor = &guard->doctor;
    guard->rules.user = guard;
    enum err err = waivers_take(call, &guard->rules);
    return err ? err : backup_take(call, site, &guard->rules);
}

void guard_embedded(const struct site *site, struct arena *arena, struct guard *guard)
{
    *guard = (struct guard){.site = site, .arena = arena, .arguments = "[]"};
    guard->rules = (struct migrate_guard){
        .backup_max_age_ms = BACKUP_MAX_AGE_MS,
        .is_waived =
            {[CONDITION_DOCTOR] = true, [CONDITION_REHEARSAL] = true, [CONDITION_WINDOW] = true},
        .reason = "the embedded database, before it is served",
        .backup = backup_make,
        .user = guard};
}
