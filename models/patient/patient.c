#include "models/patient/patient.h"

#include "db/json.h"
#include "db/uuid.h"
#include "gen/queries.h"
#include "models/clinic/directory.h"
#include "models/patient/identification.h"
#include "models/patient/phone.h"

#include <string.h>

static enum err refuse_identification(struct tx *tx, const json_t *body)
{
    const char *number = json_member(body, "identification_number");
    if (!number || !identification_is_aadhaar(number))
        return ERR_NONE;
    fault_add(tx->fault, "#/identification_number", "identification-refused",
              "is an Aadhaar number, which must not be stored");
    return fail(tx->fault, ERR_INPUT, "identification-refused", NULL);
}

/* What only the database can judge comes back as a word; here it becomes a fault of the input. */
static enum err explain(struct tx *tx, enum err err)
{
    static const struct {
        const char *word, *pointer, *code, *detail;
    } reasons[] = {
        {"\"birth-date-in-future\"", "#/date_of_birth", "too-large", "is in the future"},
        {"\"age-missing\"", "#/age_years", "required", "is needed when the birth date is unknown"},
    };
    struct fault *fault = tx->fault;
    if (err != ERR_CONFLICT || !fault->extra || strcmp(fault->code, "validation-failed") != 0)
        return err;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(fault->extra, reasons[i].word) == 0)
            fault_add(fault, reasons[i].pointer, reasons[i].code, "%s", reasons[i].detail);
    fault->extra = NULL;
    return fault->err = ERR_INPUT;
}

enum err patient_find(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                      struct rows *out)
{
    const struct q_patient_find_args args = {.id = id, .timezone = clinic->timezone};
    return query_run(tx, &q_patient_find, &args, out);
}

enum err patient_list(struct tx *tx, const struct clinic_entry *clinic,
                      const struct patient_filters *filters, struct rows *out, int64_t *total)
{
    if (filters->q) {
        char key[PHONE_KEY_TEXT];
        const struct q_patient_search_args args = {
            .timezone = clinic->timezone,
            .q = filters->q,
            .phone_key = phone_key(filters->q, clinic->country_code, key),
            .status = filters->status,
            .gender = filters->gender,
            .registered_from = filters->registered_from,
            .registered_to = filters->registered_to,
            .has_login = filters->has_login,
        };
        return query_run_list(tx, &q_patient_search, &args, out, total);
    }
    const struct q_patient_list_args args = {
        .timezone = clinic->timezone,
        .status = filters->status,
        .gender = filters->gender,
        .registered_from = filters->registered_from,
        .registered_to = filters->registered_to,
        .has_login = filters->has_login,
    };
    return query_run_list(tx, &q_patient_list, &args, out, total);
}

enum err patient_create(struct tx *tx, const struct clinic_entry *clinic, const json_t *body,
                        const char *login_hash, struct rows *out)
{
    char key[PHONE_KEY_TEXT], made[UUID_TEXT], login_id[UUID_TEXT];
    const char *id = json_member(body, "id");
    if (id && !uuid_is_v7(id))
        fault_add(tx->fault, "#/id", "format", "is not a UUID version 7");
    if (!json_member(body, "date_of_birth") && !json_is_integer(json_object_get(body, "age_years")))
        fault_add(tx->fault, "#/age_years", "required", "is needed when the birth date is unknown");
    if (tx->fault->flaws_n > 0)
        return fail(tx->fault, ERR_INPUT, "validation-failed", NULL);
    enum err err = refuse_identification(tx, body);
    if (err)
        return err;
    const struct q_patient_create_args args = {
        .id = id ? id : uuid_make(tx->scope.now_us, made),
        .timezone = clinic->timezone,
        .body = json_text(tx->fault->arena, body),
        .phone_key = phone_key(json_member(body, "phone_number"), clinic->country_code, key),
        .identification_sealed = identification_seal(tx->fault->arena, tx->scope.clinic_id,
                                                     json_member(body, "identification_number")),
        .login_id = uuid_make(tx->scope.now_us, login_id),
        .login_hash = login_hash,
    };
    return explain(tx, query_run(tx, &q_patient_create, &args, out));
}

enum err patient_update(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                        const json_t *body, struct rows *out)
{
    char key[PHONE_KEY_TEXT];
    enum err err = refuse_identification(tx, body);
    if (err)
        return err;
    const struct q_patient_update_args args = {
        .id = id,
        .timezone = clinic->timezone,
        .body = json_text(tx->fault->arena, body),
        .phone_key = phone_key(json_member(body, "phone_number"), clinic->country_code, key),
        .identification_sealed = identification_seal(tx->fault->arena, tx->scope.clinic_id,
                                                     json_member(body, "identification_number")),
    };
    return explain(tx, query_run(tx, &q_patient_update, &args, out));
}

enum err patient_delete(struct tx *tx, const char *id, struct rows *out)
{
    const struct q_patient_delete_args args = {.id = id};
    return query_run(tx, &q_patient_delete, &args, out);
}

enum err patient_restore(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                         struct rows *out)
{
    const struct q_patient_restore_args args = {.id = id, .timezone = clinic->timezone};
    return query_run(tx, &q_patient_restore, &args, out);
}
