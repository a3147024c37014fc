#include "models/doctor/doctor.h"

#include "db/json.h"
#include "db/uuid.h"
#include "gen/queries.h"
#include "models/clinic/hours.h"

enum err doctor_find(struct tx *tx, const char *id, struct rows *out)
{
    const struct q_doctor_find_args args = {.id = id};
    return query_run(tx, &q_doctor_find, &args, out);
}

enum err doctor_list(struct tx *tx, const struct doctor_filters *filters, struct rows *out,
                     int64_t *total)
{
    const struct q_doctor_list_args args = {.q = filters->q,
                                            .availability_status = filters->availability_status,
                                            .is_active = filters->is_active};
    return query_run_list(tx, &q_doctor_list, &args, out, total);
}

enum err doctor_check(struct fault *fault, const json_t *body)
{
    const char *id = json_member(body, "id");
    if (id && !uuid_is_v7(id))
        fault_add(fault, "#/id", "format", "is not a UUID version 7");
    hours_check(body, "office_hours", "from", "to", fault);
    return fault->flaws_n ? fail(fault, ERR_INPUT, "validation-failed", NULL) : ERR_NONE;
}

enum err doctor_create(struct tx *tx, const json_t *body, const char *password_hash,
                       struct rows *out)
{
    char made[UUID_TEXT];
    const char *id = json_member(body, "id");
    const struct q_doctor_create_args args = {
        .id = id ? id : uuid_make(tx->scope.now_us, made),
        .body = json_text(tx->fault->arena, body),
        .password_hash = password_hash,
    };
    return query_run(tx, &q_doctor_create, &args, out);
}

enum err doctor_update(struct tx *tx, const char *id, const json_t *body, struct rows *out)
{
    const struct q_doctor_update_args args = {.id = id, .body = json_text(tx->fault->arena, body)};
    return query_run(tx, &q_doctor_update, &args, out);
}
