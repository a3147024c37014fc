#include "models/clinic/clinic.h"

#include "db/json.h"
#include "db/uuid.h"
#include "gen/queries.h"
#include "models/clinic/hours.h"

#include <string.h>

/* The one thing that only the database can judge. */
static enum err explain(struct tx *tx, enum err err)
{
    struct fault *fault = tx->fault;
    if (err != ERR_CONFLICT || strcmp(fault->code, "validation-failed") != 0)
        return err;
    fault_add(fault, "#/timezone", "enum", "is not a time zone that is known here");
    fault->extra = NULL;
    return fault->err = ERR_INPUT;
}

enum err clinic_directory(struct tx *tx, const struct clinic_filters *filters, struct rows *out,
                          int64_t *total)
{
    const struct q_clinic_directory_args args = {.q = filters->q, .city = filters->city};
    return query_run_list(tx, &q_clinic_directory, &args, out, total);
}

enum err clinic_list_all(struct tx *tx, const struct clinic_filters *filters, struct rows *out,
                         int64_t *total)
{
    const struct q_clinic_list_all_args args = {
        .q = filters->q, .city = filters->city, .status = filters->status};
    return query_run_list(tx, &q_clinic_list_all, &args, out, total);
}

enum err clinic_find(struct tx *tx, struct rows *out)
{
    return query_run(tx, &q_clinic_find, NULL, out);
}

const char *clinic_admin_username(struct arena *arena, const json_t *body)
{
    const char *own =
        json_string_value(json_object_get(json_object_get(body, "admin"), "username"));
    const char *slug = json_string_value(json_object_get(body, "slug"));
    return own ? own : arena_format(arena, "%s_admin", slug);
}

enum err clinic_create(struct tx *tx, const json_t *body, const char *admin_username,
                       const char *password_hash, struct rows *out)
{
    char id[UUID_TEXT], admin_id[UUID_TEXT], pharmacy_id[UUID_TEXT];
    struct rows allotted;
    enum err err = query_run(tx, &q_clinic_allot, NULL, &allotted);
    if (err)
        return err;
    tx_enter_clinic(tx, rows_int(&allotted, 0, "clinic_id", 0));
    const struct q_clinic_create_args args = {
        .id = uuid_make(tx->scope.now_us, id),
        .body = json_text(tx->fault->arena, body),
        .admin_id = uuid_make(tx->scope.now_us, admin_id),
        .admin_username = admin_username,
        .password_hash = password_hash,
        .pharmacy_id = uuid_make(tx->scope.now_us, pharmacy_id),
    };
    return explain(tx, query_run(tx, &q_clinic_create, &args, out));
}

enum err clinic_update(struct tx *tx, const json_t *body, struct rows *out)
{
    const struct q_clinic_update_args args = {.body = json_text(tx->fault->arena, body)};
    return explain(tx, query_run(tx, &q_clinic_update, &args, out));
}

enum err clinic_set_subscription(struct tx *tx, const json_t *body, struct rows *out)
{
    const struct q_clinic_set_subscription_args args = {.body = json_text(tx->fault->arena, body)};
    return query_run(tx, &q_clinic_set_subscription, &args, out);
}

enum err clinic_deactivate(struct tx *tx)
{
    return query_run(tx, &q_clinic_deactivate, NULL, NULL);
}

enum err clinic_settings(struct tx *tx, struct rows *out)
{
    return query_run(tx, &q_clinic_settings_find, NULL, out);
}

enum err clinic_update_settings(struct tx *tx, const json_t *body, struct rows *out)
{
    hours_check(body, "opening_hours", "opens", "closes", tx->fault);
    if (tx->fault->flaws_n > 0)
        return fail(tx->fault, ERR_INPUT, "validation-failed", NULL);
    const struct q_clinic_settings_update_args args = {.body = json_text(tx->fault->arena, body)};
    return explain(tx, query_run(tx, &q_clinic_settings_update, &args, out));
}
