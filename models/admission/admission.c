#include "models/admission/admission.h"

#include "db/json.h"
#include "db/uuid.h"
#include "gen/queries.h"
#include "models/clinic/directory.h"
#include "models/patient/phone.h"

#include <string.h>

/* The body's own id, or one that is made in `made`; NULL: the body's is none. */
static const char *id_of(struct tx *tx, const json_t *body, char made[UUID_TEXT])
{
    const char *id = json_member(body, "id");
    if (!id)
        return uuid_make(tx->scope.now_us, made);
    if (uuid_is_v7(id))
        return id;
    fault_add(tx->fault, "#/id", "format", "is not a UUID version 7");
    return NULL;
}

static enum err list_of(struct tx *tx, const struct clinic_entry *clinic,
                        const struct admission_filters *filters, struct rows *out, int64_t *total)
{
    char key[PHONE_KEY_TEXT];
    const struct q_admission_list_of_args args = {
        .q = filters->q,
        .phone_key = filters->q ? phone_key(filters->q, clinic->country_code, key) : NULL,
        .patient_id = filters->patient_id,
        .active = filters->active,
        .admission_type = filters->admission_type,
        .status = filters->status,
        .doctor_id = filters->doctor_id,
        .from_on = filters->from,
        .to_on = filters->to,
        .timezone = clinic->timezone,
    };
    return query_run_list(tx, &q_admission_list_of, &args, out, total);
}

enum err admission_list(struct tx *tx, const struct clinic_entry *clinic,
                        const struct admission_filters *filters, struct rows *out, int64_t *total)
{
    if (filters->q || filters->patient_id)
        return list_of(tx, clinic, filters, out, total);
    if (filters->active && strcmp(filters->active, "true") == 0) {
        const struct q_admission_current_args args = {
            .admission_type = filters->admission_type,
            .status = filters->status,
            .doctor_id = filters->doctor_id,
            .from_on = filters->from,
            .to_on = filters->to,
            .timezone = clinic->timezone,
        };
        return query_run_list(tx, &q_admission_current, &args, out, total);
    }
    const struct q_admission_list_args args = {
        .active = filters->active,
        .admission_type = filters->admission_type,
        .status = filters->status,
        .doctor_id = filters->doctor_id,
        .from_on = filters->from,
        .to_on = filters->to,
        .timezone = clinic->timezone,
    };
    return query_run_list(tx, &q_admission_list, &args, out, total);
}

enum err admission_find(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                        struct rows *out)
{
    const struct q_admission_find_args args = {.id = id, .timezone = clinic->timezone};
    return query_run(tx, &q_admission_find, &args, out);
}

enum err admission_paper(struct tx *tx, const char *id, struct rows *out)
{
    const struct q_admission_paper_args args = {.id = id};
    return query_run(tx, &q_admission_paper, &args, out);
}

enum err admission_create(struct tx *tx, const struct clinic_entry *clinic, const json_t *body,
                          struct rows *out)
{
    char made[UUID_TEXT];
    const struct q_admission_create_args args = {
        .id = id_of(tx, body, made),
        .timezone = clinic->timezone,
        .body = json_text(tx->fault->arena, body),
    };
    if (!args.id)
        return fail(tx->fault, ERR_INPUT, "validation-failed", NULL);
    return query_run(tx, &q_admission_create, &args, out);
}

enum err admission_update(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                          const json_t *body, struct rows *out)
{
    const struct q_admission_update_args args = {
        .id = id, .timezone = clinic->timezone, .body = json_text(tx->fault->arena, body)};
    return query_run(tx, &q_admission_update, &args, out);
}

enum err admission_move(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                        const char *status, const char *reason, struct rows *out)
{
    const struct q_admission_move_args args = {
        .id = id, .timezone = clinic->timezone, .status = status, .reason = reason};
    return query_run(tx, &q_admission_move, &args, out);
}

enum err admission_end(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                       const json_t *body, struct rows *out)
{
    const struct q_admission_end_args args = {
        .id = id, .timezone = clinic->timezone, .body = json_text(tx->fault->arena, body)};
    return query_run(tx, &q_admission_end, &args, out);
}

enum err admission_correct(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                           const json_t *body, struct rows *out)
{
    const struct q_admission_correct_args args = {
        .id = id, .timezone = clinic->timezone, .body = json_text(tx->fault->arena, body)};
    return query_run(tx, &q_admission_correct, &args, out);
}

enum err admission_history(struct tx *tx, const char *id, struct rows *out, int64_t *total)
{
    const struct q_admission_history_args args = {.id = id};
    return query_run_list(tx, &q_admission_history, &args, out, total);
}

enum err treatment_list(struct tx *tx, const struct clinic_entry *clinic, const char *admission_id,
                        const struct treatment_filters *filters, struct rows *out, int64_t *total)
{
    const struct q_admission_treatments_args args = {
        .admission_id = admission_id,
        .treatment_type = filters->treatment_type,
        .from_on = filters->from,
        .to_on = filters->to,
        .timezone = clinic->timezone,
    };
    return query_run_list(tx, &q_admission_treatments, &args, out, total);
}

enum err treatment_create(struct tx *tx, const char *admission_id, const json_t *body,
                          struct rows *out)
{
    char made[UUID_TEXT];
    const struct q_admission_treat_args args = {
        .id = id_of(tx, body, made),
        .admission_id = admission_id,
        .body = json_text(tx->fault->arena, body),
    };
    if (!args.id)
        return fail(tx->fault, ERR_INPUT, "validation-failed", NULL);
    return query_run(tx, &q_admission_treat, &args, out);
}

enum err treatment_correct(struct tx *tx, const char *admission_id, const char *id,
                           const json_t *body, struct rows *out)
{
    const struct q_admission_treatment_correct_args args = {
        .id = id, .admission_id = admission_id, .body = json_text(tx->fault->arena, body)};
    return query_run(tx, &q_admission_treatment_correct, &args, out);
}
