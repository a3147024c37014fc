#include "models/audit/trail.h"

#include "gen/queries.h"

enum err trail_list(struct tx *tx, const struct trail_filters *filters, struct rows *out,
                    int64_t *total)
{
    const struct q_audit_list_args args = {
        .actor = filters->actor,
        .done = filters->operation,
        .entity = filters->entity,
        .entity_id = filters->entity_id,
        .patient_id = filters->patient_id,
        .from_at = filters->from,
        .to_at = filters->to,
    };
    return query_run_list(tx, &q_audit_list, &args, out, total);
}

enum err trail_list_access(struct tx *tx, const char *patient_id, struct rows *out, int64_t *total)
{
    const struct q_audit_access_args args = {.patient_id = patient_id};
    return query_run_list(tx, &q_audit_access, &args, out, total);
}

enum err trail_list_platform(struct tx *tx, const struct trail_filters *filters, struct rows *out,
                             int64_t *total)
{
    const struct q_audit_platform_list_args args = {
        .actor = filters->actor,
        .done = filters->operation,
        .from_at = filters->from,
        .to_at = filters->to,
    };
    return query_run_list(tx, &q_audit_platform_list, &args, out, total);
}
