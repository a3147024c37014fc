#include "models/portal/portal.h"

#include "gen/queries.h"

enum err portal_me(struct tx *tx, const char *timezone, struct rows *out)
{
    const struct q_portal_me_args args = {.timezone = timezone, .id = tx->scope.patient_id};
    return query_run(tx, &q_portal_me, &args, out);
}

enum err portal_history(struct tx *tx, const char *timezone, const char *patient_id,
                        const struct history_filters *filters, struct rows *out, int64_t *total)
{
    const struct q_portal_history_args args = {
        .timezone = timezone,
        .patient_id = patient_id,
        .include = filters->include,
        .from_day = filters->from_day,
        .to_day = filters->to_day,
    };
    return query_run_list(tx, &q_portal_history, &args, out, total);
}
