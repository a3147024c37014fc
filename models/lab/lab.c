#include "models/lab/lab.h"

#include "db/json.h"
#include "gen/queries.h"
#include "models/clinic/directory.h"
#include "models/patient/phone.h"

#include <string.h>

static enum err refuse(struct fault *fault)
{
    return fault->flaws_n ? fail(fault, ERR_INPUT, "validation-failed", NULL) : ERR_NONE;
}

static enum err list_open(struct tx *tx, const struct clinic_entry *clinic,
                          const struct lab_filters *filters, struct rows *out, int64_t *total)
{
    const struct q_lab_open_args args = {
        .status = strcmp(filters->status, "open") == 0 ? NULL : filters->status,
        .patient_id = filters->patient_id,
        .test_type = filters->test_type,
        .from_on = filters->from,
        .to_on = filters->to,
        .timezone = clinic->timezone,
        .q = filters->q,
    };
    return query_run_list(tx, &q_lab_open, &args, out, total);
}

static enum err list_of(struct tx *tx, const struct clinic_entry *clinic,
                        const struct lab_filters *filters, const char *status, struct rows *out,
                        int64_t *total)
{
    char key[PHONE_KEY_TEXT];
    const struct q_lab_list_of_args args = {
        .q = filters->q,
        .phone_key = filters->q ? phone_key(filters->q, clinic->country_code, key) : NULL,
        .patient_id = filters->patient_id,
        .status = status,
        .test_type = filters->test_type,
        .from_on = filters->from,
        .to_on = filters->to,
        .timezone = clinic->timezone,
    };
    return query_run_list(tx, &q_lab_list_of, &args, out, total);
}

enum err lab_list(struct tx *tx, const struct clinic_entry *clinic,
                  const struct lab_filters *filters, struct rows *out, int64_t *total)
{
    static const char *const open[] = {"open", "pending", "in_progress"};
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
        if (strcmp(filters->status, open[i]) == 0)
            return list_open(tx, clinic, filters, out, total);
    const char *status = strcmp(filters->status, "all") == 0 ? NULL : filters->status;
    if (filters->q || filters->patient_id)
        return list_of(tx, clinic, filters, status, out, total);
    const struct q_lab_list_args args = {
        .status = status,
        .test_type = filters->test_type,
        .from_on = filters->from,
        .to_on = filters->to,
        .timezone = clinic->timezone,
    };
    return query_run_list(tx, &q_lab_list, &args, out, total);
}

enum err lab_move(struct tx *tx, const char *prescription_id, const char *test_id,
                  const json_t *body, struct rows *out)
{
    if (strcmp(json_member(body, "status"), "cancelled") == 0 && !json_member(body, "note"))
        fault_add(tx->fault, "#/note", "required", "is needed to cancel");
    enum err err = refuse(tx->fault);
    const struct q_lab_move_args args = {
        .id = prescription_id, .tid = test_id, .body = json_text(tx->fault->arena, body)};
    return err ? err : query_run(tx, &q_lab_move, &args, out);
}

/* Only the database knows whether there is a result already. */
static enum err explain(struct tx *tx, enum err err)
{
    struct fault *fault = tx->fault;
    if (err != ERR_CONFLICT || strcmp(fault->code, "validation-failed") != 0)
        return err;
    if (strcmp(fault->extra, "true") == 0)
        fault_add(fault, "#/reason", "required", "is needed to correct a result");
    else
        fault_add(fault, "#/reason", "needless", "is of a correction, and there is no result yet");
    fault->extra = NULL;
    return fault->err = ERR_INPUT;
}

enum err lab_record(struct tx *tx, const char *prescription_id, const char *test_id, json_t *body,
                    struct rows *out)
{
    json_t *values = json_object_get(body, "result_values");
    if (!json_member(body, "result") && json_array_size(values) == 0 &&
        !json_member(body, "report_id"))
        fault_add(tx->fault, "#/result", "required",
                  "is missing, and there are no values and no report");
    lab_judge(tx->fault, values);
    enum err err = refuse(tx->fault);
    const struct q_lab_record_args args = {
        .id = prescription_id, .tid = test_id, .body = json_text(tx->fault->arena, body)};
    return err ? err : explain(tx, query_run(tx, &q_lab_record, &args, out));
}
