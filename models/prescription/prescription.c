#include "models/prescription/prescription.h"

#include "db/json.h"
#include "db/uuid.h"
#include "gen/queries.h"
#include "models/clinic/directory.h"
#include "models/patient/phone.h"
#include "models/prescription/vitals.h"

#include <string.h>

/* The body's own id, or a new one, which it then has. */
static const char *id_give(struct tx *tx, const char *pointer, json_t *body)
{
    const char *id = json_string_value(json_object_get(body, "id"));
    if (id && !uuid_is_v7(id))
        fault_add(tx->fault, pointer, "format", "is not a UUID version 7");
    if (!id) {
        char made[UUID_TEXT];
        json_object_set_new(body, "id", json_string(uuid_make(tx->scope.now_us, made)));
        id = json_string_value(json_object_get(body, "id"));
    }
    return id;
}

static void lines_give_ids(struct tx *tx, json_t *body, const char *list)
{
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(body, list), i, line)
        id_give(tx, arena_format(tx->fault->arena, "#/%s/%zu/id", list, i), line);
}

static enum err flaws_fail(struct tx *tx)
{
    return tx->fault->flaws_n ? fail(tx->fault, ERR_INPUT, "validation-failed", NULL) : ERR_NONE;
}

enum err prescription_list(struct tx *tx, const struct clinic_entry *clinic,
                           const struct prescription_filters *filters, struct rows *out,
                           int64_t *total)
{
    const char *patient_id = filters->patient_id ? filters->patient_id : tx->scope.patient_id;
    bool is_mine = filters->mine && strcmp(filters->mine, "true") == 0;
    if (filters->q || (patient_id && !is_mine)) {
        char key[PHONE_KEY_TEXT];
        const struct q_prescription_list_of_args args = {
            .q = filters->q,
            .phone_key = phone_key(filters->q, clinic->country_code, key),
            .patient_id = patient_id,
            .mine = filters->mine,
            .status = filters->status,
            .from = filters->from,
            .timezone = clinic->timezone,
            .to = filters->to,
        };
        return query_run_list(tx, &q_prescription_list_of, &args, out, total);
    }
    if (is_mine) {
        const struct q_prescription_list_mine_args args = {
            .patient_id = patient_id,
            .status = filters->status,
            .from = filters->from,
            .timezone = clinic->timezone,
            .to = filters->to,
        };
        return query_run_list(tx, &q_prescription_list_mine, &args, out, total);
    }
    const struct q_prescription_list_args args = {
        .status = filters->status,
        .from = filters->from,
        .timezone = clinic->timezone,
        .to = filters->to,
    };
    return query_run_list(tx, &q_prescription_list, &args, out, total);
}

enum err prescription_stats(struct tx *tx, const struct clinic_entry *clinic,
                            const struct prescription_filters *filters, struct rows *out)
{
    const struct q_prescription_stats_args args = {
        .mine = filters->mine,
        .patient_id = filters->patient_id,
        .from = filters->from,
        .timezone = clinic->timezone,
        .to = filters->to,
    };
    return query_run(tx, &q_prescription_stats, &args, out);
}

enum err prescription_find(struct tx *tx, const char *id, struct rows *out)
{
    const struct q_prescription_find_args args = {.id = id};
    return query_run(tx, &q_prescription_find, &args, out);
}

enum err prescription_paper(struct tx *tx, const char *id, struct rows *out)
{
    const struct q_prescription_paper_args args = {.id = id};
    return query_run(tx, &q_prescription_paper, &args, out);
}

enum err prescription_create(struct tx *tx, const struct clinic_entry *clinic, json_t *body,
                             struct rows *out)
{
    const char *id = id_give(tx, "#/id", body);
    lines_give_ids(tx, body, "medicines");
    lines_give_ids(tx, body, "tests");
    json_t *vitals = json_object_get(body, "vitals");
    if (vitals)
        vitals_read(tx->fault, "#/vitals", vitals);
    enum err err = flaws_fail(tx);
    if (err)
        return err;
    const struct q_prescription_create_args args = {
        .id = id, .timezone = clinic->timezone, .body = json_text(tx->fault->arena, body)};
    return query_run(tx, &q_prescription_create, &args, out);
}

