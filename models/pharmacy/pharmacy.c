#include "models/pharmacy/pharmacy.h"

#include "db/json.h"
#include "db/uuid.h"
#include "gen/queries.h"

enum err pharmacy_list(struct tx *tx, const char *is_active, struct rows *out, int64_t *total)
{
    const struct q_pharmacy_list_args args = {.is_active = is_active};
    return query_run_list(tx, &q_pharmacy_list, &args, out, total);
}

enum err pharmacy_find(struct tx *tx, const char *id, struct rows *out)
{
    const struct q_pharmacy_find_args args = {.id = id};
    return query_run(tx, &q_pharmacy_find, &args, out);
}

enum err pharmacy_create(struct tx *tx, const json_t *body, struct rows *out)
{
    char made[UUID_TEXT];
    const char *id = json_string_value(json_object_get(body, "id"));
    if (id && !uuid_is_v7(id)) {
        fault_add(tx->fault, "#/id", "format", "is not a UUID version 7");
        return fail(tx->fault, ERR_INPUT, "validation-failed", NULL);
    }
    const struct q_pharmacy_create_args args = {.id = id ? id : uuid_make(tx->scope.now_us, made),
                                                .body = json_text(tx->fault->arena, body)};
    return query_run(tx, &q_pharmacy_create, &args, out);
}

enum err pharmacy_update(struct tx *tx, const char *id, const json_t *body, struct rows *out)
{
    const struct q_pharmacy_update_args args = {.id = id,
                                                .body = json_text(tx->fault->arena, body)};
    return query_run(tx, &q_pharmacy_update, &args, out);
}

enum err pharmacy_deactivate(struct tx *tx, const char *id)
{
    const struct q_pharmacy_deactivate_args args = {.id = id};
    return query_run(tx, &q_pharmacy_deactivate, &args, NULL);
}
