#include "api/app/office.h"

#include "db/clock.h"
#include "db/database.h"
#include "db/keys.h"
#include "db/migrate.h"
#include "db/uuid.h"

enum { MIGRATE_WAIT_MS = 30000 };

/* Beside a running service the schema is its business; the embedded server that we started
 * ourselves may be new. */
static enum err schema_prepare(const struct site *site, struct fault *fault)
{
    struct migrate_options options = {
        .lock_wait_ms = MIGRATE_WAIT_MS, .to = -1, .data_loss_ok = -1};
    int applied;
    if (!site->embedded || site->is_joined)
        return ERR_NONE;
    enum err err = site_migrator_url(site, fault, &options.url);
    return err ? err : migrate_up(&options, fault, &applied);
}

enum err office_open(struct call *call, struct office *out)
{
    struct fault *fault = &call->fault;
    *out = (struct office){.site = {.settings = &call->settings, .home = {.lock = -1}}};
    enum err err = site_open(&call->settings, SITE_VISIT, fault, &out->site);
    if (!err)
        err = schema_prepare(&out->site, fault);
    if (!err)
        err = keys_load(call->settings.secrets_file, fault, &out->keys);
    if (err)
        return err;
    keys_use(out->keys);
    const struct database_options options = {.url = site_app_url(&out->site),
                                             .read_connections = 1,
                                             .write_connections = 1,
                                             .transaction_connections = 1,
                                             .acquire_timeout_ms = 10000,
                                             .statement_timeout_ms = 10000,
                                             .lock_timeout_ms = 5000};
    return database_open(&options, fault, &out->database);
}

void office_close(struct office *office)
{
    database_close(office->database);
    if (office->keys) {
        keys_use(NULL);
        keys_free(office->keys);
    }
    site_close(&office->site);
}

void office_tx(const struct office *office, struct call *call, int64_t clinic_id, int status,
               struct tx *out)
{
    char *request_id = arena_take(&call->arena, UUID_TEXT);
    struct scope *scope = arena_take(&call->arena, sizeof *scope);
    int64_t now_us = clock_now_us();
    *scope = (struct scope){.clinic_id = clinic_id,
                            .actor_kind = "system",
                            .actor_name = "clinicd",
                            .actor_role = "system",
                            .operation = call->command->name,
                            .request_id = uuid_make(now_us, request_id),
                            .now_us = now_us};
    tx_begin(out, office->database, scope, TX_MANUAL, &call->fault);
    out->audit_into = clinic_id ? AUDIT_CLINIC : AUDIT_PLATFORM;
    out->audit_status = status;
}