enum err prescription_update(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                             const char *body, struct rows *out)
{
    const struct q_prescription_update_args args = {
        .id = id, .timezone = clinic->timezone, .body = body};
    return query_run(tx, &q_prescription_update, &args, out);
}

enum err prescription_delete(struct tx *tx, const char *id)
{
    const struct q_prescription_delete_args args = {.id = id};
    return query_run(tx, &q_prescription_delete, &args, NULL);
}

enum err prescription_line_add(struct tx *tx, enum prescription_line kind, const char *id,
                               json_t *body, struct rows *out)
{
    const char *line_id = id_give(tx, "#/id", body);
    enum err err = flaws_fail(tx);
    if (err)
        return err;
    const char *lines = arena_format(tx->fault->arena, "[%s]", json_text(tx->fault->arena, body));
    const struct q_prescription_lines_add_args args = {
        .id = id,
        .made_id = line_id,
        .medicines = kind == LINE_MEDICINE ? lines : NULL,
        .tests = kind == LINE_TEST ? lines : NULL,
    };
    return query_run(tx, &q_prescription_lines_add, &args, out);
}

enum err prescription_line_update(struct tx *tx, enum prescription_line kind, const char *id,
                                  const char *line_id, const char *body, struct rows *out)
{
    if (kind == LINE_MEDICINE) {
        const struct q_prescription_medicine_update_args args = {
            .id = id, .line_id = line_id, .body = body};
        return query_run(tx, &q_prescription_medicine_update, &args, out);
    }
    const struct q_prescription_test_update_args args = {
        .id = id, .line_id = line_id, .body = body};
    return query_run(tx, &q_prescription_test_update, &args, out);
}

enum err prescription_line_delete(struct tx *tx, enum prescription_line kind, const char *id,
                                  const char *line_id, struct rows *out)
{
    if (kind == LINE_MEDICINE) {
        const struct q_prescription_medicine_delete_args args = {.id = id, .line_id = line_id};
        return query_run(tx, &q_prescription_medicine_delete, &args, out);
    }
    const struct q_prescription_test_delete_args args = {.id = id, .line_id = line_id};
    return query_run(tx, &q_prescription_test_delete, &args, out);
}

enum err prescription_vitals(struct tx *tx, const char *id, json_t *body, struct rows *out)
{
    vitals_read(tx->fault, "#", body);
    enum err err = flaws_fail(tx);
    if (err)
        return err;
    const struct q_prescription_vitals_args args = {.id = id,
                                                    .body = json_text(tx->fault->arena, body)};
    return query_run(tx, &q_prescription_vitals, &args, out);
}

enum err prescription_notes(struct tx *tx, const char *id, const char *body, struct rows *out)
{
    const struct q_prescription_notes_args args = {.id = id, .body = body};
    return query_run(tx, &q_prescription_notes, &args, out);
}

enum err prescription_step(struct tx *tx, const char *id, const char *to_status, const char *reason,
                           struct rows *out)
{
    const struct q_prescription_step_args args = {
        .id = id, .to_status = to_status, .reason = reason};
    return query_run(tx, &q_prescription_step, &args, out);
}

enum err prescription_recommend(struct tx *tx, const char *id, const char *admission_type,
                                const char *reason, struct rows *out)
{
    const struct q_prescription_recommend_args args = {
        .id = id, .reason = reason, .admission_type = admission_type};
    return query_run(tx, &q_prescription_recommend, &args, out);
}

enum err prescription_recommendations(struct tx *tx, const struct prescription_filters *filters,
                                      struct rows *out, int64_t *total)
{
    const struct q_prescription_recommendations_args args = {
        .mine = filters->mine, .patient_id = filters->patient_id, .status = filters->status};
    return query_run_list(tx, &q_prescription_recommendations, &args, out, total);
}
