#include "models/allergy/allergy.h"

#include "db/uuid.h"
#include "gen/queries.h"

#include <string.h>

/* Only the database knows the clinic's day. */
static enum err explain(struct tx *tx, enum err err)
{
    struct fault *fault = tx->fault;
    if (err != ERR_CONFLICT || strcmp(fault->code, "validation-failed") != 0)
        return err;
    fault_add(fault, "#/noted_on", "too-large", "is in the future");
    return fault->err = ERR_INPUT;
}

enum err allergy_list(struct tx *tx, const char *patient_id, struct rows *out, int64_t *total)
{
    const struct q_allergy_list_args args = {.patient_id = patient_id};
    return query_run_list(tx, &q_allergy_list, &args, out, total);
}

enum err allergy_create(struct tx *tx, const char *timezone, const char *patient_id, const char *id,
                        const char *body, struct rows *out)
{
    char made[UUID_TEXT];
    if (id && !uuid_is_v7(id)) {
        fault_add(tx->fault, "#/id", "format", "is not a UUID version 7");
        return fail(tx->fault, ERR_INPUT, "validation-failed", NULL);
    }
    const struct q_allergy_create_args args = {
        .timezone = timezone,
        .patient_id = patient_id,
        .id = id ? id : uuid_make(tx->scope.now_us, made),
        .body = body,
    };
    return explain(tx, query_run(tx, &q_allergy_create, &args, out));
}

enum err allergy_update(struct tx *tx, const char *timezone, const char *patient_id, const char *id,
                        const char *body, struct rows *out)
{
    const struct q_allergy_update_args args = {
        .timezone = timezone, .patient_id = patient_id, .id = id, .body = body};
    return explain(tx, query_run(tx, &q_allergy_update, &args, out));
}

enum err allergy_delete(struct tx *tx, const char *patient_id, const char *id)
{
    const struct q_allergy_delete_args args = {.patient_id = patient_id, .id = id};
    return query_run(tx, &q_allergy_delete, &args, NULL);
}
