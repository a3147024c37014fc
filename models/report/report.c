#include "models/report/report.h"

#include "db/json.h"
#include "db/uuid.h"
#include "gen/queries.h"

#include <inttypes.h>

enum err report_list(struct tx *tx, const char *timezone, const struct report_filters *filters,
                     struct rows *out, int64_t *total)
{
    if (filters->admission_id) {
        const struct q_report_list_of_admission_args args = {
            .from_on = filters->from,
            .timezone = timezone,
            .to_on = filters->to,
            .admission_id = filters->admission_id,
            .type = filters->type,
        };
        return query_run_list(tx, &q_report_list_of_admission, &args, out, total);
    }
    const struct q_report_list_args args = {
        .from_on = filters->from,
        .timezone = timezone,
        .to_on = filters->to,
        .patient_id = filters->patient_id,
        .kind = filters->kind,
        .type = filters->type,
    };
    return query_run_list(tx, &q_report_list, &args, out, total);
}

static enum err judge(struct fault *fault, const json_t *body, const char *id)
{
    bool has_prescription = json_member(body, "prescription_id") != NULL;
    if (id && !uuid_is_v7(id))
        fault_add(fault, "#/id", "format", "is not a UUID version 7");
    if (has_prescription != (json_member(body, "test_id") != NULL))
        fault_add(fault, has_prescription ? "#/test_id" : "#/prescription_id", "required",
                  "is needed: a test is named by both");
    return fault->flaws_n ? fail(fault, ERR_INPUT, "validation-failed", NULL) : ERR_NONE;
}

enum err report_create(struct tx *tx, const char *timezone, const struct report_filters *of,
                       const json_t *body, const struct file_facts *file, struct rows *out)
{
    char made[UUID_TEXT];
    const char *id = json_member(body, "id");
    enum err err = judge(tx->fault, body, id);
    const struct q_report_create_args args = {
        .timezone = timezone,
        .patient_id = of->patient_id,
        .admission_id = of->admission_id,
        .body = json_text(tx->fault->arena, body),
        .file_id = file->id,
        .kind = of->kind,
        .name = file->name,
        .media_type = file->media_type,
        .size_bytes = arena_format(tx->fault->arena, "%" PRIu64, file->size),
        .sha256 = file->sha256,
        .state = file->is_pending ? "pending" : "clean",
        .id = id ? id : uuid_make(tx->scope.now_us, made),
    };
    return err ? err : query_run(tx, &q_report_create, &args, out);
}

enum err report_file_of(struct tx *tx, const char *id, const char **out)
{
    struct rows rows;
    const struct q_report_file_of_args args = {.id = id};
    enum err err = query_run_alone(tx, &q_report_file_of, &args, &rows);
    if (!err)
        *out = rows_text(&rows, 0, "file_id");
    return err;
}
