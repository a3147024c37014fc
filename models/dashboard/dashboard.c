#include "models/dashboard/dashboard.h"

#include "gen/queries.h"

enum err dashboard_admin(struct tx *tx, const char *timezone, struct rows *out)
{
    const struct q_dashboard_admin_args args = {.timezone = timezone};
    return query_run(tx, &q_dashboard_admin, &args, out);
}

enum err dashboard_reception(struct tx *tx, const char *timezone, struct rows *out)
{
    const struct q_dashboard_reception_args args = {.timezone = timezone};
    return query_run(tx, &q_dashboard_reception, &args, out);
}

enum err dashboard_admissions(struct tx *tx, const char *timezone, struct rows *out)
{
    const struct q_dashboard_admissions_args args = {.timezone = timezone};
    return query_run(tx, &q_dashboard_admissions, &args, out);
}

enum err dashboard_doctor(struct tx *tx, const char *timezone, const char *doctor_id,
                          struct rows *out)
{
    const struct q_dashboard_doctor_args args = {.timezone = timezone, .doctor_id = doctor_id};
    return query_run(tx, &q_dashboard_doctor, &args, out);
}

enum err dashboard_patient(struct tx *tx, const char *timezone, const char *patient_id,
                           struct rows *out)
{
    const struct q_dashboard_patient_args args = {
        .timezone = timezone,
        .id = patient_id ? patient_id : tx->scope.patient_id,
    };
    return query_run(tx, &q_dashboard_patient, &args, out);
}
