/* The ward: /clinics/{slug}/admissions and what is below. */
#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "models/admission/admission.h"
#include "models/session/realm.h"

enum err admissions_list(struct request *request)
{
    const struct admission_filters filters = {
        .active = request_query(request, "active"),
        .admission_type = request_query(request, "admission_type"),
        .status = request_query(request, "status"),
        .doctor_id = request_query(request, "doctor_id"),
        .patient_id = request_query(request, "patient_id"),
        .q = request_query(request, "q"),
        .from = request_query(request, "from"),
        .to = request_query(request, "to"),
    };
    struct rows rows;
    int64_t total;
    enum err err = admission_list(request_tx(request), request->clinic, &filters, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err admissions_create(struct request *request)
{
    struct rows rows;
    enum err err =
        admission_create(request_tx(request), request->clinic, request_body(request), &rows);
    return err ? reply_twin(request, err) : reply_row(request, &rows);
}

enum err admissions_get(struct request *request)
{
    struct rows rows;
    enum err err =
        admission_find(request_tx(request), request->clinic, request_path(request, "id"), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err admissions_update(struct request *request)
{
    struct rows rows;
    enum err err = admission_update(request_tx(request), request->clinic,
                                    request_path(request, "id"), request_body(request), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err admissions_set_status(struct request *request)
{
    struct rows rows;
    enum err err =
        admission_move(request_tx(request), request->clinic, request_path(request, "id"),
                       request_string(request, "status"), request_string(request, "reason"), &rows);
    return err ? err : reply_row(request, &rows);
}

/* Who has died is signed in nowhere any more. */
static enum err answer(struct request *request, enum err err, const struct rows *rows)
{
    if (err)
        return err;
    request_forget(request, realm_clinic.account_news, rows_text(rows, 0, "_login_id"));
    return reply_row(request, rows);
}

enum err admissions_discharge(struct request *request)
{
    struct rows rows;
    enum err err = admission_end(request_tx(request), request->clinic, request_path(request, "id"),
                                 request_body(request), &rows);
    return answer(request, err, &rows);
}

enum err admissions_correct(struct request *request)
{
    struct rows rows;
    enum err err = admission_correct(request_tx(request), request->clinic,
                                     request_path(request, "id"), request_body(request), &rows);
    return answer(request, err, &rows);
}

enum err admissions_history(struct request *request)
{
    struct rows rows;
    int64_t total;
    enum err err =
        admission_history(request_tx(request), request_path(request, "id"), &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err treatments_list(struct request *request)
{
    const struct treatment_filters filters = {
        .treatment_type = request_query(request, "treatment_type"),
        .from = request_query(request, "from"),
        .to = request_query(request, "to"),
    };
    struct rows rows;
    int64_t total;
    enum err err = treatment_list(request_tx(request), request->clinic, request_path(request, "id"),
                                  &filters, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err treatments_create(struct request *request)
{
    struct rows rows;
    enum err err = treatment_create(request_tx(request), request_path(request, "id"),
                                    request_body(request), &rows);
    return err ? reply_twin(request, err) : reply_row(request, &rows);
}

enum err treatments_update(struct request *request)
{
    struct rows rows;
    enum err err = treatment_correct(request_tx(request), request_path(request, "id"),
                                     request_path(request, "tid"), request_body(request), &rows);
    return err ? err : reply_row(request, &rows);
}
